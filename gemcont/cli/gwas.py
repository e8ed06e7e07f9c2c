"""gemcont-gwas: genotypes x traits -> associations, a log, a summary and two pictures."""

import math
import sys
from argparse import ArgumentTypeError
from functools import partial

from gemcont.cli.common import (
    Parser,
    add_flags,
    add_genotypes,
    add_work,
    comma_list,
    genotype_files,
    genotype_path,
    limit_threads,
    number,
    run_command,
)
from gemcont.cli.relatives import add_relatives, relatives_files, relatives_settings
from gemcont.errors import GemcontError

PROGRAM = "gemcont-gwas"
_LAYOUTS = ("tsv", "tsv.gz", "parquet", "ssf")
_DESCRIPTION = """\
Test every variant of a genotype file against all chosen traits at once.

One trait: the ordinary linear regression of plink2 --glm. Several: one joint test on as many
degrees of freedom. The effect allele is column 5 of a .bim (A1), ALT of a .pvar, the second
allele of a .bgen."""
_EPILOG = """\
example:
  gemcont-gwas --bfile cohort --pheno traits.tsv --pheno-name height,weight \\
      --covar covariates.tsv --maf 0.01 --test f --out results/size

writes PREFIX.gwas.tsv, PREFIX.log, PREFIX.summary.json, PREFIX.manhattan.png, PREFIX.qq.png;
--each-trait also PREFIX.traits.parquet, PREFIX.traits.summary.tsv (lambda of each),
PREFIX.traits.histogram.parquet (of |t|) and PREFIX.traits.qq.png; --effects
PREFIX.effects.parquet; --kinship PREFIX.heritability.png.

  gemcont-gwas merge --out PREFIX   puts the chunks of --chunk I/N together"""


def build_parser():
    """The command's flags; PLINK's and REGENIE's names where they have one."""
    parser = Parser(prog=PROGRAM, description=_DESCRIPTION, epilog=_EPILOG)
    add_genotypes(parser.add_argument_group("genotypes"))
    add_flags(parser.add_argument_group("traits and covariates"), _TABLES)
    add_flags(
        parser.add_argument_group("samples and variants (counted on the analysed samples)"),
        _FILTERS,
    )
    _add_test(parser.add_argument_group("test"))
    add_relatives(parser.add_argument_group("relatives"))
    _add_output(parser.add_argument_group("output and work"))
    return parser


_COMMA = {"type": comma_list}
_TABLES = (
    (
        "--pheno",
        "FILE",
        "table of traits; header FID IID or IID first (--pfile: default .psam)",
        {},
    ),
    ("--pheno-name", "A,B", "traits to test (default: all)", _COMMA),
    ("--covar", "FILE", "table of covariates; text columns are categories", {}),
    ("--covar-name", "A,B", "covariates to use (default: all)", _COMMA),
    (
        "--covar-formula",
        "TEXT",
        'covariates as a formula: "sex*age + I(age**2) + C(site)"',
        {},
    ),
    ("--condition", "ID,ID", "variants that become covariates", _COMMA),
    ("--condition-list", "FILE", "the same, an id per line", {}),
    (
        "--missing-code",
        "A,B",
        "trait values that mean missing, instead of -9 (NA, nan, none, . and blank always do)",
        _COMMA | {"default": []},
    ),
)
_FILTERS = (
    ("--keep", "FILE", "only these samples: FID IID or IID per line", {}),
    ("--remove", "FILE", "not these samples", {}),
    (
        "--mind",
        "F",
        "largest share of missing genotypes of a sample, over the chosen variants (Y: males only)",
        {"type": number(float, 0, 1)},
    ),
    ("--extract", "FILE", "only these variants: an id per line", {}),
    ("--exclude", "FILE", "not these variants", {}),
    ("--chr", "1-22,X", "only these chromosomes", {}),
    ("--from-bp", "N", "from this position (with one --chr)", {"type": number(int, 0)}),
    ("--to-bp", "N", "to this position", {"type": number(int, 0)}),
    (
        "--geno",
        "F",
        "largest share of missing genotypes (or dosages) of a variant",
        {"type": number(float, 0, 1)},
    ),
    ("--maf", "F", "smallest minor allele frequency", {"type": number(float, 0, 0.5)}),
    ("--mac", "N", "smallest minor allele count", {"type": number(float, 0)}),
    (
        "--hwe",
        "P",
        "smallest exact Hardy-Weinberg p (on X of females); 'P midp' for the mid-p",
        {"nargs": "+"},
    ),
    (
        "--info",
        "R2",
        "smallest imputation quality of dosages: as the file states it, else from their variance",
        {"type": number(float, 0, 1)},
    ),
)


