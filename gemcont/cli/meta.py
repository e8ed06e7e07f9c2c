"""gemcont-meta: cohorts' summary statistics -> one set of associations."""

import sys

from gemcont.cli.common import (
    AddColumns,
    Parser,
    add_species,
    add_work,
    comma_list,
    limit_threads,
    number,
    role_columns,
    run_command,
)
from gemcont.errors import GemcontError

PROGRAM = "gemcont-meta"
_DESCRIPTION = """\
Meta-analyse cohorts: their alleles are brought to those of the first cohort that holds a variant
(or of a reference), strands are told apart, and effects pooled by inverse variance. The files may
be those of gemcont, plink, REGENIE, SAIGE, fastGWA, BOLT, GEMMA, METAL, FinnGen, MVP, GWAS-SSF,
or any table whose columns are named. Every row that does not enter is listed with its reason."""
_EPILOG = """\
example:
  gemcont-meta --sumstats mvp.tsv.gz finngen.gz third.tsv --names MVP FinnGen third \\
      --out results/meta

  gemcont-meta --joint a/scan b/scan --out results/both   (stores of --save-products)

writes PREFIX.meta.tsv, PREFIX.dropped.tsv.gz, PREFIX.log, PREFIX.manhattan.png, PREFIX.qq.png
and PREFIX.frequency.png"""


def build_parser():
    """The command's flags."""
    parser = Parser(prog=PROGRAM, description=_DESCRIPTION, epilog=_EPILOG)
    cohorts = parser.add_argument_group("cohorts")
    what = cohorts.add_mutually_exclusive_group(required=True)
    what.add_argument("--sumstats", nargs="+", metavar="FILE", help="one file per cohort")
    what.add_argument(
        "--joint",
        nargs="+",
        metavar="PREFIX",
        help="stores of gemcont-gwas --save-products: the joint test of all cohorts together",
    )
    add_cohorts(cohorts)
    add_harmonising(parser.add_argument_group("alleles and places"))
    reference = parser.add_argument_group("reference").add_mutually_exclusive_group()
    reference.add_argument(
        "--reference", metavar="FILE", help="summary statistics whose alleles and frequencies rule"
    )
    reference.add_argument(
        "--bfile", metavar="PREFIX", help="PLINK fileset whose alleles and frequencies rule"
    )
    add_pooling(parser.add_argument_group("pooling"))
    joint = parser.add_argument_group("with --joint")
    joint.add_argument(
        "--test",
        choices=("wald", "lrt", "f"),
        default="wald",
        help="every cohort with a trait covariance of its own (wald, default); lrt and f, as of "
        "gemcont-gwas, take one for all",
    )
    joint.add_argument(
        "--same-ids", action="store_true", help="ids that two cohorts share are different people"
    )
    add_output(parser.add_argument_group("output and work"))
    return parser


def add_cohorts(group, *, species=True):
    """Names and columns of the cohorts' files; species: --chr-set too."""
    group.add_argument("--names", nargs="+", metavar="NAME", help="of the cohorts")
    group.add_argument(
        "--columns",
        type=role_columns,
        action=AddColumns,
        default={},
        metavar="[FILE:]ROLE=NAME,...",
        help="columns by name, e.g. beta=EFFECT,standard_error=SE2; of one file FILE:beta=EFFECT "
        "(FILE: its path, cohort or number)",
    )
    group.add_argument(
        "--se-from-p",
        action="store_true",
        help="where no standard error is stated, from the effect and its p",
    )
    group.add_argument("--trait", metavar="NAME", help="the one to read of files of several")
    if species:
        add_species(group)


def add_harmonising(group):
    """How rows are matched, turned and lifted."""
    group.add_argument(
        "--match",
        choices=("key", "id", "rsid"),
        default="key",
        help="by chromosome, position and alleles (key, default), or by id (rsid is the same)",
    )
    group.add_argument(
        "--palindromic",
        choices=("infer", "keep", "drop"),
        default="infer",
        help="A/T and C/G: strand as other variants tell, else by frequency (default), by the "
        "letters, or left out",
    )
    group.add_argument(
        "--ambiguous",
        type=number(float, 0, 0.5),
        default=0.4,
        metavar="F",
        help="palindromes with a frequency from F to 1 - F on either side are left out (0.4)",
    )
    group.add_argument(
        "--max-eaf-diff",
        type=number(float, 0, 1),
        metavar="F",
        help="largest difference of a frequency from the reference's",
    )
    group.add_argument(
        "--build", type=comma_list, metavar="B,B,...", help="37 or 38, one a file or one for all"
    )
    group.add_argument("--to-build", metavar="B", help="the build of the result (first file's)")
    group.add_argument(
        "--liftover", metavar="CHAIN", help="UCSC chain file that lifts the files of another build"
    )


