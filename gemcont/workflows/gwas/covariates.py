"""The covariates of a scan: columns of tables, a formula, and variants conditioned on."""

import logging

import numpy as np

from gemcont.errors import GemcontError
from gemcont.genotype.chromosomes import canonical_name
from gemcont.genotype.kernels.packed import decode
from gemcont.genotype.lists import read_variant_ids
from gemcont.tables.covariates import covariates
from gemcont.tables.formula import formula_columns, formula_design

log = logging.getLogger(__name__)


def covariate_terms(table, settings):
    """The covariates that are asked for; those of the formula where there is one."""
    formula, names = settings.covar_formula, settings.covariate_names
    if table is None:
        if names or formula:
            flag = "--covar-formula" if formula else "--covar-name"
            raise GemcontError(f"{flag}: there is no --covar file to take the columns from")
        return []
    if formula:
        if names:
            raise GemcontError("--covar-formula and --covar-name exclude each other")
        return covariates(table, formula_columns(formula, table.columns.columns))
    return covariates(table, table.select(names, "--covar-name"))


def conditioned_on(source, settings):
    """Genotypes (samples, variants) and names of ``--condition``, missing ones NaN."""
    listed = settings.condition_list
    ids = [*(settings.condition or ()), *([] if listed is None else read_variant_ids(listed))]
    ids = list(dict.fromkeys(ids))
    if listed is not None and not read_variant_ids(listed):
        raise GemcontError(f"--condition-list: {listed} names no variant")
    if not ids:
        return np.empty((source.n_samples, 0)), []
    rows = [_conditioned(source, variant, settings.autosomes) for variant in ids]
    dosage = np.vstack([decode(source.read(np.array([row]))) for row in rows]).T
    return dosage, ids


def _conditioned(source, variant, autosomes):
    """Where the variant of a --condition stands."""
    found = np.flatnonzero((source.variants["variant_id"] == variant).to_numpy())
    if len(found) == 0:
        raise GemcontError(f"--condition: variant {variant} is not in the genotypes")
    if len(found) > 1:
        raise GemcontError(f"--condition: id {variant} stands for {len(found)} variants")
    chromosome = str(source.variants["chromosome"][int(found[0])])
    if canonical_name(chromosome, autosomes) == "Y":
        raise GemcontError(f"--condition: variant {variant} lies on Y, which only males have")
    return found[0]


def design_of(terms, samples, condition, settings, iid, *, quiet=False):
    """The covariates' columns (samples, k), without intercept, and their names."""
    if settings.covar_formula:
        columns = {t.name: t.labelled(samples) for t in terms}
        parts = [formula_design(settings.covar_formula, columns, iid)]
    else:
        parts = [term.design(samples) for term in terms]
        for term in terms:
            if term.levels is not None and not quiet:
                log.info("covariate %s is categorical, %d levels", term.name, len(term.levels))
    dosage = condition[0][samples]
    called = ~np.isnan(dosage)
    for variant, missing in zip(condition[1], (~called).sum(axis=0), strict=True):
        if missing and not quiet:
            log.info(
                "--condition %s: %d of %d genotypes missing, taken as the mean",
                variant,
                missing,
                len(samples),
            )
    mean = np.where(called, dosage, 0).sum(axis=0) / np.maximum(called.sum(axis=0), 1)
    parts.append((np.where(called, dosage, mean), condition[1]))
    names = [name for _, names in parts for name in names]
    return np.hstack([columns for columns, _ in parts]), names
