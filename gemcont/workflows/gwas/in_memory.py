"""The scan of arrays and DataFrames, its results as DataFrames."""

from typing import TYPE_CHECKING

import polars as pl

from gemcont.errors import GemcontError
from gemcont.settings.flags import settings_of
from gemcont.settings.gwas import GwasSettings
from gemcont.tables.results.parts import strongest_rows
from gemcont.tables.sample_frames import from_frame
from gemcont.tables.schema import TRAIT, single_columns
from gemcont.workflows.common.array_genotypes import as_source
from gemcont.workflows.common.dataframes import to_pandas
from gemcont.workflows.common.result_rows import SORT_KEY
from gemcont.workflows.gwas.prepare import prepare
from gemcont.workflows.gwas.run_log import log_end

if TYPE_CHECKING:
    import pandas as pd


def run_gwas(
    genotypes: object,
    traits: object,
    covariates: object = None,
    *,
    progress: bool = False,
    **settings,
) -> "pd.DataFrame":
    """Test every variant against all traits at once; the rows of ``gemcont-gwas`` as a DataFrame.

    Args:
        genotypes: a PLINK prefix, .pgen or .bgen, a ``GenotypeSource``, a DataFrame (variants,
            samples) whose columns are named by sample id, or an array of that shape whose samples
            are those of ``traits`` in order: dosages of the effect allele, NaN or masked where
            missing.
        traits: DataFrame of pandas, indexed by sample id (or FID, IID), or of pandas or polars with
            a column IID; NaN where missing.
        covariates: the same; text columns are categories, and an intercept is always added.
        progress: whether a bar is shown on a terminal.
        settings: fields of ``GwasSettings``, named as the flags (but autosomes for --chr-set,
            chromosomes for --chr): test="lrt" | "f", rank_int, pcs, maf, kinship="grm" | a path | a
            DataFrame labelled by sample id | an array over the genotypes' samples, ...

    Returns:
        The columns of PREFIX.gwas.tsv, one row per variant that passed the filters, in file order;
        NaN where a variant cannot be tested.

    Raises:
        GemcontError: for a mistake in the input.
    """
    run = _prepared(genotypes, traits, covariates, {"joint": True} | settings)
    return _collected(run, "joint", progress)


def run_each_trait(
    genotypes: object,
    traits: object,
    covariates: object = None,
    *,
    progress: bool = False,
    **settings,
) -> "pd.DataFrame":
    """Test every variant against every trait alone: the rows of PREFIX.traits.parquet.

    Args:
        genotypes: as in ``run_gwas``.
        traits: as in ``run_gwas``.
        covariates: as in ``run_gwas``.
        progress: as in ``run_gwas``.
        settings: as in ``run_gwas``; ``each_trait_samples="own"`` tests each trait on all samples
            that have it.

    Returns:
        One row per trait and variant, trait by trait.
    """
    run = _prepared(genotypes, traits, covariates, {"joint": False} | settings)
    table = _collected(run, "single", progress)
    names = dict(enumerate(run.people.trait_names))
    table = table.sort_values(TRAIT.name, kind="stable", ignore_index=True)
    return table.assign(**{TRAIT.name: table[TRAIT.name].map(names)})


def _prepared(genotypes, traits, covariates, settings):
    for name in ("dense", "save_products"):
        if settings.get(name):
            raise GemcontError(f"{name}: a store is files; use write_gwas or gemcont-gwas")
    traits = from_frame(traits, "the traits table")
    if covariates is not None:
        covariates = from_frame(covariates, "the covariates table")
    settings = settings_of(GwasSettings, settings)
    return prepare(as_source(genotypes, traits), traits, covariates, settings)


def _collected(run, kind, progress):
    rows = pl.concat(
        frame for block in run.blocks(progress=progress) for frame in _rows(block, kind)
    )
    run.refuse_empty()
    log_end(run)
    if kind == "single" and run.settings.top_k is not None:
        rows = strongest_rows(rows, run.settings.top_k)
    return to_pandas(rows)


def _rows(block, kind):
    """Yield the frames of a block; of single traits with the trait's code, variants in order."""
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
        yield pl.concat(frames).sort(TRAIT.name, SORT_KEY).cast(names).select(*names)
