import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st
from reference import transforms

from gemcont import GemcontError
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
    with pytest.raises(GemcontError, match="pcs: 5 asked for, there are 4 traits"):
        principal_components(traits, 5)
