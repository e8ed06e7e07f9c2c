"""A scan of many traits of files in a folder (the fixture ``many``)."""

import polars as pl

from gemcont.workflows.gwas.files.inputs import Files
from gemcont.workflows.gwas.files.outputs import Outputs
from gemcont.workflows.gwas.files.write import write_gwas

N, M, D = 300, 45, 70


def scan(folder, name="r", **settings):
    files = Files(str(folder / "g"), str(folder / "g.pheno"), str(folder / "g.covar"))
    run = write_gwas(files, Outputs(str(folder / name)), joint=False, each_trait=True, **settings)
    table = folder / f"{name}.traits.parquet"
    return run, pl.read_parquet(table) if table.exists() else None
