"""Linkage disequilibrium between variants of a chromosome.

Two kinds, by PLINK 2's names: ``phased`` (maximum likelihood of the haplotypes, the default of
both PLINKs) and ``unphased`` (squared correlation of dosages). Only founders count. On X a male's
chromosome counts half of a female's pair; Y is of males only, and there their heterozygous calls
are missing; on MT they are kept, as in PLINK 1.9. The r2 of a pair without variation or without a
common sample is NaN: never in linkage.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from gemcont._numba import njit
from gemcont.errors import GemcontError
from gemcont.genotype.chromosomes import Ploidy
from gemcont.genotype.kernels.haplotypes import phased_above, phased_r2, unphased_above, unphased_r2
from gemcont.genotype.kernels.pairs import Rows, make_rows, pair_sums
from gemcont.genotype.source import GenotypeSource

LD_KINDS = ("phased", "unphased")
TOLERANCE = 1 + 2.0**-44  # PLINK's: r2 equal to the bound up to rounding is not above it
_CHUNK_BYTES = 1 << 20  # of rows made ready at once, so that what they are made of stays small
_TILE = 64  # variants that stay near the processor while the index variants pass by


@dataclass(frozen=True)
class Linkage:
    """Reader of variants for pairing, over the founders of a source.

    Attributes:
        source: of the genotypes
        samples: ascending indices of the founders to use
        kind: "phased" or "unphased"
    """

    source: GenotypeSource
    samples: np.ndarray
    kind: str = "phased"

    def __post_init__(self) -> None:
        if self.kind not in LD_KINDS:
            raise GemcontError(f"--r2-type: {self.kind!r} is neither phased nor unphased")
        if len(self.samples) < 2:
            raise GemcontError(
                f"{self.source.name}: {len(self.samples)} founders among the samples; linkage "
                "needs two (founders have parents 0 in the .fam)"
            )

    @property
    def bytes_per_variant(self) -> int:
        """Size of a variant made ready, for sizing what is held in memory."""
        n_samples = len(self.samples)
        return 2 * n_samples if self.source.has_dosages else 3 * (n_samples // 64 + 2) * 8

    def rows(self, variants: np.ndarray, ploidy: int) -> Rows:
        """Return ``Rows`` of variants (ascending indices) on chromosomes of one ``Ploidy``."""
        at_once = max(_CHUNK_BYTES // self.bytes_per_variant, 1)
        rows = self._rows(variants[:at_once], ploidy)
        if len(variants) <= at_once:
            return rows
        arrays = [np.empty((len(variants), *part.shape[1:]), part.dtype) for part in rows.arrays]
        whole = Rows(arrays[0], arrays[1], arrays[2], rows.split)
        for first in range(0, len(variants), at_once):
            part = self._rows(variants[first : first + at_once], ploidy)
            for array, values in zip(whole.arrays, part.arrays, strict=True):
                array[first : first + at_once] = values
        return whole

    def _rows(self, variants, ploidy):
        if ploidy not in (Ploidy.X, Ploidy.Y):
            return make_rows(self._read(variants, self.samples), None)
        male = self.source.samples["sex"].to_numpy()[self.samples] == 1
        males = self._read(variants, self.samples[male])  # their one X counts half
        if ploidy == Ploidy.Y:
            return make_rows(males, None, haploid=True)
        return make_rows(self._read(variants, self.samples[~male]), males)

    def _read(self, variants, samples):
        everyone = len(samples) == self.source.n_samples
        return self.source.read(variants, None if everyone else samples)

    def r2(
        self,
        rows: Rows,
        index: int,
        others: Sequence[int] | np.ndarray,
        other_rows: Rows | None = None,
    ) -> np.ndarray:
        """Return r2 of one variant of ``rows`` with others.

        others: positions in ``other_rows``, or in ``rows`` if that is None.
        """
        out = np.empty(len(others))
        second = rows if other_rows is None else other_rows
        _r2_of_many((rows, index), (second, np.asarray(others)), self.kind == "phased", out)
        return out

    def linked(
        self, rows: Rows, index: int, others: Sequence[int] | np.ndarray, *, r2: float
    ) -> np.ndarray:
        """Return whether one variant of ``rows`` has an r2 above the bound with each of the others.

        others: positions in ``rows``; r2: the bound, exclusive.
        """
        out = np.empty(len(others), dtype=np.bool_)
        bound = r2 * TOLERANCE, self.kind == "phased"
        _linked(rows, index, np.asarray(others), bound, out)
        return out

    def first_linked(
        self, near: "Near", others: Rows, other_position: np.ndarray, *, r2: float, radius: int
    ) -> np.ndarray:
        """Return, for each of ``others``, the first index variant that is near and in linkage.

        Args:
            near: the index variants, strongest first.
            others: ``Rows`` of the same chromosome.
            other_position: int64 (others,), base pairs.
            r2: bound, exclusive.
            radius: largest distance in base pairs.

        Returns:
            int64 (others,), positions in ``near``, -1 where there is none.
        """
        first = np.full(len(others), -1, dtype=np.int64)
        phased = self.kind == "phased"
        _first_linked(near, (others, other_position), (r2 * TOLERANCE, phased), radius, first)
        return first


class Near(NamedTuple):
    """Index variants, strongest first.

    Attributes:
        rows: ``Rows`` that hold them
        chosen: int (index variants,), which of the rows
        position: int64 (index variants,), base pairs
    """

    rows: Rows
    chosen: np.ndarray
    position: np.ndarray


@njit
def _r2_of_many(variant, others, phased, out):
    rows, i = variant
    other_rows, chosen = others
    for k in range(len(chosen)):
        sums = pair_sums(rows, i, other_rows, chosen[k])
        out[k] = phased_r2(sums) if phased else unphased_r2(sums)


@njit
def _above(rows, i, others, j, bound):
    r2, phased = bound
    sums = pair_sums(rows, i, others, j)
    return phased_above(sums, r2) if phased else unphased_above(sums, r2)


@njit
def _linked(rows, i, others, bound, out):
    for k in range(len(others)):
        out[k] = _above(rows, i, rows, others[k], bound)


@njit
def _first_linked(near, others, bound, radius, out):
    rows, chosen, position = near
    other_rows, other_position = others
    for first in range(0, len(out), _TILE):  # strongest first: the first hit is kept
        for i in range(len(chosen)):
            for j in range(first, min(first + _TILE, len(out))):
                if out[j] < 0 and abs(position[i] - other_position[j]) <= radius:
                    if _above(rows, chosen[i], other_rows, j, bound):
                        out[j] = i
