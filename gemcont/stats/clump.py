"""Greedy clumping by p and linkage, with PLINK 2's boundaries.

The strongest unclaimed variant becomes an index variant and claims every unclaimed variant of its
chromosome that is near it and in linkage with it; then the next. A claimed variant never becomes an
index variant. Ties go to the variant that comes first.
"""

import math
from collections.abc import Callable

import numpy as np

TOLERANCE = 2.0**-44  # PLINK 2's: a p equal to its bound up to rounding passes
NOBODY = -1
_FARTHEST = 2.0**32  # base pairs: no chromosome is longer
_BINS = (0.05, 0.01, 0.001, 0.0001)  # PLINK's columns NONSIG S0.05 S0.01 S0.001 S0.0001


def clump(
    chromosome: np.ndarray,
    position: np.ndarray,
    neg_log_10_p: np.ndarray,
    r2: Callable[[int, np.ndarray], np.ndarray],
    *,
    p1: float = 1e-4,
    r2_above: float = 0.5,
    kb: float = 250.0,
) -> np.ndarray:
    """Return the index variant that claims each variant.

    Args:
        chromosome: int (variants,), codes.
        position: int64 (variants,), base pairs.
        neg_log_10_p: float64 (variants,); NaN is never in a clump.
        r2: function of a variant and an array of others (positions in these arrays) that returns
            their r2, NaN where it is undefined.
        p1: largest p of an index variant.
        r2_above: r2 must be above it.
        kb: the distance in kilobases must be below it.

    Returns:
        int64 (variants,), the position of the index variant that claims each; its own for an index
        variant, ``NOBODY`` for one that is not claimed.
    """
    order = ranking(neg_log_10_p, -math.inf)
    n_candidates = len(ranking(neg_log_10_p, least_neg_log_10_p(p1)))  # they come first in order
    bound = r2_above * (1 + TOLERANCE)
    owner = np.full(len(position), NOBODY, dtype=np.int64)
    for code in np.unique(chromosome):
        here = np.flatnonzero(chromosome[order] == code)
        variants = order[here]
        claimed = greedy(
            position[variants],
            _linked_among(variants, r2, bound),
            radius=radius_of(kb),
            n_candidates=int((here < n_candidates).sum()),
        )
        owner[variants] = np.where(claimed == NOBODY, NOBODY, variants[claimed])
    return owner


def _linked_among(variants, r2, bound):
    """Return ``greedy``'s function of linkage, for positions in ``variants``."""
    return lambda i, others: r2(variants[i], variants[others]) > bound


def greedy(
    position: np.ndarray,
    linked: Callable[[int, np.ndarray], np.ndarray],
    *,
    radius: int,
    n_candidates: int | None = None,
) -> np.ndarray:
    """Clump one chromosome, its variants given strongest first.

    Args:
        position: int64 (variants,), base pairs.
        linked: function of a variant and an array of others that returns whether each is in linkage
            with it.
        radius: largest distance in base pairs.
        n_candidates: number of the first variants that may be index variants; None = all.

    Returns:
        int64 (variants,), as ``clump``.
    """
    owner = np.full(len(position), NOBODY, dtype=np.int64)
    n_candidates = len(position) if n_candidates is None else n_candidates
    for index in range(n_candidates):
        if owner[index] != NOBODY:
            continue
        owner[index] = index
        # Only unclaimed variants are compared: r2 is what takes the time.
        near = (np.abs(position - position[index]) <= radius) & (owner == NOBODY)
        near = np.flatnonzero(near)
        if len(near):
            owner[near[linked(index, near)]] = index
    return owner


def ranking(neg_log_10_p: np.ndarray, least: float) -> np.ndarray:
    """Return the positions of variants at or above ``least``, strongest first, ties in order."""
    kept = np.flatnonzero(neg_log_10_p >= least)
    return kept[np.argsort(-neg_log_10_p[kept], kind="stable")]


def least_neg_log_10_p(p: float) -> float:
    """Return the bound on -log10 p that a largest p means, with PLINK's tolerance."""
    return -math.log10(p) * (1 - TOLERANCE) if p > 0 else math.inf


def radius_of(kb: float) -> int:
    """Return the largest distance in base pairs below ``kb`` kilobases, as PLINK rounds it."""
    return int(min(kb * 1000 * (1 + TOLERANCE) - 1, _FARTHEST))


def significance_bins(neg_log_10_p: np.ndarray) -> np.ndarray:
    """Return PLINK's column of each p: 0 for p >= 0.05, ..., 4 for p < 1e-4."""
    bounds = -np.log10(_BINS)
    return (neg_log_10_p[:, None] > bounds).sum(axis=1)
