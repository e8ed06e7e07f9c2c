"""Rows of summary statistics -> variants of a genotype file, one row a variant."""

import logging
import os
from collections.abc import Mapping, Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from gemcont.errors import GemcontError
from gemcont.stats.special import neg_log10_normal_sf
from gemcont.tables.sumstats.canonical import NOT_ADDITIVE
from gemcont.tables.sumstats.headings import columns_of, refuse_unknown_files
from gemcont.tables.sumstats.read import Sumstats
from gemcont.workflows.common.plausible import EffectSample, check_effects
from gemcont.workflows.common.variant_index import VariantIndex

log = logging.getLogger(__name__)

_SMALLEST = 323.306  # -log10 of the smallest double, which p = 0 is taken as
_FLOOR = 300.0  # -log10 p from which a tie is a floor for sure
_FEWEST_TIED = 2  # rows
_DIFFERENT = 1.02  # least ratio of the largest to the smallest |z| of a tie that is a floor
_FEW = 100  # rows: fewer may well repeat
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
NOT_IN_GENOTYPES = "not in the genotypes"
MOVED = "at another place"
OTHER_ALLELES = "with other alleles"


@dataclass(frozen=True, kw_only=True)
class Matched:
    """The strongest row of every variant in the reports.

    rows: table of variant (index in the source, ascending), file (from 0), neg_log_10_p_value, and
        ``DETAILS`` as the report has them
    missing: table of the rows whose variant was not found, with the reason, down to the least
        -log10 p that was asked for
    counts: number of rows, by outcome
    log_p: for each report, whether it gives -log10 p rather than p
    """

    rows: pl.DataFrame
    missing: pl.DataFrame
    counts: dict[str, int]
    log_p: list[bool]


def z_score() -> pl.Expr:
    """Return the expression of a z score: column z, else beta over a positive standard error."""
    error = pl.when(pl.col("standard_error") > 0).then(pl.col("standard_error"))
    return pl.coalesce("z", pl.col("beta") / error).alias("z")


def match(
    paths: Sequence,
    index: VariantIndex,
    *,
    columns: Mapping[str, str | Sequence[str]] | None = None,
    trait: str | None = None,
    min_neg_log_10_p: float = 0.0,
) -> Matched:
    """Match the rows of one or several reports to the variants of a genotype file.

    Of several rows of a variant the strongest is kept, the first of equals.

    Args:
        paths: the reports, files or DataFrames.
        index: finds the variants.
        columns: role -> column of the reports, for what no dialect knows.
        trait: the one to read of reports of several, None = all.
        min_neg_log_10_p: -log10 p from which a row without a variant is listed as missing.

    Raises:
        GemcontError: nothing matches.
    """
    matching = _Matching(index, min_neg_log_10_p)
    names = [_shown(path, f"table {i + 1}") for i, path in enumerate(paths)]
    refuse_unknown_files(columns, paths, names)
    for number, (path, name) in enumerate(zip(paths, names, strict=True)):
        file = Sumstats(
            path,
            **_own_columns(columns, path, name, number + 1, alone=len(paths) == 1),
            needed=("neg_log_10_p_value",),
            trait=trait,
        )
        log.info("%s: read as %s, p from column %s", file.name, file.dialect, file.p_column)
        matching.add(file, name)
    return matching.result(paths)


