"""The likelihood against that of the dense covariance: values, gradients, optima, bounds."""

import numpy as np
import pytest
from reference import mixed as reference
from reference.kinship_cohorts import cohort

from gemcont.stats.mixed import model as mixed
from gemcont.stats.mixed.likelihood import evaluate, maximise


@pytest.mark.parametrize("method", ["ml", "reml"])
@pytest.mark.parametrize(("d", "k"), [(1, 1), (2, 0), (2, 3), (3, 2)])
def test_likelihood_is_that_of_the_dense_covariance(d, k, method):
    traits, design, kinship, genetic, residual = cohort(d=d, k=k)
    null = mixed.MixedNull.from_covariances(
        traits, design, kinship, genetic, residual, method=method
    )
    expected, r0, _ = reference.log_likelihood(
        traits, design, genetic, residual, kinship, reml=method == "reml"
    )
    assert abs(null.log_likelihood - expected) < 1e-8 * abs(expected)
    assert abs(null.fit.r0 - r0) < 1e-8 * r0


@pytest.mark.parametrize("reml", [False, True])
def test_gradients_are_those_of_the_likelihood(reml):
    traits, design, kinship, genetic, residual = cohort(d=3, k=2)
    null = mixed.MixedNull.from_covariances(
        traits, design, kinship, genetic, residual, method="reml" if reml else "ml"
    )
    found = mixed.decompose(kinship)
    data = mixed._rotated(traits, design, found, null.method)
    back, step = np.linalg.inv(null.fit.transform), 1e-5
    for i, j in ((0, 0), (0, 2), (1, 1)):
        nudge = np.zeros((3, 3))
        nudge[i, j] = nudge[j, i] = step
        nudge = back @ nudge @ back.T
        slopes = [
            (evaluate(data, genetic + g, residual + n).log_likelihood
             - evaluate(data, genetic - g, residual - n).log_likelihood) / (2 * step)
            for g, n in ((nudge, 0 * nudge), (0 * nudge, nudge))
        ]  # fmt: skip
        pair = 1 if i == j else 2
        assert abs(slopes[0] - pair * null.fit.gradient_g[i, j]) < 1e-4
        assert abs(slopes[1] - pair * null.fit.gradient_n[i, j]) < 1e-4


@pytest.mark.parametrize("method", ["ml", "reml"])
@pytest.mark.parametrize("low_rank", [False, True])
@pytest.mark.parametrize("d", [1, 2, 4])
def test_the_optimum_is_one(d, low_rank, method):
    """Small slopes, no rank to gain, r0 = N D (or (N - K) D), and no nudge that is better."""
    traits, design, kinship, *_ = cohort(n=200, d=d, seed=d, low_rank=low_rank)
    null = mixed.fit_null(traits, design, kinship, method=method)
    assert null.fit.curvature < 0.05
    assert null.gradient_norm < 0.05
    rows = 200 - (2 if method == "reml" else 0)
    assert abs(null.fit.r0 - rows * d) < 1e-3 * rows * d
    rng = np.random.default_rng(1)
    for _ in range(10):
        a, b = (np.eye(d) + 0.05 * rng.standard_normal((d, d)) for _ in range(2))
        other = mixed.MixedNull.from_covariances(
            traits, design, kinship, a @ null.genetic_covariance @ a.T,
            b @ null.residual_covariance @ b.T, method=method,
        )  # fmt: skip
        assert other.log_likelihood < null.log_likelihood + 1e-6


def test_a_saddle_is_left():
    """All ones, LIMIX's start, is of rank 1, where no gradient leads out; a full rank does."""
    traits, design, kinship, *_ = cohort(n=200, d=3, seed=5)
    data = mixed._rotated(traits, design, mixed.decompose(kinship), "ml")
    ones = np.ones((3, 3))
    stuck = maximise(data, ones, np.eye(3), rank=1)
    null = mixed.fit_null(traits, design, kinship)
    assert stuck.curvature > 0.5
    assert null.fit.curvature < 0.05
    assert null.log_likelihood > stuck.log_likelihood + 0.1


def test_rank_bounds_the_genetic_covariance():
    traits, design, kinship, *_ = cohort(n=200, d=4, seed=6)
    full = mixed.fit_null(traits, design, kinship)
    for rank in (1, 2):
        null = mixed.fit_null(traits, design, kinship, rank=rank)
        values = np.linalg.eigvalsh(null.genetic_covariance)
        assert (values[: 4 - rank] < 1e-8 * values[-1]).all()
        assert null.log_likelihood <= full.log_likelihood + 1e-6
