"""Traits whose tails make p-values of rare variants too small."""

from types import SimpleNamespace

import numpy as np
import pytest

from gemcont.workflows.gwas.tails import RARE, tails_of


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
