"""Traits whose tails cost rare variants their level: by kurtosis, and by skewness."""

import math
from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

RARE = 200  # minor alleles below which heavy tails cost the level: docs/calibration.md
_TRAITS_AT_ONCE = 64
_KURTOSIS = 1.0  # excess, above which tails are heavy
# |skewness| over the root of the minor allele count, above which a test at 1e-4 runs beyond 1.5
# times: the score of a rare variant is a sum of as many residuals, and an Edgeworth series gives
# exp(z^3 skewness / 6 sqrt(count)) for its tail.
_SKEWNESS = 0.04
_ERRORS = 5  # standard errors that the moment of a Gaussian trait stays within


class Tails(NamedTuple):
    """Traits whose tails make p-values of rare variants too small.

    Attributes:
        names: of the traits with heavy or skewed tails
        rare: minor allele count below which their p-values are too small, N if for any variant;
            ``RARE`` where there is no such trait
    """

    names: list
    rare: int


def tails_of(parts: Iterable[tuple]) -> Tails:
    """Return the ``Tails`` of the analysed people's traits.

    Args:
        parts: tuples that begin with a ``CompletePeople``, as in ``People.parts``.
    """
    names, rare = [], []
    for people, *_ in parts:
        n = len(people.samples)
        for start in range(0, people.traits.shape[1], _TRAITS_AT_ONCE):
            skewness, excess = _moments(people.traits[:, start : start + _TRAITS_AT_ONCE])
            heavy = excess > max(_KURTOSIS, _ERRORS * math.sqrt(24 / n))
            skewed = np.abs(skewness) > _ERRORS * math.sqrt(6 / n)
            needed = np.where(skewed, np.ceil(np.square(skewness / _SKEWNESS)), 0)
            needed = np.minimum(np.maximum(needed, np.where(heavy, RARE, 0)), n)
            affected = np.flatnonzero(needed)
            names += [people.trait_names[start + d] for d in affected]
            rare += needed[affected].tolist()
    return Tails(list(dict.fromkeys(names)), int(max(rare, default=RARE)))


def _moments(traits):
    """Return (skewness, excess kurtosis) of each trait, 0 for a Gaussian one."""
    centred = traits - traits.mean(axis=0)
    variance = np.square(centred).mean(axis=0)
    scaled = centred / np.sqrt(np.maximum(variance, np.finfo(np.float64).tiny))
    squared = scaled * scaled  # a power is ten times as slow as a product
    return (squared * scaled).mean(axis=0), (squared * squared).mean(axis=0) - 3
