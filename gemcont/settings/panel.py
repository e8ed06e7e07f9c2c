"""Settings and flags of gemcont-panel and gemcont-panel score."""

from dataclasses import dataclass

from gemcont.settings.flags import Settings, flag
from gemcont.settings.meta import CohortColumns, CohortNames, Harmonising, Pooling
from gemcont.settings.shared import (
    COHORTS,
    Genotypes,
    Linkage,
    Memory,
    MinFound,
    Output,
    SampleLists,
    Species,
    Threads,
    listed,
)

PANEL = "panel"


@dataclass(frozen=True, kw_only=True)
class PanelBounds(Settings):
    """Bounds of a panel: largest p, and the linkage of the variants that are left out."""

    p: float = flag(
        1e-5, "largest p of the panel (default: 1e-5)", group=PANEL, metavar="P", above=0, high=1
    )
    r2: float = flag(
        0.05,
        "r2 that a linked variant is above (default: 0.05)",
        names=("--clump-r2",),
        group=PANEL,
        metavar="R2",
        low=0,
        below=1,
    )
    kb: float = flag(
        5000.0,
        "distance that it is below (default: 5000)",
        names=("--clump-kb",),
        group=PANEL,
        metavar="KB",
        low=0.001,
    )


@dataclass(frozen=True, kw_only=True)
class PanelSettings(Memory, Threads, SampleLists, Linkage, PanelBounds):
    """Everything that decides a panel beside ``MetaSettings``: keywords of ``run_panel``."""


@dataclass(frozen=True, kw_only=True)
class PanelCommand(
    Output, PanelSettings, Pooling, Harmonising, CohortColumns, CohortNames, Species, Genotypes
):
    """Every flag of gemcont-panel."""

    sumstats: list = flag(help="one file per cohort", group=COHORTS, metavar="FILE", kind="words")

    @property
    def input_files(self) -> list:
        """Paths of every file that is read."""
        lists = listed(self.keep, self.remove, self.liftover)
        return [*self.genotype_files, *lists, *self.sumstats]


@dataclass(frozen=True, kw_only=True)
class ScoreSettings(MinFound):
    """Everything that decides a polygenic score: keywords of ``polygenic_score``."""

    weights: str = flag(
        "beta_shrunk",
        "column of the weights (default: beta_shrunk); beta takes a PGS Catalog file's "
        "effect_weight",
        choices=("beta_shrunk", "beta"),
    )


@dataclass(frozen=True, kw_only=True)
class ScoreCommand(Output, ScoreSettings, SampleLists, Species, Genotypes):
    """Every flag of gemcont-panel score."""

    panel: str = flag(help="PREFIX.panel.tsv, or weights", metavar="FILE")

    @property
    def input_files(self) -> list:
        """Paths of every file that is read."""
        return [*self.genotype_files, *listed(self.panel, self.keep, self.remove)]
