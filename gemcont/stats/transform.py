"""Transformations of traits before the test: principal components, rank-based inverse normal."""

import numpy as np

from gemcont.errors import GemcontError

_SMALLEST_SD = 1e-6  # of the first component's: below it a component is rounding
_BLOM = 3 / 8


def principal_components(traits: np.ndarray, count: int) -> np.ndarray:
    """Return the scores (samples, at most ``count``) of the leading principal components.

    Each component's largest loading is positive, so that its sign is defined. Components whose
    standard deviation is below 1e-6 of the first one's are left out.

    Args:
        traits: (samples, D), which are centred, not scaled; no value missing.
        count: number of components, 1 to D.

    Raises:
        GemcontError: all traits are constant, or ``count`` is out of range.
    """
    if not 1 <= count <= traits.shape[1]:
        raise GemcontError(f"pcs: {count} asked for, there are {traits.shape[1]} traits")
    centred = traits - traits.mean(axis=0)
    variances, loadings = np.linalg.eigh(centred.T @ centred)  # (D,) ascending, (D, D)
    variances, loadings = variances[::-1][:count], loadings[:, ::-1][:, :count]
    if not variances[0] > 0:
        raise GemcontError("pcs: all traits are constant over the analysed samples")
    loadings = loadings[:, variances > _SMALLEST_SD**2 * variances[0]]
    largest = np.abs(loadings).argmax(axis=0)  # (components,)
    return centred @ (loadings * np.sign(loadings[largest, range(loadings.shape[1])]))


def rank_inverse_normal(traits: np.ndarray) -> np.ndarray:
    """Return each trait as normal quantiles of its ranks: (rank - 3/8) / (n + 1/4), by Blom.

    traits: (samples, D), no value missing. Tied values share their average rank.
    """
    from scipy.special import ndtri

    ranks = np.column_stack([_average_ranks(column) for column in traits.T])
    return ndtri((ranks - _BLOM) / (len(traits) + 1 - 2 * _BLOM))


def _average_ranks(column):
    _, group, size = np.unique(column, return_inverse=True, return_counts=True)
    last = np.cumsum(size)  # (values,), the last rank of each distinct value
    return (last - (size - 1) / 2)[group.reshape(-1)]
