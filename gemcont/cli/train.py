"""gemcont-train: images + panel genotypes -> an encoder whose embedding carries the genetics."""

import sys
from collections.abc import Sequence

from gemcont.cli.command import Command
from gemcont.cli.torch_device import check_device
from gemcont.settings.flags import part_of
from gemcont.settings.train import TrainCommand, TrainSettings

_DESCRIPTION = """\
Train an image encoder: GEMCONT, in contrast with the genotypes of a panel of disease variants, or a
rival. The defaults are the paper's. Where people have several images each is one of training."""
_EPILOG = """\
examples:
  gemcont-train --study study0 --encoder mlp --epochs 12 --lr 1e-3 --out models/gemcont
  gemcont-train --images eyes.npy --bfile cohort --panel glaucoma.panel.tsv --covar pcs.tsv \\
      --relatives king.kin0 --augment crop,jitter,blur --out models/eyes
  torchrun --nproc-per-node 4 -m gemcont.cli.train --device cuda ...

writes the folder DIR: model.pt and model.json, people.tsv (who was trained on), metrics.jsonl,
curve.png, last.pt (--resume goes on from it); and DIR.train.log"""


def _check(command, given):
    check_device(command)
    from gemcont.learn import Inputs

    Inputs(**command.inputs)
    return command


def _job(command):
    from gemcont.learn import Inputs, Split, train_files

    fraction = 0.5 if command.train_fraction is None else command.train_fraction
    split = Split(
        people=command.train_people,
        fraction=fraction,
        relatives=command.relatives,
        families=command.families,
    )
    train_files(
        Inputs(**command.inputs),
        split,
        part_of(TrainSettings, command),
        command.folder,
        resume=command.resume,
        progress=True,
    )


TRAIN = Command(
    program="gemcont-train",
    settings=TrainCommand,
    description=_DESCRIPTION,
    epilog=_EPILOG,
    check=_check,
    job=_job,
)


def main(words: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 0 done, 2 the user's mistake, 1 our bug."""
    return TRAIN.run(words)


if __name__ == "__main__":
    sys.exit(main())
