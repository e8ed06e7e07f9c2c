"""Panels and scores on disk."""

import logging

from gemcont.genotype import open_genotypes
from gemcont.tables.outputs import OutputFiles
from gemcont.tables.results.writers import open_writer
from gemcont.workflows.panel.run import make_panel
from gemcont.workflows.panel.score import score_table

log = logging.getLogger(__name__)

PANEL, SCORE = ("panel.tsv", "dropped.tsv.gz", "log"), ("score.tsv", "log")


def refuse_inputs(prefix, names, inputs):
    """Raise GemcontError if a file that will be written is one of the inputs.

    names: ``PANEL`` or ``SCORE``, what is written.
    """
    OutputFiles(prefix, names).refuse_inputs(inputs)


def write_panel(sumstats, genotypes, prefix, *, sample, names, meta, settings):
    """``workflows.panel.run_panel`` of files: PREFIX.panel.tsv and PREFIX.dropped.tsv.gz."""
    source = open_genotypes(genotypes, sample=sample)
    panel, run = make_panel(sumstats, source, names, meta, settings, progress=True)
    for name, layout, table in (
        ("dropped", "tsv.gz", run.dropped()),
        ("panel", "tsv", panel),
    ):
        suffix = ".tsv.gz" if layout == "tsv.gz" else ".tsv"
        with open_writer(f"{prefix}.{name}{suffix}", layout) as append:
            append(table)


def write_score(genotypes, panel, prefix, *, sample, weights, autosomes, keep, remove, min_found):
    """``workflows.score.polygenic_score`` of files: PREFIX.score.tsv."""
    source = open_genotypes(genotypes, sample=sample)
    table = score_table(
        source, panel, weights, autosomes, keep=keep, remove=remove, min_found=min_found
    )
    with open_writer(f"{prefix}.score.tsv", "tsv") as append:
        append(table)
    log.info("%d people in %s.score.tsv", table.height, prefix)
