"""Files of a meta-analysis: its table, the rows left out, and pictures.

Pictures: Manhattan, QQ, and the cohorts' frequencies against each other.
"""

import logging
import math
import os
import time
from collections.abc import Iterable, Mapping, Sequence
from contextlib import ExitStack
from itertools import combinations

import numpy as np
import polars as pl

from gemcont.genotype.source import GenotypeSource
from gemcont.settings.flags import settings_of
from gemcont.settings.meta import MetaSettings
from gemcont.stats.calibration import lambda_gc
from gemcont.tables.files import unwritable
from gemcont.tables.outputs import OutputFiles
from gemcont.tables.results.ssf import Metadata
from gemcont.tables.results.writers import SUFFIX, open_writer
from gemcont.workflows.common.pictures import chromosome_codes
from gemcont.workflows.meta.names import cohort_names
from gemcont.workflows.meta.pool import MetaRun
from gemcont.workflows.meta.run import prepare

log = logging.getLogger(__name__)


def outputs(prefix: str, layout: str) -> dict[str, str]:
    """Return the paths of a run's files by their contents; layout: as of ``write_meta``."""
    return {
        "meta": f"{prefix}.meta{SUFFIX[layout]}",
        "dropped": f"{prefix}.dropped.tsv.gz",
        **{name: f"{prefix}.{name}.png" for name in ("manhattan", "qq", "frequency")},
    }


def refuse_inputs(prefix: str, layout: str, inputs: Iterable[str]) -> None:
    """Raise GemcontError if a file that will be written is one of the inputs."""
    names = [path.removeprefix(f"{prefix}.") for path in outputs(prefix, layout).values()]
    OutputFiles(prefix, names).refuse_inputs(inputs)


def write_meta(
    sumstats: object,
    prefix: str,
    names: Sequence[str] | None = None,
    *,
    reference: object = None,
    genotypes: str | os.PathLike | GenotypeSource | None = None,
    layout: str = "tsv",
    genome_build: str | None = None,
    plot: bool = True,
    progress: bool = False,
    **settings,
) -> None:
    """Meta-analyse cohorts as ``run_meta``, and write PREFIX.meta.tsv and PREFIX.dropped.tsv.gz.

    Args:
        sumstats: as in ``run_meta``; so are names, reference, genotypes and settings.
        prefix: PREFIX.
        names: names of the cohorts.
        reference: a file or DataFrame that all cohorts are aligned to.
        genotypes: genotypes that all cohorts are aligned to.
        layout: "tsv", "tsv.gz", "parquet" or "ssf".
        genome_build: build to name in the metadata of "ssf".
        plot: whether pictures are drawn.
        progress: whether a bar is shown.
        settings: fields of ``MetaSettings``.
    """
    reports = list(sumstats) if isinstance(sumstats, (list, tuple)) else [sumstats]
    run = prepare(
        reports,
        cohort_names(reports, names),
        settings_of(MetaSettings, settings),
        reference=reference,
        genotypes=genotypes,
        progress=progress,
    )
    table = write_rows(run, prefix, layout, genome_build=genome_build, progress=progress)
    if plot:
        draw_meta(run, table, outputs(prefix, layout))


def write_rows(
    run: MetaRun,
    prefix: str,
    layout: str,
    *,
    genome_build: str | None = None,
    progress: bool = False,
) -> pl.DataFrame:
    """Write PREFIX.meta.tsv and PREFIX.dropped.tsv.gz; arguments as in ``write_meta``.

    Returns:
        chromosome, base_pair_location and neg_log_10_p_value of the rows, for the pictures.
    """
    paths = outputs(prefix, layout)
    metadata = _metadata(run, prefix, genome_build) if layout == "ssf" else None
    kept = []
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


def _metadata(run, prefix, genome_build):
    n = max((float(np.nanmax(c.n, initial=0)) for c in run.cohorts), default=0)
    return Metadata(
        trait=os.path.basename(prefix),
        genome_build=genome_build,
        n_samples=int(n),
        covariates=[],
        autosomes=run.settings.autosomes,
    )


def draw_meta(run: MetaRun, table: pl.DataFrame, paths: Mapping[str, str]) -> None:
    """Draw Manhattan and QQ plots, and with several cohorts their frequencies.

    Args:
        run: the meta-analysis.
        table: as ``write_rows`` returned it.
        paths: as ``outputs`` returned them.
    """
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
    """Return (name, name, frequencies, frequencies) of every two cohorts over shared variants."""
    pairs = []
    for first, second in combinations(run.cohorts, 2):
        one, two = (np.full(len(run.union), np.nan, dtype=np.float32) for _ in range(2))
        one[first.slot], two[second.slot] = first.frequency, second.frequency
        both = ~(np.isnan(one) | np.isnan(two))
        pairs.append((first.name, second.name, one[both], two[both]))
    return pairs
