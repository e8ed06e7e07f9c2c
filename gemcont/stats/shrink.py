"""Empirical-Bayes shrinkage of effects against the winner's curse.

Model: every variant's z score is N(mu, 1) about its true standardised effect mu, and mu comes
from a mixture of normals about 0 whose standard deviations lie on a fixed grid that contains 0
(Stephens 2017, "ash", normal components). The mixture's weights are fitted by EM to the z scores
of all variants, selected or not; the posterior mean given z is

    E[mu | z] = z * sum_k p_k(z) s_k^2 / (1 + s_k^2),  p_k(z) ~ w_k N(z; 0, 1 + s_k^2)

Given z, selection by z says nothing more about mu, so the posterior mean needs no correction for
it: a barely significant effect on a trait with few strong loci is shrunk far towards 0, a very
strong one hardly.
"""

import numpy as np

_GRID = np.concatenate([[0.0], 2.0 ** np.arange(-1, 7, 0.5)])  # standard deviations of mu
_BINS = 20_000  # of z, over which EM runs
_ROUNDS = 2000
_FARTHEST = 100.0  # beyond it one z would spoil the bins of all


def fit_mixture(z: np.ndarray) -> np.ndarray:
    """Fit the mixture's weights (components,) to z scores (variants,), NaN left out."""
    z = np.minimum(np.abs(z[~np.isnan(z)]), _FARTHEST)
    edges = np.linspace(0, max(z.max(initial=0), 1.0), _BINS + 1)
    count, _ = np.histogram(z, edges)
    likelihood = _likelihood((edges[:-1] + edges[1:]) / 2)[count > 0]  # (bins, components)
    count = count[count > 0]
    weight = np.full(len(_GRID), 1 / len(_GRID))
    for _ in range(_ROUNDS):
        share = likelihood * weight  # (bins, components), posterior of each component
        share /= share.sum(axis=1, keepdims=True)
        following = count @ share / count.sum()
        if np.abs(following - weight).max() < 1e-9:
            break
        weight = following
    return following


def shrinkage(z: np.ndarray, weight: np.ndarray) -> np.ndarray:
    """Return the shrinkage factor E[mu | z] / z (variants,), between 0 and 1.

    z: (variants,); weight: (components,), from ``fit_mixture``.
    """
    with np.errstate(divide="ignore"):
        logs = np.log(weight) + _log_likelihood(np.abs(z))  # (variants, components)
    share = np.exp(logs - logs.max(axis=1, keepdims=True))
    share /= share.sum(axis=1, keepdims=True)
    return share @ (_GRID**2 / (1 + _GRID**2))


def _log_likelihood(z):
    variance = 1 + _GRID**2
    # The constant of 2 pi cancels.
    return -0.5 * (np.square(z)[:, None] / variance + np.log(variance))


def _likelihood(z):
    logs = _log_likelihood(z)
    return np.exp(logs - logs.max(axis=1, keepdims=True))
