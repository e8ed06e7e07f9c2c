"""Greedy clumping by p and linkage, with PLINK 2's boundaries.

The strongest unclaimed variant becomes an index variant and claims every unclaimed one of its
chromosome that lies near it and is linked to it; then the next. A claimed variant is nobody's
index. Ties go to the variant that stands first.
"""

import math

import numpy as np

TOLERANCE = 2.0**-44  # PLINK 2's: a p equal to its bound up to rounding passes
NOBODY = -1
_FARTHEST = 2.0**32  # base pairs: no chromosome is longer
_BINS = (0.05, 0.01, 0.001, 0.0001)  # PLINK's columns NONSIG S0.05 S0.01 S0.001 S0.0001


def clump(chromosome, position, neg_log_10_p, r2, *, p1=1e-4, r2_above=0.5, kb=250.0):
    """The index variant of every variant.

    chromosome, position, neg_log_10_p: (variants,) codes, base pairs and -log10 p, NaN never in
    a clump; r2: function of a variant and an array of others (positions in these arrays) giving
    their r2, NaN where they cannot be linked. p1: largest p of an index variant; r2_above: r2 must
    be above it; kb: the distance must be below it. Returns int64 (variants,), the position of the
    index variant that claimed each, its own for an index variant, -1 for nobody's.
    """
    order = ranking(neg_log_10_p, -math.inf)
    n_candidates = len(ranking(neg_log_10_p, least_neg_log_10_p(p1)))
    bound = r2_above * (1 + TOLERANCE)
    owner = np.full(len(position), NOBODY, dtype=np.int64)
    for code in np.unique(chromosome):
        here = np.flatnonzero(chromosome[order] == code)
        variants = order[here]
        claimed = greedy(
            position[variants],
            lambda i, others, variants=variants: r2(variants[i], variants[others]) > bound,
            radius=radius_of(kb),
            n_candidates=int((here < n_candidates).sum()),
        )
        owner[variants] = np.where(claimed == NOBODY, NOBODY, variants[claimed])
    return owner


def greedy(position, linked, *, radius, n_candidates=None):
    """``clump`` of one chromosome, its variants strongest first.

    position: int64 (variants,); linked: function of a variant and an array of others giving
    whether each is linked to it; radius: largest distance; n_candidates: how many of the first
    may be index variants (None = all). Returns the claiming variant of each, -1 where none.
    """
    owner = np.full(len(position), NOBODY, dtype=np.int64)
    n_candidates = len(position) if n_candidates is None else n_candidates
    for index in range(n_candidates):
        if owner[index] != NOBODY:
            continue
        owner[index] = index
        near = (np.abs(position - position[index]) <= radius) & (owner == NOBODY)
        near = np.flatnonzero(near)
        if len(near):
            owner[near[linked(index, near)]] = index
    return owner


def ranking(neg_log_10_p, least):
    """Positions of the variants at or above ``least``, strongest first, ties in order."""
    kept = np.flatnonzero(neg_log_10_p >= least)
    return kept[np.argsort(-neg_log_10_p[kept], kind="stable")]


def least_neg_log_10_p(p):
    """The bound on -log10 p that a largest p means, with PLINK's tolerance."""
    return -math.log10(p) * (1 - TOLERANCE) if p > 0 else math.inf


def radius_of(kb):
    """The largest distance in base pairs that is below ``kb`` kilobases, as PLINK rounds it."""
    return int(min(kb * 1000 * (1 + TOLERANCE) - 1, _FARTHEST))


def significance_bins(neg_log_10_p):
    """Which of PLINK's five columns each p falls into: 0 for p >= 0.05, ..., 4 for p < 1e-4."""
    bounds = -np.log10(_BINS)
    return (neg_log_10_p[:, None] > bounds).sum(axis=1)
