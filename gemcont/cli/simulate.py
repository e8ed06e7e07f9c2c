"""gemcont-simulate: EMNIST -> a study whose genotypes rotate the images."""

import sys
from collections.abc import Sequence

from gemcont.cli.command import Command
from gemcont.settings.flags import part_of
from gemcont.settings.simulate import SimulateCommand, StudySettings

_DESCRIPTION = """\
Simulate people whose genotypes set a latent trait z, and whose handwritten character is rotated
by z. Test people depend on --seed alone; --split and --n-train choose who is trained on."""
_EPILOG = """\
example:
  gemcont-simulate --images emnist-byclass.mat --n-train 100000 --split 0 --out study0

writes the folder DIR: study.bed/.bim/.fam (training people, then test people), images.npy and
people.tsv in the same order, causal.tsv, external.gwas.tsv (a scan of --n-external other people),
panel.tsv, study.json; and DIR.simulate.log"""


def _check(command, given):
    from gemcont.learn import refuse_folder, require_torch

    require_torch()
    refuse_folder(command.folder)
    return command


def _job(command):
    from gemcont.learn import write_study

    settings = vars(part_of(StudySettings, command))
    write_study(command.images, command.folder, threads=command.threads, **settings)


SIMULATE = Command(
    program="gemcont-simulate",
    settings=SimulateCommand,
    description=_DESCRIPTION,
    epilog=_EPILOG,
    check=_check,
    job=_job,
)


def main(words: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 0 done, 2 the user's mistake, 1 our bug."""
    return SIMULATE.run(words)


if __name__ == "__main__":
    sys.exit(main())
