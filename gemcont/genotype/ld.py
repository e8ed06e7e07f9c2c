"""Linkage disequilibrium between variants of a chromosome: r2 of pairs, and who is near whom.

Two kinds, by PLINK 2's names: ``phased`` (maximum likelihood of the haplotypes, the default of
both PLINKs) and ``unphased`` (squared correlation of dosages). Only founders count. On X a male's
chromosome counts half of a female's pair, Y is of males only, and there their heterozygous calls
are missing; on MT they stay, as in PLINK 1.9. A pair without variation or without a common sample
has r2 NaN: never linked.
"""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np

from gemcont._numba import njit
from gemcont.errors import GemcontError
from gemcont.genotype.chromosomes import Ploidy
from gemcont.genotype.kernels.haplotypes import phased_above, phased_r2, unphased_above, unphased_r2
from gemcont.genotype.kernels.pairs import Rows, make_rows, pair_sums

LD_KINDS = ("phased", "unphased")
TOLERANCE = 1 + 2.0**-44  # PLINK's: r2 equal to the bound up to rounding is not above it
_CHUNK_BYTES = 1 << 20  # of rows made ready at once, so that what they are made of stays small
_TILE = 64  # variants that stay near the processor while the index variants pass by


@dataclass(frozen=True)
class Linkage:
    """Reads variants of a source for pairing, over its founders.

    source: ``GenotypeSource``; samples: ascending indices of the founders to use; kind: "phased"
    or "unphased".
    """

    source: object
    samples: np.ndarray
    kind: str = "phased"

    def __post_init__(self):
        if self.kind not in LD_KINDS:
            raise GemcontError(f"--r2-type: {self.kind!r} is neither phased nor unphased")
        if len(self.samples) < 2:
            raise GemcontError(
                f"{self.source.name}: {len(self.samples)} founders among the samples; linkage "
                "needs two (founders have parents 0 in the .fam)"
            )

    @property
    def bytes_per_variant(self):
        """Size of a variant made ready, for sizing what is held in memory."""
        n_samples = len(self.samples)
        return 2 * n_samples if self.source.has_dosages else 3 * (n_samples // 64 + 2) * 8

    def rows(self, variants, ploidy):
        """``Rows`` of variants (ascending indices) that lie on a chromosome of one ploidy."""
        at_once = max(_CHUNK_BYTES // self.bytes_per_variant, 1)
        rows = self._rows(variants[:at_once], ploidy)
        if len(variants) <= at_once:
            return rows
        whole = [np.empty((len(variants), *part.shape[1:]), part.dtype) for part in rows.arrays]
        whole = Rows(*whole, rows.split)
        for first in range(0, len(variants), at_once):
            part = self._rows(variants[first : first + at_once], ploidy)
            for array, values in zip(whole.arrays, part.arrays, strict=True):
                array[first : first + at_once] = values
        return whole

    def _rows(self, variants, ploidy):
        if ploidy not in (Ploidy.X, Ploidy.Y):
            return make_rows(self._read(variants, self.samples), None)
        male = self.source.samples["sex"].to_numpy()[self.samples] == 1
        males = self._read(variants, self.samples[male])
        if ploidy == Ploidy.Y:
            return make_rows(males, None, haploid=True)
        return make_rows(self._read(variants, self.samples[~male]), males)

    def _read(self, variants, samples):
        everyone = len(samples) == self.source.n_samples
        return self.source.read(variants, None if everyone else samples)

    def r2(self, rows, index, others, other_rows=None):
        """r2 of one variant of ``rows`` with others (positions in ``other_rows`` or ``rows``)."""
        out = np.empty(len(others))
        second = rows if other_rows is None else other_rows
        _r2_of_many(rows, index, second, np.asarray(others), self.kind == "phased", out)
        return out

    def linked(self, rows, index, others, *, r2):
        """Whether one variant of ``rows`` has an r2 above the bound with each of the others."""
        out = np.empty(len(others), dtype=np.bool_)
        _linked(rows, index, np.asarray(others), r2 * TOLERANCE, self.kind == "phased", out)
        return out

    def first_linked(self, near, others, other_position, *, r2, radius):
        """For each of ``others``, the first index variant that is near and linked.

        near: ``Near``; others: ``Rows`` of the same chromosome at other_position, int64 base
        pairs; r2: strict lower bound; radius: largest distance. Returns positions in ``near``,
        -1 where there is none.
        """
        found = np.full(len(others), -1, dtype=np.int64)
        phased = self.kind == "phased"
        _first_linked(*near, others, other_position, r2 * TOLERANCE, radius, phased, found)
        return found


class Near(NamedTuple):
    """Index variants, strongest first: ``Rows`` that hold them, which of these, and base pairs."""

    rows: Rows
    chosen: np.ndarray
    position: np.ndarray


@njit
def _r2_of_many(rows, i, others, chosen, phased, out):
    for k in range(len(chosen)):
        sums = pair_sums(rows, i, others, chosen[k])
        out[k] = phased_r2(sums) if phased else unphased_r2(sums)


@njit
def _above(rows, i, others, j, bound, phased):
    sums = pair_sums(rows, i, others, j)
    return phased_above(sums, bound) if phased else unphased_above(sums, bound)


@njit
def _linked(rows, i, others, bound, phased, out):
    for k in range(len(others)):
        out[k] = _above(rows, i, rows, others[k], bound, phased)


@njit
def _first_linked(rows, chosen, position, others, other_position, bound, radius, phased, found):
    for first in range(0, len(found), _TILE):
        for i in range(len(chosen)):
            for j in range(first, min(first + _TILE, len(found))):
                if found[j] < 0 and abs(position[i] - other_position[j]) <= radius:
                    if _above(rows, chosen[i], others, j, bound, phased):
                        found[j] = i
