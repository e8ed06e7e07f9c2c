"""Finding the variants of a genotype file that rows of summary statistics are about."""

import numpy as np
import polars as pl

from gemcont.errors import GemcontError
from gemcont.genotype.chromosomes import place_name
from gemcont.workflows.common.alleles import AlleleCodes
from gemcont.workflows.common.lookup import Lookup, split_ids

_NAMELESS = "."  # an id that names nobody
_KEY = ["chromosome", "base_pair_location", "pair"]


class VariantIndex:
    """Finds variants of a genotype file by id, else by chromosome, position and alleles."""

    def __init__(self, source, variants, autosomes):
        self.source, self._autosomes = source, autosomes
        table = source.variants
        self.chosen = np.zeros(table.height, dtype=bool)
        self.chosen[variants] = True
        self.position = table["base_pair_location"].to_numpy()
        self._ids = table["variant_id"]
        named = np.flatnonzero((self._ids != _NAMELESS).fill_null(False).to_numpy())
        self._named = named
        self._by_id = Lookup(_hashed(self._ids)[named], named)
        self._codes, self._pairs, self._by_place, self._by_alleles = AlleleCodes(), None, None, None

    @property
    def pairs(self):
        """``AlleleCodes.pairs`` of every variant of the genotypes."""
        if self._pairs is None:
            self._pairs = self.pairs_of(self.source.variants)
        return self._pairs

    def pairs_of(self, table):
        """uint64 (rows,): the two alleles of every row, 0 where one is unknown."""
        first, second = (
            self._codes.encode(table[name].cast(pl.String).str.to_uppercase())
            for name in ("effect_allele", "other_allele")
        )
        known = (first >= 0) & (second >= 0)
        return np.where(known, self._codes.pairs(first, second) + np.uint64(1), np.uint64(0))

    def canonical(self, column):
        """A text column of chromosome names as their places are compared."""
        names = column.unique().drop_nulls().to_list()
        return column.replace({name: place_name(name, self._autosomes) for name in names})

    def find(self, batch):
        """Index of each row's variant, -1 where there is none (int64).

        By one of its ids; where the alleles of that variant are others, or several have the id, by
        id and alleles, or by place and alleles.
        """
        found = self._find_by_ids(batch["variant_id"], self._find_id)
        if batch["other_allele"].null_count() == batch.height:
            return found
        pairs = self.pairs_of(batch)
        other = (found >= 0) & self.have_others(pairs, found)
        doubtful = np.flatnonzero((other | (found < 0)) & (pairs > 0))
        if len(doubtful):
            better = self._find_by_alleles(batch[doubtful], pairs[doubtful])
            found[doubtful] = np.where(better >= 0, better, found[doubtful])
        return found

    def _find_id(self, ids, _):
        return self._by_id.find(_hashed(ids))

    def have_others(self, pairs, found):
        """Which rows (of ``pairs``) have known alleles that are not those of variants ``found``."""
        theirs = self.pairs[np.maximum(found, 0)]
        return (pairs != theirs) & (pairs > 0) & (theirs > 0)

    def _find_by_ids(self, cells, find):
        """The first variant that an id of each cell finds; find: (ids, their rows) -> indices."""
        at, ids = split_ids(cells)
        hit = find(ids, at)
        same = (self._ids.gather(np.maximum(hit, 0)) == ids).fill_null(False).to_numpy()
        known = np.flatnonzero((hit >= 0) & same)[::-1]  # of several the first is written last
        found = np.full(len(cells), -1, dtype=np.int64)
        found[at[known]] = hit[known]
        return found

    def _find_by_alleles(self, rows, pairs):
        """Variants by id and alleles, else by place and alleles."""
        if self._by_alleles is None:
            keys = _hashed(self._ids)[self._named]
            keys = self._codes.with_pairs(keys, self.pairs[self._named])
            self._by_alleles = Lookup(keys, self._named)

        def find(ids, at):
            return self._by_alleles.find(self._codes.with_pairs(_hashed(ids), pairs[at]))

        found = self._find_by_ids(rows["variant_id"], find)
        lost = np.flatnonzero(found < 0)
        placed = ("chromosome", "base_pair_location")
        if len(lost) and all(rows[name].null_count() < rows.height for name in placed):
            found[lost] = self._find_by_place(rows[lost])
        return found

    def refuse_repeated(self, batch, found):
        """Raise GemcontError for a row that finds none because its id stands for several."""
        lost = split_ids(batch["variant_id"].filter(found < 0))[1]
        several = pl.Series(self._by_id.is_repeated(_hashed(lost)), dtype=pl.Boolean)
        several &= (lost != _NAMELESS).fill_null(False)
        if several.any():
            raise GemcontError(
                f"{self.source.name}: variant id {lost[int(several.arg_max())]} stands for several "
                "variants and the summary statistics use it; make ids unique (plink2 "
                "--set-all-var-ids)"
            )

    def _find_by_place(self, rows):
        if self._by_place is None:
            table = self._keyed(self.source.variants, self.pairs)
            table = table.with_row_index("variant")
            self._by_place = table.unique(_KEY, keep="none")
        found = self._keyed(rows, self.pairs_of(rows)).join(
            self._by_place, on=_KEY, how="left", maintain_order="left", nulls_equal=False
        )
        return found["variant"].cast(pl.Int64).fill_null(-1).to_numpy()

    def _keyed(self, table, pairs):
        """Canonical chromosome, position, and the pair of alleles (null where unknown)."""
        pair = pl.Series("pair", pairs)
        return table.select(
            self.canonical(table["chromosome"].cast(pl.String)),
            pl.col("base_pair_location").cast(pl.Int64),
            pair.set(pair == 0, None),
        )


def _hashed(column):
    return column.hash(1).to_numpy()
