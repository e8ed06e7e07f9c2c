"""Panels: independent variants with weights, which supervise learning."""

import logging
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gemcont._numba import available_threads
from gemcont.errors import GemcontError
from gemcont.genotype import open_genotypes
from gemcont.genotype.chromosomes import autosomes_of, canonical_name, ploidy
from gemcont.genotype.ld import Linkage
from gemcont.genotype.source import GenotypeSource
from gemcont.settings.flags import settings_of
from gemcont.settings.meta import MetaSettings
from gemcont.settings.panel import PanelSettings
from gemcont.stats.clump import least_neg_log_10_p, ranking
from gemcont.stats.shrink import fit_mixture, shrinkage
from gemcont.tables.schema import panel_columns
from gemcont.workflows.clump.greedy import Bounds, Candidates, Clumping
from gemcont.workflows.common.dataframes import to_pandas
from gemcont.workflows.common.samples import founders
from gemcont.workflows.meta.names import cohort_names
from gemcont.workflows.meta.pool import MetaRun
from gemcont.workflows.meta.run import prepare

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)

_UNPLACED = "0"


def run_panel(
    sumstats: object,
    genotypes: str | os.PathLike | GenotypeSource,
    names: Sequence[str] | None = None,
    *,
    meta: Mapping | None = None,
    progress: bool = False,
    **settings,
) -> "pd.DataFrame":
    """Choose a panel: independent variants of small p, with weights for the genotypes' alleles.

    Args:
        sumstats: a file or DataFrame, or a list of one per cohort, which are meta-analysed first.
        genotypes: a path or ``GenotypeSource`` that alleles, frequencies and linkage come from.
        names: names of the cohorts; None = those of their files.
        meta: fields of ``MetaSettings`` as a dict.
        progress: whether a bar is shown.
        settings: fields of ``PanelSettings``.

    Returns:
        pandas DataFrame, a row per variant of the panel, strongest first: the columns of
        ``PREFIX.panel.tsv``.

    Raises:
        GemcontError: a mistake in the input.
    """
    panel, _ = make_panel(sumstats, genotypes, names, meta, settings, progress=progress)
    return to_pandas(panel)


def make_panel(
    sumstats: object,
    genotypes: str | os.PathLike | GenotypeSource,
    names: Sequence[str] | None,
    meta: Mapping | None,
    settings: Mapping,
    progress: bool = False,
) -> tuple[pl.DataFrame, MetaRun]:
    """Choose a panel as ``run_panel``; return it as a polars table, and the ``MetaRun`` behind it.

    settings: fields of ``PanelSettings`` as a dict; the others as in ``run_panel``.
    """
    chosen = settings_of(PanelSettings, settings)
    source = open_genotypes(genotypes)
    source.log_contents()
    reports = sumstats if isinstance(sumstats, (list, tuple)) else [sumstats]
    pooling = _meta_settings(source, meta)
    autosomes = autosomes_of(source, pooling.autosomes)
    linkage = Linkage(source, founders(source, chosen), chosen.r2_type)
    names = cohort_names(reports, names)
    run = prepare(reports, names, pooling, genotypes=source, progress=progress)
    table, weight = _pooled(run, chosen.p)
    candidates = _candidates(source, table, autosomes)
    owner = _clump(candidates, linkage, chosen)
    panel = _panel(source, table, candidates, owner, weight)
    log.info(
        "%d variants with p <= %g, of which %d independent form the panel (each the strongest of "
        "its linked block, so that effects are somewhat too large even after shrinking)",
        table.height,
        chosen.p,
        panel.height,
    )
    return panel, run


def _meta_settings(source, meta):
    """Return the ``MetaSettings`` of a dict, the autosomes filled in from the genotypes."""
    if not isinstance(meta or {}, dict):
        raise GemcontError(f"meta: must be a dict of settings, not {meta!r}")
    given = dict(meta or {})
    given["autosomes"] = autosomes_of(source, given.get("autosomes"))
    settings = settings_of(MetaSettings, given)
    if settings.scheme != "stderr":
        raise GemcontError("--scheme samplesize gives no effects, which are a panel's weights")
    return settings


def _pooled(run, p):
    """Return the pooled rows of small p, with their variants, and the weight of the mixture."""
    parts, z = [], []
    for slots, frame in run.tables():
        z.append((frame["beta"] / frame["standard_error"]).to_numpy())
        variant = pl.Series("variant", run.union.variant[slots].astype(np.int64))
        small = frame["neg_log_10_p_value"] >= least_neg_log_10_p(p)
        parts.append(frame.with_columns(variant).filter(small))
    table = pl.concat(parts).sort("variant")
    if table.height == 0:
        raise GemcontError(f"--p {p:g}: no variant of the genotypes has so small a p")
    return table, fit_mixture(np.concatenate(z))


def _candidates(source, table, autosomes):
    variant = table["variant"].to_numpy()
    chosen = source.variants[variant]
    names = chosen["chromosome"].cast(pl.String).to_numpy()
    unique, codes = np.unique([canonical_name(n, autosomes) for n in names], return_inverse=True)
    p = table["neg_log_10_p_value"].to_numpy().copy()
    p[names == _UNPLACED] = np.nan  # chromosome 0 is no place to be near another variant
    return Candidates(
        variant=variant,
        chromosome=codes,
        position=chosen["base_pair_location"].cast(pl.Int64).to_numpy(),
        ploidy=ploidy(unique, autosomes)[codes],
        neg_log_10_p=p,
    )


def _clump(candidates, linkage, settings):
    bounds = Bounds.of(settings.p, settings.r2, settings.kb)
    threads = settings.threads or available_threads()
    clumping = Clumping(candidates, linkage, bounds, memory=settings.memory << 20, threads=threads)
    return clumping.owner()


def _panel(source, table, candidates, owner, weight):
    """Return the index variants as the panel's rows, their effects shrunk by the mixture."""
    order = ranking(candidates.neg_log_10_p, 0.0)
    index = order[owner[order] == order]
    rows = table[index]
    z = (rows["beta"] / rows["standard_error"]).to_numpy()
    size = np.bincount(owner[owner >= 0], minlength=len(owner))[index]
    theirs = source.variants[candidates.variant[index]]
    frame = rows.with_columns(
        pl.Series("beta_shrunk", rows["beta"].to_numpy() * shrinkage(z, weight)),
        pl.Series("locus", np.arange(1, len(index) + 1)),
        pl.Series("n_variants", size),
        theirs["variant_id"],
        *(theirs[n].cast(pl.String) for n in ("chromosome", "effect_allele", "other_allele")),
    )
    return frame.select(pl.col(c.name).cast(c.dtype) for c in panel_columns())
