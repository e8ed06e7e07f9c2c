"""Exact test of Hardy-Weinberg equilibrium on genotype counts.

References
----------
[1] J. E. Wigginton, D. J. Cutler, G. R. Abecasis (2005), Am. J. Hum. Genet. 76, 887.
[2] J. Graffelman, V. Moreno (2013), Stat. Appl. Genet. Mol. Biol. 12, 433 (the mid-p value).
"""

import math
from collections.abc import Sequence

import numpy as np

from gemcont._numba import njit

_SAME = 1 + 1e-12  # probabilities equal up to rounding count as equal


def hwe_p(
    two: Sequence[int] | np.ndarray,
    one: Sequence[int] | np.ndarray,
    none: Sequence[int] | np.ndarray,
    *,
    midp: bool = False,
) -> np.ndarray:
    """Return the exact two-sided Hardy-Weinberg p (variants,) of genotype counts.

    The p is the sum of the probabilities of all heterozygote counts that are no likelier than the
    observed one; 1 (mid-p 0.5 or more) if the sample has one allele only.

    Args:
        two: integers (variants,), samples with two effect alleles.
        one: samples with one.
        none: samples with none.
        midp: count half of the observed count's probability.
    """
    out = np.empty(len(two))
    arrays = (np.asarray(a, dtype=np.int64) for a in (two, one, none))
    _hwe_loop(*arrays, midp, out)
    return out


@njit
def _hwe_loop(two, one, none, midp, out):
    for v in range(out.size):
        out[v] = _hwe(two[v], one[v], none[v], midp)


@njit
def _hwe(two, one, none, midp):
    n = two + one + none
    rare = 2 * min(two, none) + one  # copies of the rarer allele
    seen = _log_probability(one, rare, n)
    equal = below = total = 0.0
    # Probabilities relative to the seen one's, walking away from it until they vanish.
    for step in (2, -2):  # heterozygotes keep the parity of the rare alleles
        heterozygotes = one if step == 2 else one - 2
        relative = math.exp(_log_probability(heterozygotes, rare, n) - seen) if n else 1.0
        while 0 <= heterozygotes <= rare:
            total += relative
            if relative <= _SAME:
                below += relative
            if abs(relative - 1) <= _SAME - 1:
                equal += relative
            relative *= _ratio(heterozygotes, step, rare, n)
            heterozygotes += step
            if relative < 1e-300:  # nothing further adds to the sum
                break
    return (below - midp * equal / 2) / total


@njit
def _log_probability(one, rare, n):
    """Return ln P(one heterozygotes), given ``rare`` rare alleles, up to a constant."""
    if one < 0 or one > rare:
        return -np.inf
    a, b = (rare - one) // 2, n - (rare + one) // 2
    return one * math.log(2.0) - math.lgamma(a + 1) - math.lgamma(one + 1) - math.lgamma(b + 1)


@njit
def _ratio(one, step, rare, n):
    """Return P(one + step) / P(one)."""
    a, b = (rare - one) // 2, n - (rare + one) // 2
    if step == 2:
        return 4.0 * a * b / ((one + 2.0) * (one + 1.0))
    return one * (one - 1.0) / (4.0 * (a + 1.0) * (b + 1.0))
