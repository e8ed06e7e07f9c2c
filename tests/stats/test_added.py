"""Cohorts with trait covariances of their own: generalised least squares, and calibrated."""

import numpy as np
import pytest
from scipy import stats

from gemcont.stats.added import added, equality


def cohorts(rng, sizes, d, scales, frequencies, count):
    """Genotypes (variants, people) and traits of cohorts that differ in variance and frequency."""
    for n, scale, f in zip(sizes, scales, frequencies, strict=True):
        mix = rng.standard_normal((d, d)) + 2 * np.eye(d)
        yield (
            rng.binomial(2, f, (count, n)).astype(float),
            scale * rng.standard_normal((n, d)) @ mix,
        )


def sums(genotypes, traits):
    """(g'MY, g'Mg, residual covariance) with an intercept."""
    g = genotypes - genotypes.mean(axis=1, keepdims=True)
    y = traits - traits.mean(axis=0)
    return g @ y, (g * g).sum(axis=1), y.T @ y / (len(y) - 1)


@pytest.mark.parametrize("d", [1, 2, 5])
def test_it_is_generalised_least_squares(d):
    rng = np.random.default_rng(d)
    parts = list(cohorts(rng, (60, 40, 25), d, (1, 3, 0.2), (0.3, 0.5, 0.4), 6))
    scores, residuals, covariances = zip(*(sums(*part) for part in parts), strict=True)
    found = added(scores, residuals, covariances)
    for v in range(6):
        # every person of every cohort and trait, whitened by the cohort's covariance
        rows, values = [], []
        for (g, y), s in zip(parts, covariances, strict=True):
            half = np.linalg.cholesky(np.linalg.inv(s)).T
            centred = g[v] - g[v].mean()
            rows.append(np.kron(centred[:, None], half))
            values.append(((y - y.mean(axis=0)) @ half.T).ravel())
        x, y = np.vstack(rows), np.concatenate(values)
        b = np.linalg.solve(x.T @ x, x.T @ y)
        np.testing.assert_allclose(found.effects[v], b, rtol=1e-9)
        np.testing.assert_allclose(found.chi2[v], b @ x.T @ y, rtol=1e-9)
        se = np.sqrt(np.diag(np.linalg.inv(x.T @ x)))
        np.testing.assert_allclose(found.standard_errors[v], se, rtol=1e-9)
    p = stats.chi2.sf(found.chi2, d)
    np.testing.assert_allclose(found.neg_log_10_p, -np.log10(p), rtol=1e-8)


def test_one_trait_is_inverse_variance_meta_analysis():
    rng = np.random.default_rng(7)
    parts = [sums(*part) for part in cohorts(rng, (80, 50), 1, (1, 2), (0.3, 0.4), 5)]
    scores, residuals, covariances = zip(*parts, strict=True)
    beta = np.array([s[:, 0] / r for s, r, _ in parts])
    weight = np.array([r / c[0, 0] for _, r, c in parts])
    found = added(scores, residuals, covariances)
    np.testing.assert_allclose(found.effects[:, 0], (beta * weight).sum(0) / weight.sum(0))
    np.testing.assert_allclose(found.standard_errors[:, 0], weight.sum(0) ** -0.5)


def test_units_of_traits_and_the_order_of_cohorts_change_nothing():
    rng = np.random.default_rng(8)
    parts = list(cohorts(rng, (60, 40), 3, (1, 2), (0.3, 0.4), 5))
    turn = rng.standard_normal((3, 3)) + 3 * np.eye(3)
    ways = [parts, parts[::-1], [(g, y @ turn) for g, y in parts], [(2 - g, y) for g, y in parts]]
    found = [added(*zip(*(sums(*part) for part in way), strict=True)).chi2 for way in ways]
    for other in found[1:]:
        np.testing.assert_allclose(other, found[0], rtol=1e-8)


def test_a_variant_that_no_cohort_has_is_not_tested():
    rng = np.random.default_rng(9)
    scores, residuals, covariances = zip(
        *(sums(*part) for part in cohorts(rng, (60, 40), 2, (1, 2), (0.3, 0.4), 3)), strict=True
    )
    for s, r in zip(scores, residuals, strict=True):
        s[1], r[1] = 0, 0
    found = added(scores, residuals, covariances)
    assert np.isnan(found.chi2).tolist() == [False, True, False]
    assert np.isnan(found.effects[1]).all()


def test_null_cohorts_of_unlike_variance_keep_their_level():
    """A large cohort of rare variants and small variance, a small one of the opposite."""
    rng, p, pooled = np.random.default_rng(10), [], []
    for _ in range(40):
        parts = cohorts(rng, (800, 200), 2, (1, 3), (0.05, 0.5), 500)
        scores, residuals, covariances = zip(*(sums(*part) for part in parts), strict=True)
        p.append(added(scores, residuals, covariances).neg_log_10_p)
        one = (799 * covariances[0] + 199 * covariances[1]) / 998
        pooled.append(added(scores, residuals, [one, one]).neg_log_10_p)
    rate = [(np.concatenate(x) > -np.log10(0.01)).mean() / 0.01 for x in (p, pooled)]
    assert rate[0] == pytest.approx(1, abs=0.35)
    assert rate[1] > 5


def test_equality_of_covariances():
    rng, p = np.random.default_rng(11), []
    for _ in range(400):
        draws = [rng.standard_normal((n, 3)) for n in (80, 50, 120)]
        found = [np.cov(y.T) for y in draws]
        chi2, dof, log_p = equality(found, [79, 49, 119])
        assert dof == 12
        p.append(log_p)
    assert (np.array(p) > -np.log10(0.05)).mean() == pytest.approx(0.05, abs=0.03)
    assert equality([found[0], 3 * found[1]], [79, 49])[2] > 6
    assert equality([found[0], found[0]], [79, 49])[0] == 0
