"""gemcont-panel: cohorts + genotypes -> the variants and weights that supervise learning."""

import sys

from gemcont.cli.common import (
    Parser,
    add_flags,
    add_genotypes,
    add_min_found,
    add_r2_type,
    add_work,
    genotype_files,
    genotype_path,
    limit_threads,
    number,
    run_command,
)
from gemcont.cli.meta import add_cohorts, add_harmonising, add_pooling, meta_settings

PROGRAM = "gemcont-panel"
_DESCRIPTION = """\
Choose the variants and weights that supervise learning: meta-analyse the cohorts (one is taken as
it is), bring effects to the alleles that the genotypes count, keep p up to --p, and of linked
variants the strongest. beta_shrunk is beta shrunk against the winner's curse (empirical Bayes).

gemcont-panel score --help: polygenic scores of a panel."""
_EPILOG = """\
example:
  gemcont-panel --sumstats mvp.gz finngen.gz --names MVP FinnGen --build 38 --to-build 37 \\
      --liftover hg38ToHg19.over.chain.gz --bfile reference --p 1e-5 --out asthma
  gemcont-panel score --bfile cohort --panel asthma.panel.tsv --out asthma.cohort

writes PREFIX.panel.tsv, PREFIX.dropped.tsv.gz, PREFIX.log; score writes PREFIX.score.tsv"""
_CLUMPS = (
    ("--p", "P", "largest p of the panel (1e-5)", {"type": number(float, 0, 1), "default": 1e-5}),
    ("--clump-r2", "R2", "r2 that a linked variant is above (0.05)",
     {"type": number(float, 0, 1), "default": 0.05}),
    ("--clump-kb", "KB", "distance that it is below (5000)",
     {"type": number(float, 0), "default": 5000.0}),
    ("--keep", "FILE", "linkage in these samples only: FID IID or IID per line", {}),
    ("--remove", "FILE", "not in these samples", {}),
)  # fmt: skip


def build_parser():
    """The flags of choosing a panel."""
    parser = Parser(prog=PROGRAM, description=_DESCRIPTION, epilog=_EPILOG)
    add_genotypes(parser.add_argument_group("genotypes (founders are used)"))
    cohorts = parser.add_argument_group("cohorts")
    cohorts.add_argument(
        "--sumstats", nargs="+", required=True, metavar="FILE", help="one file per cohort"
    )
    add_cohorts(cohorts, species=False)
    add_harmonising(parser.add_argument_group("alleles and places"))
    add_pooling(parser.add_argument_group("pooling"))
    group = parser.add_argument_group("panel")
    add_flags(group, _CLUMPS)
    add_r2_type(group)
    _add_work(parser.add_argument_group("output and work"))
    return parser


def _add_work(group):
    group.add_argument("--out", required=True, metavar="PREFIX", help="prefix of all outputs")
    add_work(group)


def build_score_parser():
    """The flags of scoring people by a panel."""
    parser = Parser(
        prog=f"{PROGRAM} score",
        description="Polygenic scores: the sum of weight times effect alleles over the panel.",
    )
    add_genotypes(parser.add_argument_group("genotypes"))
    parser.add_argument(
        "--panel", required=True, metavar="FILE", help="PREFIX.panel.tsv, or weights"
    )
    parser.add_argument(
        "--weights",
        choices=("beta_shrunk", "beta"),
        default="beta_shrunk",
        help="which column (default: beta_shrunk); beta takes a PGS Catalog file's effect_weight",
    )
    add_min_found(parser)
    parser.add_argument("--keep", metavar="FILE", help="only these samples")
    parser.add_argument("--out", required=True, metavar="PREFIX", help="prefix of the outputs")
    parser.add_argument("-v", "--verbose", action="store_true", help="more on the terminal")
    return parser


def main(argv=None):
    """Entry point; returns the exit code: 0 done, 2 the user's mistake, 1 our bug."""
    arguments = sys.argv[1:] if argv is None else argv
    if arguments[:1] == ["score"]:
        return run_command(
            f"{PROGRAM} score", build_score_parser(), _check_score, _score, arguments[1:]
        )
    return run_command(PROGRAM, build_parser(), _check, _job, argv)


def _check(arguments):
    limit_threads(arguments)
    from gemcont.settings.meta import MetaSettings
    from gemcont.settings.panel import PanelSettings
    from gemcont.workflows.meta import cohort_names
    from gemcont.workflows.panel import PANEL, refuse_inputs

    genotype_path(arguments)
    MetaSettings(**meta_settings(arguments))
    PanelSettings(**_settings(arguments))
    cohort_names(arguments.sumstats, arguments.names)
    flags = [p for p in (arguments.keep, arguments.remove, arguments.liftover) if p is not None]
    refuse_inputs(arguments.out, PANEL, genotype_files(arguments) + flags + arguments.sumstats)


def _settings(arguments):
    """The fields of ``PanelSettings`` that the flags fill."""
    same = "p r2_type keep remove threads memory".split()
    return {
        **{name: getattr(arguments, name) for name in same},
        "r2": arguments.clump_r2,
        "kb": arguments.clump_kb,
    }


def _job(arguments):
    from gemcont.workflows.panel import write_panel

    write_panel(
        arguments.sumstats,
        genotype_path(arguments),
        arguments.out,
        sample=arguments.sample,
        names=arguments.names,
        meta=meta_settings(arguments),
        settings=_settings(arguments),
    )


def _check_score(arguments):
    from gemcont.workflows.panel import SCORE, refuse_inputs

    genotype_path(arguments)
    files = [p for p in (arguments.panel, arguments.keep) if p is not None]
    refuse_inputs(arguments.out, SCORE, genotype_files(arguments) + files)


def _score(arguments):
    from gemcont.workflows.panel import write_score

    write_score(
        genotype_path(arguments),
        arguments.panel,
        arguments.out,
        sample=arguments.sample,
        weights=arguments.weights,
        autosomes=arguments.chr_set,
        keep=arguments.keep,
        min_found=arguments.min_found,
    )


if __name__ == "__main__":
    sys.exit(main())
