"""Meta-analysis of cohorts: ``run_meta`` in memory, ``write_meta`` from files to files."""

import logging

import numpy as np
import polars as pl
from tqdm import tqdm

from gemcont.errors import GemcontError
from gemcont.genotype import open_genotypes
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
from gemcont.workflows.meta.pool import MetaRun
from gemcont.workflows.meta.reference import reference_union
from gemcont.workflows.meta.rows import (
    ENTERED,
    NO_EFFECT,
    NO_N,
    NOT_IN_REFERENCE,
    NOTES,
    StudyRows,
    cohort_names,
    read_rows,
)
from gemcont.workflows.meta.union import Union

log = logging.getLogger(__name__)

_LEAST_MATCHED = 0.5  # share of the smaller of cohort and reference, below which a build is wrong


def prepare(sumstats, names, settings, *, reference=None, genotypes=None, progress=False):
    """Read and align the cohorts: a ``MetaRun``.

    sumstats: files or DataFrames; names: of the cohorts; reference: a file whose alleles and
    frequencies rule; genotypes: a path or ``GenotypeSource`` that does.
    """
    builds = canonical_builds(settings.build, len(sumstats))
    target = canonical_builds([settings.to_build or builds[0]], 1)[0]
    chains = chains_of(builds, target, names, settings)
    refuse_columns(settings.columns)
    refuse_unknown_files(settings.columns, sumstats, names)
    codes = AlleleCodes()
    union = Union(codes, by_id=settings.match == "id")
    genotypes = None if genotypes is None else open_genotypes(genotypes)
    if reference is not None or genotypes is not None:
        union = reference_union(codes, settings, reference, genotypes)
    cohorts = []
    bar = tqdm(
        total=len(sumstats), unit=" cohorts", disable=None if progress else True, leave=False
    )
    cases = zip(sumstats, names, builds, chains, strict=True)
    for number, (path, name, build, chain) in enumerate(cases, 1):
        cohort = StudyRows(name)
        asked = columns_of(settings.columns, path, name, number, alone=len(sumstats) == 1)
        rows = read_rows(path, union, settings, cohort, asked, chain=chain)
        if settings.match == "key":
            refuse_stated(name, rows, union, target if chain else build)
            compare_positions(name, rows, union)
        enter(rows, union, settings, cohort)
        _log_cohort(cohort)
        if union.fixed and settings.match == "key":
            _refuse_wrong_build(cohort, rows, union)
        cohorts.append(cohort)
        bar.update()
    bar.close()
    _refuse_empty(cohorts)
    if settings.scheme == "samplesize":
        log.info("effect_allele_frequency is the cohorts' mean weighted by n, not by variance")
    refuse_copies(cohorts, len(union))
    warn_of_minor_alleles(cohorts)
    return MetaRun(union, cohorts, settings)


def _log_cohort(cohort):
    """Rows, those that entered and what was done to them, those that did not by reason."""
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
    """The rows that did not enter, by reason, in words."""
    known = ("rows", ENTERED, *NOTES)
    return ", ".join(f"{n} {reason}" for reason, n in counts.items() if reason not in known)


def _refuse_empty(cohorts):
    """Raise GemcontError where nothing of a cohort entered: it would be missing without a word."""
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
    found = len(rows.row) - absent
    if found < _LEAST_MATCHED * min(len(rows.row), len(union)):
        raise GemcontError(
            f"{cohort.name}: {absent} of {len(rows.row)} rows are not in the reference; its "
            f"positions look like {looks_like(rows, union)}; give --liftover CHAIN with --build "
            "and --to-build, or --match id"
        )


def run_meta(sumstats, names=None, *, reference=None, genotypes=None, **settings):
    """Meta-analyse cohorts: the rows of ``PREFIX.meta.tsv`` as a pandas DataFrame.

    sumstats: files or DataFrames, one per cohort, in any known dialect
    names: of the cohorts (default: the files' names)
    reference: a file or DataFrame whose alleles and frequencies rule; genotypes: a path or
        ``GenotypeSource`` that does; default: the first cohort that holds a variant
    settings: fields of ``MetaSettings``: scheme, random_effects, genomic_control, match, ...

    Raises GemcontError for a mistake in the input.
    """
    settings = settings_of(MetaSettings, settings)
    sumstats = list(sumstats) if isinstance(sumstats, (list, tuple)) else [sumstats]
    names = cohort_names(sumstats, names)
    run = prepare(sumstats, names, settings, reference=reference, genotypes=genotypes)
    return to_pandas(pl.concat(run.frames()))
