"""Meta-analysis of cohorts: ``run_meta`` in memory, ``write_meta`` from files to files."""

import logging
import os
from collections.abc import Sequence
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
from tqdm import tqdm

from gemcont.errors import GemcontError
from gemcont.genotype import open_genotypes
from gemcont.genotype.source import GenotypeSource
from gemcont.settings.flags import settings_of
from gemcont.settings.meta import MetaSettings
from gemcont.tables.sumstats.headings import columns_of, refuse_columns, refuse_unknown_files
from gemcont.workflows.common.alleles import AlleleCodes
from gemcont.workflows.common.dataframes import to_pandas
from gemcont.workflows.common.plausible import refuse_copies, warn_of_minor_alleles
from gemcont.workflows.meta.align import enter
from gemcont.workflows.meta.builds import (
    canonical_builds,
    chains_of,
    compare_positions,
    looks_like,
    refuse_stated,
)
from gemcont.workflows.meta.names import cohort_names
from gemcont.workflows.meta.pool import MetaRun
from gemcont.workflows.meta.reference import reference_union
from gemcont.workflows.meta.rows import (
    ENTERED,
    NO_EFFECT,
    NO_N,
    NOT_IN_REFERENCE,
    NOTES,
    StudyRows,
    read_rows,
)
from gemcont.workflows.meta.union import Union

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)

_LEAST_MATCHED = 0.5  # share of the smaller of cohort and reference, below which a build is wrong


def prepare(
    sumstats: Sequence,
    names: Sequence[str],
    settings: MetaSettings,
    *,
    reference: object = None,
    genotypes: str | os.PathLike | GenotypeSource | None = None,
    progress: bool = False,
) -> MetaRun:
    """Read and align the cohorts.

    Args:
        sumstats: files or DataFrames.
        names: names of the cohorts.
        settings: of the meta-analysis.
        reference: a file or DataFrame that all cohorts are aligned to.
        genotypes: genotypes that all cohorts are aligned to; they define the variants even where
            a reference is given.
        progress: whether a bar is shown.

    Raises:
        GemcontError: a mistake in the input, or a cohort of which no row can be used.
    """
    builds = canonical_builds(settings.build, len(sumstats))
    target = canonical_builds([settings.to_build or builds[0]], 1)[0]
    chains = chains_of(builds, target, names, settings)
    refuse_columns(settings.columns)
    refuse_unknown_files(settings.columns, sumstats, names)
    union = _first_union(settings, reference, genotypes)
    cohorts = []
    bar = tqdm(
        total=len(sumstats), unit=" cohorts", disable=None if progress else True, leave=False
    )
    cases = zip(sumstats, names, builds, chains, strict=True)
    for number, (path, name, build, chain) in enumerate(cases, 1):
        columns = columns_of(settings.columns, path, name, number, alone=len(sumstats) == 1)
        stated = target if chain else build
        cohort = StudyRows(name=name)
        rows = read_rows(path, union, settings, cohort, columns, chain=chain)
        _enter(rows, union, settings, cohort, stated)
        cohorts.append(cohort)
        bar.update()
    bar.close()
    _check_cohorts(cohorts, union, settings)
    return MetaRun(union, cohorts, settings)


def _first_union(settings, reference, genotypes):
    """Return the union before any cohort: empty, or the reference's variants."""
    codes = AlleleCodes()
    source = None if genotypes is None else open_genotypes(genotypes)
    if reference is None and source is None:
        return Union(codes, by_id=settings.match == "id")
    return reference_union(codes, settings, reference, source)


def _enter(rows, union, settings, cohort, stated):
    """Check a cohort's positions, align its rows, and log the counts; stated: their build."""
    by_place = settings.match == "key"
    if by_place:
        refuse_stated(cohort.name, rows, union, stated)
        compare_positions(cohort.name, rows, union)
    enter(rows, union, settings, cohort)
    _log_cohort(cohort)
    if union.fixed and by_place:
        _refuse_wrong_build(cohort, rows, union)


def _check_cohorts(cohorts, union, settings):
    """Raise GemcontError for an empty or duplicate cohort; warn of frequencies."""
    _refuse_empty(cohorts)
    if settings.scheme == "samplesize":
        log.info("effect_allele_frequency is the cohorts' mean weighted by n, not by variance")
    refuse_copies(cohorts, len(union))
    warn_of_minor_alleles(cohorts)


def _log_cohort(cohort):
    """Log the rows read, those that entered with remarks, and the others by reason."""
    counts = cohort.counts
    done = ", ".join(f"{counts[note]} {note}" for note in NOTES if counts.get(note))
    left_out = _left_out(counts)
    log.info(
        "%s: %d rows, %d entered%s%s",
        cohort.name,
        counts["rows"],
        counts[ENTERED],
        f" ({done})" if done else "",
        f"; left out: {left_out}" if left_out else "",
    )
    if counts[ENTERED] and np.isnan(cohort.n).all():
        log.warning("%s: no sample size: n of the result does not count its people", cohort.name)


def _left_out(counts):
    """Return the numbers of rows that did not enter, by reason, as text."""
    known = ("rows", ENTERED, *NOTES)
    return ", ".join(f"{n} {reason}" for reason, n in counts.items() if reason not in known)


def _refuse_empty(cohorts):
    """Raise GemcontError where no row of a cohort entered: it would be missing silently."""
    empty = [cohort for cohort in cohorts if not cohort.counts[ENTERED]]
    if not empty:
        return
    first, everyone = empty[0], len(empty) == len(cohorts)
    way = "; --se-from-p takes errors from effects and p" if NO_EFFECT in first.counts else ""
    if NO_N in first.counts:
        way = f"; --columns {first.name}:n=NAME names the column of the sample size"
    text = "no row of any cohort can be used: of" if everyone else "no row can be used of"
    raise GemcontError(f"{text} {first.name}, {_left_out(first.counts) or 'which has none'}{way}")


def _refuse_wrong_build(cohort, rows, union):
    absent = cohort.counts.get(NOT_IN_REFERENCE, 0)
    n_matched = len(rows.row) - absent
    if n_matched < _LEAST_MATCHED * min(len(rows.row), len(union)):
        raise GemcontError(
            f"{cohort.name}: {absent} of {len(rows.row)} rows are not in the reference; its "
            f"positions look like {looks_like(rows, union)}; give --liftover CHAIN with --build "
            "and --to-build, or --match id"
        )


def run_meta(
    sumstats: object,
    names: Sequence[str] | None = None,
    *,
    reference: object = None,
    genotypes: str | os.PathLike | GenotypeSource | None = None,
    **settings,
) -> "pd.DataFrame":
    """Meta-analyse cohorts, variant by variant.

    Args:
        sumstats: files or DataFrames, one per cohort, in any known dialect.
        names: names of the cohorts; None = those of their files.
        reference: a file or DataFrame that alleles and frequencies are aligned to; without one, and
            without genotypes, they are aligned to the first cohort that has a variant.
        genotypes: a path or ``GenotypeSource`` that they are aligned to.
        settings: fields of ``MetaSettings``: scheme, random_effects, genomic_control, match, ...

    Returns:
        pandas DataFrame, the rows of ``PREFIX.meta.tsv``.

    Raises:
        GemcontError: a mistake in the input.
    """
    chosen = settings_of(MetaSettings, settings)
    reports = list(sumstats) if isinstance(sumstats, (list, tuple)) else [sumstats]
    names = cohort_names(reports, names)
    run = prepare(reports, names, chosen, reference=reference, genotypes=genotypes)
    return to_pandas(pl.concat(run.frames()))
