"""Stores of several cohorts, tested together as the pooled people would be."""

import json

import numpy as np
import polars as pl
import pytest
from reference.product_stores import (
    NAMES,
    D,
    edit,
    joint,
    nested,
    same,
    scan,
    write_cohort,
)

from gemcont import GemcontError
from gemcont.stats.added import added
from gemcont.workflows.project.files import ProductOutputs
from gemcont.workflows.project.pooled_cohorts import add_stores


def test_cohorts_added_are_the_pooled_people_with_nested_covariates(two):
    folder, a, b = two
    found, null = joint(folder, "a", "b")
    expected = nested(folder, a, b)
    assert (null.n_samples, null.n_covariates) == (420, 6)
    same(found, expected, rtol=1e-4)


def test_people_counted_twice_are_refused(two):
    folder, *_ = two
    with pytest.raises(GemcontError, match="a.products is given twice"):
        joint(folder, "a", "a.products")
    write_cohort(folder, "c", 100, seed=3, first=200, x=False)
    scan(folder, "c", save_products=True)
    with pytest.raises(GemcontError, match="40 people of .*c.products are in .*a.products too"):
        joint(folder, "a", "c")
    joint(folder, "a", "c", same_ids=True)


@pytest.mark.parametrize(
    ("facts", "message"),
    [
        ({"encoder": "beef"}, "made by different encoders"),
        ({"ranked": True}, "b.products were ranked in their own cohort"),
        ({"pcs": 3}, "turned into components in their own cohort"),
        ({"traits": [*NAMES[:4], "other"]}, r"have different traits \(e4, ...\)"),
        ({"autosomes": 10}, "of different species"),
        ({"kind": "t"}, "holds t, not products"),
    ],
)
def test_stores_that_do_not_belong_together_are_refused(two, facts, message):
    folder, *_ = two
    edit(folder, "b", **facts)
    with pytest.raises(GemcontError, match=message):
        joint(folder, "a", "b")


def test_the_encoder_is_that_of_the_embeddings(tmp_path):
    write_cohort(tmp_path, "a", 240, seed=1)
    (tmp_path / "a.embed.json").write_text(json.dumps({"model": "c0ffee"}))
    scan(tmp_path, "a", save_products=True)
    facts = json.loads((tmp_path / "a.products" / "store.json").read_text())
    assert facts["encoder"] == "c0ffee"
    (tmp_path / "a.embed.json").write_text("{}")
    with pytest.raises(GemcontError, match="a.embed.json: not the json of gemcont-embed"):
        scan(tmp_path, "a", save_products=True)


def test_every_cohort_keeps_its_own_covariance_by_default(two, caplog):
    """The wald test of two stores is that of their sums under a covariance each."""
    folder, a, b = two
    outputs = ProductOutputs(str(folder / "m"), name="meta", layout="parquet", test="wald")
    with caplog.at_level("INFO", "gemcont"):
        add_stores([folder / "a", folder / "b"], outputs)
    assert "trait covariances of the cohorts: equal with -log10 p" in caplog.text
    found = pl.read_parquet(folder / "m.meta.parquet")
    scores, residuals, covariances = [], [], []
    for dosages, traits, covariates in (a, b):
        design = np.column_stack([np.ones(len(traits)), covariates])
        mean = np.nanmean(dosages, axis=1, keepdims=True)
        g = np.where(np.isnan(dosages), mean, dosages).T
        keep = np.eye(len(traits)) - design @ np.linalg.pinv(design)
        scores.append(g.T @ keep @ traits)
        residuals.append(np.einsum("nv,nm,mv->v", g, keep, g))
        covariances.append(traits.T @ keep @ traits / (len(traits) - design.shape[1]))
    expected = added(scores, residuals, covariances)
    np.testing.assert_allclose(found["chi2"], expected.chi2, rtol=1e-4)
    np.testing.assert_allclose(found["neg_log_10_p_value"], expected.neg_log_10_p, rtol=1e-4)
    assert (found["dof"] == D).all()


def test_unequal_covariances_are_warned_of_where_one_is_taken(tmp_path, caplog):
    for name, seed, first in (("a", 1, 0), ("b", 2, 240)):
        write_cohort(tmp_path, name, 240, seed=seed, x=False, first=first)
    table = pl.read_csv(tmp_path / "b.pheno", separator="\t")
    table = table.with_columns(pl.col(NAMES) * 3)
    table.write_csv(tmp_path / "b.pheno", separator="\t")
    for name in "ab":
        scan(tmp_path, name, save_products=True)
    for test, level in (("lrt", "WARNING"), ("wald", "INFO")):
        caplog.clear()
        with caplog.at_level("INFO", "gemcont"):
            outputs = ProductOutputs(str(tmp_path / "m"), name="meta", layout="parquet", test=test)
            add_stores([tmp_path / "a", tmp_path / "b"], outputs)
        (record,) = [r for r in caplog.records if "trait covariances of" in r.getMessage()]
        assert record.levelname == level


def test_a_cohort_of_few_people_has_no_covariance_of_its_own(tmp_path, caplog):
    write_cohort(tmp_path, "a", 240, seed=1, x=False)
    write_cohort(tmp_path, "b", 40, seed=2, x=False, first=240)
    for name in "ab":
        scan(tmp_path, name, save_products=True)
    outputs = ProductOutputs(str(tmp_path / "m"), name="meta", layout="parquet", test="wald")
    stores = [tmp_path / "a", tmp_path / "b"]
    add_stores(stores, outputs)
    assert "its own statistics are" in caplog.text
    groups = json.loads((tmp_path / "b.products" / "store.json").read_text())["groups"]
    for group in groups.values():
        group["n_samples"] = group["n_covariates"] + 4
    edit(tmp_path, "b", groups=groups)
    with pytest.raises(GemcontError, match="b.products has no covariance of its own on"):
        add_stores(stores, outputs)
