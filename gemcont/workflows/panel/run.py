"""The panel: variants and weights that supervise learning."""

import logging

import numpy as np
import polars as pl

from gemcont._numba import available_threads
from gemcont.errors import GemcontError
from gemcont.genotype import open_genotypes
from gemcont.genotype.chromosomes import autosomes_of, canonical_name, ploidy
from gemcont.genotype.ld import Linkage
from gemcont.settings.flags import settings_of
from gemcont.settings.meta import MetaSettings
from gemcont.settings.panel import PanelSettings
from gemcont.stats.clump import least_neg_log_10_p, ranking
from gemcont.stats.shrink import fit_mixture, shrinkage
from gemcont.tables.schema import panel_columns
from gemcont.workflows.clump.greedy import Bounds, Candidates, Clumping
from gemcont.workflows.common.dataframes import to_pandas
from gemcont.workflows.common.samples import founders
from gemcont.workflows.meta.rows import cohort_names
from gemcont.workflows.meta.run import prepare

log = logging.getLogger(__name__)

_UNPLACED = "0"


def run_panel(sumstats, genotypes, names=None, *, meta=None, progress=False, **settings):
    """Choose a panel: independent variants of small p, with weights for the genotypes' alleles.

    sumstats: a file or DataFrame, or a list of one per cohort, which are meta-analysed first
    genotypes: a path or ``GenotypeSource``: whose alleles, frequencies and linkage count
    names: of the cohorts; meta: fields of ``MetaSettings`` as a dict
    settings: fields of ``PanelSettings``

    Returns a pandas DataFrame, a row per variant of the panel, strongest first: the columns of
    ``PREFIX.panel.tsv``. Raises GemcontError for a mistake in the input.
    """
    return to_pandas(make_panel(sumstats, genotypes, names, meta, settings, progress)[0])


def make_panel(sumstats, genotypes, names, meta, settings, progress=False):
    """``run_panel`` as a polars table, and the ``MetaRun`` behind it."""
    settings = settings_of(PanelSettings, settings)
    source = open_genotypes(genotypes)
    source.log_contents()
    sumstats = sumstats if isinstance(sumstats, (list, tuple)) else [sumstats]
    if not isinstance(meta or {}, dict):
        raise GemcontError(f"meta: must be a dict of settings, not {meta!r}")
    meta = dict(meta or {})
    meta["autosomes"] = autosomes_of(source, meta.get("autosomes"))
    meta = settings_of(MetaSettings, meta)
    if meta.scheme != "stderr":
        raise GemcontError("--scheme samplesize gives no effects, which are a panel's weights")
    linkage = Linkage(source, founders(source, settings), settings.r2_type)
    names = cohort_names(sumstats, names)
    run = prepare(sumstats, names, meta, genotypes=source, progress=progress)
    table, weight = _pooled(run, settings.p)
    report = _report(source, table, meta.autosomes)
    owner = _clump(report, linkage, settings)
    panel = _panel(source, table, report, owner, weight)
    log.info(
        "%d variants with p <= %g, of which %d independent form the panel (each the strongest of "
        "its linked block, so that effects are somewhat too large even after shrinking)",
        table.height,
        settings.p,
        panel.height,
    )
    return panel, run


def _pooled(run, p):
    """The pooled rows of small p with their variants in the genotypes; the mixture of effects."""
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


def _report(source, table, autosomes):
    variant = table["variant"].to_numpy()
    chosen = source.variants[variant]
    names = chosen["chromosome"].cast(pl.String).to_numpy()
    unique, codes = np.unique([canonical_name(n, autosomes) for n in names], return_inverse=True)
    p = table["neg_log_10_p_value"].to_numpy().copy()
    p[names == _UNPLACED] = np.nan  # chromosome 0 is no place to be near another variant
    return Candidates(
        variant,
        codes,
        chosen["base_pair_location"].cast(pl.Int64).to_numpy(),
        ploidy(unique, autosomes)[codes],
        p,
    )


def _clump(report, linkage, settings):
    bounds = Bounds.of(settings.p, settings.r2, settings.kb)
    threads = settings.threads or available_threads()
    return Clumping(report, linkage, bounds, memory=settings.memory << 20, threads=threads).owner()


def _panel(source, table, report, owner, weight):
    order = ranking(report.neg_log_10_p, 0.0)
    index = order[owner[order] == order]
    rows = table[index]
    z = (rows["beta"] / rows["standard_error"]).to_numpy()
    size = np.bincount(owner[owner >= 0], minlength=len(owner))[index]
    theirs = source.variants[report.variant[index]]
    frame = rows.with_columns(
        pl.Series("beta_shrunk", rows["beta"].to_numpy() * shrinkage(z, weight)),
        pl.Series("locus", np.arange(1, len(index) + 1)),
        pl.Series("n_variants", size),
        theirs["variant_id"],
        *(theirs[n].cast(pl.String) for n in ("chromosome", "effect_allele", "other_allele")),
    )
    return frame.select(pl.col(c.name).cast(c.dtype) for c in panel_columns())