class _Matching:
    """Rows matched so far, report by report."""

    def __init__(self, index, min_neg_log_10_p):
        self.index, self.min_neg_log_10_p = index, min_neg_log_10_p
        self.parts, self.missing, self.log_p, self.examples = [], [], [], []
        self.counts = {"rows": 0, "p missing": 0, NOT_IN_GENOTYPES: 0, "filtered": 0}
        self.traits = set()

    def add(self, file: Sumstats, name: str) -> None:
        """Match the rows of a report."""
        number, counts = len(self.log_p), self.counts
        self.log_p.append(file.has_log_p)
        own, sample = [], EffectSample()
        for batch in file.batches():
            sample.add(batch)
            counts["rows"] += batch.height
            self.traits |= set(batch["trait"].unique().drop_nulls())
            batch = _tested(batch, counts)
            self.examples = self.examples or examples_of(batch)
            variant = self.index.find(batch)
            self.index.refuse_repeated(batch, variant)
            self.missing.append(self._not_found(batch, variant, number))
            own.append(_chosen(batch, variant, number, self.index, counts))
        check_effects(sample, file, name, refuse=False)
        self.parts.append(_untied(pl.concat(own), file, counts))
        _warn_of_repeated(self.parts[-1], file, self.traits)
        for reason, count in file.skipped.items():
            counts[reason] = counts.get(reason, 0) + count
            counts["rows"] += count

    def _not_found(self, batch, variant, number):
        """Return the rows without a variant that are strong enough to be listed."""
        lost = batch.filter(variant < 0)
        self.counts[NOT_IN_GENOTYPES] += lost.height
        columns = ("variant_id", "chromosome", "base_pair_location", "neg_log_10_p_value")
        return lost.filter(pl.col("neg_log_10_p_value") >= self.min_neg_log_10_p).select(
            *columns, pl.lit(number).alias("file"), pl.lit(NOT_IN_GENOTYPES).alias("reason")
        )

    def result(self, paths: Sequence) -> Matched:
        """Return the ``Matched`` of all reports; paths: for the message where nothing matches."""
        if len(self.traits) > 1:
            log.warning(
                "%d traits in the reports: the best p of each variant counts; --trait NAME reads "
                "one",
                len(self.traits),
            )
        rows = pl.concat(self.parts)
        if rows.height == 0:
            raise GemcontError(_nothing_matched(paths, self.index, self.examples, self.counts))
        strongest = _strongest(rows)
        self.counts["repeated"] = rows.height - strongest.height
        _count_other_alleles(strongest, self.counts)
        return Matched(
            rows=strongest.drop("others"),
            missing=pl.concat(self.missing),
            counts=self.counts,
            log_p=self.log_p,
        )


def _own_columns(columns, path, name, number, *, alone):
    """Return ``columns_of`` a report, of which p and ids may contradict a recognised dialect."""
    own = columns_of(columns, path, name, number, alone=alone)
    free = {"p_value", "neg_log_10_p_value", "log_10_p_value", "variant_id"}
    return own | {"firm": set(own["firm"]) - free}


def _untied(rows, file, counts):
    """Return the rows of a report, those at the floor of its p ranked by beta over standard error.

    The smallest p of a file is a floor where several rows have it although their z differ: no test
    gives such p-values, but a program that writes a smallest number does.
    """
    p = rows["neg_log_10_p_value"].to_numpy()
    tied = np.flatnonzero(p == p.max()) if len(p) else []
    if len(tied) < _FEWEST_TIED:
        return rows
    z = np.abs(rows[tied].select(z_score()).to_series().fill_null(np.nan).to_numpy())
    known = np.isfinite(z)
    if known.sum() < _FEWEST_TIED and p.max() >= _FLOOR and p.max() != _SMALLEST:
        log.warning(
            "%s: %d rows tie at the smallest p, %s, and have no effect and standard error to rank "
            "them by",
            *(file.name, len(tied), f"1e-{p.max():.0f}"),
        )
    if known.sum() < _FEWEST_TIED or z[known].max() < _DIFFERENT * z[known].min():
        return rows
    derived = neg_log10_normal_sf(np.where(known, z, 0.0))
    untied = p.copy()
    untied[tied] = np.where(known, np.maximum(derived, p[tied]), p[tied])
    reason = "p at the smallest of the file, ranked by effect and standard error"
    counts[reason] = counts.get(reason, 0) + int(known.sum())
    return rows.with_columns(pl.Series("neg_log_10_p_value", untied))


