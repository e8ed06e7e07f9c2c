"""Null models of a store of products."""

import numpy as np
import polars as pl
from reference.product_stores import D, M, scan, write_cohort, write_weights

from gemcont.workflows.project.combine import project_store
from gemcont.workflows.project.files import ProductOutputs


def test_a_trait_constant_among_men_spoils_no_other(tmp_path):
    write_cohort(tmp_path, "a", 240, seed=1)
    bim = (tmp_path / "a.bim").read_text().replace("\n23\t", "\n24\t")
    (tmp_path / "a.bim").write_text(bim)
    table = pl.read_csv(tmp_path / "a.pheno", separator="\t")
    men = pl.int_range(pl.len()) % 2 == 0
    table = table.with_columns(pl.when(men).then(1.5).otherwise(pl.col("e4")).alias("e4"))
    table.write_csv(tmp_path / "a.pheno", separator="\t")
    scan(tmp_path, "a", joint=False, each_trait=True, save_products=True)
    outputs = ProductOutputs(str(tmp_path / "p"), joint=False, each=True)
    project_store(tmp_path / "a", outputs, traits=["e0", "e4"])
    found = pl.read_parquet(tmp_path / "p.traits.parquet").filter(pl.col("chromosome") == "24")
    assert found.filter(pl.col("trait") == "e0")["t_statistic"].is_not_null().all()
    assert found.filter(pl.col("trait") == "e4")["t_statistic"].is_null().all()
    outputs = ProductOutputs(str(tmp_path / "p"), layout="parquet")
    project_store(tmp_path / "a", outputs, traits=["e0", "e4"])
    joint_test = pl.read_parquet(tmp_path / "p.gwas.parquet")
    assert joint_test.height == M
    assert joint_test.filter(pl.col("chromosome") == "24")["chi2"].is_null().all()
    assert joint_test.filter(pl.col("chromosome") != "24")["chi2"].is_not_null().all()


def test_a_combination_without_variance_is_said(one, caplog):
    folder, _ = one
    write_weights(folder / "w.tsv", ["x", "nothing"], np.eye(D)[:, :2] * [1, 0])
    outputs = ProductOutputs(str(folder / "p"), joint=False, each=True)
    with caplog.at_level("WARNING", "gemcont"):
        project_store(folder / "a", outputs, weights=folder / "w.tsv")
    assert "no variance, so NA: nothing" in caplog.text


def test_nearly_collinear_traits_are_warned_of(one, caplog):
    folder, _ = one
    (folder / "w.tsv").write_text("trait\tx\ty\ne0\t1\t1\ne1\t0\t0.002\n")
    with caplog.at_level("WARNING", "gemcont"):
        outputs = ProductOutputs(str(folder / "p"))
        project_store(folder / "a", outputs, weights=folder / "w.tsv")
    assert "nearly collinear" in caplog.text
