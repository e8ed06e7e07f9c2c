"""The covariates of a scan: columns of tables, a formula, and variants conditioned on."""

import logging
from typing import NamedTuple

import numpy as np

from gemcont.errors import GemcontError
from gemcont.genotype.chromosomes import canonical_name
from gemcont.genotype.kernels.packed import decode
from gemcont.genotype.lists import read_variant_ids
from gemcont.genotype.source import GenotypeSource
from gemcont.settings.gwas import GwasSettings
from gemcont.tables.covariates import Covariate, covariates
from gemcont.tables.formula import formula_columns, formula_design
from gemcont.tables.phenotypes import SampleTable

log = logging.getLogger(__name__)


class Conditioned(NamedTuple):
    """Variants that become covariates.

    Attributes:
        dosages: float (samples of the file, variants), NaN missing
        ids: ids of the variants
    """

    dosages: np.ndarray
    ids: list[str]


def covariate_terms(table: SampleTable | None, settings: GwasSettings) -> list[Covariate]:
    """Return the covariates that are asked for; those of the formula where there is one."""
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


def conditioned_on(source: GenotypeSource, settings: GwasSettings) -> Conditioned:
    """Read the variants of ``--condition`` and ``--condition-list``."""
    listed = settings.condition_list
    ids = [*(settings.condition or ()), *([] if listed is None else read_variant_ids(listed))]
    ids = list(dict.fromkeys(ids))
    if listed is not None and not read_variant_ids(listed):
        raise GemcontError(f"--condition-list: {listed} names no variant")
    if not ids:
        return Conditioned(np.empty((source.n_samples, 0)), [])
    rows = [_row_of(source, variant, settings.autosomes) for variant in ids]
    dosages = np.vstack([decode(source.read(np.array([row]))) for row in rows]).T
    return Conditioned(dosages, ids)


def _row_of(source, variant, autosomes):
    """Return the index of a variant of --condition."""
    rows = np.flatnonzero((source.variants["variant_id"] == variant).to_numpy())
    if len(rows) == 0:
        raise GemcontError(f"--condition: variant {variant} is not in the genotypes")
    if len(rows) > 1:
        raise GemcontError(f"--condition: id {variant} stands for {len(rows)} variants")
    chromosome = str(source.variants["chromosome"][int(rows[0])])
    if canonical_name(chromosome, autosomes) == "Y":
        raise GemcontError(f"--condition: variant {variant} lies on Y, which only males have")
    return rows[0]


def design_of(
    terms: list[Covariate],
    conditioned: Conditioned,
    samples: np.ndarray,
    *,
    formula: str | None,
    iid: list[str],
    quiet: bool = False,
) -> tuple[np.ndarray, list[str]]:
    """Return the columns of the design, without an intercept, and their names.

    Args:
        terms: covariates over the samples of the genotype file.
        conditioned: variants that become covariates.
        samples: indices of the analysed samples in the genotype file.
        formula: formula of the covariates, None where each is taken as it is.
        iid: IIDs of the analysed samples, for messages.
        quiet: whether the log is left alone.

    Returns:
        The columns (samples, k) and their names.
    """
    if formula:
        columns = {t.name: t.labelled(samples) for t in terms}
        parts = [formula_design(formula, columns, iid)]
    else:
        parts = [term.design(samples) for term in terms]
        for term in terms:
            if term.levels is not None and not quiet:
                log.info("covariate %s is categorical, %d levels", term.name, len(term.levels))
    parts.append((_filled_dosages(conditioned, samples, quiet), conditioned.ids))
    names = [name for _, names in parts for name in names]
    return np.hstack([columns for columns, _ in parts]), names


def _filled_dosages(conditioned, samples, quiet):
    """Return the conditioned variants' dosages (samples, variants), the mean where missing."""
    dosages = conditioned.dosages[samples]
    called = ~np.isnan(dosages)
    for variant, missing in zip(conditioned.ids, (~called).sum(axis=0), strict=True):
        if missing and not quiet:
            log.info(
                "--condition %s: %d of %d genotypes missing, taken as the mean",
                variant,
                missing,
                len(samples),
            )
    mean = np.where(called, dosages, 0).sum(axis=0) / np.maximum(called.sum(axis=0), 1)
    return np.where(called, dosages, mean)
