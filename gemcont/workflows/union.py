"""The variants of all cohorts so far, a cohort's rows before and after they are brought to them."""

from dataclasses import dataclass, field

import numpy as np
import polars as pl

from gemcont.errors import GemcontError
from gemcont.genotype.chromosomes import canonical_name
from gemcont.tables.canonical import ERROR_FROM_CI
from gemcont.workflows.lookup import Lookup

# What is said of rows that did enter.
LIFTED, TURNED, FLIPPED = "strand turned by liftover", "effect turned over", "strand flipped"
ERROR_FROM_P = "standard error from p and effect"
ENTERED = "entered"
NOTES = (TURNED, FLIPPED, LIFTED, ERROR_FROM_CI, ERROR_FROM_P)
NO_EFFECT = "effect or standard error missing"
BAD_ERROR = "standard error not above 0"
NO_Z = "no z, and no effect with its p or standard error"
NO_N = "sample size missing"
NO_PLACE = "chromosome or position missing"
NO_ID = "id missing"
NO_ALLELES = "alleles missing, 0 or the same"
REPEATED = "the variant stands twice, its first row is used"
ABSENT = "not in the reference"
SEVERAL_IDS = r"[,;|]"  # between the ids of one cell
_SPREAD = np.uint64(0x9E3779B97F4A7C15)  # odd, so that multiplying mixes all bits


@dataclass
class Cohort:
    """One cohort's rows that entered, as arrays (rows,).

    slot: which variant of the union; beta, standard_error (z and 1 under the sample-size scheme);
    frequency of the union's effect allele; n; counts: rows by what became of them; dropped:
    frames of the rows that did not enter; traits: names that the file holds; plausibility: what
    was seen of its numbers
    """

    name: str
    slot: np.ndarray | None = None
    beta: np.ndarray | None = None
    standard_error: np.ndarray | None = None
    frequency: np.ndarray | None = None
    n: np.ndarray | None = None
    counts: dict = field(default_factory=dict)
    dropped: list = field(default_factory=list)
    traits: set = field(default_factory=set)
    plausibility: object = None

    @property
    def z(self):
        """z scores (rows,)."""
        return self.beta / self.standard_error


@dataclass
class Columns:
    """A cohort's rows before matching: arrays and id columns of equal length.

    ids: the variants' ids, where several stand in a cell (``cells``) the first, if ids are matched
    """

    row: np.ndarray
    ids: pl.Series
    cells: pl.Series
    chromosome: np.ndarray
    position: np.ndarray
    effect: np.ndarray
    other: np.ndarray
    beta: np.ndarray
    standard_error: np.ndarray
    frequency: np.ndarray
    n: np.ndarray

    def take(self, kept):
        """The rows of a bool or index array."""
        kept = np.flatnonzero(kept) if kept.dtype == bool else kept
        values = {
            name: value.gather(kept) if isinstance(value, pl.Series) else value[kept]
            for name, value in vars(self).items()
        }
        return Columns(**values)


