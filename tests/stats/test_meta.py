"""Pooling of effects: against the textbook, and what must not matter."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.meta import pool

from gemcont.stats.meta import gc_lambda, inverse_variance, sample_size


def cohorts(seed=1, n_variants=60, n_cohorts=4, missing=0.3):
    rng = np.random.default_rng(seed)
    beta = rng.normal(0, 0.3, (n_variants, n_cohorts))
    error = rng.uniform(0.02, 0.2, beta.shape)
    beta[rng.random(beta.shape) < missing] = np.nan
    beta[0] = np.nan
    beta[1, 1:] = np.nan
    beta[2] = [0.1] * n_cohorts  # no heterogeneity at all
    return beta, error


@pytest.mark.parametrize("random", [False, True])
def test_equals_the_textbook(random):
    beta, error = cohorts()
    found = inverse_variance(beta, error, random=random)
    for v in range(len(beta)):
        values = [array[v] for array in found]
        if np.isnan(beta[v]).all():
            assert np.isnan(values[:4]).all()
            assert found.n_studies[v] == 0
            continue
        mean, se, p, q, dof, i2, tau2 = pool(beta[v], error[v], random=random)
        np.testing.assert_allclose(values[:2], [mean, se], rtol=1e-12)
        np.testing.assert_allclose(found.neg_log_10_p[v], p, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(found.q[v], q, rtol=1e-9, atol=1e-12)
        np.testing.assert_allclose(found.i2[v], i2, rtol=1e-6, atol=1e-9)
        expected = tau2 if random else np.nan
        np.testing.assert_allclose(found.tau2[v], expected, rtol=1e-6, atol=1e-9)
        assert (found.q_dof[v], found.n_studies[v]) == (dof, dof + 1)


def test_strong_effects_do_not_underflow():
    found = inverse_variance(np.array([[2.0, 2.0]]), np.array([[0.02, 0.02]]))
    np.testing.assert_allclose(found.neg_log_10_p, 4345.6, rtol=1e-3)


@settings(deadline=None, max_examples=50)
@given(st.integers(0, 2**32))
def test_what_must_not_matter(seed):
    beta, error = cohorts(seed, n_variants=20)
    found = inverse_variance(beta, error, random=True)
    order = np.random.default_rng(seed).permutation(4)
    shuffled = inverse_variance(beta[:, order], error[:, order], random=True)
    flipped = inverse_variance(-beta, error, random=True)
    for name, sign in (("beta", -1), ("z", -1), ("q", 1), ("i2", 1), ("tau2", 1)):
        a, b, c = (getattr(m, name) for m in (found, shuffled, flipped))
        np.testing.assert_allclose(a, b, rtol=1e-8, atol=1e-10)
        np.testing.assert_allclose(a, sign * c, rtol=1e-12, atol=1e-14)
    some = inverse_variance(beta[5:9], error[5:9], random=True)
    np.testing.assert_array_equal(some.beta, found.beta[5:9])


def test_genomic_control_multiplies_the_standard_error():
    beta, error = cohorts(missing=0)
    lambdas = np.array([1.2, 0.7, 1.0, 2.0])
    found = inverse_variance(beta, error, lambdas)
    expected = inverse_variance(beta, error * np.sqrt(np.maximum(lambdas, 1)))
    for a, b in zip(found, expected, strict=True):
        np.testing.assert_allclose(a, b, rtol=1e-12)


def test_standard_errors_of_very_different_size():
    found = inverse_variance(np.array([[0.1, 0.5]]), np.array([[1e-9, 1.0]]), random=True)
    np.testing.assert_allclose([found.beta[0], found.tau2[0]], [0.1, 0.0], atol=1e-12)


def test_lambda_is_metals_upper_median():
    z = np.array([1.0, 3.0, 2.0, 0.5, np.nan])
    np.testing.assert_allclose(gc_lambda(z), 4 / 0.4549364)
    assert gc_lambda(np.array([np.nan])) == 1.0


def test_sample_size_scheme():
    z = np.array([[2.0, 1.0], [np.nan, 3.0], [np.nan, np.nan]])
    n = np.array([[100.0, 300.0], [100.0, 300.0], [1.0, 1.0]])
    found = sample_size(z, n)
    expected = (10 * 2 + np.sqrt(300) * 1) / 20
    np.testing.assert_allclose(found.z, [expected, 3.0, np.nan])
    assert found.n_studies.tolist() == [2, 1, 0]
    np.testing.assert_allclose(
        found.q[:2], [(2 - expected / 2) ** 2 + (1 - expected * np.sqrt(3) / 2) ** 2, 0], atol=1e-12
    )
    assert np.isnan(found.beta).all()


def test_equal_cohorts_give_equal_answers_under_both_schemes():
    rng = np.random.default_rng(2)
    beta = rng.normal(size=(30, 3))
    error = np.full((30, 3), 0.5)
    by_error = inverse_variance(beta, error)
    by_size = sample_size(beta / error, np.full((30, 3), 77.0))
    np.testing.assert_allclose(by_error.z, by_size.z, rtol=1e-12)
    np.testing.assert_allclose(by_error.q, by_size.q, rtol=1e-9)
