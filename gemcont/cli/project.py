"""gemcont-project: combinations of traits tested from a store of products, without genotypes."""

import sys
from collections.abc import Sequence
from dataclasses import asdict

from gemcont.cli.command import Command
from gemcont.settings.flags import part_of
from gemcont.settings.project import ProjectCommand, ProjectSettings

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
    from gemcont.workflows.project import ProductOutputs

    ProductOutputs(command.out, layout=command.layout).files.refuse_inputs(command.input_files)
    return command


def _job(command):
    from gemcont.workflows.project import write_project

    write_project(
        command.products,
        command.out,
        layout=command.layout,
        plot=not command.no_plot,
        arguments=asdict(command),
        **vars(part_of(ProjectSettings, command)),
    )


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