class Union:
    """The variants of all cohorts so far: place, alleles, id and reference frequency by slot.

    Rows find their slot by key (place and alleles) or by id. Where ``fixed`` the variants are a
    reference's and no cohort adds any.
    """

    def __init__(self, codes, *, by_id, fixed=False):
        self.codes, self._by_id, self.fixed = codes, by_id, fixed
        self.chromosomes = {}
        empty = np.empty(0)
        self.chromosome = empty.astype(np.uint8)
        self.position = empty.astype(np.int32)
        self.effect = self.other = empty.astype(np.int32)
        self.frequency = empty
        self.ids = pl.Series([], dtype=pl.String)
        self._lookup = Lookup(empty.astype(np.uint64), empty.astype(np.int32))
        self._known = empty.astype(np.uint64)  # hashes of ids, sorted

    def __len__(self):
        return len(self.effect)

    def chromosome_codes(self, column, autosomes):
        """uint8 codes of a column of chromosome names, 255 where there is none."""
        codes = {}
        for name in column.unique().drop_nulls().to_list():
            canonical = place_name(name, autosomes)
            codes[name] = self.chromosomes.setdefault(canonical, len(self.chromosomes))
        if len(self.chromosomes) > 250:
            raise GemcontError("more than 250 chromosomes and contigs; leave the contigs out")
        found = column.replace_strict(codes, default=None, return_dtype=pl.UInt8)
        return found.fill_null(255).to_numpy()

    def keys(self, rows):
        """uint64 keys of rows by what this union matches: place or (first) id, and alleles."""
        if self._by_id:
            return self._id_keys(rows.ids, self.codes.pairs(rows.effect, rows.other))
        return self.codes.keys(rows.chromosome, rows.position, rows.effect, rows.other)

    @staticmethod
    def _id_keys(ids, pairs):
        return ids.hash(1).to_numpy() ^ (pairs * _SPREAD)

    def find(self, rows, keys):
        """Slot of every row, -1 where there is none; of cells of several ids each is tried."""
        slot = self._lookup.find(keys)
        several = np.flatnonzero(rows.cells.str.contains(SEVERAL_IDS).fill_null(False).to_numpy())
        several = several[slot[several] < 0]
        if not self._by_id or not len(several):
            return slot
        at, keys = self._keys_of_cells(rows, several)
        found = self._lookup.find(keys)
        hits, first = np.unique(at[found >= 0], return_index=True)
        slot[hits] = found[found >= 0][first]
        return slot

    def _keys_of_cells(self, rows, chosen):
        """(row, key) of each id in the cells of some rows."""
        cells = pl.DataFrame({"at": chosen, "id": rows.cells.gather(chosen)})
        cells = cells.with_columns(pl.col("id").str.replace_all(SEVERAL_IDS, ",").str.split(","))
        cells = cells.explode("id").with_columns(pl.col("id").str.strip_chars())
        at = cells["at"].to_numpy()
        return at, self._id_keys(cells["id"], self.codes.pairs(rows.effect[at], rows.other[at]))

    def knows(self, rows):
        """Bool (rows,): whether a row's id is that of a variant here, whatever its alleles."""
        if not self._by_id or not len(self._known):
            return np.zeros(len(rows.row), dtype=bool)
        hashes = rows.ids.hash(1).to_numpy()
        at = np.minimum(np.searchsorted(self._known, hashes), len(self._known) - 1)
        return self._known[at] == hashes

    def add(self, rows, keys):
        """New variants with the rows' own alleles; their slots."""
        slots = np.arange(len(self), len(self) + len(keys))
        for name in ("chromosome", "position", "effect", "other", "frequency"):
            mine = getattr(self, name)
            joined = np.concatenate([mine, getattr(rows, name).astype(mine.dtype)])
            setattr(self, name, joined)
        self.ids = pl.concat([self.ids, rows.ids])
        places = slots
        if self._by_id:
            self._known = np.union1d(self._known, rows.ids.hash(1).to_numpy())
            keys, places = self._with_other_ids(rows, keys, slots)
        self._lookup = Lookup(
            np.concatenate([self._lookup.keys, keys]),
            np.concatenate([self._lookup.values, places.astype(np.int32)]),
        )
        return slots

    def _with_other_ids(self, rows, keys, slots):
        """Keys and slots, and the same slots under the further ids of their cells."""
        several = np.flatnonzero(rows.cells.str.contains(SEVERAL_IDS).fill_null(False).to_numpy())
        if not len(several):
            return keys, slots
        at, further = self._keys_of_cells(rows, several)
        new = ~np.isin(further, keys)
        return np.concatenate([keys, further[new]]), np.concatenate([slots, slots[at[new]]])


def place_name(name, autosomes):
    """Return a chromosome's name as places are compared: the pseudo-autosomal regions are X's."""
    canonical = canonical_name(name, autosomes)
    return "X" if canonical == "XY" else canonical


def note(cohort, rows, ids, reason):
    """Note rows that did not enter."""
    cohort.counts[reason] = cohort.counts.get(reason, 0) + len(rows)
    frame = pl.DataFrame({"row": rows, "variant_id": ids}).with_columns(
        (pl.col("row") + 1).cast(pl.UInt32), pl.lit(reason).alias("reason")
    )
    cohort.dropped.append(frame)
