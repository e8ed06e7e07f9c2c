"""Variants of all cohorts so far, and the match of another cohort's rows to them."""

from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from gemcont.errors import GemcontError
from gemcont.genotype.chromosomes import place_name
from gemcont.workflows.common.alleles import AlleleCodes
from gemcont.workflows.common.lookup import Lookup, split_ids

if TYPE_CHECKING:
    from gemcont.workflows.meta.rows import RawRows

_MOST_CHROMOSOMES = 250


class Match(NamedTuple):
    """Match of a cohort's rows to the variants of a ``Union``.

    slot: int64 (rows,), the variant of each row, -1 where there is none
    taken: bool (rows,), whether the union has the row's id with other alleles only
    repeated: bool (rows,), whether an earlier row is of the same variant
    at: int64 (keys,), the row of each key; a row has a key for each of its ids
    keys: uint64 (keys,), what is looked up
    """

    slot: np.ndarray
    taken: np.ndarray
    repeated: np.ndarray
    at: np.ndarray
    keys: np.ndarray


class Union:
    """Variants of all cohorts so far, each in a slot.

    Rows find their slot by position and alleles, or by id and alleles.

    codes: codes of alleles
    fixed: whether the variants are those of a reference, so that cohorts add none
    chromosomes: code of every chromosome by canonical name
    chromosome: uint8 (slots,), codes, 255 for none
    position: int32 (slots,), base pairs
    effect, other: int32 (slots,), codes of the alleles
    frequency: float64 (slots,), of the effect allele in the cohort that came first, NaN unknown
    certain: bool (slots,), whether the alleles are known to be on the common strand
    ids: text column (slots,)
    variant: (slots,), row of the reference, where there is one
    """

    def __init__(self, codes: AlleleCodes, *, by_id: bool, fixed: bool = False) -> None:
        """Begin without variants; by_id: match by id and alleles, not by position and alleles."""
        self.codes, self._by_id, self.fixed = codes, by_id, fixed
        self.chromosomes: dict[str, int] = {}
        empty = np.empty(0)
        self.chromosome = empty.astype(np.uint8)
        self.position = empty.astype(np.int32)
        self.effect = self.other = empty.astype(np.int32)
        self.frequency = empty
        self.certain = empty.astype(bool)
        self.variant = empty.astype(np.uint32)
        self.ids = pl.Series([], dtype=pl.String)
        self._lookup = Lookup(empty.astype(np.uint64), empty.astype(np.int32))
        self._names = np.empty(0, dtype=np.uint64)

    def __len__(self):
        return len(self.effect)

    def chromosome_codes(self, column: pl.Series, autosomes: int) -> np.ndarray:
        """Return the uint8 (rows,) codes of a column of chromosome names, 255 where null."""
        codes = {}
        for name in column.unique().drop_nulls().to_list():
            canonical = place_name(name, autosomes)
            codes[name] = self.chromosomes.setdefault(canonical, len(self.chromosomes))
        if len(self.chromosomes) > _MOST_CHROMOSOMES:
            raise GemcontError("more than 250 chromosomes and contigs; leave the contigs out")
        coded = column.replace_strict(codes, default=None, return_dtype=pl.UInt8)
        return coded.fill_null(255).to_numpy()

    def match(self, rows: "RawRows") -> Match:
        """Match a cohort's rows to the variants; none is added."""
        at, keys, names = self._keys(rows)
        slot_of_key = self._lookup.find(keys)
        slot = np.full(len(rows.row), -1, dtype=np.int64)
        hits = np.flatnonzero(slot_of_key >= 0)[::-1]  # of several the first is written last
        slot[at[hits]] = slot_of_key[hits]
        taken = np.zeros(len(slot), dtype=bool)
        if names is not None:
            taken[at[np.isin(names, self._names)]] = True
        repeated = np.zeros(len(slot), dtype=bool)
        repeated[at[_later(at, keys)]] = True
        if names is not None:  # rows with different ids may be one variant
            known = np.flatnonzero(slot >= 0)
            repeated[known[_later(known, slot[known])]] = True
        taken &= slot < 0
        return Match(slot=slot, taken=taken, repeated=repeated, at=at, keys=keys)

    def _keys(self, rows):
        """Return the row of every key, the keys, and the hashes of ids where these are matched."""
        if not self._by_id:
            keys = self.codes.keys(rows.chromosome, rows.position, rows.effect, rows.other)
            return np.arange(len(keys)), keys, None
        at, ids = split_ids(rows.ids)
        names = ids.hash(1).to_numpy()
        pairs = self.codes.pairs(rows.effect, rows.other)
        return at, self.codes.with_pairs(names, pairs[at]), names

    def add(self, rows: "RawRows", match: Match, which: np.ndarray, *, certain: bool) -> np.ndarray:
        """Add the variants of rows with the rows' own alleles.

        Args:
            rows: a cohort's rows.
            match: as ``match`` returned it for them.
            which: bool (rows,), the rows to add.
            certain: whether their alleles are known to be on the common strand.

        Returns:
            int64 (added rows,), their slots.
        """
        new = np.flatnonzero(which)
        slots = np.full(len(which), -1, dtype=np.int64)
        slots[new] = np.arange(len(self), len(self) + len(new))
        for name in ("chromosome", "position", "effect", "other", "frequency"):
            mine, theirs = getattr(self, name), getattr(rows, name)
            setattr(self, name, np.concatenate([mine, theirs[new].astype(mine.dtype)]))
        self.certain = np.concatenate([self.certain, np.full(len(new), certain)])
        self.ids = pl.concat([self.ids, rows.ids.gather(new)])
        here = slots[match.at] >= 0
        self._lookup = Lookup(
            np.concatenate([self._lookup.keys, match.keys[here]]),
            np.concatenate([self._lookup.values, slots[match.at[here]].astype(np.int32)]),
        )
        if self._by_id:
            names = split_ids(rows.ids.gather(new))[1].hash(1).to_numpy()
            self._names = np.union1d(self._names, names)
        return slots[new]


def _later(at, values):
    """Return whether each entry has the value of an entry of an earlier row; at: their rows."""
    order = np.argsort(values, kind="stable")
    starts = np.ones(len(order), dtype=bool)
    starts[1:] = values[order[1:]] != values[order[:-1]]
    first = np.maximum.accumulate(np.where(starts, np.arange(len(order)), 0))
    later = np.empty(len(order), dtype=bool)
    later[order] = at[order] != at[order[first]]
    return later
