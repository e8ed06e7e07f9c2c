"""A scan prepared: people, traits, covariates, variants and null models brought together."""

import dataclasses
import logging
import math
import time

import numpy as np
import polars as pl

from gemcont._numba import available_threads
from gemcont.errors import GemcontError
from gemcont.genotype.chromosomes import Ploidy, autosomes_of, ploidy
from gemcont.genotype.filters import VariantFilter
from gemcont.genotype.source import GenotypeSource
from gemcont.settings.gwas import CONDITIONAL, GwasSettings
from gemcont.stats.contrasts import CONTRASTS, Conditional, degrees_of_freedom
from gemcont.stats.screen import Leaders
from gemcont.tables.phenotypes import SampleTable
from gemcont.workflows.common.samples import kept_variants
from gemcont.workflows.common.wording import least_of_singles, shortened
from gemcont.workflows.gwas.people import assemble
from gemcont.workflows.gwas.relatives.strategies import open_relatives
from gemcont.workflows.gwas.run import GwasRun
from gemcont.workflows.gwas.run_log import log_start
from gemcont.workflows.gwas.scan.blocks import block_size
from gemcont.workflows.gwas.scan.groups import Group, VariantGroups
from gemcont.workflows.gwas.scan.null_models import fit_trait_group, sex_trait_groups
from gemcont.workflows.gwas.scan.plan import Plan
from gemcont.workflows.gwas.scan.single_traits import Wanted
from gemcont.workflows.gwas.tails import tails_of

log = logging.getLogger(__name__)

_LIKE_AUTOSOMES = (Ploidy.AUTOSOME, Ploidy.XY)


def prepare(
    source: GenotypeSource,
    traits: SampleTable,
    covariate_table: SampleTable | None,
    settings: GwasSettings,
    *,
    progress: bool = False,
) -> GwasRun:
    """Bring samples, traits, covariates and variants together in a run that is ready to scan.

    Args:
        source: genotypes.
        traits: table of traits.
        covariate_table: table of covariates, or None.
        settings: what is asked for.
        progress: whether a bar is shown while a kinship is made.

    Raises:
        GemcontError: for a mistake in the input.
    """
    started = time.perf_counter()
    settings = dataclasses.replace(settings, autosomes=autosomes_of(source, settings.autosomes))
    _refuse_numbered(source, traits, covariate_table)
    _check_info(source, settings)
    variants, removed = kept_variants(source, settings)
    threads = settings.threads or available_threads()
    relatives = open_relatives(
        source, settings, traits.select(settings.trait_names, "--pheno-name")
    )
    people = assemble(
        source,
        traits,
        covariate_table,
        settings,
        variants=variants,
        further_ids=relatives.ids,
    )
    contrast = _contrast(settings.contrast, people)
    kinds = _ploidy(source, settings.autosomes)
    models = _models(source, people, settings, np.unique(kinds[variants]))
    groups = VariantGroups.by_ploidy(kinds)
    models, groups = relatives.models(
        models, groups, people, variants, threads=threads, progress=progress
    )
    if all(models.get(group) is None for group in groups.present(variants)):
        raise GemcontError(
            "no variant can be tested: the warnings say why, chromosome by chromosome"
        )
    plan = _plan(settings, people, models, groups, contrast)
    run = GwasRun(
        source=source,
        people=people,
        settings=settings,
        relatives=relatives,
        variants=variants,
        plan=plan,
        threads=threads,
        size=settings.block_size or _block_size(source, plan, settings, threads, len(variants)),
        removed_by_selection=removed | {flag: 0 for flag in plan.filter.flags} | source.left_out,
    )
    log_start(run)
    run.seconds["prepare"] = time.perf_counter() - started
    return run


def _block_size(source, plan, settings, threads, n_variants):
    memory = settings.memory << 20
    return block_size(source, plan, threads=threads, memory=memory, n_variants=n_variants)


def _plan(settings, people, models, groups, contrast):
    return Plan(
        models=models,
        groups=groups,
        filter=_variant_filter(settings),
        test=settings.test,
        min_neg_log_10_p=settings.neg_log10_p_min or None,  # 0 bounds nothing
        singles=_wanted(settings, people),
        trait_names=people.trait_names,
        joint=people.joint,
        effects=settings.effects,
        products=settings.save_products,
        contrast=contrast,
        refit=-math.log10(settings.refits) if settings.refits else None,
        tails=tails_of(people.parts),
    )


