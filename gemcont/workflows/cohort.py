"""Who is analysed: genotypes, traits and covariates brought to one set of samples."""

import logging
from dataclasses import dataclass

import numpy as np

from gemcont.errors import GemcontError
from gemcont.genotype.align import ABSENT, SampleIds, match_samples
from gemcont.genotype.filters import read_sample_list
from gemcont.stats.null import fit_null
from gemcont.stats.transform import principal_components, rank_inverse_normal
from gemcont.tables.phenotypes import DEFAULT_CODES, covariates, numeric_columns

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Cohort:
    """The analysed samples and their null model.

    samples: ascending indices into the genotype file; trait_names: of the tested columns (PCs
    where asked); covariate_names: of the design's columns that stayed, the intercept left out;
    removed: how many samples left, by reason, in the order of work.
    """

    samples: np.ndarray
    null: object
    trait_names: list
    covariate_names: list
    removed: dict


def assemble(source, traits, covariate_table, settings):
    """Match, filter and transform: the ``Cohort`` that ``settings`` (``GwasSettings``) describe.

    traits, covariate_table: ``SampleTable``s, the second may be None.
    """
    names = traits.select(settings.trait_names, "--pheno-name")
    rows, kept, removed = _match(source, traits, covariate_table, settings)
    values, coded = numeric_columns(traits, names, codes=settings.missing_codes or DEFAULT_CODES)
    _log_codes(coded, settings.missing_codes or DEFAULT_CODES)
    terms = []
    if covariate_table is None and settings.covariate_names:
        raise GemcontError("--covar-name: there is no --covar file to take the columns from")
    if covariate_table is not None:
        terms = covariates(
            covariate_table, covariate_table.select(settings.covariate_names, "--covar-name")
        )
    complete = _complete(values, names, terms, rows, kept, removed)
    samples = np.flatnonzero(complete)
    chosen = values[rows[0][samples]]
    design, design_names = _design(terms, rows[-1][samples])
    _log_removed(removed, len(samples), source.n_samples)
    tested, tested_names = _transformed(chosen, names, settings)
    null = fit_null(tested, design, names=tested_names)
    stayed = [design_names[i] for i in null.kept_covariates]
    _warn_dropped(design_names, stayed)
    return Cohort(samples, null, tested_names, stayed, removed)


def _match(source, traits, covariate_table, settings):
    """Rows of each table per genotype sample, who is left, and the counts so far."""
    reference = SampleIds(source.name, *(source.samples[c].to_list() for c in ("fid", "iid")))
    tables = [SampleIds(t.name, t.fid, t.iid) for t in (traits, covariate_table) if t is not None]
    flags = [f for f in ("keep", "remove") if getattr(settings, f) is not None]
    lists = [read_sample_list(getattr(settings, f)) for f in flags]
    rows, members = match_samples(reference, tables, lists)
    kept, removed = np.ones(source.n_samples, dtype=bool), {}
    for flag, member in zip(flags, members, strict=True):
        _leave(kept, ~member if flag == "keep" else member, f"--{flag}", removed)
    for ids, found in zip(tables, rows, strict=True):
        _leave(kept, found == ABSENT, f"not in {ids.name}", removed)
        _log_strangers(ids, found)
    return rows, kept, removed


def _leave(kept, leaving, reason, removed):
    """Take ``leaving`` out of ``kept`` in place and count them under ``reason``."""
    removed[reason] = int((kept & leaving).sum())
    kept &= ~leaving
    if not kept.any():
        raise GemcontError(f"no sample is left: {_counts(removed)}")


def _counts(removed):
    return ", ".join(f"{reason} {count}" for reason, count in removed.items() if count)


def _log_strangers(ids, found):
    present = set(found[found != ABSENT].tolist())
    strangers = [iid for row, iid in enumerate(ids.iid) if row not in present]
    if strangers:
        shown = ", ".join(strangers[:3])
        log.info(
            "%d samples of %s are not in the genotypes (%s ...)", len(strangers), ids.name, shown
        )


def _log_codes(coded, codes):
    hit = {name: count for name, count in coded.items() if count}
    if hit:
        shown = ", ".join(f"{name} {count}" for name, count in hit.items())
        log.info("missing trait values by code %s: %s", "/".join(codes), shown)


def _complete(values, names, terms, rows, kept, removed):
    """Samples with every trait and covariate; what each column costs goes to the log."""
    kept = kept.copy()
    columns = [(f"trait {n}", values[:, j][rows[0]]) for j, n in enumerate(names)]
    columns += [(f"covariate {t.name}", t.values[rows[-1]]) for t in terms]
    lacking = np.zeros_like(kept)
    for name, column in columns:
        missing = kept & np.isnan(column)
        if missing.any():
            log.info("missing %s: %d samples", name, missing.sum())
        lacking |= missing
    for term in terms:
        _warn_lone_code(term, rows[-1][kept])
    _leave(kept, lacking, "missing a trait or covariate", removed)
    return kept


def _warn_lone_code(term, rows):
    """A -9 in a covariate is a value; alone below zero, it was probably meant as missing."""
    values = term.values[rows]
    if term.levels is None and (values == -9).any() and not (values[values != -9] < 0).any():
        log.warning(
            "covariate %s: -9 is taken as a value (%d samples), though nothing else is negative; "
            "write NA if it means missing",
            term.name,
            (values == -9).sum(),
        )


def _log_removed(removed, n_samples, total):
    detail = _counts(removed)
    log.info(
        "%d of %d samples analysed%s", n_samples, total, f" (left out: {detail})" if detail else ""
    )


def _design(terms, rows):
    """The covariates' columns (samples, k) and their names."""
    if not terms:
        return np.empty((len(rows), 0)), []
    parts = [term.design(rows) for term in terms]
    for term in terms:
        if term.levels is not None:
            log.info("covariate %s is categorical, %d levels", term.name, len(term.levels))
    return np.hstack([columns for columns, _ in parts]), [n for _, names in parts for n in names]


def _transformed(traits, names, settings):
    """Principal components, then ranks, as asked; the tested columns and their names."""
    for name, column in zip(names, traits.T, strict=True):
        if len(np.unique(column)) == 2:
            log.warning(
                "trait %s has two values: this is the linear model; for a logistic one use "
                "plink2 --glm or REGENIE",
                name,
            )
    if settings.pcs is not None:
        traits = principal_components(traits, settings.pcs)
        if traits.shape[1] < settings.pcs:
            log.warning("--pcs %d: only %d components have variance", settings.pcs, traits.shape[1])
        log.info("traits replaced by their first %d principal components", traits.shape[1])
        names = [f"pc{i + 1}" for i in range(traits.shape[1])]
    if settings.rank_int:
        traits = rank_inverse_normal(traits)
        log.info("traits ranked to normal quantiles (Blom)")
    return traits, names


def _warn_dropped(names, stayed):
    dropped = [name for name in names if name not in set(stayed)]
    if dropped:
        log.warning(
            "covariates left out, constant or collinear with earlier ones: %s", ", ".join(dropped)
        )
