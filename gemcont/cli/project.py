"""gemcont-project: combinations of traits tested from a store of products, without genotypes."""

import sys
from collections.abc import Sequence
from dataclasses import asdict

from gemcont.cli.command import Command
from gemcont.settings.project import ProjectCommand

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


def _check(command, given):
    _outputs(command).files.refuse_inputs(command.input_files)
    return command


def _outputs(command):
    from gemcont.workflows.project import ProductOutputs

    return ProductOutputs(
        command.out,
        layout=command.layout,
        test=command.test,
        joint=command.joint,
        each=command.each_trait,
        least=command.neg_log10_p_min,
    )


def _job(command):
    from gemcont.workflows.project import report, write_projection

    outputs = _outputs(command)
    tested, null, names, store = write_projection(
        command.products, outputs, weights=command.weights, traits=command.traits
    )
    autosomes = store.facts["autosomes"]
    plot, asked = not command.no_plot, asdict(command)
    report(tested, null, names, outputs, autosomes=autosomes, plot=plot, arguments=asked)


PROJECT = Command(
    program="gemcont-project",
    settings=ProjectCommand,
    description=_DESCRIPTION,
    epilog=_EPILOG,
    check=_check,
    job=_job,
)


def main(words: Sequence[str] | None = None) -> int:
    """Run the command and return its exit code: 0 done, 2 the user's mistake, 1 our bug."""
    return PROJECT.run(words)


if __name__ == "__main__":
    sys.exit(main())
