"""Rows of summary statistics -> variants of a genotype file, one row a variant."""

import logging
import os
from dataclasses import dataclass

import numpy as np
import polars as pl

from gemcont.errors import GemcontError
from gemcont.stats.special import neg_log10_normal_sf
from gemcont.tables.sumstats.canonical import NOT_ADDITIVE
from gemcont.tables.sumstats.headings import columns_of, refuse_unknown_files
from gemcont.tables.sumstats.read import Sumstats
from gemcont.workflows.common.plausible import EffectSample, check_effects

log = logging.getLogger(__name__)

_SMALLEST = 323.306  # -log10 of the smallest double, what p = 0 is taken as
_FLOOR = 300.0  # -log10 p from which a tie is a floor for sure
_FEWEST_TIED = 2  # rows
_DIFFERENT = 1.02  # how much the effects over errors of a tie differ at least where it is a floor
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
    parts, missing, counts = [], [], {"rows": 0, "p missing": 0, NOT_IN_GENOTYPES: 0, "filtered": 0}
    examples, log_p, traits = [], [], set()
    names = [_shown(path, f"table {i + 1}") for i, path in enumerate(paths)]
    refuse_unknown_files(columns, paths, names)
    for number, (path, name) in enumerate(zip(paths, names, strict=True)):
        file = Sumstats(
            path,
            **_asked_of(columns, path, name, number + 1, alone=len(paths) == 1),
            needed=("neg_log_10_p_value",),
            trait=trait,
        )
        log.info("%s: read as %s, p from column %s", file.name, file.dialect, file.p_column)
        log_p.append(file.has_log_p)
        own, sample = [], EffectSample()
        for batch in file.batches():
            sample.add(batch)
            counts["rows"] += batch.height
            traits |= set(batch["trait"].unique().drop_nulls())
            batch = _tested(batch, counts)
            examples = examples or examples_of(batch)
            found = index.find(batch)
            index.refuse_repeated(batch, found)
            missing.append(_not_found(batch, found, number, least, counts))
            own.append(_kept(batch, found, number, index, counts))
        check_effects(sample, file, name, refuse=False)
        parts.append(_untied(pl.concat(own), file, counts))
        _warn_of_repeated(parts[-1], file, traits)
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
    _count_other_alleles(strongest, counts)
    return Matched(strongest.drop("others"), pl.concat(missing), counts, log_p)


def _asked_of(columns, path, name, number, *, alone):
    """``columns_of`` a report; which p and ids are read is for the user to say of any file."""
    asked = columns_of(columns, path, name, number, alone=alone)
    free = {"p_value", "neg_log_10_p_value", "log_10_p_value", "variant_id"}
    return asked | {"firm": set(asked["firm"]) - free}


def _untied(rows, file, counts):
    """The rows of a report; those at the floor of its p are ranked by effect over error.

    A floor is the smallest p of the file where several rows have it whose effects over their errors
    differ: no test gives that, a smallest number that a program writes does.
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
    """Warn where a third of a report's rows are of variants that others of it are of."""
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
    counts[NOT_IN_GENOTYPES] += lost.height
    return lost.filter(pl.col("neg_log_10_p_value") >= least).select(
        "variant_id",
        "chromosome",
        "base_pair_location",
        "neg_log_10_p_value",
        pl.lit(number).alias("file"),
        pl.lit(NOT_IN_GENOTYPES).alias("reason"),
    )


def _kept(batch, found, number, index, counts):
    """The rows whose variant is among the chosen ones."""
    here = found >= 0
    here[here] = index.chosen[found[here]]
    counts["filtered"] += int((found >= 0).sum() - here.sum())
    batch = batch.filter(here)
    _count_moved(batch, index, found[here], counts)
    others = index.have_others(index.pairs_of(batch), found[here])
    return batch.select(
        pl.Series("variant", found[here]),
        pl.lit(number).alias("file"),
        "neg_log_10_p_value",
        *DETAILS,
        pl.Series("others", others, dtype=pl.Boolean),
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


def _count_other_alleles(rows, counts):
    """Count the variants whose only rows have other alleles than the variant of their id."""
    message = "some ids have other alleles in the genotypes; p does not depend on them, effects do"
    _warn_once(int(rows["others"].sum()), OTHER_ALLELES, counts, message)


def _warn_once(count, reason, counts, message):
    """Add to the count of a reason, and warn when it is the first."""
    if count and reason not in counts:
        log.warning(message)
    if count:
        counts[reason] = counts.get(reason, 0) + count


def _strongest(rows):
    """One row a variant, in the order of the genotype file: the smallest p, the first of equals.

    A row that has other alleles than the variant counts only where no row has its own.
    """
    return rows.sort(
        ["variant", "others", "neg_log_10_p_value"],
        descending=[False, False, True],
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