def _add_test(group):
    group.add_argument(
        "--test",
        choices=("lrt", "f"),
        default="lrt",
        help="likelihood ratio with one scale per variant (default), or the exact F",
    )
    group.add_argument(
        "--contrast",
        default="any",
        metavar="C",
        help="effects to test: any (default); common, any-vs-common (in the traits' units); TRAIT, "
        "its own effect while the others' are free; conditional:TRAIT, given the others' values",
    )
    group.add_argument(
        "--pcs", type=number(int, 1), metavar="D", help="test the first D principal components"
    )
    group.add_argument(
        "--rank-int", action="store_true", help="rank the traits to normal quantiles (after --pcs)"
    )
    group.add_argument(
        "--allow-training-samples",
        action="store_true",
        help="keep people whom the encoder of the embeddings has seen: p-values are not valid",
    )
    group.add_argument(
        "--no-x-sex", action="store_true", help="on X, leave sex out of the covariates"
    )
    which = group.add_mutually_exclusive_group()
    which.add_argument(
        "--each-trait",
        action="store_true",
        help="also every trait alone, by its t: PREFIX.traits.parquet",
    )
    which.add_argument(
        "--each-trait-only",
        action="store_true",
        help="every trait alone, without the joint test (default above 200 traits)",
    )
    group.add_argument("--joint", action="store_true", help="the joint test also above 200 traits")
    group.add_argument(
        "--each-trait-samples",
        choices=("joint", "own"),
        default="joint",
        help="every trait on the samples that have all (default), or on those that have it",
    )
    group.add_argument(
        "--effects", action="store_true", help="also the joint test's effect on every trait"
    )


def _add_output(group):
    group.add_argument("--out", required=True, metavar="PREFIX", help="prefix of all outputs")
    group.add_argument(
        "--format", choices=_LAYOUTS, default="tsv", help="of the results (default: tsv)"
    )
    group.add_argument(
        "--split-traits",
        action="store_true",
        help="with --each-trait: a file per trait in --format instead of one parquet",
    )
    group.add_argument(
        "--top-k",
        type=number(int, 1),
        metavar="K",
        help="of every trait's own test, only the K strongest rows",
    )
    group.add_argument(
        "--dense",
        action="store_true",
        help="every t of every trait as float32 in PREFIX.t (gemcont.read_dense), no rows",
    )
    group.add_argument(
        "--save-products",
        action="store_true",
        help="keep what gemcont-project and gemcont-meta --joint need, in PREFIX.products",
    )
    group.add_argument("--genome-build", metavar="NAME", help="with --format ssf, e.g. GRCh38")
    add_bounds(group, "default: all; single traits above 200: 1e-5")
    group.add_argument("--no-plot", action="store_true", help="draw no pictures")
    group.add_argument(
        "--block-size",
        type=number(int, 1),
        metavar="N",
        help="variants per block (default: by --memory)",
    )
    group.add_argument(
        "--resume",
        action="store_true",
        help="go on where the same command was killed (PREFIX.partial)",
    )
    group.add_argument(
        "--chunk",
        type=chunk,
        metavar="I/N",
        help="only the I-th of N parts of the variants, for array jobs; then: gemcont-gwas merge",
    )
    add_work(group)


def add_bounds(group, default="default: all"):
    """The two ways of saying which rows are written."""
    bounds = group.add_mutually_exclusive_group()
    bounds.add_argument(
        "--p-max",
        type=number(float, 0, 1),
        metavar="P",
        help=f"write only rows with p up to this ({default})",
    )
    bounds.add_argument(
        "--neg-log10-p-min", type=number(float, 0), metavar="X", help="the same, as -log10 p"
    )


def chunk(text):
    """Type of argparse: I/N as (I, N)."""
    first, _, total = text.partition("/")
    if not (first.isdecimal() and total.isdecimal() and 1 <= int(first) <= int(total)):
        raise ArgumentTypeError(f"{text!r} is not I/N with I from 1 to N, e.g. 3/10")
    return int(first), int(total)


def build_merge_parser():
    """The flags of putting chunks together."""
    parser = Parser(
        prog=f"{PROGRAM} merge",
        description="Put the chunks of gemcont-gwas --chunk I/N --out PREFIX together.",
    )
    parser.add_argument("--out", required=True, metavar="PREFIX", help="as of the chunks")
    parser.add_argument("--no-plot", action="store_true", help="draw no pictures")
    parser.add_argument("--threads", type=number(int, 1), metavar="N", help="default: all")
    parser.add_argument("-v", "--verbose", action="store_true", help="more on the terminal")
    return parser


