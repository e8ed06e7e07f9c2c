import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gemcont.stats.screen import (
    BIN_WIDTH,
    N_BINS,
    Leaders,
    r2_of_leaders,
    screen,
    t_statistics,
)
from gemcont.stats.special import neg_log10_t_sf, r2_of_t_p

DOF = 200


def slow_t(scores, variant_scale, trait_scale):
    r = scores * variant_scale[:, None] * trait_scale
    return r * np.sqrt(DOF / (1 - r * r))


def random_scores(seed, n_variants=300, n_traits=19):
    rng = np.random.default_rng(seed)
    variant_scale = rng.uniform(0.5, 2, n_variants)
    trait_scale = rng.uniform(0.5, 2, n_traits)
    r = np.clip(rng.standard_normal((n_variants, n_traits)) / np.sqrt(DOF), -0.9, 0.9)
    return r / variant_scale[:, None] / trait_scale, variant_scale, trait_scale


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32), st.floats(0, 4), st.booleans())
def test_pairs_and_counts_are_those_of_every_t(seed, least, by_trait):
    scores, *scales = random_scores(seed)
    scales[0][::50] = np.nan
    bounds = np.linspace(0, least, 19) if by_trait else least
    variants, traits, histogram = screen(scores, *scales, r2_of_t_p(bounds, DOF), DOF)
    t = slow_t(scores, *scales)
    passes = neg_log10_t_sf(t, DOF) >= bounds
    expected = np.argwhere(passes.T)
    kept = neg_log10_t_sf(t[variants, traits], DOF) >= np.broadcast_to(bounds, 19)[traits]
    np.testing.assert_array_equal(np.column_stack([traits, variants])[kept], expected)
    assert (~kept).sum() <= 1  # a bound itself may round to either side
    tested = ~np.isnan(scales[0])
    for d in range(19):
        bins = np.minimum(np.abs(t[tested, d]) / BIN_WIDTH, N_BINS - 1).astype(int)
        counts = np.bincount(bins, minlength=N_BINS)
        assert np.abs(np.cumsum(counts - histogram[d])).max() <= 1  # likewise at edges


def test_t_statistics_are_float32_and_stay_finite():
    scores, *scales = random_scores(1)
    scores[0] = 1 / scales[0][0] / scales[1]  # the genotype is the trait
    scales[0][1] = np.nan
    found = t_statistics(scores, *scales, DOF)
    assert found.dtype == np.float32
    np.testing.assert_allclose(found[2:], slow_t(scores[2:], scales[0][2:], scales[1]), rtol=1e-6)
    assert np.isfinite(found[0]).all()
    assert np.isnan(found[1]).all()


@pytest.mark.parametrize("count", [1, 5, 40])
def test_leaders_bounds_never_lose_a_leader(count):
    scores, *scales = random_scores(2)
    histogram = screen(scores, *scales, np.inf, DOF)[2]
    least = r2_of_leaders(histogram, count, DOF)
    _, traits, _ = screen(scores, *scales, least, DOF)
    strength = np.abs(slow_t(scores, *scales))
    for d in range(19):
        chosen = np.sort(strength[:, d])[-count:]
        bound = np.sqrt(DOF * least[d] / (1 - least[d]))
        assert chosen[0] >= bound
        assert (traits == d).sum() >= count
    r2_of_few = r2_of_leaders(histogram[:, :3], 10**6, DOF)
    np.testing.assert_array_equal(r2_of_few, 0)


def test_leaders_keep_the_strongest_of_every_trait():
    rng = np.random.default_rng(3)
    traits, values = rng.integers(0, 6, 200), rng.exponential(1, 200)
    leaders = Leaders(7, 4)
    for part in [*np.array_split(np.arange(200), 9), np.empty(0, int)]:
        leaders.add(traits[part], values[part])
    for d in range(6):
        np.testing.assert_array_equal(leaders.strongest[d], np.sort(values[traits == d])[-4:])
    assert not leaders.strongest[6].any()
    np.testing.assert_array_equal(leaders.least, leaders.strongest[:, 0])
