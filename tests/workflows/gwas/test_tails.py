"""Traits whose tails make p-values of rare variants too small."""

from types import SimpleNamespace

import numpy as np
import pytest
from scipy import stats

from gemcont.workflows.gwas.tails import RARE, _moments, tails_of


@pytest.mark.parametrize(
    ("name", "draw", "fewest"),
    [
        ("normal", lambda rng, n: rng.standard_normal(n), None),
        ("uniform", lambda rng, n: rng.uniform(size=n), None),
        ("gamma(8)", lambda rng, n: rng.gamma(8, size=n), 312),  # skewness 0.71: (0.71 / 0.04)^2
        ("turned over", lambda rng, n: -rng.gamma(8, size=n), 312),
        ("t of 5", lambda rng, n: rng.standard_t(5, n), RARE),
    ],
)
def test_skewed_traits_are_suspected_as_heavy_tailed_ones_are(name, draw, fewest):
    traits = draw(np.random.default_rng(3), (20_000, 1))
    people = SimpleNamespace(samples=np.arange(20_000), traits=traits, trait_names=[name])
    found = tails_of([(people,)])
    assert found.names == ([] if fewest is None else [name])
    if fewest is not None:
        assert found.rare == pytest.approx(fewest, rel=0.25) or found.rare == fewest


def people_of(traits, names=None):
    names = names or [f"t{d}" for d in range(traits.shape[1])]
    return SimpleNamespace(samples=np.arange(len(traits)), traits=traits, trait_names=names)


def test_moments_are_those_of_the_definition():
    traits = np.random.default_rng(1).gamma(2, size=(500, 3))
    skewness, excess = _moments(traits)
    np.testing.assert_allclose(skewness, stats.skew(traits), rtol=1e-10)
    np.testing.assert_allclose(excess, stats.kurtosis(traits), rtol=1e-10)
    assert _moments(np.ones((5, 1)))[0] == 0


def test_every_trait_of_every_part_is_judged_once():
    rng = np.random.default_rng(2)
    heavy = rng.standard_t(3, (2000, 70))
    some = people_of(np.hstack([heavy, rng.standard_normal((2000, 5))]))
    found = tails_of([(some, True, False), (some, False, True)])
    assert found.names == [f"t{d}" for d in range(70)]
    assert found.rare >= RARE
    assert tails_of([]) == ([], RARE)


def test_no_count_is_above_the_number_of_people():
    skewed = np.random.default_rng(3).exponential(size=(300, 1)) ** 3
    assert tails_of([(people_of(skewed),)]).rare == 300


def test_a_gaussian_trait_of_few_people_is_not_suspected():
    """By chance the excess of some is above 1."""
    traits = np.random.default_rng(4).standard_normal((60, 200))
    assert (_moments(traits)[1] > 1).any()
    assert tails_of([(people_of(traits),)]) == ([], RARE)