def main(argv=None):
    """Entry point; returns the exit code: 0 done, 2 the user's mistake, 1 our bug."""
    words = sys.argv[1:] if argv is None else argv
    if words[:1] == ["merge"]:
        program, parser = f"{PROGRAM} merge", build_merge_parser()
        return run_command(program, parser, limit_threads, _merge, words[1:])
    return run_command(PROGRAM, build_parser(), _check, _job, argv)


def _check(arguments):
    """Nothing that is read may be written over, the log included."""
    limit_threads(arguments)
    if arguments.chunk is not None:  # array jobs run side by side: each has files of its own
        arguments.out = f"{arguments.out}.chunk-{arguments.chunk[0]}-of-{arguments.chunk[1]}"
    genotype_path(arguments)
    _refuse_idle(arguments)
    _outputs(arguments).refuse_inputs(_inputs(arguments))


def _refuse_idle(arguments):
    """Flags that would do nothing, or contradict each other, are a misunderstanding."""
    for given, flag, why in (
        (arguments.joint and arguments.each_trait_only, "--joint", "excludes --each-trait-only"),
        (
            arguments.effects and arguments.each_trait_only,
            "--effects",
            "are those of the joint test; leave --each-trait-only out",
        ),
    ):
        if given:
            raise GemcontError(f"{flag} {why}")


def _outputs(arguments):
    from gemcont.workflows.gwas import Outputs

    layout = arguments.format
    return Outputs(arguments.out, layout, arguments.split_traits, arguments.genome_build)


def _job(arguments):
    from gemcont.workflows.gwas import Files, write_gwas

    write_gwas(
        Files(genotype_path(arguments), arguments.pheno, arguments.covar, arguments.sample),
        _outputs(arguments),
        resume=arguments.resume,
        chunk=arguments.chunk,
        report=partial(_report, arguments),
        progress=True,
        **_settings(arguments),
    )


def _merge(arguments):
    from gemcont.workflows.gwas import merge_gwas

    merge_gwas(arguments.out, threads=arguments.threads, report=partial(_report, arguments))


def _report(arguments, run, outputs):
    from gemcont.workflows.gwas import draw, write_summary, write_traits

    write_summary(run, f"{outputs.prefix}.summary.json", vars(arguments))
    if run.has_single:
        write_traits(run, outputs.prefix)
    outputs.remove_stale(run, not arguments.no_plot)
    if not arguments.no_plot:
        draw(run, outputs.prefix)


def _inputs(arguments):
    """Every file that is read."""
    flags = "pheno covar keep remove extract exclude condition_list".split()
    tables = [p for p in (getattr(arguments, flag) for flag in flags) if p is not None]
    return genotype_files(arguments) + tables + relatives_files(arguments)


def _settings(arguments):
    """The fields of ``GwasSettings`` that the flags fill."""
    same = (
        "covar_formula keep remove mind extract exclude from_bp to_bp geno maf mac info rank_int "
        "pcs test each_trait_samples effects top_k dense save_products threads memory block_size "
        "condition condition_list allow_training_samples contrast"
    ).split()
    hwe, midp = _hwe(arguments.hwe)
    return {
        **{name: getattr(arguments, name) for name in same},
        **relatives_settings(arguments),
        "trait_names": arguments.pheno_name,
        "covariate_names": arguments.covar_name,
        "chromosomes": arguments.chr,
        "autosomes": arguments.chr_set,
        "missing_codes": tuple(arguments.missing_code),
        "hwe": hwe,
        "hwe_midp": midp,
        "x_sex": not arguments.no_x_sex,
        "joint": False if arguments.each_trait_only else True if arguments.joint else None,
        "each_trait": arguments.each_trait or arguments.each_trait_only,
        "neg_log10_p_min": least(arguments),
    }


def _hwe(words):
    """(p, mid-p or not) of the words of --hwe, plink2's way: P [midp]."""
    if words is None:
        return None, False
    if len(words) > 2 or words[1:] not in ([], ["midp"]):
        raise GemcontError(f"--hwe: cannot read {' '.join(words)!r}; write P or 'P midp'")
    try:
        return number(float, 0, 1)(words[0]), len(words) == 2
    except ArgumentTypeError as error:
        raise GemcontError(f"--hwe: {error}") from None


def least(arguments):
    """The smallest -log10 p that is written, from either flag."""
    if arguments.p_max is None:
        return arguments.neg_log10_p_min
    if arguments.p_max == 0:
        raise GemcontError("--p-max: must be above 0; use --neg-log10-p-min beyond 1e-300")
    return -math.log10(arguments.p_max)


if __name__ == "__main__":
    sys.exit(main())
