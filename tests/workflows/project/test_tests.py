"""Rows of tests from stores: bounds, and what cannot be tested."""

from dataclasses import replace

import polars as pl
from reference.product_stores import (
    D,
    M,
)

from gemcont.workflows.project.combine import project_store
from gemcont.workflows.project.files import ProductOutputs


def test_what_cannot_be_tested_jointly_is_still_tested_alone(one):
    folder, _ = one
    rows = "trait\tx\ty\tz\ne0\t1\t0\t1\ne1\t0\t1\t-1\n"
    (folder / "w.tsv").write_text(rows)
    outputs = ProductOutputs(str(folder / "p"), joint=False, each=True)
    tested, _, _, _ = project_store(folder / "a", outputs, weights=folder / "w.tsv")
    assert tested is None
    found = pl.read_parquet(folder / "p.traits.parquet")
    assert found.height == 3 * M


def test_bounds_leave_out_what_cannot_be_tested(one):
    folder, _ = one
    outputs = ProductOutputs(str(folder / "p"), layout="parquet", each=True, least=0.7)
    project_store(folder / "a", outputs, traits=["e0", "e1"])
    for name in ("gwas", "traits"):
        found = pl.read_parquet(folder / f"p.{name}.parquet")
        assert found["neg_log_10_p_value"].min() >= 0.7
        assert found["neg_log_10_p_value"].null_count() == 0


def test_many_combinations_are_bounded_as_many_traits_are(one, monkeypatch):
    folder, _ = one
    outputs = ProductOutputs(str(folder / "p"), joint=False, each=True)
    monkeypatch.setattr("gemcont.workflows.common.wording.MANY_TRAITS", D - 1)
    monkeypatch.setattr("gemcont.workflows.common.wording.LEAST_OF_MANY", 0.7)
    project_store(folder / "a", outputs)
    bounded = pl.read_parquet(folder / "p.traits.parquet")
    assert 0 < bounded.height < M * D
    assert bounded["neg_log_10_p_value"].min() >= 0.7
    project_store(folder / "a", replace(outputs, least=0))
    assert pl.read_parquet(folder / "p.traits.parquet").height == M * D
