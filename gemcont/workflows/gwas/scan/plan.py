"""What a scan needs beside its genotypes, and what every block of it gives."""

import time
from dataclasses import dataclass, field

import numpy as np

from gemcont.genotype.filters import VariantFilter
from gemcont.stats.contrasts import degrees_of_freedom
from gemcont.workflows.gwas.scan.single_traits import Wanted
from gemcont.workflows.gwas.tails import RARE, Tails

# Frames of a scan: the joint test, its effects, rows of single traits that pass a bound, every t of
# every trait, every product, and the variants that the last two belong to. Where all rows of single
# traits are wanted, "every" is a list of ``EveryRow``s.
FRAME_KINDS = ("joint", "effects", "single", "dense", "products", "variants")
CHROMOSOME = 8  # groups below it are ploidies; above, a chromosome's number times it, plus ploidy
# Why variants that pass the filters have no statistic (NA).
UNTESTABLE = ("without variance", "given by the covariates", "on a chromosome without null model")


@dataclass(frozen=True)
class Plan:
    """What a scan needs beside the source.

    batches: for each group present a list of ``TraitGroup``, or None where it cannot be tested
    group: uint16 per variant of the source, a key of ``batches``: its ploidy; and, where models
    differ from chromosome to chromosome, above it the chromosome (``by_chromosome``)
    filter: ``VariantFilter``; test: "lrt" or "f"
    least: smallest -log10 p of a row of the joint test that is written, None = all
    singles: ``Wanted``, of traits tested one by one
    trait_names: of all traits of the run; joint, effects, products: what is asked for
    contrast: of the joint test, as in ``stats.contrasts``; refit: -log10 p from which covariances
    are refitted, None never; threads_per_block: that share a block's columns, where blocks are
    fewer than threads; tails: ``Tails`` of the traits
    """

    batches: dict
    group: np.ndarray
    filter: VariantFilter
    test: str
    least: float | None
    singles: Wanted
    trait_names: list
    joint: bool
    effects: bool
    products: bool
    contrast: object = "any"
    refit: float | None = None
    threads_per_block: int = 1
    tails: Tails = Tails([], RARE)

    @property
    def by_chromosome(self):
        """Whether models differ from chromosome to chromosome."""
        return bool((self.group >= CHROMOSOME).any())

    @property
    def joint_dof(self):
        """Degrees of freedom of the joint test."""
        return degrees_of_freedom(self.contrast, len(self.trait_names))


@dataclass(frozen=True)
class Part:
    """Results of some variants of a block in one batch.

    rows: positions in the block that pass the filters; neg_log_10_p: of the joint test, per row
    (NaN without one); frames: by kind, see ``FRAME_KINDS``; histograms: of single traits, as in
    ``ScanBlock``
    failed: counts per code of ``VariantFilter``; untestable: rows without a statistic, counts by
    ``UNTESTABLE``; rare: tested rows of fewer minor alleles than ``Tails.rare``; refitted: rows
    whose covariances were
    """

    rows: np.ndarray
    neg_log_10_p: np.ndarray
    frames: dict
    histograms: list
    failed: np.ndarray
    untestable: np.ndarray
    rare: int
    refitted: int


@dataclass(frozen=True)
class ScanBlock:
    """Results of one block in file order.

    variants: indices in the source of the rows that pass the filters; neg_log_10_p: of the joint
    test, per row; frames: what is written, by kind, encoded where an output asks for it; failed,
    untestable, rare, refitted: as in ``Part``; n_read: variants read; written: rows by kind;
    histograms: pairs of codes of traits and their counts of |t| (traits, bins); leaders: codes and
    -log10 p of the rows of single traits, where only the strongest of each are wanted; seconds: by
    stage
    """

    variants: np.ndarray
    neg_log_10_p: np.ndarray
    frames: dict
    failed: np.ndarray
    untestable: np.ndarray
    rare: int
    refitted: int
    n_read: int
    written: dict
    histograms: list = field(default_factory=list)
    leaders: tuple | None = None
    seconds: dict = field(default_factory=dict)


class Stopwatch:
    """Seconds by stage; ``lap`` books what has passed since the last one."""

    def __init__(self):
        self.seconds, self._last = {}, time.perf_counter()

    def lap(self, stage):
        """Book the time since the last lap."""
        now = time.perf_counter()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now - self._last
        self._last = now
