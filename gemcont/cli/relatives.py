"""The flags of kinship, which gemcont-gwas and gemcont-kinship share."""

from gemcont.cli.common import add_flags, number
from gemcont.errors import GemcontError

_KINSHIP = (
    (
        "--kinship",
        "grm|FILE",
        "mixed model: 'grm' makes the matrix of these genotypes; or PREFIX of gemcont-kinship, "
        "GEMMA's text, plink2's .rel, GCTA's .grm.bin, .npy + .id",
        {},
    ),
)
_FITTED = (
    (
        "--kinship-rank",
        "R",
        "rank of the genetic covariance (default: the traits)",
        {"type": number(int, 1)},
    ),
    (
        "--refit",
        "P",
        "refit covariances beside variants of p below this (default: 1e-4; 0, none, with --loco)",
        {"type": number(float, 0, 1)},
    ),
    (
        "--pred",
        "FILE",
        "instead of a kinship: REGENIE's _pred.list, whose predictions are subtracted",
        {},
    ),
)


def add_relatives(group):
    """--kinship and what goes with it, --pred."""
    add_flags(group, _KINSHIP)
    add_grm(group)
    group.add_argument(
        "--loco", action="store_true", help="each autosome on the kinship of the others"
    )
    group.add_argument(
        "--reml", action="store_true", help="covariances by restricted maximum likelihood"
    )
    add_flags(group, _FITTED)


def add_grm(group):
    """How a GRM is made: --kinship-type, --kinship-maf."""
    group.add_argument(
        "--kinship-type",
        choices=("centred", "standardised"),
        help="of genotypes less their mean (default), or also over their standard deviation",
    )
    group.add_argument(
        "--kinship-maf",
        type=number(float, 0, 0.5),
        metavar="F",
        help="smallest minor allele frequency of a variant in the matrix (default: 0.01)",
    )


def grm_settings(arguments):
    """Of --kinship-type and --kinship-maf, those that are given."""
    names = ("kinship_type", "kinship_maf")
    given = {name: getattr(arguments, name) for name in names}
    return {name: value for name, value in given.items() if value is not None}


def relatives_settings(arguments):
    """The fields of ``GwasSettings`` that the flags fill."""
    made = grm_settings(arguments)
    if made and arguments.kinship != "grm":
        flag = "--" + next(iter(made)).replace("_", "-")
        why = "" if arguments.kinship is None else ": the matrix of a file is made already"
        raise GemcontError(f"{flag} goes with --kinship grm{why}")
    same = ("kinship", "kinship_rank", "loco", "reml", "refit", "pred")
    return {name: getattr(arguments, name) for name in same} | made


def relatives_files(arguments):
    """Files that the flags name, as far as their names are known."""
    named = [path for path in (arguments.kinship, arguments.pred) if path not in (None, "grm")]
    suffixes = ("", ".grm.npy", ".grm.id", ".eigen.npz", ".grm.bin")
    return [path + suffix for path in named for suffix in suffixes]
