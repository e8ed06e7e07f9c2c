"""Who is analysed: genotypes, traits and covariates brought to one set of samples."""

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np

from gemcont.errors import GemcontError
from gemcont.genotype.align import NO_ROW, SampleIds, match_samples, members
from gemcont.genotype.filters import missing_share
from gemcont.genotype.source import GenotypeSource
from gemcont.settings.gwas import GwasSettings
from gemcont.stats.transform import principal_components, rank_inverse_normal
from gemcont.tables.covariates import Covariate
from gemcont.tables.embeddings import embedding_facts, facts_path, looks_embedded
from gemcont.tables.missing_codes import log_codes, warn_of_covariate_values, warn_of_trait_values
from gemcont.tables.phenotypes import DEFAULT_CODES, SampleTable, numeric_columns
from gemcont.workflows.common.samples import kept_samples
from gemcont.workflows.common.wording import MANY_TRAITS, left_out, shortened
from gemcont.workflows.gwas.covariates import conditioned_on, covariate_terms, design_of
from gemcont.workflows.gwas.scan.null_models import CompletePeople

log = logging.getLogger(__name__)

_MOST_LEVELS = 20  # of a categorical covariate, before a warning


@dataclass(frozen=True, kw_only=True)
class People:
    """The analysed people.

    Attributes:
        parts: (``CompletePeople``, joint, single): samples that are tested together, and whether
            in the joint test and trait by trait
        trait_names: names of all traits, or of their principal components
        removed: reason -> samples that left, in the order of work
        joint: whether the joint test is made
    """

    parts: list[tuple[CompletePeople, bool, bool]]
    trait_names: list[str]
    removed: dict[str, int]
    joint: bool


@dataclass(frozen=True, kw_only=True)
class Tables:
    """Values over all samples of the genotype file, before samples are removed.

    Attributes:
        traits: float64 (samples, traits), NaN missing
        names: names of the traits
        terms: covariates with values over the same samples
        kept: bool (samples,), True for samples in every table and list
        removed: reason -> number of other samples
    """

    traits: np.ndarray
    names: list[str]
    terms: list[Covariate]
    kept: np.ndarray
    removed: dict[str, int]


def assemble(
    source: GenotypeSource,
    traits: SampleTable,
    covariate_table: SampleTable | None,
    settings: GwasSettings,
    *,
    variants: np.ndarray,
    further_ids: Sequence[SampleIds] = (),
) -> People:
    """Match, filter and transform samples, traits and covariates.

    Args:
        source: genotypes.
        traits: table of traits.
        covariate_table: table of covariates, or None.
        settings: what is asked for.
        variants: indices of the selected variants, over which ``--mind`` counts.
        further_ids: ids of other files that the analysed samples have to be in.
    """
    tables = _tables(source, traits, covariate_table, settings, further_ids)
    _apply_mind(source, tables, settings, variants)
    conditioned = conditioned_on(source, settings)
    joint = _is_joint(settings, len(tables.names))
    single = settings.each_trait or not joint
    own = settings.each_trait_samples == "own"
    if own and not single:
        raise GemcontError("--each-trait-samples own goes with --each-trait or --each-trait-only")
    if own and settings.pcs is not None:
        raise GemcontError("--pcs needs one sample for all traits: leave --each-trait-samples out")
    parts, names = [], tables.names
    if joint or not own:
        people = _joint_people(source, tables, conditioned, settings)
        names = people.trait_names
        parts.append((people, joint, single and not own))
    if own:
        parts += [(p, False, True) for p in _own_people(source, tables, conditioned, settings)]
    return People(parts=parts, trait_names=names, removed=tables.removed, joint=joint)


def _is_joint(settings, n_traits):
    """Return whether the joint test is made: as asked, else up to 200 traits."""
    if settings.joint is not None:
        return settings.joint
    if settings.effects:
        return True
    if n_traits > MANY_TRAITS:
        log.info(
            "%d traits: each is tested alone, without the joint test (--joint brings it back)",
            n_traits,
        )
        return False
    return True


def _tables(source, traits, covariate_table, settings, further_ids):
    names = traits.select(settings.trait_names, "--pheno-name")
    codes = settings.missing_codes or (DEFAULT_CODES if traits.path is not None else ())
    values, coded = numeric_columns(traits, names, codes=codes)
    log_codes(coded, codes)
    terms = covariate_terms(covariate_table, settings)
    tables = [SampleIds(t.name, t.fid, t.iid) for t in (traits, covariate_table) if t is not None]
    rows, kept, removed = _match(source, traits, [*tables, *further_ids], settings)
    values = values[rows[0]]
    values[rows[0] == NO_ROW] = np.nan
    terms = [term.at(rows[1]) for term in terms]
    warn_of_trait_values(names, values, kept, codes)
    warn_of_covariate_values(terms, kept)
    for term in terms:
        if term.levels is not None and len(term.levels) > _MOST_LEVELS:
            log.warning(
                "covariate %s has %d categories; is it a number?", term.name, len(term.levels)
            )
    return Tables(traits=values, names=names, terms=terms, kept=kept, removed=removed)


def _match(source, traits, tables, settings):
    """Return each table's row per genotype sample, the samples kept, and the removed by reason."""
    kept, removed = kept_samples(source, settings)
    rows = match_samples(source.sample_ids, tables)
    for ids, row in zip(tables, rows, strict=True):
        _leave(kept, row == NO_ROW, f"not in {ids.name}", removed)
    for ids in _seen_in_training(traits):
        if ids.iid:
            _leave_seen(kept, members(source.sample_ids, ids), ids, settings, removed)
    return rows, kept, removed


