"""Settings and flags of gemcont-clump."""

from dataclasses import dataclass

from gemcont.settings.flags import Settings, flag
from gemcont.settings.shared import (
    OUTPUT,
    Chromosomes,
    Genotypes,
    Linkage,
    Memory,
    Output,
    SampleLists,
    Species,
    Threads,
    VariantLists,
    listed,
)

REPORTS, CLUMPS = "summary statistics", "clumps"
LOG_P = ("NEG_LOG10_P", "LOG10_P", "P")  # where --clump-log10 looks


@dataclass(frozen=True, kw_only=True)
class ClumpBounds(Settings):
    """Bounds of a clump.

    Attributes:
        p1, p2: largest p of an index variant, and of a member that is listed
        r2: linkage that a member is above
        kb: distance that it is below
    """

    p1: float = flag(
        1e-4,
        "largest p of an index variant (default: 1e-4)",
        names=("--clump-p1",),
        group=CLUMPS,
        metavar="P",
        above=0,
        high=1,
    )
    p2: float = flag(
        1e-2,
        "largest p of a listed member (default: 0.01)",
        names=("--clump-p2",),
        group=CLUMPS,
        metavar="P",
        above=0,
        high=1,
    )
    r2: float = flag(
        0.5,
        "r2 that a member is above (default: 0.5)",
        names=("--clump-r2",),
        group=CLUMPS,
        metavar="R2",
        low=0,
        below=1,
    )
    kb: float = flag(
        250.0,
        "distance that a member is below (default: 250)",
        names=("--clump-kb",),
        group=CLUMPS,
        metavar="KB",
        low=0.001,
    )


@dataclass(frozen=True, kw_only=True)
class ReportColumns(Settings):
    """Columns and trait of the reports.

    Attributes:
        columns: role -> column of all, "FILE:role" -> column of one
        trait: trait to read from reports of several, None = the best p over them
    """

    columns: dict | None = flag(
        None,
        "other columns by name, e.g. effect_allele=EA2; of one file FILE:effect_allele=EA2",
        group=REPORTS,
        metavar="[FILE:]ROLE=NAME,...",
        kind="columns",
    )
    trait: str | None = flag(
        None,
        "of files of several traits (default: the best p of all)",
        group=REPORTS,
        metavar="NAME",
    )


@dataclass(frozen=True, kw_only=True)
class ClumpSettings(
    Memory,
    Threads,
    Chromosomes,
    VariantLists,
    SampleLists,
    Linkage,
    ClumpBounds,
    ReportColumns,
    Species,
):
    """Everything that decides which loci there are: keywords of ``run_clump``."""

    def __post_init__(self):
        if isinstance(self.chromosomes, int) and not isinstance(self.chromosomes, bool):
            object.__setattr__(self, "chromosomes", str(self.chromosomes))
        super().__post_init__()


@dataclass(frozen=True, kw_only=True)
class Reports(Settings):
    """The summary statistics, and PLINK's ways to say their columns."""

    sumstats: list = flag(
        help="one or more; of a variant in several the best p counts",
        names=("--sumstats", "--clump"),
        group=REPORTS,
        metavar="FILE",
        kind="words",
    )
    id_field: list | None = flag(
        None,
        "column of the variant ids; the first present one",
        names=("--id-field", "--clump-id-field", "--clump-snp-field"),
        group=REPORTS,
        metavar="NAME",
        kind="names",
    )
    p_field: list | None = flag(
        None,
        "column of the p values; the first present one",
        names=("--p-field", "--clump-p-field", "--clump-field"),
        group=REPORTS,
        metavar="NAME",
        kind="names",
    )
    log10_p: bool = flag(
        False,
        "that column holds -log10 p",
        names=("--log10-p", "--clump-log10"),
        group=REPORTS,
    )

    @property
    def named_columns(self) -> dict:
        """Columns that PLINK's flags name: role -> names, the first present one."""
        role = "neg_log_10_p_value" if self.log10_p else "p_value"
        significance = self.p_field or (LOG_P if self.log10_p else None)
        named = {"variant_id": self.id_field, role: significance}
        return {role: names for role, names in named.items() if names}


@dataclass(frozen=True, kw_only=True)
class ClumpCommand(Output, ClumpSettings, Reports, Genotypes):
    """Every flag of gemcont-clump.

    Attributes:
        genes: BED or GFF
        plot: number of loci to draw
        ld_matrix: signed r and z of every locus
    """

    genes: str | None = flag(
        None, "BED or GFF: the nearest gene of every locus", group=OUTPUT, metavar="FILE"
    )
    plot: int = flag(
        0,
        "draw the N strongest loci (default: 10)",
        group=OUTPUT,
        metavar="N",
        low=0,
        kind="plot",
    )
    ld_matrix: bool = flag(
        False, "signed r and z scores of every locus, for fine-mapping", group=OUTPUT
    )

    @property
    def input_files(self) -> list:
        """Paths of every file that is read."""
        lists = listed(self.keep, self.remove, self.extract, self.exclude, self.genes)
        return [*self.genotype_files, *lists, *self.sumstats]
