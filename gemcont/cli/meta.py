"""gemcont-meta: cohorts' summary statistics -> one set of associations."""

import sys
from collections.abc import Sequence
from dataclasses import asdict

from gemcont.cli.command import Command
from gemcont.cli.parser import refuse_idle
from gemcont.settings.flags import part_of
from gemcont.settings.meta import (
    IDLE_WITH_JOINT,
    IDLE_WITH_SUMSTATS,
    JointSettings,
    MetaCommand,
    MetaSettings,
)

_DESCRIPTION = """\
Meta-analyse cohorts: their alleles are brought to those of the first cohort that holds a variant
(or of a reference), strands are told apart, and effects pooled by inverse variance. The files may
be those of gemcont, plink, REGENIE, SAIGE, fastGWA, BOLT, GEMMA, METAL, FinnGen, MVP, GWAS-SSF,
or any table whose columns are named. Every row that does not enter is listed with its reason."""
_EPILOG = """\
example:
  gemcont-meta --sumstats mvp.tsv.gz finngen.gz third.tsv --names MVP FinnGen third \\
      --out results/meta

  gemcont-meta --joint a/scan b/scan --out results/both   (stores of --save-products)

writes PREFIX.meta.tsv, PREFIX.dropped.tsv.gz, PREFIX.log, PREFIX.manhattan.png, PREFIX.qq.png
and PREFIX.frequency.png"""


def _check(command, given):
    """Refuse flags that would do nothing, and outputs that are inputs."""
    if command.joint is not None:
        refuse_idle(command, given, IDLE_WITH_JOINT, "goes with --sumstats")
        return command
    refuse_idle(command, given, IDLE_WITH_SUMSTATS, "goes with --joint")
    from gemcont.workflows.meta import cohort_names, refuse_inputs

    cohort_names(command.sumstats, command.names)
    refuse_inputs(command.out, command.layout, command.input_files)
    return command


def _joint(command):
    from gemcont.workflows.project import write_joint_meta

    write_joint_meta(
        command.joint,
        command.out,
        layout=command.layout,
        plot=not command.no_plot,
        arguments=asdict(command),
        **vars(part_of(JointSettings, command)),
    )


def _job(command):
    if command.joint is not None:
        return _joint(command)
    from gemcont.workflows.meta import write_meta

    write_meta(
        command.sumstats,
        command.out,
        command.names,
        reference=command.reference,
        genotypes=command.bfile,
        layout=command.layout,
        genome_build=command.genome_build,
        plot=not command.no_plot,
        progress=True,
        **vars(part_of(MetaSettings, command)),
    )


META = Command(
    program="gemcont-meta",
    settings=MetaCommand,
    description=_DESCRIPTION,
    epilog=_EPILOG,
    check=_check,
    job=_job,
)


def main(words: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 0 done, 2 the user's mistake, 1 our bug."""
    return META.run(words)


if __name__ == "__main__":
    sys.exit(main())