def _seen_in_training(traits):
    """Return ids of the samples used in training the embeddings' model, in a list, if known."""
    if not os.path.exists(traits.name):
        return []
    facts = embedding_facts(traits.name)
    if facts is None and looks_embedded(traits.columns.columns):
        log.warning(
            "%s looks like embeddings, but there is no %s: samples used in training the encoder "
            "cannot be left out, and inflate the test",
            traits.name,
            facts_path(traits.name),
        )
    fid = None if facts is None or traits.fid is None else facts.fid
    return [] if facts is None else [SampleIds(facts.path, fid, facts.iid)]


def _leave_seen(kept, member, ids, settings, removed):
    count = int((kept & member).sum())
    if not settings.allow_training_samples:
        _leave(kept, member, f"seen in training ({ids.name})", removed)
    elif count:
        log.warning(
            "%d samples used in training the encoder are kept: their embeddings follow their "
            "genotypes, and p-values are not valid",
            count,
        )


def _leave(kept, leaving, reason, removed):
    """Take ``leaving`` out of ``kept`` in place and count them under ``reason``."""
    removed[reason] = int((kept & leaving).sum())
    kept &= ~leaving
    if not kept.any():
        raise GemcontError(f"no sample is left: {left_out(removed)}")


def _apply_mind(source, tables, settings, variants):
    if settings.mind is not None:
        missing = missing_share(source, variants, settings.autosomes)
        _leave(tables.kept, missing > settings.mind, "--mind", tables.removed)


def _joint_people(source, tables, conditioned, settings):
    """Return the samples with every trait and covariate."""
    missing = np.isnan(tables.traits)  # (samples, traits)
    lacking = _lacking_covariates(tables) | missing.any(axis=1)
    counts, n_kept = np.count_nonzero(missing[tables.kept], axis=0), tables.kept.sum()
    for name, count in zip(tables.names, counts.tolist(), strict=True):
        _log_missing(f"trait {name}", count)
        if count == n_kept:
            raise GemcontError(f"trait {name} has no value in the {count} samples left")
    kept = tables.kept.copy()
    _leave(kept, lacking, "missing a trait or covariate", tables.removed)
    samples = np.flatnonzero(kept)
    detail = left_out(tables.removed)
    log.info(
        "%d of %d samples analysed%s",
        len(samples),
        source.n_samples,
        f" (left out: {detail})" if detail else "",
    )
    return _complete(source, tables, conditioned, settings, samples)


def _own_people(source, tables, conditioned, settings):
    """Yield the samples and traits of each pattern of missing values."""
    usable = tables.kept & ~_lacking_covariates(tables)
    patterns = {}
    for code, column in enumerate(tables.traits.T):
        patterns.setdefault((usable & ~np.isnan(column)).tobytes(), []).append(code)
    log.info("each trait on its own samples: %d patterns of missing values", len(patterns))
    empty = patterns.pop(np.zeros(len(usable), dtype=bool).tobytes(), [])
    for code in empty:
        log.warning("trait %s is left out: no sample has a value", tables.names[code])
    if not patterns:
        raise GemcontError("no trait has a value in the samples that are left")
    for pattern, codes in patterns.items():
        samples = np.flatnonzero(np.frombuffer(pattern, dtype=bool))
        log.info("N = %d: %s", len(samples), shortened([tables.names[c] for c in codes]))
        yield _complete(source, tables, conditioned, settings, samples, codes=codes)


def _complete(source, tables, conditioned, settings, samples, *, codes=None):
    """Return the ``CompletePeople`` of samples; codes: of some traits, each on its own samples."""
    names = tables.names if codes is None else [tables.names[c] for c in codes]
    traits = tables.traits[samples] if codes is None else tables.traits[np.ix_(samples, codes)]
    traits, names = _transformed(traits, names, settings)
    iid = source.samples["iid"][samples]
    formula, quiet = settings.covar_formula, codes is not None
    design, design_names = design_of(
        tables.terms, conditioned, samples, formula=formula, iid=iid, quiet=quiet
    )
    return CompletePeople(
        samples=samples,
        traits=traits,
        trait_names=names,
        design=design,
        design_names=design_names,
        sex=source.samples["sex"].to_numpy()[samples],
        codes=np.arange(len(names)) if codes is None else np.array(codes),
    )


def _lacking_covariates(tables):
    lacking = np.zeros(len(tables.kept), dtype=bool)
    for term in tables.terms:
        missing = np.isnan(term.values)
        _log_missing(f"covariate {term.name}", (tables.kept & missing).sum())
        lacking |= missing
    return lacking


def _log_missing(what, count):
    if count:
        log.info("%s: missing in %d samples", what, count)


def _binary(traits):
    """Return the columns that have two values."""
    few = traits[:100]  # enough to acquit nearly all, and a hundredth of the work
    suspect = ((few == few.min(axis=0)) | (few == few.max(axis=0))).all(axis=0)
    return [j for j in np.flatnonzero(suspect) if len(np.unique(traits[:, j])) == 2]


def _transformed(traits, names, settings):
    """Return the tested columns and their names: principal components, then ranks, as asked."""
    for j in _binary(traits):
        log.warning(
            "trait %s has two values: this is the linear model; for a logistic one use "
            "plink2 --glm or REGENIE",
            names[j],
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
