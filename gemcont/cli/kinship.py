"""gemcont-kinship: genotypes -> a GRM, its eigenvectors, and those without each chromosome."""

import sys

from gemcont.cli.common import (
    Parser,
    add_flags,
    add_genotypes,
    add_work,
    genotype_files,
    genotype_path,
    limit_threads,
    run_command,
)
from gemcont.cli.relatives import add_grm, grm_settings

PROGRAM = "gemcont-kinship"
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
_LISTS = ("keep", "remove", "extract", "exclude")
_FILTERS = (
    ("--keep", "FILE", "only these samples: FID IID or IID per line", {}),
    ("--remove", "FILE", "not these samples", {}),
    ("--extract", "FILE", "only these variants, e.g. pruned ones: an id per line", {}),
    ("--exclude", "FILE", "not these variants", {}),
)


def build_parser():
    """The command's flags."""
    parser = Parser(prog=PROGRAM, description=_DESCRIPTION, epilog=_EPILOG)
    add_genotypes(parser)
    add_flags(parser, _FILTERS)
    add_grm(parser)
    parser.add_argument(
        "--loco", action="store_true", help="also the GRM without each autosome: PREFIX.loco"
    )
    parser.add_argument("--out", required=True, metavar="PREFIX", help="prefix of all outputs")
    parser.add_argument("--no-plot", action="store_true", help="draw no picture")
    add_work(parser, memory=False)
    return parser


def main(argv=None):
    """Entry point; returns the exit code: 0 done, 2 the user's mistake, 1 our bug."""
    return run_command(PROGRAM, build_parser(), _check, _job, argv)


def _check(arguments):
    limit_threads(arguments)
    genotype_path(arguments)
    from gemcont.tables.files import refuse_overwriting

    lists = [getattr(arguments, name) for name in _LISTS]
    inputs = genotype_files(arguments) + [path for path in lists if path is not None]
    names = ("log", "grm.npy", "grm.id", "eigen.npz", "summary.json", "kinship.png")
    refuse_overwriting([f"{arguments.out}.{name}" for name in names], inputs)


def _job(arguments):
    from gemcont.workflows.kinship import write_kinship_files

    write_kinship_files(
        genotype_path(arguments),
        arguments.out,
        sample=arguments.sample,
        plot=not arguments.no_plot,
        progress=True,
        autosomes=arguments.chr_set,
        loco=arguments.loco,
        threads=arguments.threads,
        **{name: getattr(arguments, name) for name in _LISTS},
        **grm_settings(arguments),
    )


if __name__ == "__main__":
    sys.exit(main())
