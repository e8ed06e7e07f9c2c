"""gemcont-kinship: genotypes -> a GRM, its eigenvectors, and those without each chromosome."""

import sys
from collections.abc import Sequence

from gemcont.cli.command import Command
from gemcont.settings.flags import part_of
from gemcont.settings.kinship import KinshipCommand, KinshipSettings

_DESCRIPTION = """\
Make the genetic relationship matrix (GRM) of the autosomes, and decompose it, once for many scans:
gemcont-gwas --kinship PREFIX reads it. A scan of its own samples re-uses the eigenvectors; one of
fewer takes their rows and decomposes again."""
_EPILOG = """\
example:
  gemcont-kinship --bfile cohort --loco --out results/cohort
  gemcont-gwas --bfile cohort --pheno traits.tsv --kinship results/cohort --loco --out results/scan

writes PREFIX.grm.npy, PREFIX.grm.id, PREFIX.eigen.npz, PREFIX.log, PREFIX.summary.json,
PREFIX.kinship.png; --loco also PREFIX.loco/CHR.grm.npy, .grm.id, .eigen.npz."""


def _check(command, given):
    from gemcont.workflows.kinship import refuse_inputs

    refuse_inputs(command.out, command.input_files)
    return command


def _job(command):
    from gemcont.workflows.kinship import write_kinship

    write_kinship(
        command.genotype_path,
        command.out,
        sample=command.sample,
        plot=not command.no_plot,
        progress=True,
        **vars(part_of(KinshipSettings, command)),
    )


KINSHIP = Command(
    program="gemcont-kinship",
    settings=KinshipCommand,
    description=_DESCRIPTION,
    epilog=_EPILOG,
    check=_check,
    job=_job,
)


def main(words: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 0 done, 2 the user's mistake, 1 our bug."""
    return KINSHIP.run(words)


if __name__ == "__main__":
    sys.exit(main())
