"""Genomic control, true rates of the tests, and hits by chance."""

import numpy as np
import pytest
from conftest import random_dosages
from reference import transforms
from scipy import stats

from gemcont import fit_null
from gemcont.stats import multitrait
from gemcont.stats.calibration import (
    chance_recovery,
    lambda_gc,
    lambda_of_histogram,
    lrt_true_rate,
    wilks_true_rate,
)
from gemcont.stats.contrasts import (
    Conditional,
    f_degrees_of_freedom,
    likelihood_share,
)
from gemcont.stats.screen import (
    BIN_WIDTH,
    N_BINS,
)
from gemcont.stats.special import neg_log10_chi2_sf, neg_log10_t_sf

CONTRASTS = ("any", "common", "any-vs-common", 0, 2, Conditional(1))


N, K, D = 60, 20, 5


@pytest.fixture(scope="module")
def null_scans():
    """-log10 p of 40,000 null variants on Gaussian traits, by test and contrast."""
    rng, found = np.random.default_rng(5), {}
    for _ in range(20):
        traits = rng.standard_normal((N, D)) @ rng.standard_normal((D, D))
        null = fit_null(traits, rng.standard_normal((N, K - 1)))
        dosages = random_dosages(rng, 2000, N, low=0.3, high=0.7)
        for contrast in CONTRASTS:
            for test in ("lrt", "f"):
                scan = multitrait.scan(null, dosages, test=test, contrast=contrast)
                found.setdefault((test, contrast), []).append(scan.neg_log_10_p)
    return {key: np.concatenate(values) for key, values in found.items()}


@pytest.mark.parametrize("contrast", CONTRASTS)
def test_true_rates(null_scans, contrast):
    """F keeps its level where the likelihood ratio does not, by as much as is stated."""
    for alpha, bound in ((0.05, 0.12), (0.01, 0.25)):
        exact = (null_scans["f", contrast] >= -np.log10(alpha)).mean() / alpha
        assert exact == pytest.approx(1, abs=bound)
        rate = (null_scans["lrt", contrast] >= -np.log10(alpha)).mean() / alpha
        stated = lrt_true_rate(N, K, D, alpha, contrast) / alpha
        assert rate == pytest.approx(stated, rel=bound)
        assert stated > 1.3


def dirichlet(n, k, d, count, rng):
    shares = rng.gamma([[0.5, (d - 1) / 2, (n - k - d) / 2]], size=(count, 3))
    shares /= shares.sum(axis=1, keepdims=True)
    return shares[:, 0] + shares[:, 1], shares[:, 0]


@pytest.mark.parametrize(("n", "k", "d"), [(500, 60, 8), (200, 20, 4), (100, 5, 2), (800, 3, 16)])
@pytest.mark.parametrize("contrast", CONTRASTS)
def test_rates_are_tails_of_dirichlet_shares(n, k, d, contrast):
    if contrast == 2 and d == 2:
        return
    q, c = dirichlet(n, k, d, 400_000, np.random.default_rng(1))
    chi2 = -n * d * np.log(likelihood_share(q, c, d, contrast))
    dof = f_degrees_of_freedom(contrast, d, n)[0]
    for alpha, bound in ((0.05, 0.03), (1e-3, 0.2)):
        drawn = (stats.chi2.sf(chi2, dof) <= alpha).mean() / alpha
        assert lrt_true_rate(n, k, d, alpha, contrast) / alpha == pytest.approx(drawn, rel=bound)
        ordinary = (stats.chi2.sf(-n * np.log1p(-q), d) <= alpha).mean() / alpha
        assert wilks_true_rate(n, k, d, alpha) / alpha == pytest.approx(ordinary, rel=bound)


