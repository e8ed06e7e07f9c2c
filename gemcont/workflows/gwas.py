"""The genome-wide association scan: prepared, and run in memory (``run_gwas``)."""

import dataclasses
import logging
import math
import time

import numpy as np
import polars as pl

from gemcont._numba import available_threads
from gemcont.errors import GemcontError
from gemcont.genotype.chromosomes import Ploidy, autosomes_of, ploidy, warn_unknown_codes
from gemcont.genotype.filters import select_variants
from gemcont.stats.contrasts import CONTRASTS, Conditional, degrees_of_freedom
from gemcont.stats.screen import Leaders
from gemcont.tables.columns import TRAIT, single_columns
from gemcont.tables.parts import strongest_rows
from gemcont.tables.sample_frames import from_frame
from gemcont.workflows.array_genotypes import as_source
from gemcont.workflows.cohort import assemble
from gemcont.workflows.groups import fit_batch, sex_batches
from gemcont.workflows.relatives import open_relatives
from gemcont.workflows.rows import ROW
from gemcont.workflows.run import GwasRun
from gemcont.workflows.scan import Plan, block_size
from gemcont.workflows.settings import (
    CONDITIONAL,
    GwasSettings,
    least_of_singles,
    shortened,
)
from gemcont.workflows.singles import Wanted
from gemcont.workflows.tables import to_pandas
from gemcont.workflows.tails import tails_of

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
        settings.filter(),
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
    """``Batch``es by ploidy: the autosomes' always, the others' where variants lie there."""
    autosomal = []
    for people, joint, single in cohort.parts:
        batch, dropped, faults = fit_batch(
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
            found[kind] = sex_batches(cohort.parts, kind, source.n_samples, x_sex=settings.x_sex)
    return found


def _log_unknown_sex(people, kind, settings):
    """Say how many are left out of X or Y because their sex is not known."""
    unknown = int((people.sex == 0).sum())
    if unknown and (kind == Ploidy.Y or (kind == Ploidy.X and settings.x_sex)):
        log.info("chromosome %s: %d samples of unknown sex left out", kind.name, unknown)


def run_gwas(genotypes, traits, covariates=None, *, progress=False, **settings):
    """Test every variant against all traits at once; the rows of ``gemcont-gwas`` as a DataFrame.

    genotypes: a PLINK prefix, .pgen or .bgen, a ``GenotypeSource``, a DataFrame (variants,
    samples) whose columns are named by sample id, or an array of that shape whose samples are
    those of ``traits`` in order: effect allele dosages, missing where NaN or masked
    traits, covariates: DataFrames of pandas, indexed by sample id (or FID, IID), or of pandas or
    polars with a column IID; NaN missing, text columns of covariates are categories; an intercept
    is always added
    progress: show a bar on a terminal
    settings: fields of ``GwasSettings``, named as the flags (but autosomes for --chr-set,
        chromosomes for --chr): test="lrt" | "f", rank_int, pcs, maf, kinship="grm" | a path | a
        DataFrame labelled by sample id | an array over the genotypes' samples, ...

    Returns a pandas DataFrame with the columns of PREFIX.gwas.tsv, one row per variant that
    passed the filters, in file order; NaN where a variant cannot be tested. Raises GemcontError
    for a mistake in the input.
    """
    run = _prepared(genotypes, traits, covariates, {"joint": True} | settings)
    return _collected(run, "joint", progress)


def run_each_trait(genotypes, traits, covariates=None, *, progress=False, **settings):
    """Test every variant against every trait alone: the rows of PREFIX.traits.parquet.

    Arguments as ``run_gwas``; ``each_trait_samples="own"`` tests each trait on all samples that
    have it. Returns a pandas DataFrame with a row per trait and variant, trait by trait.
    """
    run = _prepared(genotypes, traits, covariates, {"joint": False} | settings)
    table = _collected(run, "single", progress)
    names = dict(enumerate(run.cohort.trait_names))
    table = table.sort_values(TRAIT.name, kind="stable", ignore_index=True)
    return table.assign(**{TRAIT.name: table[TRAIT.name].map(names)})


def _prepared(genotypes, traits, covariates, settings):
    for name in ("dense", "save_products"):
        if settings.get(name):
            raise GemcontError(f"{name}: a store is files; use write_gwas or gemcont-gwas")
    traits = from_frame(traits, "the traits table")
    if covariates is not None:
        covariates = from_frame(covariates, "the covariates table")
    settings = GwasSettings.of(settings)
    return prepare(as_source(genotypes, traits), traits, covariates, settings)


def _collected(run, kind, progress):
    rows = pl.concat(
        frame for block in run.blocks(progress=progress) for frame in _rows(block, kind)
    )
    run.log_end()
    if kind == "single" and run.settings.top_k is not None:
        rows = strongest_rows(rows, run.settings.top_k)
    return to_pandas(rows)


def _rows(block, kind):
    """Frames of a block; of single traits with the trait's code, variants in order."""
    if kind in block.frames:
        yield block.frames[kind]
    groups = block.frames.get("every", ()) if kind == "single" else ()
    names = {column.name: column.dtype for column in single_columns()} | {TRAIT.name: pl.Int32}
    frames = [
        group.of_trait(position).with_columns(pl.lit(code).alias(TRAIT.name))
        for group in groups
        for position, code in enumerate(group.codes)
    ]
    if frames:
        yield pl.concat(frames).sort(TRAIT.name, ROW).cast(names).select(*names)