def _variant_filter(settings):
    """Return the filters that are counted on the analysed samples."""
    bounds = {name: getattr(settings, name) for name in ("geno", "maf", "mac", "hwe", "info")}
    return VariantFilter(midp=settings.hwe_midp, **bounds)


def _wanted(settings, people):
    """Return the output policy of the single-trait tests; many traits have a bound by default."""
    n_traits, bound = len(people.trait_names), settings.neg_log10_p_min
    single = any(single for _, _, single in people.parts)
    for flag, given in (("--top-k", settings.top_k), ("--dense", settings.dense)):
        if given and not single:
            raise GemcontError(f"{flag} goes with --each-trait or --each-trait-only")
    if single and not (settings.top_k or settings.dense):
        bound = least_of_singles(n_traits, bound)
    leaders = None if settings.top_k is None else Leaders(n_traits, settings.top_k)
    return Wanted(bound or None, leaders, settings.dense)


def _contrast(name, people):
    """Return a contrast as ``stats.contrasts`` takes it: a trait by its number."""
    degrees_of_freedom(name, len(people.trait_names))
    if name in CONTRASTS:
        return name
    traits = {trait: i for i, trait in enumerate(people.trait_names)}
    if name in traits:
        return traits[name]
    if name.startswith(CONDITIONAL) and name.removeprefix(CONDITIONAL) in traits:
        if len(traits) == 1:
            raise GemcontError(
                f"--contrast {name}: there is no other trait; name it in --pheno-name"
            )
        return Conditional(traits[name.removeprefix(CONDITIONAL)])
    raise GemcontError(
        f"--contrast: {name} is neither a tested trait ({shortened(people.trait_names)}) nor one "
        f"of {', '.join(CONTRASTS)}, {CONDITIONAL}TRAIT"
    )


def _check_info(source, settings):
    if settings.info is not None and not source.has_dosages and source.info is None:
        raise GemcontError(f"--info: {source.name} holds hard calls only, no dosages to judge by")


def _refuse_numbered(source, *tables):
    """Refuse tables with numbered rows if the genotypes' samples have ids."""
    for table in tables:
        if table is None or table.by_position == source.by_position:
            continue
        if table.by_position:
            raise GemcontError(
                f"{table.name}: its rows are numbered, not named by sample id; index it by sample "
                "id: .set_index('IID'), or give it a column IID"
            )
        raise GemcontError(
            f"{table.name}: is named by sample id, but the genotypes' samples are numbered; name "
            "both or none"
        )


def _ploidy(source, autosomes):
    """Return the ploidy code of every variant."""
    column = source.variants["chromosome"]
    names = column.unique().to_list()
    codes = dict(zip(names, ploidy(names, autosomes).tolist(), strict=True))
    return column.replace_strict(codes, return_dtype=pl.UInt8).to_numpy()


def _models(source, people, settings, kinds):
    """Return the trait groups of each ploidy: the autosomes' always, others where variants lie."""
    autosomal = []
    for complete, joint, single in people.parts:
        group, dropped, faults = fit_trait_group(
            complete, Ploidy.AUTOSOME, source.n_samples, joint=joint, single=single
        )
        for name, fault in faults.items():
            log.warning("trait %s is left out: it %s over its analysed samples", name, fault)
        if dropped and not autosomal:
            log.warning(
                "covariates left out, constant or collinear with earlier ones: %s",
                ", ".join(dropped),
            )
        autosomal.append(group)
    if not any(group.null.n_traits for group in autosomal):
        raise GemcontError("no trait can be tested: all are constant or given by the covariates")
    models = {Group(kind): autosomal for kind in _LIKE_AUTOSOMES}
    n_samples, x_sex = source.n_samples, settings.x_sex
    for kind in (Ploidy.X, Ploidy.Y, Ploidy.MT):
        if kind in kinds:
            _log_unknown_sex(people.parts[0][0], kind, settings)
            models[Group(kind)] = sex_trait_groups(people.parts, kind, n_samples, x_sex=x_sex)
    return models


def _log_unknown_sex(people, kind, settings):
    """Log how many samples are left out of X or Y because their sex is not known."""
    unknown = int((people.sex == 0).sum())
    if unknown and (kind == Ploidy.Y or (kind == Ploidy.X and settings.x_sex)):
        log.info("chromosome %s: %d samples of unknown sex left out", kind.name, unknown)
