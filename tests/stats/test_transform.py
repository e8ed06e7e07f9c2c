import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import transforms

from gemcont import GemcontError
from gemcont.stats.calibration import lambda_gc, lrt_true_rate
from gemcont.stats.special import neg_log10_chi2_sf
from gemcont.stats.transform import principal_components, rank_inverse_normal


@given(st.lists(st.integers(-5, 5), min_size=1, max_size=40))
def test_ranks_with_ties_equal_the_reference(values):
    column = np.array(values, dtype=float)
    expected = transforms.rank_inverse_normal(column)
    np.testing.assert_allclose(rank_inverse_normal(column[:, None])[:, 0], expected, atol=1e-12)


def test_components_equal_the_reference():
    traits = np.random.default_rng(1).standard_normal((60, 5)) @ np.diag([5, 3, 2, 1, 0.1]) + 4
    found = principal_components(traits, 3)
    np.testing.assert_allclose(found, transforms.principal_components(traits, 3), atol=1e-9)


def test_components_without_variance_are_left_out():
    traits = np.random.default_rng(2).standard_normal((60, 2)) @ np.ones((2, 4))
    assert principal_components(traits, 4).shape == (60, 1)
    with pytest.raises(GemcontError, match="all traits are constant"):
        principal_components(np.ones((5, 2)), 1)
    with pytest.raises(GemcontError, match="--pcs: 5 asked for, there are 4 traits"):
        principal_components(traits, 5)


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
