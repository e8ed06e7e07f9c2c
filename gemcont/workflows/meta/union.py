"""The variants of all cohorts so far, and which of them each row of another cohort is."""

from typing import NamedTuple

import numpy as np
import polars as pl

from gemcont.errors import GemcontError
from gemcont.genotype.chromosomes import place_name
from gemcont.workflows.common.lookup import Lookup, split_ids

_MOST_CHROMOSOMES = 250


class Match(NamedTuple):
    """What rows are of a ``Union``: arrays (rows,).

    slot: int64, their variant, -1 where there is none; taken: bool, where the id is that of
    variants with other alleles; repeated: bool, whether an earlier row is the same variant;
    at, keys: the row of every key, and the keys (uint64), of which a row has one or several
    """

    slot: np.ndarray
    taken: np.ndarray
    repeated: np.ndarray
    at: np.ndarray
    keys: np.ndarray


class Union:
    """The variants of all cohorts so far: place, alleles, id and reference frequency by slot.

    Rows find their slot by place and alleles, or by id and alleles. Where ``fixed`` the variants
    are a reference's and no cohort adds any. ``certain``: whether a variant's letters are known to
    be of the strand that all others are on.
    """

    def __init__(self, codes, *, by_id, fixed=False):
        self.codes, self._by_id, self.fixed = codes, by_id, fixed
        self.chromosomes = {}
        empty = np.empty(0)
        self.chromosome = empty.astype(np.uint8)
        self.position = empty.astype(np.int32)
        self.effect = self.other = empty.astype(np.int32)
        self.frequency = empty
        self.certain = empty.astype(bool)
        self.ids = pl.Series([], dtype=pl.String)
        self._lookup = Lookup(empty.astype(np.uint64), empty.astype(np.int32))
        self._names = np.empty(0, dtype=np.uint64)

    def __len__(self):
        return len(self.effect)

    def chromosome_codes(self, column, autosomes):
        """uint8 codes of a column of chromosome names, 255 where there is none."""
        codes = {}
        for name in column.unique().drop_nulls().to_list():
            place = place_name(name, autosomes)
            codes[name] = self.chromosomes.setdefault(place, len(self.chromosomes))
        if len(self.chromosomes) > _MOST_CHROMOSOMES:
            raise GemcontError("more than 250 chromosomes and contigs; leave the contigs out")
        found = column.replace_strict(codes, default=None, return_dtype=pl.UInt8)
        return found.fill_null(255).to_numpy()

    def match(self, rows):
        """Return the ``Match`` of a cohort's ``RawRows``."""
        at, keys, names = self._keys(rows)
        found = self._lookup.find(keys)
        slot = np.full(len(rows.row), -1, dtype=np.int64)
        hits = np.flatnonzero(found >= 0)[::-1]  # of several the first is written last
        slot[at[hits]] = found[hits]
        taken = np.zeros(len(slot), dtype=bool)
        if names is not None:
            taken[at[np.isin(names, self._names)]] = True
        repeated = np.zeros(len(slot), dtype=bool)
        repeated[at[_later(at, keys)]] = True
        if names is not None:  # of which several may be one variant's
            known = np.flatnonzero(slot >= 0)
            repeated[known[_later(known, slot[known])]] = True
        return Match(slot, taken & (slot < 0), repeated, at, keys)

    def _keys(self, rows):
        """(row of every key, keys, hashes of ids or None), by what this union matches."""
        if not self._by_id:
            keys = self.codes.keys(rows.chromosome, rows.position, rows.effect, rows.other)
            return np.arange(len(keys)), keys, None
        at, ids = split_ids(rows.ids)
        names = ids.hash(1).to_numpy()
        pairs = self.codes.pairs(rows.effect, rows.other)
        return at, self.codes.with_pairs(names, pairs[at]), names

    def add(self, rows, match, which, *, certain):
        """Add the rows ``which`` (bool) with their own alleles; returns their slots."""
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
    """Which entries have a value that an entry of an earlier row has: bool; at: their rows."""
    order = np.argsort(values, kind="stable")
    starts = np.ones(len(order), dtype=bool)
    starts[1:] = values[order[1:]] != values[order[:-1]]
    first = np.maximum.accumulate(np.where(starts, np.arange(len(order)), 0))
    later = np.empty(len(order), dtype=bool)
    later[order] = at[order] != at[order[first]]
    return later
