"""A scan prepared: people, traits, covariates, variants and null models brought together."""

import dataclasses
import logging
import math
import time

import numpy as np
import polars as pl

from gemcont._numba import available_threads
from gemcont.errors import GemcontError
from gemcont.genotype.chromosomes import Ploidy, autosomes_of, ploidy, warn_unknown_codes
from gemcont.genotype.filters import VariantFilter, select_variants
from gemcont.settings.gwas import CONDITIONAL
from gemcont.stats.contrasts import CONTRASTS, Conditional, degrees_of_freedom
from gemcont.stats.screen import Leaders
from gemcont.workflows.common.wording import least_of_singles, shortened
from gemcont.workflows.gwas.people import assemble
from gemcont.workflows.gwas.relatives.strategies import open_relatives
from gemcont.workflows.gwas.run import GwasRun
from gemcont.workflows.gwas.scan.blocks import block_size
from gemcont.workflows.gwas.scan.null_models import fit_trait_group, sex_trait_groups
from gemcont.workflows.gwas.scan.plan import Plan
from gemcont.workflows.gwas.scan.single_traits import Wanted
from gemcont.workflows.gwas.tails import tails_of

log = logging.getLogger(__name__)

_LIKE_AUTOSOMES = (Ploidy.AUTOSOME, Ploidy.XY)


def prepare(source, traits, covariate_table, settings, *, progress=False):
    """Bring people, traits, covariates and variants together: a ``GwasRun`` ready to scan.

    traits, covariate_table: ``SampleTable``s (the second may be None).
    """
    started = time.perf_counter()
    settings = dataclasses.replace(settings, autosomes=autosomes_of(source, settings.autosomes))
    _refuse_numbered(source, traits, covariate_table)
    _check_info(source, settings)
    variants, removed = _selected(source, settings)
    threads = settings.threads or available_threads()
    relatives = open_relatives(
        source, settings, traits.select(settings.trait_names, "--pheno-name")
    )
    cohort = assemble(source, traits, covariate_table, settings, variants, relatives.ids)
    contrast = _contrast(settings.contrast, cohort)
    kinds = _ploidy(source, settings.autosomes)
    batches = _batches(source, cohort, settings, np.unique(kinds[variants]))
    batches, groups = relatives.models(
        batches, kinds, cohort, variants, threads=threads, progress=progress
    )
    if all(batches.get(group) is None for group in np.unique(groups[variants])):
        raise GemcontError(
            "no variant can be tested: the warnings say why, chromosome by chromosome"
        )
    plan = Plan(
        batches,
        groups,
        _variant_filter(settings),
        settings.test,
        settings.neg_log10_p_min or None,  # 0 bounds nothing
        _wanted(settings, cohort),
        cohort.trait_names,
        cohort.joint,
        settings.effects,
        settings.save_products,
        contrast,
        -math.log10(settings.refits) if settings.refits else None,
        tails=tails_of(cohort.parts),
    )
    removed |= {flag: 0 for flag in plan.filter.flags}
    removed |= source.left_out
    size = settings.block_size or block_size(
        source, plan, threads, settings.memory << 20, len(variants)
    )
    run = GwasRun(source, cohort, settings, relatives, variants, plan, threads, size, removed)
    run.log_start()
    run.seconds["prepare"] = time.perf_counter() - started
    return run


def _variant_filter(settings):
    """The filters that are counted on the analysed samples."""
    bounds = {name: getattr(settings, name) for name in ("geno", "maf", "mac", "hwe", "info")}
    return VariantFilter(midp=settings.hwe_midp, **bounds)


def _wanted(settings, cohort):
    """Which rows of single traits are written; thousands of traits are not written in full."""
    n_traits, least = len(cohort.trait_names), settings.neg_log10_p_min
    single = any(single for _, _, single in cohort.parts)
    for flag, given in (("--top-k", settings.top_k), ("--dense", settings.dense)):
        if given and not single:
            raise GemcontError(f"{flag} goes with --each-trait or --each-trait-only")
    if single and not (settings.top_k or settings.dense):
        least = least_of_singles(n_traits, least)
    leaders = None if settings.top_k is None else Leaders(n_traits, settings.top_k)
    return Wanted(least or None, leaders, settings.dense)


def _contrast(name, cohort):
    """What stands for a contrast in ``stats.contrasts``: a trait by its number."""
    degrees_of_freedom(name, len(cohort.trait_names))
    if name in CONTRASTS:
        return name
    traits = {trait: i for i, trait in enumerate(cohort.trait_names)}
    if name in traits:
        return traits[name]
    if name.startswith(CONDITIONAL) and name.removeprefix(CONDITIONAL) in traits:
        if len(traits) == 1:
            raise GemcontError(
                f"--contrast {name}: there is no other trait; name it in --pheno-name"
            )
        return Conditional(traits[name.removeprefix(CONDITIONAL)])
    raise GemcontError(
        f"--contrast: {name} is neither a tested trait ({shortened(cohort.trait_names)}) nor one "
        f"of {', '.join(CONTRASTS)}, {CONDITIONAL}TRAIT"
    )


def _check_info(source, settings):
    if settings.info is not None and not source.has_dosages and source.info is None:
        raise GemcontError(f"--info: {source.name} holds hard calls only, no dosages to judge by")


def _refuse_numbered(source, *tables):
    """Refuse tables whose rows are but numbered where the genotypes' samples have ids."""
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


def _selected(source, settings):
    names = ("chromosomes", "from_bp", "to_bp", "autosomes", "extract", "exclude")
    return select_variants(source.variants, **{name: getattr(settings, name) for name in names})


def _ploidy(source, autosomes):
    """Ploidy code of every variant, and a warning where codes do not fit the species."""
    column = source.variants["chromosome"]
    names = column.unique().to_list()
    warn_unknown_codes(names, autosomes)
    codes = dict(zip(names, ploidy(names, autosomes).tolist(), strict=True))
    return column.replace_strict(codes, return_dtype=pl.UInt8).to_numpy()


def _batches(source, cohort, settings, kinds):
    """``TraitGroup``es by ploidy: the autosomes' always, the others' where variants lie there."""
    autosomal = []
    for people, joint, single in cohort.parts:
        batch, dropped, faults = fit_trait_group(
            people, Ploidy.AUTOSOME, source.n_samples, joint=joint, single=single
        )
        for name, fault in faults.items():
            log.warning("trait %s is left out: it %s over its analysed samples", name, fault)
        if dropped and not autosomal:
            log.warning(
                "covariates left out, constant or collinear with earlier ones: %s",
                ", ".join(dropped),
            )
        autosomal.append(batch)
    if not any(batch.null.n_traits for batch in autosomal):
        raise GemcontError("no trait can be tested: all are constant or given by the covariates")
    found = dict.fromkeys(_LIKE_AUTOSOMES, autosomal)
    for kind in (Ploidy.X, Ploidy.Y, Ploidy.MT):
        if kind in kinds:
            _log_unknown_sex(cohort.parts[0][0], kind, settings)
            found[kind] = sex_trait_groups(
                cohort.parts, kind, source.n_samples, x_sex=settings.x_sex
            )
    return found


def _log_unknown_sex(people, kind, settings):
    """Say how many are left out of X or Y because their sex is not known."""
    unknown = int((people.sex == 0).sum())
    if unknown and (kind == Ploidy.Y or (kind == Ploidy.X and settings.x_sex)):
        log.info("chromosome %s: %d samples of unknown sex left out", kind.name, unknown)
