"""Screen millions of single-trait tests by a bound; p is computed only for those that pass it.

The t of a genotype and a trait is a function of their partial correlation alone,
t = r sqrt(dof / (1 - r^2)), so a bound on p is a bound on |r|, one comparison per test. Tests below
the bound are only counted, in a histogram of |t| from which lambda and the QQ plot can still be
made.
"""

import math

import numpy as np

from gemcont._numba import njit

BIN_WIDTH = 0.01  # of |t|
N_BINS = 1001  # the last one holds all from 10 up
_LEAST_UNEXPLAINED = 2.0**-53  # share of a trait that is the genotype itself: t stays finite
_AT_A_TIME = 8  # traits: a cache line of products, and histograms that stay near


def screen(
    scores: np.ndarray,
    variant_scale: np.ndarray,
    trait_scale: np.ndarray,
    least_r2: float | np.ndarray,
    dof: float,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return the pairs whose r^2 reaches a bound, and the histogram of |t| of all pairs.

    Args:
        scores: float64 (variants, traits), with |r| = |score| variant_scale trait_scale.
        variant_scale: float64 (variants,), NaN where a variant cannot be tested.
        trait_scale: float64 (traits,).
        least_r2: the bound on r^2, a number or (traits,); see ``special.r2_of_t_p``.
        dof: degrees of freedom of t.

    Returns:
        (variants, traits, histogram): int64 (pairs,) each, sorted by trait, then variant; and
        unsigned (traits, ``N_BINS``).
    """
    bounds = np.ascontiguousarray(np.broadcast_to(least_r2, trait_scale.shape), dtype=np.float64)
    # A count cannot exceed the variants.
    kind = np.uint16 if len(scores) <= np.iinfo(np.uint16).max else np.uint32
    histogram = np.zeros((scores.shape[1], N_BINS), dtype=kind)
    scales = variant_scale, trait_scale
    variants, kept_traits = _screen(scores, scales, bounds, float(dof), histogram)
    return variants, kept_traits, histogram


def t_statistics(
    scores: np.ndarray, variant_scale: np.ndarray, trait_scale: np.ndarray, dof: float
) -> np.ndarray:
    """Return every t, float32 (variants, traits), NaN where not tested; arguments as ``screen``."""
    out = np.empty(scores.shape, dtype=np.float32)
    _t_statistics(scores, variant_scale, trait_scale, float(dof), out)
    return out


@njit
def _t_statistics(scores, variant_scale, trait_scale, dof, out):
    for v in range(np.uint64(scores.shape[0])):
        for d in range(np.uint64(scores.shape[1])):
            r = scores[v, d] * variant_scale[v] * trait_scale[d]
            out[v, d] = r * math.sqrt(dof / max(1 - r * r, _LEAST_UNEXPLAINED))


def r2_of_leaders(histogram: np.ndarray, count: int, dof: float) -> np.ndarray:
    """Return an r^2 (traits,) that at least ``count`` pairs of each trait reach, else 0.

    histogram: (traits, ``N_BINS``) of |t|. No more pairs reach it than share the bin of width 0.01
    of the last one.
    """
    # Pairs in this bin and above.
    from_top = np.cumsum(histogram[:, ::-1], axis=1, dtype=np.int64)[:, ::-1]
    t = BIN_WIDTH * np.maximum((from_top >= count).sum(axis=1) - 1, 0)
    return (1 - 1e-9) * np.square(t) / (np.square(t) + dof)  # t at an edge falls on either side


@njit
def _screen(scores, scales, least_r2, dof, histogram):
    variant_scale, trait_scale = scales
    n_variants, n_traits = np.uint64(scores.shape[0]), np.uint64(scores.shape[1])
    count, variants, traits = 0, np.empty(1024, np.int64), np.empty(1024, np.int64)
    for first in range(np.uint64(0), n_traits, np.uint64(_AT_A_TIME)):
        last, start = min(first + np.uint64(_AT_A_TIME), n_traits), count
        for v in range(n_variants):
            scale = variant_scale[v]
            if np.isnan(scale):
                continue
            for d in range(first, last):
                r = scores[v, d] * scale * trait_scale[d]
                r2 = r * r
                t = math.sqrt(dof * r2 / max(1 - r2, _LEAST_UNEXPLAINED))
                histogram[d, np.uint64(min(t * (1 / BIN_WIDTH), N_BINS - 1.0))] += 1
                if r2 >= least_r2[d]:
                    if count == len(variants):
                        variants, traits = _doubled(variants), _doubled(traits)
                    variants[count], traits[count] = v, d
                    count += 1
        _sort_by_trait(variants[start:count], traits[start:count])
    return variants[:count], traits[:count]


@njit
def _doubled(values):
    larger = np.empty(2 * len(values), values.dtype)
    larger[: len(values)] = values
    return larger


@njit
def _sort_by_trait(variants, traits):
    """Sort pairs by trait in place; the variants of a trait stay in order."""
    order = np.argsort(traits, kind="mergesort")
    variants[:] = variants[order]
    traits[:] = traits[order]


class Leaders:
    """Strongest -log10 p of every trait so far, the bound that a further pair must reach.

    Attributes:
        strongest: float64 (traits, count), ascending in each row, 0 where there are fewer
    """

    def __init__(self, n_traits: int, count: int) -> None:
        self.strongest = np.zeros((n_traits, count))

    @property
    def least(self) -> np.ndarray:
        """Smallest -log10 p (traits,) among the leaders: what a further pair must reach."""
        return self.strongest[:, 0]

    @property
    def count(self) -> int:
        """Number of leaders of each trait."""
        return self.strongest.shape[1]

    def add(self, traits: np.ndarray, values: np.ndarray) -> None:
        """Add pairs.

        traits: int (pairs,), indices; values: float64 (pairs,), -log10 p.
        """
        if len(traits) == 0:
            return
        # Other threads read ``strongest`` meanwhile: a copy is changed and put in place at once.
        strongest = self.strongest.copy()
        order = np.argsort(traits, kind="stable")
        traits, values = traits[order], values[order]
        edges = np.flatnonzero(np.diff(traits, prepend=-1))
        for start, stop in zip(edges, [*edges[1:], len(traits)], strict=True):
            row = strongest[traits[start]]
            row[:] = np.sort(np.concatenate([row, values[start:stop]]))[-len(row) :]
        self.strongest = strongest
