"""A prepared scan and what is known of it as it advances."""

import logging
import time
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
from tqdm import tqdm

from gemcont.errors import GemcontError
from gemcont.genotype.chromosomes import Ploidy
from gemcont.genotype.filters import FLAGS
from gemcont.genotype.source import GenotypeSource
from gemcont.settings.gwas import GwasSettings
from gemcont.stats.calibration import lambda_gc, lambda_of_histogram
from gemcont.stats.contrasts import most_neg_log_10_p
from gemcont.stats.screen import BIN_WIDTH, N_BINS
from gemcont.workflows.common.calibration import log_rates, rates_of
from gemcont.workflows.common.wording import shortened
from gemcont.workflows.gwas.scan.plan import CHROMOSOME, UNTESTABLE, Plan
from gemcont.workflows.gwas.scan.stream import scan_blocks

log = logging.getLogger(__name__)

_INFLATED = 1.2  # lambda_gc above which the log asks why
_DEFLATED = 0.95  # below which the kinship may hold the variant's own effect


@dataclass
class GwasRun:
    """A prepared scan and, as it advances, its counts.

    relatives: ``Unrelated``, ``ByKinship`` or ``ByPredictions``
    neg_log_10_p, rows: -log10 p of the joint test and index in the source of the rows that pass
    the filters, one array a block; written: rows by kind; histogram: counts of each trait's |t|
    (``stats.screen``), None where traits are not tested one by one; encoder: hash of the model that
    made the traits, where a store is to say so; asked: files, outputs and settings by name. The
    properties below them are of the finished scan.
    """

    source: GenotypeSource
    cohort: object
    settings: GwasSettings
    relatives: object
    variants: np.ndarray
    plan: Plan
    threads: int
    size: int
    removed_variants: dict
    seconds: dict = field(default_factory=dict)
    seconds_of_threads: dict = field(default_factory=dict)
    n_read: int = 0
    untestable: dict = field(default_factory=lambda: dict.fromkeys(UNTESTABLE, 0))
    rare: int = 0
    refitted: int = 0
    neg_log_10_p: list = field(default_factory=list)
    rows: list = field(default_factory=list)
    written: dict = field(default_factory=dict)
    histogram: np.ndarray | None = None
    encoder: str | None = None
    asked: dict = field(default_factory=dict)

    def __post_init__(self):
        if self.has_single:
            shape = (len(self.plan.trait_names), N_BINS)
            self.histogram = np.zeros(shape, dtype=np.int64)

    def blocks(self, *, progress=False, encode=None):
        """Scan what is not counted yet, yielding every ``ScanBlock`` in file order.

        encode: as of ``scan_blocks``
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
                self.count(block)
                bar.update(block.n_read)
                yield block
        self.seconds["scan"] = time.perf_counter() - started

    def count(self, block):
        """Add a block to what is known of the run."""
        self.n_read += block.n_read
        for flag, count in zip(FLAGS, block.failed[1:], strict=True):
            if flag in self.removed_variants:
                self.removed_variants[flag] += int(count)
        for reason, count in zip(UNTESTABLE, block.untestable, strict=True):
            self.untestable[reason] += int(count)
        self.rare += block.rare
        self.refitted += block.refitted
        self.neg_log_10_p.append(block.neg_log_10_p)
        self.rows.append(block.variants.astype(np.int32))
        for kind, count in block.written.items():
            self.written[kind] = self.written.get(kind, 0) + count
        for stage, seconds in block.seconds.items():
            self.book(stage, seconds)
        for codes, histogram in block.histograms:
            self.histogram[codes] += histogram
        if block.leaders is not None:
            self.plan.singles.leaders.add(*block.leaders)

    def book(self, stage, seconds):
        """Add to the time that the threads spent in a stage."""
        self.seconds_of_threads[stage] = self.seconds_of_threads.get(stage, 0.0) + seconds

    def tallies(self):
        """What is added up over blocks of single traits, as arrays by name."""
        found = {} if self.histogram is None else {"histogram": self.histogram}
        if self.plan.singles.leaders is not None:
            found["strongest"] = self.plan.singles.leaders.strongest
        return found

    def count_tallies(self, tallies):
        """Add the tallies of another part of the scan."""
        if "histogram" in tallies:
            self.histogram += tallies["histogram"]
        if "strongest" in tallies:
            traits = np.repeat(np.arange(len(tallies["strongest"])), tallies["strongest"].shape[1])
            self.plan.singles.leaders.add(traits, tallies["strongest"].ravel())

    @property
    def null(self):
        """The null model of the first group of traits: the autosomes', or of what is tested."""
        return self._first_batch.null

    @property
    def _first_batch(self):
        """The first batch of the first ploidy that variants are tested in."""
        groups = np.unique(self.plan.group[self.variants])
        groups = groups[np.argsort(groups % CHROMOSOME, kind="stable")]
        return next(self.plan.batches[g][0] for g in groups if self.plan.batches[g] is not None)

    @property
    def covariate_names(self):
        """The design's columns that are in the model, the intercept left out."""
        names = self._first_batch.design_names
        return [names[j] for j in self.null.kept_covariates]

    @property
    def n_rows(self):
        """Variants that have passed the filters so far."""
        return sum(len(rows) for rows in self.rows)

    @cached_property
    def all_neg_log_10_p(self):
        """-log10 p of the joint test (rows,), NaN where a variant cannot be tested."""
        return np.concatenate(self.neg_log_10_p)

    @cached_property
    def row_variants(self):
        """Index in the source of every row's variant (rows,)."""
        return np.concatenate(self.rows)

    @cached_property
    def lambda_gc(self):
        """Genomic-control lambda of the joint test, on its own degrees of freedom."""
        return lambda_gc(self.all_neg_log_10_p, self.plan.joint_dof)

    @cached_property
    def trait_lambdas(self):
        """Genomic-control lambda of every trait's own test (traits,), NaN where it has none."""
        return lambda_of_histogram(self.histogram, BIN_WIDTH, self.trait_dof)

    @property
    def most_samples(self):
        """Samples of the trait that has most of them."""
        batches = self.plan.batches[Ploidy.AUTOSOME]
        return max(batch.null.n_samples for batch in batches if batch.single)

    @cached_property
    def trait_dof(self):
        """(traits,), degrees of freedom of each trait's t on the autosomes (NaN: left out)."""
        dof = np.full(len(self.plan.trait_names), np.nan)
        for batch in self.plan.batches[Ploidy.AUTOSOME]:
            if batch.single:
                dof[batch.trait_codes] = batch.null.single_dof
        return dof

    @property
    def tails(self):
        """``Tails`` of the traits."""
        return self.plan.tails

    def _warn_of_perfect(self):
        """Warn of variants that explain a trait but for rounding: their p is a bound."""
        if not self.cohort.joint:
            return
        bound = most_neg_log_10_p(self.null, self.settings.test, self.plan.contrast)
        found = np.flatnonzero(self.all_neg_log_10_p >= bound)
        if len(found):
            first = self.source.variants["variant_id"][int(self.row_variants[found[0]])]
            log.warning(
                "%d variants explain the traits entirely (%s ...; r2 is 1 but for rounding): their "
                "p is 0 and -log10 p infinite, what is written is a bound; is a trait made of "
                "genotypes?",
                len(found),
                first,
            )

    @cached_property
    def rates(self):
        """``Rate``s of the likelihood ratios of the joint test, for the autosomes' N, D and K."""
        settings = self.settings
        return rates_of(
            self.null,
            settings.test,
            self.plan.contrast,
            settings.contrast_name,
            refits=settings.refits,
        )

    def log_start(self):
        """What is about to be tested."""
        null, settings = self.null, self.settings
        log.info("%d of %d variants selected", len(self.variants), self.source.n_variants)
        if self.plan.filter.flags:
            log.info(
                "%s count the analysed samples (PLINK counts founders before traits are joined)",
                ", ".join(self.plan.filter.flags),
            )
        if self.cohort.joint:
            log.info(
                "test %s: N = %d samples, D = %d traits (%s), K = %d covariates with the intercept",
                ", ".join(filter(None, (settings.test, settings.contrast_name))),
                null.n_samples,
                null.n_traits,
                shortened(self.cohort.trait_names),
                null.n_covariates,
            )
            log_rates(self.rates, settings.test, related=self.relatives.kinship is not None)
        if self.has_single:
            log.info("each of %d traits is tested alone by its t", len(self.cohort.trait_names))
        log.info("%d threads, blocks of %d variants", self.threads, self.size)

    @property
    def has_single(self):
        """Whether traits are tested one by one."""
        return any(batch.single for batch in self.plan.batches[Ploidy.AUTOSOME])

    def log_end(self):
        """What the finished scan has tested."""
        left_out = ", ".join(
            f"{count} by {flag}" if flag.startswith("--") else f"{count} with {flag}"
            for flag, count in self.removed_variants.items()
        )
        log.info(
            "%d variants tested%s", self.n_rows, f" (left out: {left_out})" if left_out else ""
        )
        if self.n_rows == 0:
            raise GemcontError(f"no variant is left after the filters ({left_out})")
        for reason, count in self.untestable.items():
            if count:
                log.info("%d of them cannot be tested (NA): %s", count, reason)
        if self.refitted:
            log.info(
                "covariances re-estimated beside %d of them, the strongest (--refit %g)",
                self.refitted,
                self.settings.refits,
            )
        if self.tails.names and self.rare:
            log.warning(
                "heavy-tailed or skewed traits (%s) and %d variants of fewer than %d minor "
                "alleles: those p-values are too small; use --rank-int, or leave them out by --mac",
                shortened(self.tails.names, 3),
                self.rare,
                self.tails.rare,
            )
        self._warn_of_perfect()
        if self.settings.neg_log10_p_min:
            shown = ", ".join(f"{kind} {count}" for kind, count in self.written.items())
            log.info("rows with -log10 p >= %g: %s", self.settings.neg_log10_p_min, shown)
        if self.cohort.joint:
            hint = ""
            if self.lambda_gc > _INFLATED:
                hint = f"; {self.relatives.suspicion}"
            elif self.lambda_gc < _DEFLATED and self.relatives.holds_the_variant:
                hint = "; is each variant in the kinship too? (--loco leaves its chromosome out)"
            log.info("lambda_gc %.4f%s", self.lambda_gc, hint)
        if self.histogram is not None and self.histogram.any():
            shown = np.nanquantile(self.trait_lambdas, (0.5, 0, 1))
            log.info("lambda_gc of single traits: median %.4f, from %.4f to %.4f", *shown)
