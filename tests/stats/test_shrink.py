"""Shrinkage of effects: known mixtures, bounds, and the winner's curse."""

import numpy as np
import pytest

from gemcont.stats.shrink import fit_mixture, shrinkage


def effects(seed, n, share, spread):
    rng = np.random.default_rng(seed)
    mu = np.where(rng.random(n) < share, rng.normal(0, spread, n), 0)
    return mu, mu + rng.normal(size=n)


def test_the_posterior_mean_of_a_known_mixture():
    _, z = effects(1, 400_000, 0.1, 4.0)
    weight = fit_mixture(z)
    np.testing.assert_allclose(weight.sum(), 1)
    at = np.array([0.5, 3.0, 5.0, 8.0])

    def normal(x, variance):
        return np.exp(-0.5 * x**2 / variance) / np.sqrt(variance)

    alive = 0.1 * normal(at, 17)
    expected = alive / (alive + 0.9 * normal(at, 1)) * 16 / 17
    np.testing.assert_allclose(shrinkage(at, weight), expected, atol=0.03)


@pytest.mark.parametrize("share", [0.0, 0.01, 0.5])
def test_between_0_and_1_and_stronger_is_shrunk_less(share):
    _, z = effects(2, 50_000, share, 3.0)
    factor = shrinkage(np.linspace(0, 12, 50), fit_mixture(z))
    assert (factor >= 0).all()
    assert (factor <= 1).all()
    assert (np.diff(factor) >= -1e-9).all()


def test_one_absurd_z_spoils_nothing():
    _, z = effects(5, 100_000, 0.02, 3.0)
    expected = shrinkage(np.array([4.5, 6.0]), fit_mixture(z))
    found = shrinkage(np.array([4.5, 6.0]), fit_mixture(np.append(z, 1e5)))
    np.testing.assert_allclose(found, expected, atol=0.01)


def test_nothing_but_noise_is_shrunk_to_nothing():
    _, z = effects(3, 100_000, 0.0, 1.0)
    assert shrinkage(np.array([4.5]), fit_mixture(z))[0] < 0.2


def test_selected_effects_lose_their_bias():
    mu, z = effects(4, 500_000, 0.02, 3.0)
    weight = fit_mixture(z)
    chosen = np.abs(z) > 4.417  # p < 1e-5
    raw = (z[chosen] * np.sign(z[chosen])).mean()
    true = (mu[chosen] * np.sign(z[chosen])).mean()
    shrunk = (z[chosen] * np.sign(z[chosen]) * shrinkage(z[chosen], weight)).mean()
    assert raw > true + 0.3
    assert abs(shrunk - true) < 0.05
