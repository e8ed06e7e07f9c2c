"""A prepared scan and what is known of it as it advances."""

import time
from collections.abc import Iterator
from dataclasses import dataclass, field
from functools import cached_property
from typing import cast

import numpy as np
from tqdm import tqdm

from gemcont.errors import GemcontError
from gemcont.genotype.chromosomes import Ploidy
from gemcont.genotype.filters import FLAGS
from gemcont.genotype.source import GenotypeSource
from gemcont.settings.gwas import GwasSettings
from gemcont.stats.calibration import lambda_gc, lambda_of_histogram
from gemcont.stats.null import NullModel
from gemcont.stats.screen import BIN_WIDTH, N_BINS
from gemcont.workflows.common.calibration import rates_of
from gemcont.workflows.gwas.people import People
from gemcont.workflows.gwas.relatives.strategies import Relatives
from gemcont.workflows.gwas.scan.groups import Group
from gemcont.workflows.gwas.scan.plan import UNTESTABLE, Plan, ScanBlock
from gemcont.workflows.gwas.scan.stream import scan_blocks
from gemcont.workflows.gwas.scan.tally import Tally
from gemcont.workflows.gwas.tails import Tails


@dataclass(kw_only=True)
class GwasRun:
    """A prepared scan and, as it advances, its counts.

    Attributes:
        source: the genotypes
        people: who is analysed, with which traits
        settings: settings of the scan
        relatives: how relatives are taken into account
        variants: indices in the source of the variants to read
        plan: what the scan needs beside the source
        threads: number of threads
        size: variants per block
        removed_by_selection: reason -> variants that are not read
        seconds: step -> time
        seconds_of_threads: stage -> time of all threads
        tally: the counts so far
        neg_log_10_p: of the joint test, an array a block
        rows: index in the source of the variants that pass the filters, an array a block
        written_by_outputs: kind -> rows written, where the outputs keep fewer than the tally says
        encoder: hash of the model that made the embeddings, where a store records it
        asked: files, outputs and settings by name

    The properties below ``count`` are of the finished scan.
    """

    source: GenotypeSource
    people: People
    settings: GwasSettings
    relatives: Relatives
    variants: np.ndarray
    plan: Plan
    threads: int
    size: int
    removed_by_selection: dict
    seconds: dict = field(default_factory=dict)
    seconds_of_threads: dict = field(default_factory=dict)
    tally: Tally = field(init=False)
    neg_log_10_p: list = field(default_factory=list)
    rows: list = field(default_factory=list)
    written_by_outputs: dict = field(default_factory=dict)
    encoder: str | None = None
    asked: dict = field(default_factory=dict)

    def __post_init__(self):
        self.tally = self._nothing()

    def _nothing(self):
        """Return the tally of no variant."""
        histogram = None
        if self.has_single:
            histogram = np.zeros((len(self.plan.trait_names), N_BINS), dtype=np.int64)
        return Tally(untestable=dict.fromkeys(UNTESTABLE, 0), histogram=histogram)

    def blocks(self, *, progress: bool = False, encode: dict | None = None) -> Iterator[ScanBlock]:
        """Scan what is not counted yet, and yield every block in file order.

        Args:
            progress: whether a bar is shown on a terminal.
            encode: kind -> function of a frame, as in ``scan_blocks``.
        """
        started = time.perf_counter()
        left = self.variants[self.n_read :]
        blocks = scan_blocks(
            self.source, left, self.plan, size=self.size, threads=self.threads, encode=encode
        )
        with tqdm(
            total=len(self.variants),
            initial=self.n_read,
            unit=" variants",
            disable=None if progress else True,
        ) as bar:
            for block in blocks:
                self.count(block.variants, block.neg_log_10_p, block.tally)
                for stage, seconds in block.seconds.items():
                    self.book(stage, seconds)
                bar.update(block.tally.n_read)
                yield block
        self.seconds["scan"] = time.perf_counter() - started

    def count(self, variants: np.ndarray, neg_log_10_p: np.ndarray, tally: Tally) -> None:
        """Add a part of the scan: a block, what a killed run has left, or a chunk.

        Args:
            variants: indices in the source of its rows.
            neg_log_10_p: -log10 p of the joint test (rows,).
            tally: counts of the part.
        """
        self.rows.append(variants.astype(np.int32))
        self.neg_log_10_p.append(neg_log_10_p)
        self.tally += tally
        if self.plan.singles.leaders is not None and self.tally.strongest is not None:
            self.plan.singles.leaders.strongest = self.tally.strongest

    def book(self, stage: str, seconds: float) -> None:
        """Add to the time that the threads spent in a stage."""
        self.seconds_of_threads[stage] = self.seconds_of_threads.get(stage, 0.0) + seconds

    @property
    def autosomes(self) -> int:
        """Number of autosomes of the species."""
        return cast(int, self.settings.autosomes)  # said by the file, where not by the user

    @property
    def n_read(self) -> int:
        """Variants read so far."""
        return self.tally.n_read

    @property
    def n_rows(self) -> int:
        """Variants that have passed the filters so far."""
        return self.tally.n_rows

    @property
    def removed_variants(self) -> dict[str, int]:
        """Variants left out, by reason: those not read, and those that a filter removed."""
        filtered = {flag: self.tally.filtered.get(flag, 0) for flag in FLAGS}
        before = self.removed_by_selection
        return {reason: count + filtered.get(reason, 0) for reason, count in before.items()}

    @property
    def written(self) -> dict[str, int]:
        """Rows written, by kind."""
        return self.tally.written | self.written_by_outputs

    def refuse_empty(self) -> None:
        """Raise GemcontError if no variant has passed the filters."""
        if self.n_rows == 0:
            counts = removed_text(self.removed_variants)
            raise GemcontError(f"no variant is left after the filters ({counts})")

    @property
    def null(self) -> NullModel:
        """Null model of the first group of traits: the autosomes', or of what is tested."""
        return self._first_model.null

    @property
    def _first_model(self):
        """The first trait group of the first ploidy that variants are tested in."""
        groups = sorted(self.plan.groups.present(self.variants), key=lambda group: group.ploidy)
        return next(self.plan.models[g][0] for g in groups if self.plan.models[g] is not None)

    @property
    def autosomal(self) -> list:
        """Trait groups of the autosomes, on the whole kinship where there is one."""
        return self.plan.models[Group(Ploidy.AUTOSOME)] or []

    @property
    def covariate_names(self) -> list[str]:
        """Names of the design's columns in the model, without the intercept."""
        names = self._first_model.design_names
        return [names[j] for j in self.null.kept_covariates]

    @property
    def has_single(self) -> bool:
        """True if traits are tested one by one."""
        return any(group.single for group in self.autosomal)

    @cached_property
    def all_neg_log_10_p(self) -> np.ndarray:
        """-log10 p of the joint test (rows,), NaN where a variant cannot be tested."""
        return np.concatenate(self.neg_log_10_p)

    @cached_property
    def row_variants(self) -> np.ndarray:
        """Index in the source of every row's variant (rows,)."""
        return np.concatenate(self.rows)

    @cached_property
    def lambda_gc(self) -> float:
        """Genomic-control lambda of the joint test, on its own degrees of freedom."""
        return lambda_gc(self.all_neg_log_10_p, self.plan.joint_dof)

    @cached_property
    def trait_lambdas(self) -> np.ndarray:
        """Genomic-control lambda of every trait's own test (traits,), NaN where it has none."""
        return lambda_of_histogram(self.histogram, BIN_WIDTH, self.trait_dof)

    @property
    def histogram(self) -> np.ndarray:
        """Counts of |t| of every trait tested alone (traits, bins)."""
        if self.tally.histogram is None:
            raise ValueError("no trait is tested alone")
        return self.tally.histogram

    @property
    def most_samples(self) -> int:
        """Largest number of samples of a trait."""
        return max(group.null.n_samples for group in self.autosomal if group.single)

    @cached_property
    def trait_dof(self) -> np.ndarray:
        """Degrees of freedom of each trait's t on the autosomes (traits,), NaN: left out."""
        dof = np.full(len(self.plan.trait_names), np.nan)
        for group in self.autosomal:
            if group.single:
                dof[group.trait_codes] = group.null.single_dof
        return dof

    @property
    def tails(self) -> Tails:
        """Traits with tails that make p-values of rare variants too small."""
        return self.plan.tails

    @cached_property
    def rates(self) -> dict:
        """True rates of the joint test's likelihood ratios, for the autosomes' N, D and K."""
        settings = self.settings
        return rates_of(
            self.null,
            settings.test,
            self.plan.contrast,
            settings.contrast_name,
            refits=settings.refits,
        )


def removed_text(removed: dict[str, int]) -> str:
    """Return counts of variants left out as the log says them: '3 by --maf, 2 with ...'."""
    return ", ".join(
        f"{count} by {flag}" if flag.startswith("--") else f"{count} with {flag}"
        for flag, count in removed.items()
    )
