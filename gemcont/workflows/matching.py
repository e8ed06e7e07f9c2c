"""Rows of summary statistics -> variants of a genotype file, one row a variant."""

import logging
import os
from dataclasses import dataclass

import numpy as np
import polars as pl

from gemcont.errors import GemcontError
from gemcont.genotype.chromosomes import canonical_name
from gemcont.stats.special import neg_log10_normal_sf
from gemcont.tables.sumstats import Sumstats
from gemcont.workflows.alleles import AlleleCodes
from gemcont.workflows.lookup import Lookup

log = logging.getLogger(__name__)

_NAMELESS = "."  # an id that names nobody
_UNPLACED = "0"
_SMALLEST = 323.306  # -log10 of the smallest double, what p = 0 is taken as
DETAILS = (
    "effect_allele",
    "other_allele",
    "beta",
    "standard_error",
    "effect_allele_frequency",
    "n",
    "z",
    "trait",
)
ABSENT = "not in the genotypes"
MOVED = "at another place"
OTHER_ALLELES = "with other alleles"


@dataclass
class Matched:
    """The strongest row of every variant that a report names.

    rows: polars table of variant (index in the source, ascending), neg_log_10_p_value, file
    (from 0), and ``DETAILS`` as the report has them; missing: table of the rows that found no
    variant, with the reason, down to ``least`` -log10 p; counts: rows by what became of them;
    log_p: for each report, whether it gives -log10 p rather than p
    """

    rows: pl.DataFrame
    missing: pl.DataFrame
    counts: dict
    log_p: list


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
        self._by_id = Lookup(_hashed(self._ids)[named], named)
        self._codes, self._pairs, self._by_place = AlleleCodes(), None, None

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
        """A text column of chromosome names as they are compared."""
        names = column.unique().drop_nulls().to_list()
        return column.replace({name: canonical_name(name, self._autosomes) for name in names})

    def find(self, batch):
        """Index of each row's variant, -1 where there is none (int64)."""
        ids = batch["variant_id"]
        found = self._by_id.find(_hashed(ids))
        same = (self._ids.gather(np.maximum(found, 0)) == ids).fill_null(False).to_numpy()
        found = np.where(same, found, -1)
        lost = np.flatnonzero(found < 0)
        placed = ("chromosome", "base_pair_location", "effect_allele", "other_allele")
        if len(lost) and all(batch[name].null_count() < batch.height for name in placed):
            found[lost] = self._find_by_place(batch[lost])
        return found

    def refuse_repeated(self, batch, found):
        """Raise GemcontError for a row that finds none because its id stands for several."""
        lost = batch["variant_id"].filter(found < 0)
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


_KEY = ["chromosome", "base_pair_location", "pair"]


def _hashed(column):
    return column.hash(1).to_numpy()


def z_score():
    """Expression of a report's z: as it stands, else effect over a positive standard error."""
    error = pl.when(pl.col("standard_error") > 0).then(pl.col("standard_error"))
    return pl.coalesce("z", pl.col("beta") / error).alias("z")


def match(paths, index, *, columns=None, trait=None, least=0.0):
    """``Matched`` of one or several reports.

    paths: files or DataFrames; index: ``VariantIndex``; columns: role -> column; trait: the one
    to read, None = all; least: -log10 p from which a row without a variant is listed. Of several
    rows of a variant the strongest stays, the first of equals. Raises GemcontError when nothing
    matches.
    """
    parts, missing, counts = [], [], {"rows": 0, "p missing": 0, ABSENT: 0, "filtered": 0}
    examples, log_p, traits = [], [], set()
    for number, path in enumerate(paths):
        file = Sumstats(path, columns=columns, needed=("neg_log_10_p_value",), trait=trait)
        log.info("%s: read as %s, p from column %s", file.name, file.dialect, file.p_column)
        log_p.append(file.has_log_p)
        for batch in file.batches():
            counts["rows"] += batch.height
            traits |= set(batch["trait"].unique().drop_nulls())
            batch = _tested(batch, counts)
            examples = examples or examples_of(batch)
            found = index.find(batch)
            index.refuse_repeated(batch, found)
            missing.append(_not_found(batch, found, number, least, counts))
            parts.append(_kept(batch, found, number, index, counts))
        for reason, count in file.skipped.items():
            counts[reason] = counts.get(reason, 0) + count
            counts["rows"] += count
    if len(traits) > 1:
        log.warning(
            "%d traits in the reports: the best p of each variant counts; --trait NAME reads one",
            len(traits),
        )
    rows = pl.concat(parts)
    if rows.height == 0:
        raise GemcontError(_nothing_matched(paths, index, examples, counts))
    strongest = _strongest(rows)
    counts["repeated"] = rows.height - strongest.height
    return Matched(strongest, pl.concat(missing), counts, log_p)


