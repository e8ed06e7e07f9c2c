"""gemcont-gwas: genotypes x traits -> associations, a log, a summary and two pictures."""

import os
import sys

from gemcont.cli.common import Parser, comma_list, number, run_command

PROGRAM = "gemcont-gwas"
_LAYOUTS = ("tsv", "tsv.gz", "parquet")
_DESCRIPTION = """\
Test every variant of a PLINK fileset against all chosen traits at once.

One trait: the ordinary linear regression of plink2 --glm. Several: one joint test on as many
degrees of freedom. The effect allele is column 5 of the .bim (A1)."""
_EPILOG = """\
example:
  gemcont-gwas --bfile cohort --pheno traits.tsv --pheno-name height,weight \\
      --covar covariates.tsv --maf 0.01 --test f --out results/size

writes PREFIX.gwas.tsv, PREFIX.log, PREFIX.summary.json, PREFIX.manhattan.png, PREFIX.qq.png"""


def build_parser():
    """The command's flags; PLINK's and REGENIE's names where they have one."""
    parser = Parser(prog=PROGRAM, description=_DESCRIPTION, epilog=_EPILOG)
    _add_inputs(parser.add_argument_group("input"))
    _add_filters(parser.add_argument_group("filters (counted on the analysed samples)"))
    _add_test(parser.add_argument_group("test"))
    _add_output(parser.add_argument_group("output and work"))
    return parser


def _add_inputs(group):
    group.add_argument("--bfile", required=True, metavar="PREFIX", help=".bed, .bim and .fam")
    group.add_argument(
        "--pheno",
        required=True,
        metavar="FILE",
        help="table of traits; header FID IID or IID first",
    )
    group.add_argument(
        "--pheno-name", type=comma_list, metavar="A,B", help="traits to test (default: all)"
    )
    group.add_argument(
        "--covar", metavar="FILE", help="table of covariates; text columns are categories"
    )
    group.add_argument(
        "--covar-name", type=comma_list, metavar="A,B", help="covariates to use (default: all)"
    )
    group.add_argument(
        "--missing-code",
        type=comma_list,
        default=[],
        metavar="A,B",
        help="trait values that mean missing, instead of -9 (NA, nan, . and blank always do)",
    )
    group.add_argument(
        "--chr-set",
        type=number(int, 1, 999),
        default=22,
        metavar="N",
        help="autosomes (default: 22)",
    )


def _add_filters(group):
    group.add_argument("--keep", metavar="FILE", help="only these samples: FID IID or IID per line")
    group.add_argument("--remove", metavar="FILE", help="not these samples")
    group.add_argument("--extract", metavar="FILE", help="only these variants: an id per line")
    group.add_argument("--exclude", metavar="FILE", help="not these variants")
    group.add_argument("--chr", metavar="1-22,X", help="only these chromosomes")
    group.add_argument(
        "--maf", type=number(float, 0, 0.5), metavar="F", help="smallest minor allele frequency"
    )
    group.add_argument(
        "--mac", type=number(float, 0), metavar="N", help="smallest minor allele count"
    )
    group.add_argument(
        "--geno", type=number(float, 0, 1), metavar="F", help="largest share of missing genotypes"
    )


def _add_test(group):
    group.add_argument(
        "--test",
        choices=("lrt", "f"),
        default="lrt",
        help="likelihood ratio with one scale per variant (default), or the exact F",
    )
    group.add_argument(
        "--pcs", type=number(int, 1), metavar="D", help="test the first D principal components"
    )
    group.add_argument(
        "--rank-int", action="store_true", help="rank the traits to normal quantiles (after --pcs)"
    )


def _add_output(group):
    group.add_argument("--out", required=True, metavar="PREFIX", help="prefix of all outputs")
    group.add_argument("--format", choices=_LAYOUTS, default="tsv", help="of the results")
    group.add_argument("--no-plot", action="store_true", help="draw no pictures")
    group.add_argument("--threads", type=number(int, 1, 1024), metavar="N", help="default: all")
    group.add_argument(
        "--memory",
        type=number(int, 16),
        default=512,
        metavar="MiB",
        help="for the blocks in flight (default: 512)",
    )
    group.add_argument(
        "--block-size",
        type=number(int, 1),
        metavar="N",
        help="variants per block (default: by --memory)",
    )
    group.add_argument("-v", "--verbose", action="store_true", help="more on the terminal")


def main(argv=None):
    """Entry point; returns the exit code: 0 done, 2 the user's mistake, 1 our bug."""
    return run_command(PROGRAM, build_parser(), _job, argv)


def _job(arguments):
    if arguments.threads is not None:  # read when polars is first imported
        os.environ.setdefault("POLARS_MAX_THREADS", str(arguments.threads))
    from gemcont.tables.sumstats import SUFFIX, refuse_overwriting
    from gemcont.workflows.gwas import write_gwas
    from gemcont.workflows.report import draw, write_summary

    prefix = arguments.out
    result = f"{prefix}.gwas{SUFFIX[arguments.format]}"
    suffixes = ("log", "summary.json", "manhattan.png", "qq.png")
    refuse_overwriting([result, *(f"{prefix}.{s}" for s in suffixes)], _inputs(arguments))
    run = write_gwas(
        arguments.bfile,
        arguments.pheno,
        result,
        covar=arguments.covar,
        layout=arguments.format,
        progress=True,
        **_settings(arguments),
    )
    write_summary(run, f"{prefix}.summary.json", vars(arguments))
    if not arguments.no_plot:
        draw(run, prefix)


def _inputs(arguments):
    genotypes = [arguments.bfile.removesuffix(".bed") + s for s in (".bed", ".bim", ".fam")]
    lists = (arguments.keep, arguments.remove, arguments.extract, arguments.exclude)
    return [*genotypes, arguments.pheno, *(p for p in (arguments.covar, *lists) if p is not None)]


def _settings(arguments):
    """The fields of ``GwasSettings`` that the flags fill."""
    same = ("keep", "remove", "extract", "exclude", "maf", "mac", "geno", "test", "pcs", "rank_int")
    work = ("threads", "memory", "block_size")
    return {
        **{name: getattr(arguments, name) for name in (*same, *work)},
        "trait_names": arguments.pheno_name,
        "covariate_names": arguments.covar_name,
        "chromosomes": arguments.chr,
        "autosomes": arguments.chr_set,
        "missing_codes": tuple(arguments.missing_code),
    }


if __name__ == "__main__":
    sys.exit(main())
