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


def write_panel(
    sumstats, genotypes, prefix, names=None, *, sample=None, meta=None, progress=False, **settings
):
    """Choose a panel as ``run_panel``, and write PREFIX.panel.tsv and PREFIX.dropped.tsv.gz."""
    source = open_genotypes(genotypes, sample=sample)
    panel, run = make_panel(sumstats, source, names, meta, settings, progress=progress)
    with open_writer(f"{prefix}.dropped.tsv.gz", "tsv.gz") as append:
        append(run.dropped())
    with open_writer(f"{prefix}.panel.tsv", "tsv") as append:
        append(panel)


def write_score(genotypes, panel, prefix, *, sample=None, **settings):
    """Score people by a panel as ``polygenic_score``, and write PREFIX.score.tsv."""
    source = open_genotypes(genotypes, sample=sample)
    table = score_table(source, panel, **settings)
    with open_writer(f"{prefix}.score.tsv", "tsv") as append:
        append(table)
    log.info("%d people in %s.score.tsv", table.height, prefix)
