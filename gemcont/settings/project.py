"""Settings and flags of gemcont-project."""

from dataclasses import dataclass

from gemcont.errors import GemcontError
from gemcont.settings.flags import Flag, Settings, flag
from gemcont.settings.shared import OUTPUT, TESTS, Output, Pictures, RowBounds, Threads, listed

WHAT = "what is tested"


@dataclass(frozen=True, kw_only=True)
class ProjectSettings(RowBounds):
    """Everything that decides the tests of a store: keywords of ``run_project``.

    Attributes:
        weights: table of combinations, a path or DataFrame
        traits: names of traits to test as they are, instead of combinations
        joint, each_trait: whether the joint test is made, and those of each combination
    """

    needs_one_of = ("combinations",)

    weights: object = flag(
        None,
        "table: trait, then a column a combination",
        group=WHAT,
        metavar="FILE",
        exclusive="combinations",
    )
    traits: list | None = flag(
        None, "just these traits, as is", group=WHAT, metavar="A,B", exclusive="combinations"
    )
    test: str = flag("lrt", "as gemcont-gwas", group=WHAT, choices=TESTS)
    each_trait: bool = flag(
        False, "also every combination alone", group=WHAT, exclusive="each trait"
    )
    joint: bool = flag(
        True,
        group=WHAT,
        spellings=(
            Flag(
                help="every combination alone, no joint test",
                names=("--each-trait-only",),
                group=WHAT,
                exclusive="each trait",
                sets={"joint": False, "each_trait": True},
            ),
        ),
    )

    def __post_init__(self):
        super().__post_init__()
        if self.traits is not None and len(set(self.traits)) < len(self.traits):
            raise GemcontError("--traits: duplicate name")


@dataclass(frozen=True, kw_only=True)
class ProjectLayout(Settings):
    """Layout of the result file."""

    layout: str = flag(
        "tsv",
        "of the results (default: tsv)",
        names=("--format",),
        group=OUTPUT,
        choices=("tsv", "tsv.gz", "parquet"),
    )


@dataclass(frozen=True, kw_only=True)
class ProjectCommand(Threads, Pictures, Output, ProjectLayout, ProjectSettings):
    """Every flag of gemcont-project."""

    products: str = flag(help="--out of the scan that saved them", group=WHAT, metavar="PREFIX")

    @property
    def input_files(self) -> list:
        """Paths of every file that is read."""
        return listed(self.weights)
