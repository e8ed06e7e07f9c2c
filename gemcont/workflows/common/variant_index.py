"""Find the variants of a genotype file that rows of summary statistics describe."""

from functools import cached_property

import numpy as np
import polars as pl

from gemcont.errors import GemcontError
from gemcont.genotype.chromosomes import place_name
from gemcont.genotype.source import GenotypeSource
from gemcont.workflows.common.alleles import AlleleCodes
from gemcont.workflows.common.lookup import Lookup, split_ids

_NAMELESS = "."  # the id of a variant without one
_KEY = ["chromosome", "base_pair_location", "pair"]


class VariantIndex:
    """Index of the variants of a genotype file by id, else by chromosome, position and alleles.

    source: of the genotypes
    chosen: bool (variants of the source,), whether a variant passes the filters
    position: int (variants of the source,), base pairs
    """

    def __init__(self, source: GenotypeSource, variants: np.ndarray, autosomes: int) -> None:
        """Index a source; variants: indices of those that pass the filters."""
        self.source, self._autosomes = source, autosomes
        table = source.variants
        self.chosen = np.zeros(table.height, dtype=bool)
        self.chosen[variants] = True
        self.position = table["base_pair_location"].to_numpy()
        self._ids = table["variant_id"]
        named = np.flatnonzero((self._ids != _NAMELESS).fill_null(False).to_numpy())
        self._named = named
        self._by_id = Lookup(_hashed(self._ids)[named], named)
        self._codes = AlleleCodes()

    @cached_property
    def pairs(self) -> np.ndarray:
        """Codes of the two alleles of every variant, as ``pairs_of`` gives them."""
        return self.pairs_of(self.source.variants)

    def pairs_of(self, table: pl.DataFrame) -> np.ndarray:
        """Return a code of the two alleles of every row: uint64 (rows,), 0 where one is unknown."""
        first, second = (
            self._codes.encode(table[name].cast(pl.String).str.to_uppercase())
            for name in ("effect_allele", "other_allele")
        )
        known = (first >= 0) & (second >= 0)
        return np.where(known, self._codes.pairs(first, second) + np.uint64(1), np.uint64(0))

    def canonical(self, column: pl.Series) -> pl.Series:
        """Return a text column of chromosome names, one name for each chromosome."""
        names = column.unique().drop_nulls().to_list()
        return column.replace({name: place_name(name, self._autosomes) for name in names})

    def find(self, batch: pl.DataFrame) -> np.ndarray:
        """Return the index of each row's variant: int64 (rows,), -1 where there is none.

        A variant is found by one of the row's ids. Where that variant has other alleles, or several
        variants have the id, it is found by id and alleles, else by position and alleles.
        """
        variant = self._find_by_ids(batch["variant_id"], self._find_id)
        if batch["other_allele"].null_count() == batch.height:
            return variant
        pairs = self.pairs_of(batch)
        other = (variant >= 0) & self.have_others(pairs, variant)
        doubtful = np.flatnonzero((other | (variant < 0)) & (pairs > 0))
        if len(doubtful):
            better = self._find_by_alleles(batch[doubtful], pairs[doubtful])
            variant[doubtful] = np.where(better >= 0, better, variant[doubtful])
        return variant

    def _find_id(self, ids, _):
        return self._by_id.find(_hashed(ids))

    def have_others(self, pairs: np.ndarray, variant: np.ndarray) -> np.ndarray:
        """Return whether rows have other alleles than their variants, where both are known.

        Args:
            pairs: uint64 (rows,), as ``pairs_of`` gives them.
            variant: int64 (rows,), indices of the variants; a row of -1 may be either.

        Returns:
            bool (rows,).
        """
        theirs = self.pairs[np.maximum(variant, 0)]
        return (pairs != theirs) & (pairs > 0) & (theirs > 0)

    def _find_by_ids(self, cells, find):
        """Return the variant of the first id of each cell that has one, -1 for none.

        find: function of ids and the rows of their cells that returns indices of variants.
        """
        at, ids = split_ids(cells)
        hit = find(ids, at)
        # Ids are found by their hashes, which two ids may share.
        same = (self._ids.gather(np.maximum(hit, 0)) == ids).fill_null(False).to_numpy()
        known = np.flatnonzero((hit >= 0) & same)[::-1]  # of several the first is written last
        variant = np.full(len(cells), -1, dtype=np.int64)
        variant[at[known]] = hit[known]
        return variant

    @cached_property
    def _by_alleles(self):
        """Variants by the hash of their id and alleles."""
        keys = _hashed(self._ids)[self._named]
        return Lookup(self._codes.with_pairs(keys, self.pairs[self._named]), self._named)

    def _find_by_alleles(self, rows, pairs):
        """Find variants by id and alleles, else by position and alleles."""

        def by_id_and_alleles(ids: pl.Series, at: np.ndarray) -> np.ndarray:
            """Return the variant of each id that has the alleles of the id's row."""
            return self._by_alleles.find(self._codes.with_pairs(_hashed(ids), pairs[at]))

        variant = self._find_by_ids(rows["variant_id"], by_id_and_alleles)
        lost = np.flatnonzero(variant < 0)
        placed = ("chromosome", "base_pair_location")
        if len(lost) and all(rows[name].null_count() < rows.height for name in placed):
            variant[lost] = self._find_by_position(rows[lost])
        return variant

    def refuse_repeated(self, batch: pl.DataFrame, variant: np.ndarray) -> None:
        """Raise GemcontError for a row without a variant because its id is that of several.

        variant: int64 (rows,), as ``find`` returned it.
        """
        lost = split_ids(batch["variant_id"].filter(variant < 0))[1]
        several = pl.Series(self._by_id.is_repeated(_hashed(lost)), dtype=pl.Boolean)
        several &= (lost != _NAMELESS).fill_null(False)
        if several.any():
            example = lost.filter(several)[0]
            raise GemcontError(
                f"{self.source.name}: variant id {example} stands for several "
                "variants and the summary statistics use it; make ids unique (plink2 "
                "--set-all-var-ids)"
            )

    @cached_property
    def _by_position(self):
        """Variants by chromosome, position and alleles, where they alone have these."""
        table = self._keyed(self.source.variants, self.pairs)
        return table.with_row_index("variant").unique(_KEY, keep="none")

    def _find_by_position(self, rows):
        table = self._keyed(rows, self.pairs_of(rows)).join(
            self._by_position, on=_KEY, how="left", maintain_order="left", nulls_equal=False
        )
        return table["variant"].cast(pl.Int64).fill_null(-1).to_numpy()

    def _keyed(self, table, pairs):
        """Return canonical chromosome, position, and the pair of alleles, null where unknown."""
        pair = pl.Series("pair", pairs)
        return table.select(
            self.canonical(table["chromosome"].cast(pl.String)),
            pl.col("base_pair_location").cast(pl.Int64),
            pair.set(pair == 0, None),
        )


def _hashed(column):
    return column.hash(1).to_numpy()
