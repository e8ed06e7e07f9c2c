import numpy as np
import pytest
from conftest import random_dosages
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.joint import joint_lrt_by_likelihood, joint_test, single_trait

from gemcont import GemcontError, fit_null
from gemcont.stats.multitrait import scan


def problem(seed, d, k, n=150, missing=0.04):
    """Genotypes (with a monomorphic, an uncalled and a collinear variant), traits, covariates."""
    rng = np.random.default_rng(seed)
    genotypes = random_dosages(rng, 25, n, missing=missing)
    covariates = rng.standard_normal((n, k))
    genotypes[4], genotypes[9] = 1, np.nan
    if k:
        genotypes[14] = rng.integers(0, 3, n)
        covariates[:, 0] = genotypes[14] * 2 - 1
    traits = rng.standard_normal((n, d)) @ rng.standard_normal((d, d)) + 5
    traits[:, 0] += 0.7 * np.nan_to_num(genotypes[2])
    return genotypes, traits, covariates


@pytest.mark.parametrize("test", ["lrt", "f"])
@pytest.mark.parametrize("k", [0, 1, 3])
@pytest.mark.parametrize("d", [1, 2, 8])
def test_scan_equals_the_reference(d, k, test):
    genotypes, traits, covariates = problem(1, d, k)
    found = scan(fit_null(traits, covariates), genotypes, test=test)
    expected = joint_test(genotypes, traits, covariates, test)
    np.testing.assert_allclose(found.statistic, expected["statistic"], rtol=1e-9)
    np.testing.assert_allclose(found.neg_log_10_p, expected["neg_log_10_p"], rtol=1e-9)
    np.testing.assert_allclose(found.r2, expected["q"], rtol=1e-9)
    assert np.isnan(found.statistic[[4, 9]]).all()
    assert np.isnan(found.statistic[14]) == (k > 0)
    assert (found.n == (~np.isnan(genotypes)).sum(axis=1)).all()


@pytest.mark.parametrize("k", [0, 1, 3])
def test_effects_are_ordinary_least_squares(k):
    genotypes, traits, covariates = problem(2, 3, k)
    found = scan(fit_null(traits, covariates), genotypes)
    for d in range(3):
        expected = single_trait(genotypes, traits[:, d], covariates)
        np.testing.assert_allclose(found.effects[:, d], expected["beta"], rtol=1e-8, atol=1e-12)
        np.testing.assert_allclose(found.standard_errors[:, d], expected["standard_error"])


@pytest.mark.parametrize("k", [0, 1, 3])
def test_one_trait_f_is_the_square_of_t(k):
    genotypes, traits, covariates = problem(3, 1, k)
    found = scan(fit_null(traits, covariates), genotypes, test="f")
    expected = single_trait(genotypes, traits[:, 0], covariates)
    np.testing.assert_allclose(found.statistic, expected["t_statistic"] ** 2, rtol=1e-8)
    np.testing.assert_allclose(found.neg_log_10_p, expected["neg_log_10_p"], rtol=1e-9)


@pytest.mark.parametrize("d", [1, 4])
def test_lrt_is_the_difference_of_log_likelihoods(d):
    genotypes, traits, covariates = problem(4, d, 2)
    found = scan(fit_null(traits, covariates), genotypes)
    for v in (0, 1, 2, 3):
        expected = joint_lrt_by_likelihood(genotypes[v], traits, covariates)
        assert found.statistic[v] == pytest.approx(expected, rel=1e-6, abs=1e-7)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000), st.integers(2, 6), st.sampled_from(["lrt", "f"]))
def test_rotated_traits_give_the_same_statistic(seed, d, test):
    genotypes, traits, covariates = problem(seed, d, 1)
    mixing = np.random.default_rng(seed).standard_normal((d, d)) + 2 * np.eye(d)
    plain = scan(fit_null(traits, covariates), genotypes, test=test)
    mixed = scan(fit_null(traits @ mixing, covariates), genotypes, test=test)
    np.testing.assert_allclose(mixed.statistic, plain.statistic, rtol=1e-6)


@settings(deadline=None, max_examples=25)
@given(st.integers(0, 10_000))
def test_sample_order_and_allele_flip(seed):
    genotypes, traits, covariates = problem(seed, 2, 1)
    plain = scan(fit_null(traits, covariates), genotypes)
    order = np.random.default_rng(seed).permutation(len(traits))
    moved = scan(fit_null(traits[order], covariates[order]), genotypes[:, order])
    np.testing.assert_allclose(moved.statistic, plain.statistic, rtol=1e-7)
    flipped = scan(fit_null(traits, covariates), 2 - genotypes)
    np.testing.assert_allclose(flipped.statistic, plain.statistic, rtol=1e-7)
    np.testing.assert_allclose(flipped.effects, -plain.effects, rtol=1e-6, atol=1e-10)


def test_a_trait_equal_to_the_genotype_has_a_finite_p():
    genotypes = random_dosages(np.random.default_rng(5), 2, 60)
    for test in ("lrt", "f"):
        found = scan(fit_null(3 * genotypes[0] + 1), genotypes, test=test)
        assert np.isfinite(found.statistic).all()
        assert np.isfinite(found.neg_log_10_p).all()
        assert found.neg_log_10_p[0] > 300
        assert found.effects[0, 0] == pytest.approx(3)


def test_mistakes():
    null = fit_null(np.random.default_rng(6).standard_normal(20))
    with pytest.raises(
        GemcontError, match=r"genotypes must be \(variants, 20 samples\), got \(3, 19\)"
    ):
        scan(null, np.zeros((3, 19)))
    with pytest.raises(GemcontError, match="'wald' is not one of lrt, f"):
        scan(null, np.zeros((3, 20)), test="wald")
