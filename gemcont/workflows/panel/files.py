"""Files of panels and scores."""

import logging
import os
from collections.abc import Iterable, Mapping, Sequence

from gemcont.genotype import open_genotypes
from gemcont.genotype.source import GenotypeSource
from gemcont.tables.outputs import OutputFiles
from gemcont.tables.results.writers import open_writer
from gemcont.workflows.panel.run import make_panel
from gemcont.workflows.panel.score import score_table

log = logging.getLogger(__name__)

PANEL, SCORE = ("panel.tsv", "dropped.tsv.gz", "log"), ("score.tsv", "log")


def refuse_inputs(prefix: str, names: Sequence[str], inputs: Iterable[str]) -> None:
    """Raise GemcontError if a file that will be written is one of the inputs.

    names: endings of the files that will be written, ``PANEL`` or ``SCORE``
    """
    OutputFiles(prefix, names).refuse_inputs(inputs)


def write_panel(
    sumstats: object,
    genotypes: str | os.PathLike | GenotypeSource,
    prefix: str,
    names: Sequence[str] | None = None,
    *,
    sample: str | os.PathLike | None = None,
    meta: Mapping | None = None,
    progress: bool = False,
    **settings,
) -> None:
    """Choose a panel as ``run_panel``, and write PREFIX.panel.tsv and PREFIX.dropped.tsv.gz.

    sample: the .sample file of a .bgen; the others as in ``run_panel``.
    """
    source = open_genotypes(genotypes, sample=sample)
    panel, run = make_panel(sumstats, source, names, meta, settings, progress=progress)
    with open_writer(f"{prefix}.dropped.tsv.gz", "tsv.gz") as append:
        append(run.dropped())
    with open_writer(f"{prefix}.panel.tsv", "tsv") as append:
        append(panel)


def write_score(
    genotypes: str | os.PathLike | GenotypeSource,
    panel: object,
    prefix: str,
    *,
    sample: str | os.PathLike | None = None,
    **settings,
) -> None:
    """Score samples by a panel as ``polygenic_score``, and write PREFIX.score.tsv.

    sample: the .sample file of a .bgen; settings: keywords of ``polygenic_score``.
    """
    source = open_genotypes(genotypes, sample=sample)
    table = score_table(source, panel, **settings)
    with open_writer(f"{prefix}.score.tsv", "tsv") as append:
        append(table)
    log.info("%d people in %s.score.tsv", table.height, prefix)
