"""gemcont-panel: cohorts + genotypes -> the variants and weights that supervise learning."""

import sys
from collections.abc import Sequence

from gemcont.cli.command import Command
from gemcont.settings.flags import part_of
from gemcont.settings.meta import CohortColumns, Harmonising, Pooling
from gemcont.settings.panel import PanelCommand, PanelSettings, ScoreCommand

_DESCRIPTION = """\
Choose the variants and weights that supervise learning: meta-analyse the cohorts (one is taken as
it is), bring effects to the alleles that the genotypes count, keep p up to --p, and of linked
variants the strongest. beta_shrunk is beta shrunk against the winner's curse (empirical Bayes).
Linkage is measured in founders.

gemcont-panel score --help: polygenic scores of a panel."""
_EPILOG = """\
example:
  gemcont-panel --sumstats mvp.gz finngen.gz --names MVP FinnGen --build 38 --to-build 37 \\
      --liftover hg38ToHg19.over.chain.gz --bfile reference --p 1e-5 --out asthma
  gemcont-panel score --bfile cohort --panel asthma.panel.tsv --out asthma.cohort

writes PREFIX.panel.tsv, PREFIX.dropped.tsv.gz, PREFIX.log; score writes PREFIX.score.tsv"""


def _check(command, given):
    from gemcont.workflows.meta import cohort_names
    from gemcont.workflows.panel import PANEL, refuse_inputs

    _meta_settings(command)
    cohort_names(command.sumstats, command.names)
    refuse_inputs(command.out, PANEL, command.input_files)
    return command


def _meta_settings(command):
    """Return the fields of ``MetaSettings`` that the command has."""
    from gemcont.settings.meta import MetaSettings

    known = {}
    for part in (Pooling, Harmonising, CohortColumns):
        known |= vars(part_of(part, command))
    if command.autosomes is not None:
        known["autosomes"] = command.autosomes
    MetaSettings(**known)  # checks what goes together
    return known


def _job(command):
    from gemcont.workflows.panel import write_panel

    write_panel(
        command.sumstats,
        command.genotype_path,
        command.out,
        sample=command.sample,
        names=command.names,
        meta=_meta_settings(command),
        progress=True,
        **vars(part_of(PanelSettings, command)),
    )


def _check_score(command, given):
    from gemcont.workflows.panel import SCORE, refuse_inputs

    refuse_inputs(command.out, SCORE, command.input_files)
    return command


def _score(command):
    from gemcont.workflows.panel import write_score

    write_score(
        command.genotype_path,
        command.panel,
        command.out,
        sample=command.sample,
        weights=command.weights,
        autosomes=command.autosomes,
        keep=command.keep,
        remove=command.remove,
        min_found=command.min_found,
    )


PANEL_COMMAND = Command(
    program="gemcont-panel",
    settings=PanelCommand,
    description=_DESCRIPTION,
    epilog=_EPILOG,
    check=_check,
    job=_job,
)
SCORE_COMMAND = Command(
    program="gemcont-panel score",
    settings=ScoreCommand,
    description="Polygenic scores: the sum of weight times effect alleles over the panel.",
    check=_check_score,
    job=_score,
)


def main(words: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 0 done, 2 the user's mistake, 1 our bug."""
    first = (sys.argv[1:] if words is None else words)[:1]
    if list(first) != ["score"]:
        return PANEL_COMMAND.run(words)
    if words is None:
        del sys.argv[1]
    return SCORE_COMMAND.run(None if words is None else words[1:])


if __name__ == "__main__":
    sys.exit(main())
