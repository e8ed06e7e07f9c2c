"""gemcont-simulate: EMNIST -> a study whose genotypes rotate the images."""

import sys

from gemcont.cli.common import Parser, add_flags, add_work, limit_threads, number, run_command
from gemcont.errors import GemcontError

PROGRAM = "gemcont-simulate"
_DESCRIPTION = """\
Simulate people whose genotypes set a latent trait z, and whose handwritten character is rotated
by z. Test people depend on --seed alone; --split and --n-train choose who is trained on."""
_EPILOG = """\
example:
  gemcont-simulate --images emnist-byclass.mat --n-train 100000 --split 0 --out study0

writes the folder DIR: study.bed/.bim/.fam (training people, then test people), images.npy and
people.tsv in the same order, causal.tsv, external.gwas.tsv (a scan of --n-external other people),
panel.tsv, study.json; and DIR.simulate.log"""
_STUDY = (
    ("--n-train", "N", "training people (100000)", {"type": number(int, 1), "default": 100_000}),
    ("--n-test", "N", "test people (100000)", {"type": number(int, 1), "default": 100_000}),
    ("--variants", "S", "causal variants (100)", {"type": number(int, 1), "default": 100}),
    ("--null-variants", "S", "variants without effect (10000)",
     {"type": number(int, 0), "default": 10_000}),
    ("--h-g", "H", "share of the variance of z that is genetic (0.5)",
     {"type": number(float, 0, 1), "default": 0.5}),
    ("--alpha-max", "DEG", "largest rotation in degrees (45)",
     {"type": number(float, 0, 180), "default": 45.0}),
    ("--n-external", "N", "people of the external scan (100000)",
     {"type": number(int, 10), "default": 100_000}),
    ("--seed", "N", "of effects and test people (0)", {"type": number(int, 0), "default": 0}),
    ("--split", "N", "of training people (0)", {"type": number(int, 0), "default": 0}),
)  # fmt: skip


def build_parser():
    """The flags of simulating a study."""
    parser = Parser(prog=PROGRAM, description=_DESCRIPTION, epilog=_EPILOG)
    parser.add_argument(
        "--images",
        required=True,
        metavar="FILE",
        help="EMNIST: .npz (images, char, exact), .mat, a folder or file of ...-idx3-ubyte.gz",
    )
    group = parser.add_argument_group("study")
    add_flags(group, _STUDY)
    group.add_argument(
        "--panel",
        choices=("causal", "external"),
        default="causal",
        help="all causal variants (default), or those of p < 1e-5 in the external scan, clumped",
    )
    group = parser.add_argument_group("output and work")
    group.add_argument(
        "--out", required=True, metavar="DIR", help="a folder; a study there is replaced"
    )
    add_work(group, memory=False)
    return parser


def main(argv=None):
    """Entry point; returns the exit code: 0 done, 2 the user's mistake, 1 our bug."""
    return run_command(PROGRAM, build_parser(), _check, _job, argv)


def _check(arguments):
    limit_threads(arguments)
    from gemcont.learn import refuse_folder, require_torch

    require_torch()
    arguments.folder = arguments.out.rstrip("/")
    if not arguments.folder.strip("."):
        raise GemcontError(f"--out: {arguments.out!r} is no name for a new folder")
    refuse_folder(arguments.folder)
    arguments.out = f"{arguments.folder}.simulate"  # of the log


def _job(arguments):
    from gemcont.learn import write_study

    settings = (
        "n_train n_test variants h_g alpha_max seed split n_external null_variants panel threads"
    ).split()
    chosen = {name: getattr(arguments, name) for name in settings}
    write_study(arguments.images, arguments.folder, **chosen)


if __name__ == "__main__":
    sys.exit(main())
