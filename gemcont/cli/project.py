"""gemcont-project: combinations of traits tested from a store of products, without genotypes."""

import sys

from gemcont.cli.common import Parser, add_work, comma_list, limit_threads, run_command
from gemcont.cli.gwas import add_bounds, least
from gemcont.errors import GemcontError

PROGRAM = "gemcont-project"
_DESCRIPTION = """\
Test combinations of the traits of a scan that was made with gemcont-gwas --save-products: a
rotation, a subset, contrasts, single axes, jointly or each alone. Takes seconds and no genotypes,
and equals a scan of those combinations."""
_EPILOG = """\
example:
  gemcont-gwas --bfile cohort --pheno embedding.parquet --save-products --out results/scan
  gemcont-project --products results/scan --weights axes.tsv --each-trait --out results/axes

The table of weights has a header 'trait' and names of combinations, a row per trait. Writes
PREFIX.gwas.tsv, PREFIX.log, pictures; --each-trait also PREFIX.traits.parquet."""


def build_parser():
    """The command's flags."""
    parser = Parser(prog=PROGRAM, description=_DESCRIPTION, epilog=_EPILOG)
    parser.add_argument(
        "--products", required=True, metavar="PREFIX", help="--out of the scan that saved them"
    )
    what = parser.add_mutually_exclusive_group(required=True)
    what.add_argument("--weights", metavar="FILE", help="table: trait, then a column a combination")
    what.add_argument("--traits", type=comma_list, metavar="A,B", help="just these traits, as is")
    parser.add_argument("--test", choices=("lrt", "f"), default="lrt", help="as gemcont-gwas")
    which = parser.add_mutually_exclusive_group()
    which.add_argument("--each-trait", action="store_true", help="also every combination alone")
    which.add_argument(
        "--each-trait-only", action="store_true", help="every combination alone, no joint test"
    )
    parser.add_argument("--out", required=True, metavar="PREFIX", help="prefix of all outputs")
    parser.add_argument(
        "--format", choices=("tsv", "tsv.gz", "parquet"), default="tsv", help="of the results"
    )
    add_bounds(parser)
    parser.add_argument("--no-plot", action="store_true", help="draw no pictures")
    add_work(parser, memory=False)
    return parser


def main(argv=None):
    """Entry point; returns the exit code: 0 done, 2 the user's mistake, 1 our bug."""
    return run_command(PROGRAM, build_parser(), _check, _job, argv)


def _check(arguments):
    limit_threads(arguments)
    from gemcont.tables.files import refuse_overwriting

    if arguments.traits is not None and len(set(arguments.traits)) < len(arguments.traits):
        raise GemcontError("--traits: a name stands twice")
    inputs = [] if arguments.weights is None else [arguments.weights]
    refuse_overwriting(_outputs(arguments).files, inputs)


def _outputs(arguments):
    from gemcont.workflows.project import ProductOutputs

    return ProductOutputs(
        arguments.out,
        layout=arguments.format,
        test=arguments.test,
        joint=not arguments.each_trait_only,
        each=arguments.each_trait or arguments.each_trait_only,
        least=least(arguments),
    )


def _job(arguments):
    from gemcont.workflows.project import report, write_projection

    outputs = _outputs(arguments)
    tested, null, names, store = write_projection(
        arguments.products, outputs, weights=arguments.weights, traits=arguments.traits
    )
    autosomes = store.facts["autosomes"]
    plot, asked = not arguments.no_plot, vars(arguments)
    report(tested, null, names, outputs, autosomes=autosomes, plot=plot, arguments=asked)


if __name__ == "__main__":
    sys.exit(main())
