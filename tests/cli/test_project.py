"""gemcont-project: what it writes, and its mistakes in one line."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest
from reference.commands import fails, names, scan

from gemcont.cli import project


def test_project(study, capsys):
    assert scan(study, "--save-products") == 0
    weights = study.folder / "w.csv"
    weights.write_text("trait,sum,difference\r\nheight,1,1\r\nweight,1,-1\r\n")
    out = str(study.folder / "axes")
    argv = ["--products", study.out, "--weights", str(weights), "--each-trait", "--out", out]
    assert project.main(argv) == 0
    files = [".gwas.tsv", ".log", ".manhattan.png", ".qq.png", ".summary.json", ".traits.parquet"]
    assert names(study, "axes") == files
    assert "true rate at 5e-8" in Path(out + ".log").read_text()
    read = {"separator": "\t", "null_values": "NA", "schema_overrides": {"chromosome": pl.String}}
    found, expected = (pl.read_csv(f, **read) for f in (out + ".gwas.tsv", study.out + ".gwas.tsv"))
    np.testing.assert_allclose(found["chi2"], expected["chi2"], rtol=1e-5)
    assert pl.read_parquet(out + ".traits.parquet")["trait"].unique().sort().to_list() == [
        "difference",
        "sum",
    ]


def test_project_of_one_trait_has_its_effect(study):
    assert scan(study, "--save-products") == 0
    out = str(study.folder / "one")
    argv = ["--products", study.out, "--traits", "weight", "--p-max", "0.2", "--out", out]
    assert project.main([*argv, "--no-plot", "--format", "parquet"]) == 0
    found = pl.read_parquet(out + ".gwas.parquet")
    assert {"beta", "standard_error"} <= set(found.columns)
    assert 0 < found.height < 60
    assert found["neg_log_10_p_value"].min() >= -np.log10(0.2)


@pytest.mark.parametrize(
    ("flags", "messages"),
    [
        (["--traits", "hight"], ("--traits: 'hight' is not a trait", "height, weight")),
        (["--traits", "height,height"], ("--traits: duplicate name",)),
        (["--weights", "nowhere"], ("nowhere: no such file",)),
    ],
)
def test_project_mistakes(study, capsys, flags, messages):
    assert scan(study, "--save-products") == 0
    capsys.readouterr()
    argv = ["--products", study.out, "--out", str(study.folder / "p"), *flags]
    fails(project.main, argv, capsys, *messages)
    argv = ["--products", study.out, "--out", study.out, "--traits", "height"]
    fails(project.main, argv, capsys, "is the scan that is read")
    argv = ["--products", study.out + "x", "--out", str(study.folder / "p"), "--traits", "height"]
    fails(project.main, argv, capsys, "resultx.products: not a store")
