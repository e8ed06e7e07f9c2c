import math

import numpy as np
import pytest
from reference import tails

from gemcont.stats import special

# -log10 p from near 0 (p = 1) to 100,000
TARGETS = [1e-9, 1e-4, 0.01, 0.3, 1.3, 7.3, 30, 300, 307.7, 1000, 12_345, 100_000]


def close(found, expected):
    """Within 1e-6 relative, and 1e-12 absolute near p = 1; stricter: what is really reached."""
    return math.isclose(found, expected, rel_tol=1e-9, abs_tol=1e-12)


def statistic_at(tail, target):
    """A statistic (not exact) at which a reference tail is near ``target``, by doubling."""
    low, high = 0.0, 1.0
    while tail(high) < target and high < 1e300:
        high *= 2
    for _ in range(25):
        middle = (low + high) / 2
        low, high = (middle, high) if tail(middle) < target else (low, middle)
    return high


@pytest.mark.parametrize("target", TARGETS)
def test_normal_isf_gives_the_tail_back(target):
    z = special.normal_isf(target)
    assert close(tails.neg_log_10_normal(z), target)
    assert special.normal_isf(0.0) == 0.0
    assert math.isnan(special.normal_isf(math.nan))


@pytest.mark.parametrize("dof", [1, 2, 3, 8, 64, 501])
def test_chi2_against_high_precision(dof):
    for target in TARGETS:
        x = statistic_at(lambda x: special.neg_log10_chi2_sf(x, dof), target)
        assert close(special.neg_log10_chi2_sf(x, dof), tails.neg_log_10_chi2(x, dof)), (x, dof)


@pytest.mark.parametrize("dofs", [(1, 10), (1, 19_998), (2, 97), (8, 400), (64, 18_050), (501, 9)])
def test_f_against_high_precision(dofs):
    for target in TARGETS:
        x = statistic_at(lambda x: special.neg_log10_f_sf(x, *dofs), target)
        assert close(special.neg_log10_f_sf(x, *dofs), tails.neg_log_10_f(x, *dofs)), (x, dofs)


@pytest.mark.parametrize("dof", [1, 5, 1000, 500_000])
def test_t_against_high_precision(dof):
    for t in (1e-6, 0.1, -1.0, 2.5, 9, -47, 300, 1e5):
        assert close(special.neg_log10_t_sf(t, dof), tails.neg_log_10_t(t, dof)), (t, dof)


def test_normal_against_high_precision():
    for z in (1e-6, 0.5, -1.96, 5.45, 40, 678.6):
        assert close(special.neg_log10_normal_sf(z), tails.neg_log_10_normal(z)), z


def test_t_of_47_has_its_p():
    assert special.neg_log10_t_sf(47, 19_998) == pytest.approx(456.735, abs=5e-4)


def test_arrays_scalars_and_missing():
    found = special.neg_log10_chi2_sf(np.array([[1.0, np.nan], [-1.0, 0.0]]), 2)
    assert found.shape == (2, 2)
    assert np.isnan(found[0, 1])
    assert found[1].tolist() == [0, 0]
    assert isinstance(special.neg_log10_f_sf(3.0, 1, 10), float)
    assert np.isnan(special.neg_log10_f_sf(np.nan, 1, 10))


@pytest.mark.parametrize("dof", [1, 7, 300])
@pytest.mark.parametrize("target", [0.001, math.log10(2), 7.3, 5000.0])
def test_chi2_isf_inverts(dof, target):
    x = special.chi2_isf(target, dof)
    assert special.neg_log10_chi2_sf(x, dof) == pytest.approx(target, rel=1e-9)
