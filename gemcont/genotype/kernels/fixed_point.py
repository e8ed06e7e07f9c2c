"""Fixed-point columns: int32 in units of their own, so that sums are exact.

A column's unit is a power of two, chosen so that no sum over a fold of 2,048 samples, each counted
up to twice, overflows 32 bits. It is about 1e-6 of a standard deviation, which changes a whitened z
by less than 3e-6; with a second limb (``exact``), by less than 1e-11.
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
    """Columns that genotypes are multiplied by, ready for packed genotypes and for dosages.

    Attributes:
        count: C, the number of columns
        exact: whether products keep ten digits more than float32 would
    """

    def __init__(self, *parts: np.ndarray, exact: bool | None = None) -> None:
        """Join columns.

        Args:
            parts: float64 arrays (samples, some columns), side by side.
            exact: None = up to 32 columns, so that a scan of few traits agrees with single-trait
                tools to their printed digits.
        """
        self._parts = parts
        self.count = sum(part.shape[1] for part in parts)
        self.exact = self.count <= MOST_EXACT_COLUMNS if exact is None else exact
        self._lock, self._limbs = threading.Lock(), None

    @cached_property
    def values(self) -> np.ndarray:
        """Columns as floats (samples, C), which dosages are multiplied by."""
        kind = np.float64 if self.exact else np.float32
        return np.ascontiguousarray(np.hstack(self._parts), dtype=kind)

    @property
    def _fixed_point(self):
        with self._lock:  # several threads ask at once, and it is made once
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
    def limbs(self) -> np.ndarray:
        """Limbs, int32 (samples, C or, if exact, 2 C).

        Both dimensions are padded with zeros: to whole folds, and to a multiple of 8.
        """
        return self._fixed_point[0]

    @cached_property
    def sums(self) -> np.ndarray:
        """Sum of each column of ``limbs``, int64."""
        return self.limbs.sum(axis=0, dtype=np.int64)

    @cached_property
    def units(self) -> np.ndarray:
        """Value of one unit of each column, float64 (C,)."""
        return np.ldexp(1.0, -self._fixed_point[1])


def _fixed_point(values, exact):
    """Return two limbs and exponents: value = (first + second / 2^19) / 2^exponent.

    The second limb has no rows unless exact.
    """
    n_folds = -(-len(values) // FOLD)
    most = np.zeros(values.shape[1])
    _largest_fold(values, most)
    _, exponents = np.frexp(_LARGEST / np.where(most > 0, most, 1.0))  # (columns,)
    exponents = (exponents - 1).astype(np.int32)  # frexp's mantissa is below 1
    first = np.zeros((n_folds * FOLD, values.shape[1]), dtype=np.int32)
    second = np.zeros_like(first) if exact else first[:0]
    _to_limbs(values, np.ldexp(1.0, exponents), first, second)
    return first, second, exponents


@njit
def _largest_fold(values, most):
    """Find each column's largest sum of absolute values over a fold."""
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
                # The rest, in units of 2^-19.
                second[s, c] = np.int32(np.rint((scaled - whole) * _SECOND_FACTOR))