def _tested(batch, counts):
    """The rows with a p; where it is missing or 0, from the effect and its standard error."""
    neg_log_10_p = batch["neg_log_10_p_value"].fill_null(np.nan).to_numpy().copy()
    odd = ~np.isfinite(neg_log_10_p)
    if odd.any():
        z = batch.select(z_score())
        z = np.abs(z.to_series().fill_null(np.nan).to_numpy()[odd])
        known = np.isfinite(z)
        zero = np.isposinf(neg_log_10_p[odd])
        derived = int(known.sum())
        neg_log_10_p[odd] = np.where(
            known, neg_log10_normal_sf(np.where(known, z, 0)), np.where(zero, _SMALLEST, np.nan)
        )
        _warn_once(
            int((zero & ~known).sum()),
            "p is 0",
            counts,
            "p is 0 in some rows, without effect and standard error to tell it from: taken as "
            "1e-323, so that these rows tie; a column of -log10 p would rank them",
        )
        if derived:
            reason = "p from the effect and its standard error"
            counts[reason] = counts.get(reason, 0) + derived
    kept = ~np.isnan(neg_log_10_p)
    counts["p missing"] += int((~kept).sum())
    return batch.with_columns(pl.Series("neg_log_10_p_value", neg_log_10_p)).filter(kept)


def _not_found(batch, found, number, least, counts):
    """The rows without a variant that are strong enough to be listed."""
    lost = batch.filter(found < 0)
    counts[ABSENT] += lost.height
    return lost.filter(pl.col("neg_log_10_p_value") >= least).select(
        "variant_id",
        "chromosome",
        "base_pair_location",
        "neg_log_10_p_value",
        pl.lit(number).alias("file"),
        pl.lit(ABSENT).alias("reason"),
    )


def _kept(batch, found, number, index, counts):
    """The rows whose variant is among the chosen ones."""
    here = found >= 0
    here[here] = index.chosen[found[here]]
    counts["filtered"] += int((found >= 0).sum() - here.sum())
    batch = batch.filter(here)
    _count_moved(batch, index, found[here], counts)
    _count_other_alleles(batch, index, found[here], counts)
    return batch.select(
        pl.Series("variant", found[here]),
        pl.lit(number).alias("file"),
        "neg_log_10_p_value",
        *DETAILS,
    )


def _count_moved(batch, index, found, counts):
    """Count the rows that stand at another place than their variant in the genotypes."""
    theirs = index.source.variants["chromosome"][found].cast(pl.String)
    moved = (batch["base_pair_location"] != pl.Series(index.position[found])).fill_null(False)
    moved |= (index.canonical(batch["chromosome"]) != index.canonical(theirs)).fill_null(False)
    _warn_once(
        int(moved.sum()),
        MOVED,
        counts,
        "some ids stand at other places in the genotypes (another genome build?); the places of "
        "the genotypes are used",
    )


def _count_other_alleles(batch, index, found, counts):
    """Count the rows whose alleles are not those of the variant that has their id."""
    if batch["other_allele"].null_count() == batch.height:
        return
    mine, theirs = index.pairs_of(batch), index.pairs[found]
    message = "some ids have other alleles in the genotypes; p does not depend on them, effects do"
    other = (mine != theirs) & (mine > 0) & (theirs > 0)
    _warn_once(int(other.sum()), OTHER_ALLELES, counts, message)


def _warn_once(count, reason, counts, message):
    """Add to the count of a reason, and warn when it is the first."""
    if count and reason not in counts:
        log.warning(message)
    if count:
        counts[reason] = counts.get(reason, 0) + count


def _strongest(rows):
    """One row a variant, in the order of the genotype file: the smallest p, the first of equals."""
    return rows.sort(
        ["variant", "neg_log_10_p_value"], descending=[False, True], maintain_order=True
    ).unique("variant", keep="first", maintain_order=True)


def examples_of(rows):
    """Three rows of a report for a message: ids, else places."""
    head = rows.head(3).select(
        "variant_id", place=pl.concat_str("chromosome", "base_pair_location", separator=":")
    )
    return [str(i if i is not None else place or "no id") for i, place in head.rows()]


def _nothing_matched(paths, index, examples, counts):
    if counts["filtered"]:
        return "no variant of the summary statistics is left by --chr, --extract and --exclude"
    tests = counts.get("TEST is not ADD", 0)
    if not examples and tests:
        return f"no row of the summary statistics has TEST ADD ({tests} have another)"
    theirs = ", ".join(examples) or "no row with a p"
    ours = ", ".join(index.source.variants["variant_id"][:3])
    return (
        f"no variant of {', '.join(_shown(p) for p in paths)} is in {index.source.name} by id "
        f"({theirs} against {ours}), nor by chromosome, position and alleles"
    )


def _shown(path):
    return str(path) if isinstance(path, (str, os.PathLike)) else "the table of summary statistics"
