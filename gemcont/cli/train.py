"""gemcont-train: images + panel genotypes -> an encoder whose embedding carries the genetics."""

import sys

from gemcont.cli.common import Parser, add_flags, comma_list, limit_threads, number, run_command
from gemcont.cli.learning import add_device, add_inputs, check_inputs, folder_of, inputs_of
from gemcont.errors import GemcontError

PROGRAM = "gemcont-train"
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
_TRAINING = (
    ("--epochs", "N", "passes over the training images (150)",
     {"type": number(int, 1), "default": 150}),
    ("--batch-size", "N", "images in a step (1024)", {"type": number(int, 2), "default": 1024}),
    ("--lr", "RATE", "largest learning rate of AdamW (3e-4)",
     {"type": number(float, 0), "default": 3e-4}),
    ("--weight-decay", "W", "of AdamW (1e-4)", {"type": number(float, 0), "default": 1e-4}),
    ("--warmup-epochs", "N", "of rising learning rate (10, at most a tenth of --epochs)",
     {"type": number(float, 0)}),
    ("--corruption", "P", "share of genotypes replaced, SCARF (0.1)",
     {"type": number(float, 0, 1), "default": 0.1}),
    ("--validation-fraction", "F", "of the training people (0.05)",
     {"type": number(float, 0, 0.5), "default": 0.05}),
    ("--patience", "N", "epochs without a better validation loss, supervised (50)",
     {"type": number(int, 1), "default": 50}),
    ("--seed", "N", "of everything random (0)", {"type": number(int, 0), "default": 0}),
)  # fmt: skip
_FIELDS = (
    "method encoder loss start width epochs batch_size lr weight_decay warmup_epochs corruption "
    "temperature mask_equal_genotypes validation_fraction patience weights precision device seed"
).split()


def build_parser():
    """The flags of a training."""
    parser = Parser(prog=PROGRAM, description=_DESCRIPTION, epilog=_EPILOG)
    group = add_inputs(parser)
    group.add_argument("--pheno", metavar="FILE", help="table of the column that is learned")
    group.add_argument("--target", metavar="NAME", help="that column, --method supervised")
    group.add_argument(
        "--target-kind",
        choices=("class", "number"),
        help="what it is (default: a class where it is 0 and 1, or 1 and 2 as PLINK's)",
    )
    _add_people(parser.add_argument_group("who is trained on"))
    _add_method(parser.add_argument_group("method"))
    training = parser.add_argument_group("training")
    add_flags(training, _TRAINING)
    training.add_argument(
        "--augment",
        type=_names,
        default=["erase"],
        metavar="A,B",
        help="of crop, jitter, blur, erase; or none (default: erase)",
    )
    training.add_argument(
        "--precision",
        choices=("float32", "bf16"),
        default="float32",
        help="bf16 only where the processor has it",
    )
    work = parser.add_argument_group("output and work")
    work.add_argument("--out", required=True, metavar="DIR", help="folder of the model")
    work.add_argument("--resume", action="store_true", help="go on after the last whole epoch")
    add_device(work)
    return parser


def _names(text):
    return [] if text == "none" else comma_list(text)


def _add_people(group):
    who = group.add_mutually_exclusive_group()
    who.add_argument("--train-people", metavar="FILE", help="these: FID IID or IID per line")
    who.add_argument(
        "--train-fraction",
        type=number(float, 0, 1),
        metavar="F",
        help="this share, drawn by --seed (0.5); a study has its own split",
    )
    group.add_argument(
        "--relatives",
        metavar="FILE",
        help="pairs ID1 ID2 KINSHIP: from 0.0442 up, or all without kinship, stay on one side",
    )
    group.add_argument(
        "--families", action="store_true", help="people of one FID (but 0) stay on one side"
    )


def _add_method(group):
    choices = {
        "--method": ("gemcont", "simclr", "vae", "supervised", "prs"),
        "--loss": ("decoupled", "clip", "dosage"),
        "--start": ("beta-spread", "beta-shared", "random"),
        "--weights": ("beta", "beta_shrunk"),
    }
    texts = {
        "--method": "what is trained",
        "--loss": "of gemcont: eq. (2) of the paper, CLIP's, or regression on the dosages",
        "--start": "of the genotype projector: effects in random directions, or in all rows alike",
        "--weights": "the panel's column of effects",
    }
    for flag, known in choices.items():
        text = f"{texts[flag]} (default: {known[0]})"
        group.add_argument(flag, choices=known, default=known[0], help=text)
    group.add_argument(
        "--encoder",
        default="cnn",
        metavar="NAME",
        help="cnn (default), mlp, or MODULE:CLASS, called as CLASS(shape, width)",
    )
    group.add_argument(
        "--width", type=number(int, 1), metavar="D", help="of the embedding (64 up to 64 pixels)"
    )
    group.add_argument(
        "--temperature",
        type=number(float, 0),
        metavar="T",
        help="fixed (default: learned; simclr: 0.5)",
    )
    group.add_argument("--no-normalise", action="store_true", help="both sides keep their length")
    group.add_argument(
        "--mask-equal-genotypes", action="store_true", help="equal genotypes are no negatives"
    )
    group.add_argument(
        "--no-residualise", action="store_true", help="leave in the panel what --covar explains"
    )


def main(argv=None):
    """Entry point; returns the exit code: 0 done, 2 the user's mistake, 1 our bug."""
    return run_command(PROGRAM, build_parser(), _check, _job, argv)


def _check(arguments):
    limit_threads(arguments)
    check_inputs(arguments)
    from gemcont.learn import Inputs

    Inputs(**inputs_of(arguments))
    if arguments.lr == 0:
        raise GemcontError("--lr: must be above 0")
    if arguments.study is not None and arguments.train_fraction is not None:
        raise GemcontError("--train-fraction: --study has its own split; leave it out")
    if arguments.target is not None and arguments.method != "supervised":
        raise GemcontError("--target goes with --method supervised")
    if arguments.target_kind is not None and arguments.method != "supervised":
        raise GemcontError("--target-kind goes with --method supervised")
    if arguments.no_residualise and arguments.covar is None:
        raise GemcontError("--no-residualise: there is no --covar to leave in")
    _settings(arguments)
    arguments.folder = folder_of(arguments, "train")


def _settings(arguments):
    from gemcont.settings.train import TrainSettings

    return TrainSettings(
        **{name: getattr(arguments, name) for name in _FIELDS},
        augment=tuple(arguments.augment),
        normalise=not arguments.no_normalise,
        residualise=not arguments.no_residualise,
    )


def _job(arguments):
    from gemcont.learn import Inputs, Split, train_files

    split = Split(
        people=arguments.train_people,
        fraction=0.5 if arguments.train_fraction is None else arguments.train_fraction,
        relatives=arguments.relatives,
        families=arguments.families,
    )
    train_files(
        Inputs(**inputs_of(arguments)),
        split,
        _settings(arguments),
        arguments.folder,
        resume=arguments.resume,
        progress=True,
    )


if __name__ == "__main__":
    sys.exit(main())
