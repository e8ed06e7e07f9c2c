"""Meta-analysis of cohorts: ``run_meta`` in memory, ``write_meta`` from files to files."""

import logging

import numpy as np
import polars as pl
from tqdm import tqdm

from gemcont.errors import GemcontError
from gemcont.genotype import open_genotypes
from gemcont.genotype.chromosomes import drawing_order
from gemcont.stats.meta import gc_lambda, inverse_variance, sample_size
from gemcont.tables.columns import dropped_columns, meta_columns
from gemcont.tables.headings import columns_of, refuse_unknown_files
from gemcont.workflows.alleles import AlleleCodes
from gemcont.workflows.builds import (
    canonical_builds,
    chains_of,
    compare_positions,
    looks_like,
    refuse_stated,
)
from gemcont.workflows.cohorts import (
    ABSENT,
    ENTERED,
    NO_EFFECT,
    NO_N,
    NOTES,
    Cohort,
    read_columns,
)
from gemcont.workflows.entering import enter
from gemcont.workflows.meta_settings import MetaSettings, cohort_names
from gemcont.workflows.plausible import refuse_copies, warn_of_minor_alleles
from gemcont.workflows.reference import reference_union
from gemcont.workflows.setting_types import settings_of
from gemcont.workflows.tables import to_pandas
from gemcont.workflows.union import Union

log = logging.getLogger(__name__)

_CHUNK = 1 << 19  # variants that are pooled and written at a time
_LEAST_MATCHED = 0.5  # share of the smaller of cohort and reference, below which a build is wrong


