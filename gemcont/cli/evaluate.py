"""gemcont-evaluate: a model judged by a simulated study's test people."""

import sys
from argparse import ArgumentTypeError

from gemcont.cli.common import Parser, comma_list, limit_threads, number, run_command
from gemcont.cli.learning import DEVICES, add_covariates
from gemcont.errors import GemcontError

PROGRAM = "gemcont-evaluate"
_DESCRIPTION = """\
Judge a model by a simulated study: R2 of the latent trait from the embeddings of the test people,
and the share of its causal variants that the joint test finds, beside what the trait itself would
find in the same people (the oracle)."""
_EPILOG = """\
example:
  gemcont-evaluate --study study0 --model models/gemcont --out results/gemcont

writes PREFIX.eval.json, PREFIX.eval.tsv, PREFIX.eval.png, PREFIX.log"""


def build_parser():
    """The flags of judging a model."""
    parser = Parser(prog=PROGRAM, description=_DESCRIPTION, epilog=_EPILOG)
    parser.add_argument("--study", required=True, metavar="DIR", help="of gemcont-simulate")
    parser.add_argument("--model", required=True, metavar="DIR", help="of gemcont-train")
    add_covariates(parser)
    parser.add_argument(
        "--pcs",
        type=_counts,
        default=(1, 4, 16, 64),
        metavar="A,B",
        help="principal components that joint tests are made of (1,4,16,64; 16 is always there): "
        "those that gemcont-gwas --pcs would test",
    )
    parser.add_argument("--out", required=True, metavar="PREFIX", help="prefix of all outputs")
    parser.add_argument("--device", choices=DEVICES, default="cpu", help="default: cpu")
    parser.add_argument(
        "--threads", type=number(int, 1, 1024), metavar="N", help="default: all processors"
    )
    parser.add_argument("-v", "--verbose", action="store_true", help="more on the terminal")
    return parser


def _counts(text):
    parts = comma_list(text)
    if not all(part.isdecimal() and int(part) > 0 for part in parts):
        raise ArgumentTypeError(f"{text!r} is not numbers from 1 up, as in 1,4,16")
    return tuple(int(part) for part in parts)


def main(argv=None):
    """Entry point; returns the exit code: 0 done, 2 the user's mistake, 1 our bug."""
    return run_command(PROGRAM, build_parser(), _check, _job, argv)


def _check(arguments):
    limit_threads(arguments)
    from gemcont.learn import require_torch

    torch = require_torch()
    if arguments.threads is not None:
        torch.set_num_threads(arguments.threads)
    from gemcont.learn import read_facts

    read_facts(arguments.model)
    try:
        import sklearn  # noqa: F401
    except ImportError:
        raise GemcontError(
            "gemcont-evaluate needs scikit-learn: pip install 'gemcont[learn]'"
        ) from None


def _job(arguments):
    from gemcont.learn import evaluate_study

    evaluate_study(
        arguments.study,
        arguments.model,
        arguments.out,
        pcs=arguments.pcs,
        covar=arguments.covar,
        covar_names=arguments.covar_name,
        device=arguments.device,
        threads=arguments.threads,
        progress=True,
    )


if __name__ == "__main__":
    sys.exit(main())