def test_an_effect_on_other_traits_inflates_the_likelihood_ratio_of_one_alone():
    rng = np.random.default_rng(2)
    n, d = 200, 3
    g = rng.binomial(2, 0.5, (1, n)).astype(float)
    p = {"lrt": [], "f": []}
    for _ in range(2000):
        traits = rng.standard_normal((n, d))
        traits[:, 1:] += 1.2 * g.T
        null = fit_null(traits)
        for test in p:
            p[test].append(multitrait.scan(null, g, test=test, contrast=0).neg_log_10_p[0])
    rates = {test: (np.array(values) > -np.log10(0.05)).mean() / 0.05 for test, values in p.items()}
    assert rates["lrt"] > 1.4
    assert rates["f"] == pytest.approx(1, abs=0.3)


@pytest.mark.parametrize("dof", [1, 2, 16])
@pytest.mark.parametrize("count", [1, 2, 501, 502])
def test_lambda_is_the_ratio_of_medians_on_its_own_dof(dof, count):
    chi2 = np.random.default_rng(3).chisquare(dof, count) * 1.3
    p = np.append(neg_log10_chi2_sf(chi2, dof), np.nan)
    assert lambda_gc(p, dof) == pytest.approx(transforms.lambda_gc(chi2, dof), rel=1e-7)


def test_lambda_of_nothing_is_nan():
    assert np.isnan(lambda_gc([np.nan], 1))


@pytest.mark.parametrize(
    ("n", "k", "d", "stated"),
    [(2000, 60, 1, 1.60), (500, 40, 8, 2.85), (2000, 10, 128, 0.30), (18_174, 60, 64, 1.05)],
)
def test_exact_rate_of_the_lrt(n, k, d, stated):
    found = lrt_true_rate(n, k, d) / 5e-8
    assert found == pytest.approx(stated, abs=0.006)
    assert found == pytest.approx(transforms.lrt_true_over_nominal(n, k, d, 5e-8), rel=1e-8)


def test_a_level_beyond_the_largest_statistic_is_never_reached():
    assert lrt_true_rate(20, 1, 2, alpha=1e-12) == 0


DOF = 200


def test_lambda_of_a_histogram_is_that_of_the_p_values():
    t = stats.t.rvs(DOF, size=(3, 20_001), random_state=4) * np.array([[1], [1.1], [0.9]])
    counts = np.array(
        [np.bincount((abs(row) / BIN_WIDTH).astype(int), minlength=N_BINS) for row in t]
    )
    found = lambda_of_histogram(counts, BIN_WIDTH, DOF)
    expected = [lambda_gc(neg_log10_t_sf(row, DOF), 1) for row in t]
    np.testing.assert_allclose(found, expected, rtol=2e-3)
    assert np.isnan(lambda_of_histogram(np.zeros((1, N_BINS), int), BIN_WIDTH, DOF)).all()


def test_chance_recovers_what_is_common_in_a_locus_own_frequency_bin():
    frequency = np.concatenate([np.full(1000, 0.05), np.full(1000, 0.6), np.full(100, np.nan)])
    hit = np.zeros(2100, dtype=bool)
    hit[:100] = hit[1000:1500] = hit[2000:2075] = True  # 10 %, 50 % and 75 % of the bins
    for loci, expected in (([3, 700], 0.1), ([1999], 0.5), ([2099, 2000], 0.75), ([0, 1000], 0.3)):
        found = chance_recovery(frequency, hit, np.array(loci), draws=4000, bins=2)
        assert found.shape == (4000,)
        assert found.mean() == pytest.approx(expected, abs=0.03)
    again = chance_recovery(frequency, hit, np.array([0, 1000]), draws=4000, bins=2)
    np.testing.assert_array_equal(found, again)


def test_an_allele_swap_keeps_a_variant_in_its_bin():
    rng = np.random.default_rng(3)
    frequency, hit, loci = rng.random(500), rng.random(500) < 0.3, np.arange(40)
    expected = chance_recovery(frequency, hit, loci, draws=50)
    np.testing.assert_array_equal(chance_recovery(1 - frequency, hit, loci, draws=50), expected)


def test_without_any_frequency_all_variants_are_one_bin():
    hit = np.arange(100) < 25
    found = chance_recovery(np.full(100, np.nan), hit, np.array([1, 2, 3]), draws=2000)
    assert found.mean() == pytest.approx(0.25, abs=0.02)