class MetaRun:
    """Cohorts that were read and aligned, ready to be pooled.

    union: the variants; cohorts: list of ``Cohort``; lambdas: genomic-control factor of each, as
    estimated; settings: ``MetaSettings``
    """

    def __init__(self, union, cohorts, settings):
        self.union, self.cohorts, self.settings = union, cohorts, settings
        self.lambdas = [gc_lambda(cohort.z) for cohort in cohorts]
        for cohort, factor in zip(cohorts, self.lambdas, strict=True):
            used = settings.genomic_control and factor > 1
            log.info("%s: lambda_gc %.4f%s", cohort.name, factor, ", divided out" if used else "")
        order = self._genome_order()
        rank = np.empty(len(order), dtype=np.int32)
        rank[order] = np.arange(len(order))
        self.order, self._ranks = order, []
        for cohort in cohorts:
            by_rank = np.argsort(rank[cohort.slot], kind="stable")
            for name in ("slot", "beta", "standard_error", "frequency", "n"):
                setattr(cohort, name, getattr(cohort, name)[by_rank])
            self._ranks.append(rank[cohort.slot])

    def _genome_order(self):
        """Slots in the order of chromosome and position, unplaced ones last."""
        names = list(self.union.chromosomes)
        place = np.full(256, 255)
        place[drawing_order(names, self.settings.autosomes)] = np.arange(len(names))
        return np.lexsort((self.union.position, place[self.union.chromosome]))

    def frames(self, progress=False):
        """Yield tables with the columns of ``PREFIX.meta.tsv``, in genome order."""
        for _, frame in self.tables(progress):
            yield frame

    def tables(self, progress=False):
        """Yield (slots, table): the variants in the union of every table of ``frames``."""
        total = len(self.order)
        with tqdm(total=total, unit=" variants", disable=None if progress else True) as bar:
            for first in range(0, total, _CHUNK):
                slots, frame = self._frame(first, min(first + _CHUNK, total))
                bar.update(min(_CHUNK, total - first))
                if frame.height:
                    yield slots, frame

    def _frame(self, first, last):
        values = {
            name: self._matrix(name, first, last)
            for name in ("beta", "standard_error", "frequency", "n")
        }
        values["z"] = values["beta"] / values["standard_error"]
        known = ~np.isnan(values["beta"])
        some = np.flatnonzero(known.any(axis=1))
        values = {name: matrix[some] for name, matrix in values.items()}
        lambdas = [max(f, 1.0) for f in self.lambdas] if self.settings.genomic_control else None
        if self.settings.scheme == "stderr":
            pooled = inverse_variance(
                values["beta"],
                values["standard_error"],
                lambdas,
                random=self.settings.random_effects,
            )
        else:
            pooled = sample_size(values["z"], values["n"], lambdas)
        slots = self.order[first:last][some]
        return slots, self._columns(self._place(slots), values, pooled, lambdas)

    def _matrix(self, name, first, last):
        out = np.full((last - first, len(self.cohorts)), np.nan)
        for c, (cohort, rank) in enumerate(zip(self.cohorts, self._ranks, strict=True)):
            start, stop = np.searchsorted(rank, [first, last])
            out[rank[start:stop] - first, c] = getattr(cohort, name)[start:stop]
        return out

    def _place(self, slots):
        union = self.union
        names = pl.Series([*union.chromosomes, None], dtype=pl.String)
        code = np.minimum(union.chromosome[slots], len(union.chromosomes))
        placed = pl.Series(code < len(union.chromosomes))
        position = pl.Series(union.position[slots])
        return pl.DataFrame(
            {
                "chromosome": names.gather(code.astype(np.uint32)),
                "base_pair_location": position.set(~placed, None),
                "effect_allele": union.codes.decode(union.effect[slots]),
                "other_allele": union.codes.decode(union.other[slots]),
                "variant_id": union.ids.gather(slots),
            }
        )

    def _columns(self, place, values, pooled, lambdas):
        frequency = _weighted(values["frequency"], self._weights(values, lambdas))
        n = np.where(np.isnan(values["n"]).all(axis=1), np.nan, np.nansum(values["n"], axis=1))
        columns = {
            "beta": pooled.beta,
            "standard_error": pooled.standard_error,
            "effect_allele_frequency": frequency,
            "neg_log_10_p_value": pooled.neg_log_10_p,
            "n": n,
            "z": pooled.z,
            "q_statistic": pooled.q,
            "q_dof": pooled.q_dof,
            "q_neg_log_10_p_value": pooled.q_neg_log_10_p,
            "i2": pooled.i2,
            "tau2": pooled.tau2,
            "direction": directions(values["z"]),
            "n_studies": pooled.n_studies,
        }
        frame = place.with_columns(
            pl.Series(name, column, nan_to_null=True) for name, column in columns.items()
        ).with_columns(pl.col("n").round())
        return frame.select(
            pl.col(c.name).cast(c.dtype) for c in meta_columns(self.settings.scheme)
        )

    def _weights(self, values, lambdas):
        """Of the allele frequencies: inverse variances as METAL, else sample sizes."""
        if self.settings.scheme == "samplesize":
            return values["n"]
        factor = 1.0 if lambdas is None else np.array(lambdas)
        return 1 / (values["standard_error"] ** 2 * factor)

    def dropped(self):
        """Rows that did not enter: a polars table of cohort, row, variant_id, reason."""
        parts = [
            frame.with_columns(pl.lit(cohort.name).alias("cohort")).sort("row")
            for cohort in self.cohorts
            for frame in ([pl.concat(cohort.dropped)] if cohort.dropped else [])
        ]
        schema = {column.name: column.dtype for column in dropped_columns()}
        table = pl.concat(parts) if parts else pl.DataFrame(schema=schema)
        return table.select(pl.col(name).cast(dtype) for name, dtype in schema.items())


def directions(z):
    """A string per variant: the sign in every cohort, ``?`` where it has none."""
    if len(z) == 0:
        return pl.Series([], dtype=pl.String)
    sign = np.where(np.isnan(z), b"?", np.where(z > 0, b"+", np.where(z < 0, b"-", b"0")))
    joined = np.ascontiguousarray(sign.astype("S1")).view(f"S{z.shape[1]}").ravel()
    return pl.Series(joined.astype(str))


def _weighted(values, weights):
    weights = np.where(np.isnan(values) | np.isnan(weights), 0, weights)
    total = weights.sum(axis=1)
    mean = (weights * np.nan_to_num(values)).sum(axis=1)
    return np.where(total > 0, mean / np.where(total > 0, total, 1), np.nan)


def prepare(sumstats, names, settings, *, reference=None, genotypes=None, progress=False):
    """Read and align the cohorts: a ``MetaRun``.

    sumstats: files or DataFrames; names: of the cohorts; reference: a file whose alleles and
    frequencies rule; genotypes: a path or ``GenotypeSource`` that does.
    """
    builds = canonical_builds(settings.build, len(sumstats))
    target = canonical_builds([settings.to_build or builds[0]], 1)[0]
    chains = chains_of(builds, target, names, settings)
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
        cohort = Cohort(name)
        asked = columns_of(settings.columns, path, name, number, alone=len(sumstats) == 1)
        rows = read_columns(path, union, settings, cohort, asked, chain=chain)
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
    absent = cohort.counts.get(ABSENT, 0)
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
