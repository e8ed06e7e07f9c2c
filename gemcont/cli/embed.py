"""gemcont-embed: a trained encoder -> a table of embeddings of people it has not seen."""

import sys
from argparse import ArgumentTypeError

from gemcont.cli.common import Parser, limit_threads, run_command
from gemcont.cli.learning import add_device, add_inputs, check_inputs, inputs_of
from gemcont.errors import GemcontError

PROGRAM = "gemcont-embed"
_DESCRIPTION = """\
Write the image embeddings of the people whom neither training nor model choice has seen: traits for
gemcont-gwas. A person with several images has their mean."""
_EPILOG = """\
example:
  gemcont-embed --study study0 --model models/gemcont --directions auto --out results/emb
  gemcont-gwas --bfile study0/study --pheno results/emb.embed.tsv --pcs 16 --rank-int --out scan

writes PREFIX.embed.tsv and PREFIX.embed.json (the model's hash, and whom it has seen: gemcont-gwas
leaves them out); --directions also PREFIX.directions.tsv and .json (unless auto finds none that
holds in the validation people); PREFIX.log"""


def build_parser():
    """The flags of embedding people."""
    parser = Parser(prog=PROGRAM, description=_DESCRIPTION, epilog=_EPILOG)
    parser.add_argument("--model", required=True, metavar="DIR", help="folder of gemcont-train")
    add_inputs(parser)
    group = parser.add_argument_group("output and work")
    group.add_argument(
        "--directions",
        type=_count,
        metavar="K",
        help="also K canonical directions with the panel, fitted on the training people; or auto",
    )
    group.add_argument(
        "--include-training",
        action="store_true",
        help="also the people seen, in PREFIX.seen.embed.tsv: never for a scan",
    )
    group.add_argument("--format", choices=("tsv", "parquet"), default="tsv", help="of the tables")
    group.add_argument("--out", required=True, metavar="PREFIX", help="prefix of all outputs")
    add_device(group)
    return parser


def _count(text):
    if text == "auto":
        return text
    if not text.isdecimal() or int(text) == 0:
        raise ArgumentTypeError(f"{text!r} is neither a number from 1 up nor auto")
    return int(text)


def main(argv=None):
    """Entry point; returns the exit code: 0 done, 2 the user's mistake, 1 our bug."""
    return run_command(PROGRAM, build_parser(), _check, _job, argv)


def _check(arguments):
    limit_threads(arguments)
    check_inputs(arguments)
    from gemcont.learn import read_facts
    from gemcont.tables.files import refuse_overwriting

    read_facts(arguments.model)
    kinds = ("embed", "directions", "seen.embed")
    outputs = [f"{arguments.out}.{k}.{s}" for k in kinds for s in ("tsv", "parquet", "json")]
    inputs = [arguments.images, arguments.image_ids, arguments.panel, arguments.covar]
    refuse_overwriting(outputs, [path for path in inputs if path is not None])
    if arguments.directions is not None and arguments.study is None and arguments.panel is None:
        raise GemcontError("--directions needs --panel and genotypes")


def _job(arguments):
    from gemcont.learn import Inputs, embed_files

    embed_files(
        Inputs(**inputs_of(arguments)),
        arguments.model,
        arguments.out,
        directions=arguments.directions,
        include_training=arguments.include_training,
        layout=arguments.format,
        device=arguments.device,
        progress=True,
    )


if __name__ == "__main__":
    sys.exit(main())
