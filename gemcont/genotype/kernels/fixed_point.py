"""Columns as fixed-point numbers: int32 in units of their own, so that sums are exact.

A column's unit is a power of two, chosen so that no sum over a fold of 2,048 samples, each counted
up to twice, overflows 32 bits. It is about 1e-6 of a standard deviation, which moves a whitened z
by less than 3e-6. Where a second limb is kept (``exact``), by less than 1e-11.
"""

import threading
from functools import cached_property

import numpy as np

from gemcont._numba import njit

FOLD = 2048  # samples whose sums fit in 32 bits
MOST_EXACT_COLUMNS = 32
SECOND_UNIT, _SECOND_FACTOR = 2.0**-19, 2.0**19  # 2^19 x half a unit x 2,048 samples < 2^30
_LARGEST = 2**30 - FOLD  # twice the sum of a fold's absolute values, rounding included, < 2^31
_LANES = 8  # columns are padded with zeros to a multiple of these


class FixedPoint:
    """What genotypes are multiplied by: columns (samples, C), ready for both kinds of genotypes.

    parts: float64 arrays (samples, some columns) that stand side by side; exact: whether products
    keep ten digits more than float32 would (None: up to 32 columns, so that a scan of few traits
    agrees with single-trait tools to their printed digits).
    """

    def __init__(self, *parts, exact=None):
        self._parts = parts
        self.count = sum(part.shape[1] for part in parts)
        self.exact = self.count <= MOST_EXACT_COLUMNS if exact is None else exact
        self._lock, self._limbs = threading.Lock(), None

    @cached_property
    def values(self):
        """The columns as floats: what dosages are multiplied by."""
        kind = np.float64 if self.exact else np.float32
        return np.ascontiguousarray(np.hstack(self._parts), dtype=kind)

    @property
    def _fixed_point(self):
        with self._lock:  # threads ask at once, and it is made once
            if self._limbs is None:
                self._limbs = self._made()
        return self._limbs

    def _made(self):
        parts = [_fixed_point(part, self.exact) for part in self._parts]
        first, second, exponents = zip(*parts, strict=True)
        limbs = [*first, *second] if self.exact else [*first]
        n_columns = sum(limb.shape[1] for limb in limbs)
        padding = np.zeros((len(limbs[0]), -n_columns % _LANES), dtype=np.int32)
        return np.ascontiguousarray(np.hstack([*limbs, padding])), np.concatenate(exponents)

    @property
    def limbs(self):
        """int32 (samples, C or, if exact, 2 C), both padded with zeros: to whole folds, to 8."""
        return self._fixed_point[0]

    @cached_property
    def sums(self):
        """int64, sum of each column of ``limbs``."""
        return self.limbs.sum(axis=0, dtype=np.int64)

    @cached_property
    def units(self):
        """float64 (C,), what one unit of each column is worth."""
        return np.ldexp(1.0, -self._fixed_point[1])


def _fixed_point(values, exact):
    """First limb, second (no rows unless exact), exponents: (first + second / 2^19) / 2^exp."""
    n_folds = -(-len(values) // FOLD)
    most = np.zeros(values.shape[1])
    _largest_fold(values, most)
    _, exponents = np.frexp(_LARGEST / np.where(most > 0, most, 1.0))
    exponents = (exponents - 1).astype(np.int32)
    first = np.zeros((n_folds * FOLD, values.shape[1]), dtype=np.int32)
    second = np.zeros_like(first) if exact else first[:0]
    _to_limbs(values, np.ldexp(1.0, exponents), first, second)
    return first, second, exponents


@njit
def _largest_fold(values, most):
    """The largest sum of absolute values of any fold, column by column."""
    total = np.empty_like(most)
    for start in range(0, len(values), FOLD):
        total[:] = 0
        for s in range(start, min(start + FOLD, len(values))):
            for c in range(np.uint64(len(total))):
                total[c] += abs(values[s, c])
        for c in range(len(total)):
            most[c] = max(most[c], total[c])


@njit
def _to_limbs(values, factors, first, second):
    for s in range(np.uint64(values.shape[0])):
        for c in range(np.uint64(values.shape[1])):
            scaled = values[s, c] * factors[c]
            whole = np.rint(scaled)
            first[s, c] = np.int32(whole)
            if len(second):
                second[s, c] = np.int32(np.rint((scaled - whole) * _SECOND_FACTOR))