def _warn_of_repeated(rows, file, traits):
    """Warn where a third of a report's rows repeat a variant."""
    repeated = rows.height - rows["variant"].n_unique()
    if len(traits) > 1 or rows.height < _FEW or repeated * 3 < rows.height:
        return
    column = file.telling[0] if file.telling else "COLUMN"
    log.warning(
        "%s: %d of %d rows repeat a variant: several traits, genes or models in one file? The best "
        "p of each variant counts; --columns trait=%s --trait NAME reads one",
        *(file.name, repeated, rows.height, column),
    )


def _tested(batch, counts):
    """Return the rows with a p; a missing p, or 0, is made of the effect and its standard error."""
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


def _chosen(batch, variant, number, index, counts):
    """Return the rows whose variant passes the filters; variant: int64 (rows,), -1 for none."""
    here = variant >= 0
    here[here] = index.chosen[variant[here]]
    counts["filtered"] += int((variant >= 0).sum() - here.sum())
    batch, variant = batch.filter(here), variant[here]
    _count_moved(batch, index, variant, counts)
    others = index.have_others(index.pairs_of(batch), variant)
    return batch.select(
        pl.Series("variant", variant),
        pl.lit(number).alias("file"),
        "neg_log_10_p_value",
        *DETAILS,
        pl.Series("others", others, dtype=pl.Boolean),
    )


def _count_moved(batch, index, variant, counts):
    """Count the rows whose position is not that of their variant in the genotypes."""
    theirs = index.source.variants["chromosome"][variant].cast(pl.String)
    moved = (batch["base_pair_location"] != pl.Series(index.position[variant])).fill_null(False)
    moved |= (index.canonical(batch["chromosome"]) != index.canonical(theirs)).fill_null(False)
    _warn_once(
        int(moved.sum()),
        MOVED,
        counts,
        "some ids stand at other places in the genotypes (another genome build?); the places of "
        "the genotypes are used",
    )


def _count_other_alleles(rows, counts):
    """Count the variants all of whose rows have other alleles than the genotypes."""
    message = "some ids have other alleles in the genotypes; p does not depend on them, effects do"
    _warn_once(int(rows["others"].sum()), OTHER_ALLELES, counts, message)


def _warn_once(count, reason, counts, message):
    """Add to the count of a reason, and warn when it is the first."""
    if count and reason not in counts:
        log.warning(message)
    if count:
        counts[reason] = counts.get(reason, 0) + count


def _strongest(rows):
    """Return one row a variant, in file order: that of the smallest p, the first of equals.

    A row with other alleles than the variant counts only where no row has the variant's alleles.
    """
    return rows.sort(
        ["variant", "others", "neg_log_10_p_value"],
        descending=[False, False, True],
        maintain_order=True,
    ).unique("variant", keep="first", maintain_order=True)


def examples_of(rows: pl.DataFrame) -> list[str]:
    """Return three rows of a report for a message: their ids, else chromosome:position."""
    head = rows.head(3).select(
        "variant_id", position=pl.concat_str("chromosome", "base_pair_location", separator=":")
    )
    return [str(i if i is not None else position or "no id") for i, position in head.rows()]


def _nothing_matched(paths, index, examples, counts):
    if counts["filtered"]:
        return "no variant of the summary statistics is left by --chr, --extract and --exclude"
    tests = counts.get(NOT_ADDITIVE, 0)
    if not examples and tests:
        return f"no row of the summary statistics has TEST ADD ({tests} have another)"
    theirs = ", ".join(examples) or "no row with a p"
    ours = ", ".join(index.source.variants["variant_id"][:3])
    return (
        f"no variant of {', '.join(_shown(p) for p in paths)} is in {index.source.name} by id "
        f"({theirs} against {ours}), nor by chromosome, position and alleles"
    )


def _shown(path, otherwise="the table of summary statistics"):
    return str(path) if isinstance(path, (str, os.PathLike)) else otherwise
