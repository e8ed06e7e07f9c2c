"""The exact Hardy-Weinberg test against sums over all tables."""

import math

import numpy as np
import pytest
from scipy import stats

from gemcont.genotype.hwe import hwe_p


@pytest.mark.parametrize("midp", [False, True])
def test_hwe_equals_the_sum_over_all_tables(midp):
    rng = np.random.default_rng(1)
    for _ in range(200):
        two, one, none = rng.integers(0, rng.integers(1, 60), size=3)
        n, rare = two + one + none, 2 * min(two, none) + one
        weights = {
            h: math.exp(
                h * math.log(2)
                - sum(math.lgamma(x + 1) for x in ((rare - h) // 2, h, n - (rare + h) // 2))
            )
            for h in range(rare % 2, rare + 1, 2)
        }
        seen, total = weights[one], sum(weights.values())
        tied = sum(w for w in weights.values() if abs(w / seen - 1) < 1e-9)
        below = sum(w for w in weights.values() if w <= seen * (1 + 1e-9))
        expected = (below - midp * tied / 2) / total
        found = hwe_p([two], [one], [none], midp=midp)[0]
        assert found == pytest.approx(expected, rel=1e-9), (two, one, none)


def test_monomorphic_samples_and_alleles_swapped():
    assert hwe_p([5, 0, 0], [0, 0, 0], [0, 7, 0]).tolist() == [1, 1, 1]
    two, one, none = np.random.default_rng(2).integers(0, 300, (3, 50))
    for midp in (False, True):
        p = hwe_p(two, one, none, midp=midp)
        np.testing.assert_allclose(hwe_p(none, one, two, midp=midp), p, rtol=1e-12)
        assert ((p > 0) & (p <= 1)).all()


def test_a_large_sample_approaches_chi_squared():
    n, p = 200_000, 0.3
    two, none = round(n * p * p) + 150, round(n * (1 - p) ** 2) + 150
    one = n - two - none
    allele = (2 * two + one) / (2 * n)
    expected = n * np.array([allele**2, 2 * allele * (1 - allele), (1 - allele) ** 2])
    chi2 = ((np.array([two, one, none]) - expected) ** 2 / expected).sum()
    assert hwe_p([two], [one], [none])[0] == pytest.approx(stats.chi2.sf(chi2, 1), rel=0.02)
