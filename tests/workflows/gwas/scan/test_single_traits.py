"""Many traits, screened in blocks: bounded rows and the strongest of each."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from reference.many import D, M, N, scan

from gemcont import GemcontError, open_genotypes, run_each_trait
from gemcont.genotype.kernels.packed import decode
from gemcont.workflows.gwas.scan import null_models as groups


def test_traits_in_blocks_are_traits_together(many, monkeypatch):
    run, blocks = scan(many)
    assert len(run.autosomal[0].trait_blocks) == 5
    monkeypatch.setattr(groups, "TRAITS_AT_ONCE", 1000)
    _, whole = scan(many)
    assert blocks.height == M * D
    for name in whole.columns:
        if whole[name].dtype == pl.Float64:
            np.testing.assert_allclose(blocks[name], whole[name], rtol=1e-5, atol=1e-5)
        else:
            assert blocks[name].equals(whole[name])


@pytest.mark.parametrize("settings", [{"block_size": 4}, {"threads": 1}, {"memory": 16}])
def test_block_size_threads_and_memory_change_nothing(many, settings):
    _, expected = scan(many, neg_log10_p_min=0.5)
    run, found = scan(many, neg_log10_p_min=0.5, **settings)
    assert found.equals(expected)


def test_all_rows_can_be_asked_for_by_a_bound_of_nothing(many, monkeypatch):
    _, expected = scan(many)
    monkeypatch.setattr("gemcont.workflows.common.wording.MANY_TRAITS", 20)
    _, bounded = scan(many)
    assert bounded["neg_log_10_p_value"].min() >= 5
    _, found = scan(many, neg_log10_p_min=0)
    assert found.equals(expected)


def test_traits_apart_are_traits_together(many):
    _, together = scan(many)
    for name in ("t0", "t33"):
        _, alone = scan(many, trait_names=[name])
        here = together.filter(pl.col("trait") == name)
        np.testing.assert_allclose(here["beta"], alone["beta"], rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(here["t_statistic"], alone["t_statistic"], rtol=1e-5, atol=2e-5)


def test_variants_given_by_the_covariates_keep_their_digits(many):
    """Nearly all of this genotype is the covariate's: the rest amplifies what products lose."""
    traits = pd.read_csv(many / "g.pheno", sep=r"\s+").set_index(["FID", "IID"])
    genotype = np.nan_to_num(decode(open_genotypes(many / "g").read(np.array([11])))[0], nan=1.0)
    noise = 1e-2 * np.random.default_rng(6).standard_normal(N)
    covariates = pd.DataFrame({"c": genotype + noise}, index=traits.index)
    found = run_each_trait(many / "g", traits, covariates, neg_log10_p_min=0)
    alone = run_each_trait(many / "g", traits[["t3"]], covariates, neg_log10_p_min=0)
    here = found[(found.trait == "t3") & (found.variant_id == "rs11")]
    there = alone[alone.variant_id == "rs11"]
    np.testing.assert_allclose(here.t_statistic, there.t_statistic, rtol=1e-5)


@pytest.mark.parametrize("k", [1, 3, 44, 100])
@pytest.mark.parametrize("size", [5, 1000])
def test_the_strongest_of_each_trait(many, k, size):
    _, every = scan(many)
    _, found = scan(many, top_k=k, block_size=size)
    expected = (
        every.with_row_index("order")
        .filter(pl.col("neg_log_10_p_value").is_not_null())
        .sort("neg_log_10_p_value", descending=True, maintain_order=True)
        .group_by("trait", maintain_order=True)
        .head(k)
        .sort("order")
        .drop("order")
    )
    assert found.equals(expected)


def test_a_bound_and_the_strongest_together(many):
    _, every = scan(many)
    _, found = scan(many, top_k=2, neg_log10_p_min=1.5)
    assert found["neg_log_10_p_value"].min() >= 1.5
    counts = found.group_by("trait").len()["len"]
    assert counts.max() == 2
    assert found.height < 2 * D
    best = every.filter(pl.col("trait") == "t7")["neg_log_10_p_value"].max()
    assert found.filter(pl.col("trait") == "t7")["neg_log_10_p_value"].max() == best


def test_in_memory_gives_the_strongest_too(many):
    traits = pd.read_csv(many / "g.pheno", sep=r"\s+").set_index(["FID", "IID"])
    found = run_each_trait(str(many / "g"), traits, top_k=2)
    assert (found.groupby("trait").size() == 2).all()
    with pytest.raises(GemcontError, match="dense: a store is files"):
        run_each_trait(str(many / "g"), traits, dense=True)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"dense": True, "top_k": 3}, "--dense keeps every t"),
        ({"dense": True, "each_trait_samples": "own"}, "--dense excludes --each-trait-samples"),
        ({"save_products": True, "each_trait_samples": "own"}, "--save-products excludes"),
        ({"top_k": 0}, "--top-k: 0 is not from 1 up"),
    ],
)
def test_what_contradicts_itself_is_refused(many, settings, message):
    with pytest.raises(GemcontError, match=message):
        scan(many, **settings)


def test_lambda_of_every_trait_is_known_without_its_rows(many):
    bounded, _ = scan(many, neg_log10_p_min=3)
    every, rows = scan(many)
    np.testing.assert_array_equal(bounded.trait_lambdas, every.trait_lambdas)
    tested = rows["neg_log_10_p_value"].is_not_null().sum()
    assert bounded.tally.histogram.sum() == tested