def add_pooling(group):
    """What is computed."""
    group.add_argument(
        "--scheme",
        choices=("stderr", "samplesize"),
        default="stderr",
        help="weights: inverse variance (default), or z scores by the root of N",
    )
    group.add_argument(
        "--random-effects", action="store_true", help="DerSimonian-Laird instead of fixed effects"
    )
    group.add_argument(
        "--genomic-control",
        action="store_true",
        help="divide each cohort's chi2 by its lambda where that is above 1, as METAL",
    )


def add_output(group):
    """Where results go."""
    group.add_argument("--out", required=True, metavar="PREFIX", help="prefix of all outputs")
    group.add_argument(
        "--format",
        choices=("tsv", "tsv.gz", "parquet", "ssf"),
        default="tsv",
        help="of the results",
    )
    group.add_argument("--genome-build", metavar="NAME", help="with --format ssf, e.g. GRCh38")
    group.add_argument("--no-plot", action="store_true", help="draw no pictures")
    add_work(group, memory=False)


def main(argv=None):
    """Entry point; returns the exit code: 0 done, 2 the user's mistake, 1 our bug."""
    return run_command(PROGRAM, build_parser(), _check, _job, argv)


def _check(arguments):
    """Settings that cannot be, and outputs that are inputs, before anything is read."""
    limit_threads(arguments)
    if arguments.joint is not None:
        return _check_joint(arguments)
    _refuse_idle(arguments, "with --joint", {"test": "wald", "same_ids": False})
    from gemcont.settings.meta import MetaSettings
    from gemcont.workflows.meta import cohort_names, refuse_inputs

    MetaSettings(**meta_settings(arguments))
    cohort_names(arguments.sumstats, arguments.names)
    if (arguments.format == "ssf") != (arguments.genome_build is not None):
        raise GemcontError("--genome-build goes with --format ssf, and --format ssf needs it")
    if arguments.format == "ssf" and arguments.scheme == "samplesize":
        raise GemcontError("--format ssf holds effects; --scheme samplesize has none")
    files = [p for p in (arguments.reference, arguments.liftover) if p is not None]
    if arguments.bfile is not None:
        files += [arguments.bfile + suffix for suffix in (".bed", ".bim", ".fam")]
    refuse_inputs(arguments.out, arguments.format, arguments.sumstats + files)


# What is of no use to --joint, and its default.
_OF_FILES = {
    **{"names": None, "columns": {}, "se_from_p": False, "trait": None, "match": "key"},
    **{"max_eaf_diff": None, "build": None, "to_build": None, "liftover": None},
    **{"reference": None, "bfile": None, "scheme": "stderr", "random_effects": False},
    **{"genomic_control": False, "genome_build": None, "chr_set": None},
}


def _check_joint(arguments):
    if len(arguments.joint) < 2:
        raise GemcontError("--joint: two stores or more are added; one alone is gemcont-project's")
    if arguments.format == "ssf":
        raise GemcontError("--format ssf holds effects of one trait; a joint test has none")
    _refuse_idle(arguments, "with --sumstats", _OF_FILES)


def _refuse_idle(arguments, where, defaults):
    """Flags that would do nothing are a misunderstanding."""
    for name, default in defaults.items():
        if getattr(arguments, name) != default:
            raise GemcontError(f"--{name.replace('_', '-')} goes {where}")


def _joint(arguments):
    from gemcont.workflows.project import ProductOutputs, report, write_joint_meta

    outputs = ProductOutputs(arguments.out, "meta", arguments.format, arguments.test)
    tested, null, names, store = write_joint_meta(
        arguments.joint,
        outputs,
        palindromic=arguments.palindromic,
        ambiguous=arguments.ambiguous,
        same_ids=arguments.same_ids,
    )
    autosomes = store.facts["autosomes"]
    plot, asked = not arguments.no_plot, vars(arguments)
    report(tested, null, names, outputs, autosomes=autosomes, plot=plot, arguments=asked)


def meta_settings(arguments):
    """The fields of ``MetaSettings`` that the flags fill."""
    same = (
        "scheme random_effects genomic_control palindromic ambiguous max_eaf_diff build to_build "
        "liftover columns trait se_from_p"
    ).split()
    return {
        **{name: getattr(arguments, name) for name in same},
        "match": "key" if arguments.match == "key" else "id",
        **({} if arguments.chr_set is None else {"autosomes": arguments.chr_set}),
    }


def _job(arguments):
    if arguments.joint is not None:
        return _joint(arguments)
    from gemcont.settings.meta import MetaSettings
    from gemcont.workflows.meta import cohort_names, draw_meta, outputs, prepare, write_meta

    names = cohort_names(arguments.sumstats, arguments.names)
    settings = MetaSettings(**meta_settings(arguments))
    run = prepare(
        arguments.sumstats,
        names,
        settings,
        reference=arguments.reference,
        genotypes=arguments.bfile,
        progress=True,
    )
    table = write_meta(
        run, arguments.out, arguments.format, genome_build=arguments.genome_build, progress=True
    )
    if not arguments.no_plot:
        draw_meta(run, table, outputs(arguments.out, arguments.format))


if __name__ == "__main__":
    sys.exit(main())
