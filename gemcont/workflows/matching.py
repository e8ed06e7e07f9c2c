"""Rows of summary statistics -> variants of a genotype file, one row a variant."""

import logging
import os
from dataclasses import dataclass

import numpy as np
import polars as pl

from gemcont.errors import GemcontError
from gemcont.stats.special import neg_log10_normal_sf
from gemcont.tables.sumstats import Sumstats
from gemcont.workflows.alleles import AlleleCodes
from gemcont.workflows.lookup import Lookup
from gemcont.workflows.union import SEVERAL_IDS, place_name

log = logging.getLogger(__name__)

_NAMELESS = "."  # an id that names nobody
_UNPLACED = "0"
_SMALLEST = 323.306  # -log10 of the smallest double, what p = 0 is taken as
_LEAST_FLOOR = 10  # -log10 p, above which a smallest p that several rows share may be a floor
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
        return column.replace({name: place_name(name, self._autosomes) for name in names})

    def find(self, batch):
        """Index of each row's variant, -1 where there is none (int64)."""
        ids = batch["variant_id"]
        found = self._by_id.find(_hashed(ids))
        same = (self._ids.gather(np.maximum(found, 0)) == ids).fill_null(False).to_numpy()
        found = np.where(same, found, -1)
        self._find_in_cells(batch, found)
        lost = np.flatnonzero(found < 0)
        placed = ("chromosome", "base_pair_location", "effect_allele", "other_allele")
        if len(lost) and all(batch[name].null_count() < batch.height for name in placed):
            found[lost] = self._find_by_place(batch[lost])
        return found

    def _find_in_cells(self, batch, found):
        """Fill in, for cells of several ids, the first id that a variant has whose alleles fit."""
        several = batch["variant_id"].str.contains(SEVERAL_IDS).fill_null(False).to_numpy()
        several = np.flatnonzero(several & (found < 0))
        if not len(several):
            return
        cells = pl.DataFrame({"at": several, "id": batch["variant_id"].gather(several)})
        cells = cells.with_columns(pl.col("id").str.replace_all(SEVERAL_IDS, ",").str.split(","))
        cells = cells.explode("id").with_columns(pl.col("id").str.strip_chars())
        at, here = cells["at"].to_numpy(), self._by_id.find(_hashed(cells["id"]))
        same = (self._ids.gather(np.maximum(here, 0)) == cells["id"]).fill_null(False).to_numpy()
        fits = same & (here >= 0) & self.alleles_fit(batch[at], np.maximum(here, 0))
        rows, first = np.unique(at[fits], return_index=True)
        found[rows] = here[fits][first]

    def alleles_fit(self, batch, found):
        """Bool (rows,): whether the alleles are those of the variants found, or unknown."""
        if batch["other_allele"].null_count() == batch.height:
            return np.ones(batch.height, dtype=bool)
        mine, theirs = self.pairs_of(batch), self.pairs[found]
        return (mine == theirs) | (mine == 0) | (theirs == 0)

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
        for reason, count in file.n_skipped.items():
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
    rows = _above_floor(rows, counts)
    strongest = _strongest(rows).drop("fits")
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
    fits = _count_other_alleles(batch, index, found[here], counts)
    return batch.select(
        pl.Series("variant", found[here]),
        pl.Series("fits", fits),
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
    """Count the rows whose alleles are not those of their variant; bool (rows,): the others."""
    message = (
        "some ids have other alleles in the genotypes; where a row of the same id has the right "
        "ones, that row counts"
    )
    fits = index.alleles_fit(batch, found)
    _warn_once(int((~fits).sum()), OTHER_ALLELES, counts, message)
    return fits


def _warn_once(count, reason, counts, message):
    """Add to the count of a reason, and warn when it is the first."""
    if count and reason not in counts:
        log.warning(message)
    if count:
        counts[reason] = counts.get(reason, 0) + count


def _above_floor(rows, counts):
    """Rows whose p a program cut off at its smallest, ranked by effect over error instead.

    Where the smallest p of a file stands in several rows whose effects and errors give smaller
    ones, it is a floor (2.2e-308 and 2.2e-16 of R, 1e-300 of others), and those rows would tie.
    """
    own = rows.select("file", "neg_log_10_p_value", z=z_score().abs())
    p, z, file = (own[n].fill_null(np.nan).to_numpy() for n in ("neg_log_10_p_value", "z", "file"))
    p = p.copy()
    for number in np.unique(file):
        here = file == number
        tied = np.flatnonzero(here & (p == np.nanmax(p[here])) & np.isfinite(z))
        better = neg_log10_normal_sf(z[tied])
        if len(tied) > 1 and p[tied[0]] > _LEAST_FLOOR and (better >= p[tied]).mean() > 0.9:
            p[tied] = np.maximum(better, p[tied])
            reason = "p at its floor, ranked by effect over standard error"
            counts[reason] = counts.get(reason, 0) + len(tied)
    return rows.with_columns(pl.Series("neg_log_10_p_value", p))


def _strongest(rows):
    """One row a variant, in the order of the genotype file: of those whose alleles fit, if any
    do, the smallest p, the first of equals."""
    return rows.sort(
        ["variant", "fits", "neg_log_10_p_value"],
        descending=[False, True, True],
        maintain_order=True,
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
