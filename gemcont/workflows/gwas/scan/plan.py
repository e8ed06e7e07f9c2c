"""What a scan needs beside its genotypes, and what every block of it gives."""

import time
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, Protocol

import numpy as np

from gemcont.genotype.chromosomes import Ploidy
from gemcont.genotype.filters import VariantFilter
from gemcont.genotype.source import Block
from gemcont.stats.contrasts import Conditional, degrees_of_freedom
from gemcont.workflows.gwas.scan.groups import Group, VariantGroups
from gemcont.workflows.gwas.scan.single_traits import Wanted
from gemcont.workflows.gwas.scan.tally import Tally
from gemcont.workflows.gwas.tails import RARE, Tails

if TYPE_CHECKING:
    from gemcont.genotype.kernels.packed import Moments
    from gemcont.workflows.gwas.scan.block_tests import BlockStatistics

# Frames of a scan: the joint test, its effects, rows of single traits that pass a bound, every t of
# every trait, every product, and the variants that the last two belong to. Where all rows of single
# traits are wanted, "every" is a list of ``EveryRow``s.
FRAME_KINDS = ("joint", "effects", "single", "dense", "products", "variants")
# Why variants that pass the filters have no statistic (NA).
UNTESTABLE = ("without variance", "given by the covariates", "on a chromosome without null model")


class VariantModel(Protocol):
    """Null model of some traits in some people, by which variants are tested.

    ``TraitGroup`` is the one of unrelated people, ``RelatedTraitGroup`` the mixed model; the scan
    does not know which it has.
    """

    def statistics(
        self,
        block: Block,
        moments: "Moments",
        kept: np.ndarray,
        plan: "Plan",
        stopwatch: "Stopwatch",
    ) -> "BlockStatistics":
        """Return the ``BlockStatistics`` of the variants ``kept`` (positions) of a block."""


@dataclass(frozen=True, kw_only=True)
class Plan:
    """Models, filters and outputs of a scan.

    Attributes:
        models: for each group that is present a list of ``TraitGroup``s, None where there is none
        groups: the group of every variant of the source
        filter: filters that are counted on the analysed samples
        test: "lrt" or "f"
        min_neg_log_10_p: smallest -log10 p of a row of the joint test that is written, None = all
        singles: which rows of traits tested one by one are written
        trait_names: names of all traits of the run
        joint, effects, products: whether the joint test, its effects and the products are wanted
        contrast: contrast of the joint test, as in ``stats.contrasts``
        refit: -log10 p from which covariances are re-estimated, None never
        threads_per_block: threads that share a block's columns, if there are fewer blocks than
            threads
        tails: traits whose tails cost rare variants their level
    """

    models: dict[Group, list | None]
    groups: VariantGroups
    filter: VariantFilter
    test: str
    min_neg_log_10_p: float | None
    singles: Wanted
    trait_names: list[str]
    joint: bool
    effects: bool
    products: bool
    contrast: str | int | Conditional = "any"
    refit: float | None = None
    threads_per_block: int = 1
    tails: Tails = Tails([], RARE)

    @property
    def joint_dof(self) -> int:
        """Degrees of freedom of the joint test."""
        return degrees_of_freedom(self.contrast, len(self.trait_names))

    def tested_groups(self) -> dict[Group, list]:
        """Return the models of each ploidy that is tested; XY shares those of the autosomes."""
        models = self.models.items()
        return {g: m for g, m in models if g.chromosome is None and g.ploidy is not Ploidy.XY and m}


@dataclass(frozen=True, kw_only=True)
class Part:
    """Results of some variants of a block by one model.

    Attributes:
        rows: positions in the block of the variants that pass the filters
        neg_log_10_p: of the joint test (rows,), NaN without one
        frames: kind -> frame, see ``FRAME_KINDS``
        histograms: pairs of trait codes and their counts of |t| (traits, bins)
        tally: counts of filtered, untestable, rare and refitted variants
    """

    rows: np.ndarray
    neg_log_10_p: np.ndarray
    frames: dict
    histograms: list
    tally: Tally


@dataclass(frozen=True, kw_only=True)
class ScanBlock:
    """Results of one block in file order.

    Attributes:
        variants: indices in the source of the rows that pass the filters
        neg_log_10_p: of the joint test (rows,)
        tally: its counts
        frames: kind -> what is written, encoded where an output asks for it
        seconds: stage -> time of the thread
    """

    variants: np.ndarray
    neg_log_10_p: np.ndarray
    tally: Tally
    frames: dict = field(default_factory=dict)
    seconds: dict = field(default_factory=dict)


class Stopwatch:
    """Seconds by stage; ``lap`` books what has passed since the last one."""

    def __init__(self):
        self.seconds, self._last = {}, time.perf_counter()

    def lap(self, stage: str) -> None:
        """Add the time since the last lap to a stage."""
        now = time.perf_counter()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now - self._last
        self._last = now
