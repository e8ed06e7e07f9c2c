"""Blocks of variants by the mixed model: refits, filters, single traits."""

import logging

import numpy as np
import pandas as pd
import polars as pl
import pytest
from reference.relatives import N, design_of, families
from scipy import stats

from gemcont import ArraySource, run_each_trait, run_gwas
from gemcont.stats.mixed import model as mixed


@pytest.fixture(scope="module")
def study():
    return families()


@pytest.mark.parametrize("reml", [False, True])
def test_refits_of_strong_variants(study, reml):
    """p below the bound, or nearly: the likelihood ratio of two fits; above: as before."""
    whole = run_gwas(study.source, study.traits, kinship=study.kinship, refit=0, reml=reml)
    found = run_gwas(study.source, study.traits, kinship=study.kinship, refit=0.05, reml=reml)
    strong = (whole.neg_log_10_p_value >= -0.9 * np.log10(0.05)).to_numpy()
    assert 0 < strong.sum() < len(strong) / 2
    pd.testing.assert_frame_equal(found[~strong], whole[~strong])
    y, design = study.traits.to_numpy(), design_of(study, 0)
    null = mixed.fit_null(y, design, study.kinship)
    for row in np.flatnonzero(strong)[:4]:
        g = study.dosages[row]
        g = np.where(np.isnan(g), np.nanmean(g), g)
        other = mixed.fit_null(y, np.column_stack([design, g]), study.kinship)
        ratio = 2 * (other.log_likelihood - null.log_likelihood)
        assert abs(found.chi2[row] - ratio) < 2e-2
        np.testing.assert_allclose(
            found.neg_log_10_p_value[row], -np.log10(stats.chi2.sf(found.chi2[row], 3)), rtol=1e-9
        )
        np.testing.assert_allclose(
            found.chi2[row], -N * 3 * np.log1p(-found.r2[row] / 3), rtol=1e-9
        )


def test_refit_is_the_default_below_1e_4(study, caplog):
    with caplog.at_level(logging.INFO, "gemcont"):
        plain = run_gwas(study.source, study.traits, kinship=study.kinship)
    same_bound = run_gwas(study.source, study.traits, kinship=study.kinship, refit=1e-4)
    none = run_gwas(study.source, study.traits, kinship=study.kinship, refit=0)
    pd.testing.assert_frame_equal(plain, same_bound)
    strong = none.neg_log_10_p_value >= 0.9 * 4
    assert strong.any()
    assert not strong.all()
    assert f"covariances re-estimated for the {strong.sum()} strongest variants" in caplog.text
    pd.testing.assert_frame_equal(plain[~strong], none[~strong])
    assert (plain.chi2[strong] != none.chi2[strong]).all()


def test_filters_that_empty_a_block(study):
    dosages = study.dosages.copy()
    dosages[:8] = 0
    dosages[:8, 0] = 1
    source = ArraySource(dosages, study.samples, study.variants)
    found = run_gwas(source, study.traits, kinship=study.kinship, maf=0.05, block_size=8)
    assert found.variant_id.to_list() == [f"rs{i}" for i in range(8, len(dosages))]


def test_untestable_variants_are_na(study, caplog):
    dosages = study.dosages.copy()
    dosages[7], dosages[8] = 1, np.nan
    dosages[9] = study.covariates["u"].rank() / N
    covariates = pd.DataFrame({"u": dosages[9]}, index=study.traits.index)
    source = ArraySource(dosages, study.samples, study.variants)
    with caplog.at_level(logging.INFO, "gemcont"):
        found = run_gwas(source, study.traits, covariates, kinship=study.kinship)
    assert np.flatnonzero(found.chi2.isna()).tolist() == [7, 8, 9]
    assert "2 of them cannot be tested (NA): without variance" in caplog.text
    assert "1 of them cannot be tested (NA): given by the covariates" in caplog.text
    single = run_each_trait(source, study.traits, covariates, kinship=study.kinship)
    assert single.beta.isna().sum() == 9


def test_each_trait_beside_the_joint_test(study):
    """Both at once are the same as one by one."""
    from gemcont.settings.gwas import GwasSettings
    from gemcont.tables.sample_frames import from_frame
    from gemcont.workflows.gwas.prepare import prepare

    settings = GwasSettings(kinship=study.kinship, each_trait=True, effects=True, refit=0)
    table = from_frame(study.traits, "traits")
    run = prepare(study.source, table, None, settings)
    frames = [block.frames for block in run.blocks()]
    joint = pl.concat(f["joint"] for f in frames)
    alone = run_gwas(study.source, study.traits, kinship=study.kinship, refit=0)
    np.testing.assert_allclose(joint["chi2"], alone.chi2, rtol=1e-9)
    effects = pl.concat(f["effects"] for f in frames)
    null = mixed.fit_null(study.traits.to_numpy(), design_of(study, 0), study.kinship)
    expected = mixed.scan(null, study.dosages)
    for d, trait in enumerate("abc"):
        scale = np.abs(expected.effects[:, d]).max()
        np.testing.assert_allclose(
            effects[f"beta.{trait}"], expected.effects[:, d], atol=1e-4 * scale
        )
        np.testing.assert_allclose(
            effects[f"standard_error.{trait}"], expected.standard_errors[:, d], rtol=1e-4
        )


def test_bounds_and_the_strongest_are_rows_of_the_whole(study):
    every = run_each_trait(study.source, study.traits, kinship=study.kinship)
    some = run_each_trait(study.source, study.traits, kinship=study.kinship, neg_log10_p_min=1)
    expected = every[every.neg_log_10_p_value >= 1].reset_index(drop=True)
    assert 0 < len(some) < len(every)
    pd.testing.assert_frame_equal(some, expected, rtol=1e-6)
    top = run_each_trait(study.source, study.traits, kinship=study.kinship, top_k=4)
    for trait in "abc":
        here = every[every.trait == trait].nlargest(4, "neg_log_10_p_value")
        assert set(top[top.trait == trait].variant_id) == set(here.variant_id)


def test_a_refit_without_maximum_leaves_the_scan_s_result(study, monkeypatch):
    from gemcont.workflows.gwas.relatives import related_group

    settings = {"kinship": study.kinship, "block_size": 1000}
    plain = run_gwas(study.source, study.traits, **settings, refit=0)
    whole = run_gwas(study.source, study.traits, **settings, refit=1)

    def without_the_first(*arguments):
        chi2, *others = refitted(*arguments)
        chi2[0] = np.nan
        return chi2, *others

    refitted = related_group.refitted
    monkeypatch.setattr(related_group, "refitted", without_the_first)
    found = run_gwas(study.source, study.traits, **settings, refit=1)
    pd.testing.assert_frame_equal(found[:1], plain[:1])
    pd.testing.assert_frame_equal(found[1:], whole[1:])
