"""What a meta-analysis writes: its table, the rows left out, and pictures.

Pictures: Manhattan, QQ, and the cohorts' frequencies against each other.
"""

import logging
import math
import os
import time
from contextlib import ExitStack
from itertools import combinations

import numpy as np
import polars as pl

from gemcont.settings.flags import settings_of
from gemcont.settings.meta import MetaSettings
from gemcont.stats.calibration import lambda_gc
from gemcont.tables.files import unwritable
from gemcont.tables.outputs import OutputFiles
from gemcont.tables.results.ssf import Metadata
from gemcont.tables.results.writers import SUFFIX, open_writer
from gemcont.workflows.common.pictures import chromosome_codes
from gemcont.workflows.meta.rows import cohort_names
from gemcont.workflows.meta.run import prepare

log = logging.getLogger(__name__)


def outputs(prefix, layout):
    """The files of a run, by what they hold."""
    return {
        "meta": f"{prefix}.meta{SUFFIX[layout]}",
        "dropped": f"{prefix}.dropped.tsv.gz",
        **{name: f"{prefix}.{name}.png" for name in ("manhattan", "qq", "frequency")},
    }


def refuse_inputs(prefix, layout, inputs):
    """Raise GemcontError if a file that will be written is one of the inputs."""
    names = [path.removeprefix(f"{prefix}.") for path in outputs(prefix, layout).values()]
    OutputFiles(prefix, names).refuse_inputs(inputs)


def write_meta(
    sumstats,
    prefix,
    names=None,
    *,
    reference=None,
    genotypes=None,
    layout="tsv",
    genome_build=None,
    plot=True,
    progress=False,
    **settings,
):
    """Meta-analyse cohorts as ``run_meta``, and write PREFIX.meta.tsv, PREFIX.dropped.tsv.gz.

    layout: "tsv", "tsv.gz", "parquet" or "ssf", with its genome_build; plot: whether pictures are
    drawn
    """
    settings = settings_of(MetaSettings, settings)
    sumstats = list(sumstats) if isinstance(sumstats, (list, tuple)) else [sumstats]
    run = prepare(
        sumstats,
        cohort_names(sumstats, names),
        settings,
        reference=reference,
        genotypes=genotypes,
        progress=progress,
    )
    table = write_rows(run, prefix, layout, genome_build=genome_build, progress=progress)
    if plot:
        draw_meta(run, table, outputs(prefix, layout))


def write_rows(run, prefix, layout, *, genome_build=None, progress=False):
    """Write PREFIX.meta.tsv and PREFIX.dropped.tsv.gz of a ``MetaRun``.

    layout: "tsv", "tsv.gz", "parquet" or "ssf". Returns chromosome, position and -log10 p of the
    rows, for the pictures.
    """
    paths = outputs(prefix, layout)
    metadata, kept = None, []
    if layout == "ssf":
        n = max((float(np.nanmax(c.n, initial=0)) for c in run.cohorts), default=0)
        metadata = Metadata(
            trait=os.path.basename(prefix),
            genome_build=genome_build,
            n_samples=int(n),
            covariates=[],
            autosomes=run.settings.autosomes,
        )
    with ExitStack() as stack:
        append = stack.enter_context(open_writer(paths["meta"], layout, metadata))
        dropped = stack.enter_context(open_writer(paths["dropped"], "tsv.gz"))
        dropped(run.dropped())
        for frame in run.frames(progress=progress):
            append(frame)
            kept.append(frame.select("chromosome", "base_pair_location", "neg_log_10_p_value"))
    table = pl.concat(kept)
    log.info("%d variants in %s", table.height, paths["meta"])
    return table


def draw_meta(run, table, paths):
    """Draw what ``write_rows`` returned; paths: as ``outputs`` names them."""
    from gemcont.plots.frequencies import frequencies
    from gemcont.plots.manhattan import manhattan
    from gemcont.plots.qq import qq
    from gemcont.plots.save import save

    started = time.perf_counter()
    p = table["neg_log_10_p_value"].fill_null(math.nan).to_numpy()
    placed = table["chromosome"].is_not_null().to_numpy()
    names, codes = chromosome_codes(table["chromosome"].drop_nulls(), run.settings.autosomes)
    positions = table["base_pair_location"].drop_nulls().to_numpy()
    title = ", ".join(cohort.name for cohort in run.cohorts)
    title = title if len(title) <= 60 else f"{len(run.cohorts)} cohorts"
    pictures = {
        "manhattan": lambda: manhattan(codes, positions, p[placed], names=names, title=title),
        "qq": lambda: qq(p, lambda_gc=lambda_gc(p, 1), title=title),
        "frequency": lambda: frequencies(_pairs(run)),
    }
    for name, make in pictures.items():
        if name == "frequency" and len(run.cohorts) < 2:
            continue
        try:
            save(make(), paths[name])
        except OSError as error:
            raise unwritable(paths[name], error) from error
    log.info("pictures drawn in %.1f s", time.perf_counter() - started)


def _pairs(run):
    """(name, name, frequencies, frequencies) of every pair over the variants that both have."""
    pairs = []
    for first, second in combinations(run.cohorts, 2):
        one, two = (np.full(len(run.union), np.nan, dtype=np.float32) for _ in range(2))
        one[first.slot], two[second.slot] = first.frequency, second.frequency
        both = ~(np.isnan(one) | np.isnan(two))
        pairs.append((first.name, second.name, one[both], two[both]))
    return pairs
