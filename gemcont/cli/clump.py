"""gemcont-clump: summary statistics + genotypes -> independent loci."""

import sys

from gemcont.cli.common import (
    AddColumns,
    Parser,
    add_flags,
    add_genotypes,
    add_r2_type,
    add_work,
    genotype_files,
    genotype_path,
    limit_threads,
    number,
    role_columns,
    run_command,
)

PROGRAM = "gemcont-clump"
_DESCRIPTION = """\
Join associated variants to the loci they belong to: the strongest variant claims all that lie
near it and are linked to it (r2), then the next strongest that is left. Rules, defaults and
PREFIX.clumps are PLINK 2's --clump, whose spellings of the flags are understood too. The
statistics may be those of gemcont, plink, REGENIE, SAIGE, fastGWA, BOLT, GEMMA, METAL, FinnGen,
MVP, GWAS-SSF, or any table whose columns are named."""
_EPILOG = """\
example:
  gemcont-clump --bfile cohort --sumstats results/size.gwas.tsv \\
      --clump-p1 5e-8 --clump-r2 0.05 --clump-kb 5000 --out results/size

writes PREFIX.clumps, PREFIX.loci.tsv, PREFIX.missing.tsv, PREFIX.log; --plot also
PREFIX.locusN.png, --ld-matrix PREFIX.locusN.ld and PREFIX.locusN.z.tsv"""
_LOG_P = ("NEG_LOG10_P", "LOG10_P", "P")  # where --clump-log10 looks
_SHARE = {"type": number(float, 0, 1)}
_CLUMPS = (
    (
        "--clump-p1",
        "P",
        "largest p of an index variant (default: 1e-4)",
        _SHARE | {"default": 1e-4},
    ),
    ("--clump-p2", "P", "largest p of a listed member (default: 0.01)", _SHARE | {"default": 0.01}),
    (
        "--clump-r2",
        "R2",
        "r2 that a member is above (default: 0.5)",
        {"type": float, "default": 0.5},
    ),
    (
        "--clump-kb",
        "KB",
        "distance that a member is below (default: 250)",
        {"type": float, "default": 250.0},
    ),
)
_FILTERS = (
    ("--keep", "FILE", "linkage in these samples only: FID IID or IID per line", {}),
    ("--remove", "FILE", "not in these samples", {}),
    ("--extract", "FILE", "only these variants: an id per line", {}),
    ("--exclude", "FILE", "not these variants", {}),
    ("--chr", "1-22,X", "only these chromosomes", {}),
)


def build_parser():
    """The command's flags; those of PLINK by their names there too."""
    parser = Parser(prog=PROGRAM, description=_DESCRIPTION, epilog=_EPILOG)
    add_genotypes(parser.add_argument_group("genotypes (founders are used)"))
    _add_sumstats(parser.add_argument_group("summary statistics"))
    group = parser.add_argument_group("clumps")
    add_flags(group, _CLUMPS)
    add_r2_type(group)
    group.add_argument(
        "--clump-unphased",
        dest="r2_type",
        action="store_const",
        const="unphased",
        help="the same as --r2-type unphased",
    )
    add_flags(parser.add_argument_group("samples and variants"), _FILTERS)
    _add_output(parser.add_argument_group("output and work"))
    return parser


def _add_sumstats(group):
    group.add_argument(
        "--sumstats",
        "--clump",
        nargs="+",
        action="extend",
        required=True,
        metavar="FILE",
        help="one or more; of a variant in several the best p counts",
    )
    group.add_argument(
        "--id-field",
        "--clump-id-field",
        "--clump-snp-field",
        nargs="+",
        metavar="NAME",
        help="column of the variant ids; the first present one",
    )
    group.add_argument(
        "--p-field",
        "--clump-p-field",
        "--clump-field",
        nargs="+",
        metavar="NAME",
        help="column of the p values; the first present one",
    )
    group.add_argument(
        "--log10-p", "--clump-log10", action="store_true", help="that column holds -log10 p"
    )
    group.add_argument(
        "--columns",
        type=role_columns,
        action=AddColumns,
        default={},
        metavar="[FILE:]ROLE=NAME,...",
        help="other columns by name, e.g. effect_allele=EA2; of one file FILE:effect_allele=EA2",
    )
    group.add_argument(
        "--trait", metavar="NAME", help="of files of several traits (default: the best p of all)"
    )


def _add_output(group):
    """Where results go, and what is drawn."""
    group.add_argument("--out", required=True, metavar="PREFIX", help="prefix of all outputs")
    group.add_argument(
        "--genes", metavar="FILE", help="BED or GFF: the nearest gene of every locus"
    )
    group.add_argument(
        "--plot",
        type=number(int, 1),
        nargs="?",
        const=10,
        default=0,
        metavar="N",
        help="draw the N strongest loci (default: 10)",
    )
    group.add_argument(
        "--ld-matrix",
        action="store_true",
        help="signed r and z scores of every locus, for fine-mapping",
    )
    add_work(group)


def main(argv=None):
    """Entry point; returns the exit code: 0 done, 2 the user's mistake, 1 our bug."""
    return run_command(PROGRAM, build_parser(), _check, _job, argv)


def _check(arguments):
    """Settings that cannot be, and outputs that are inputs, before anything is read."""
    limit_threads(arguments)
    from gemcont.settings.clump import ClumpSettings
    from gemcont.workflows.clump import refuse_inputs

    ClumpSettings(**_settings(arguments))
    flags = "keep remove extract exclude genes".split()
    files = [p for p in (getattr(arguments, flag) for flag in flags) if p is not None]
    refuse_inputs(arguments.out, genotype_files(arguments) + files + arguments.sumstats)


def _job(arguments):
    from gemcont.workflows.clump import run_clump, write_loci

    loci = run_clump(
        genotype_path(arguments),
        arguments.sumstats,
        sample=arguments.sample,
        genes=arguments.genes,
        progress=True,
        **_settings(arguments),
    )
    write_loci(loci, arguments.out, plot=arguments.plot, ld_matrix=arguments.ld_matrix)


def _listed(names):
    """Names given apart or, as PLINK 1.9 has them, joined by commas."""
    return names and [part for name in names for part in name.split(",") if part]


def _settings(arguments):
    """The fields of ``ClumpSettings`` that the flags fill."""
    same = "keep remove extract exclude r2_type trait threads memory".split()
    fields = {"variant_id": _listed(arguments.id_field), "p_value": _listed(arguments.p_field)}
    if arguments.log10_p:
        fields["neg_log_10_p_value"] = fields.pop("p_value") or _LOG_P
    fields = {role: names for role, names in fields.items() if names}
    return {
        **{name: getattr(arguments, name) for name in same},
        **{name: getattr(arguments, f"clump_{name}") for name in ("p1", "p2", "r2", "kb")},
        "chromosomes": arguments.chr,
        "autosomes": arguments.chr_set,
        "columns": fields | arguments.columns,
    }


if __name__ == "__main__":
    sys.exit(main())
