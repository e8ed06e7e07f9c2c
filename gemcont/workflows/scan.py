"""The streamed scan: blocks of variants -> products -> tests -> frames, in file order."""

import logging
import time
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, field, replace

import numpy as np
import polars as pl
from threadpoolctl import threadpool_limits

from gemcont.genotype.chromosomes import Ploidy
from gemcont.genotype.filters import FLAGS, VariantFilter
from gemcont.genotype.kernels import moments
from gemcont.genotype.ploidy import HAPLOID, allele_counts
from gemcont.stats.contrasts import degrees_of_freedom, f_degrees_of_freedom
from gemcont.stats.multitrait import varies
from gemcont.stats.screen import N_BINS
from gemcont.tables.columns import NEG_LOG_10_P, TRAIT
from gemcont.workflows.groups import TRAITS_AT_ONCE, group_name
from gemcont.workflows.rows import (
    ROW,
    effects_frame,
    joint_frame,
    place_frame,
    untested_frame,
    variants_frame,
    wide_frame,
)
from gemcont.workflows.singles import Wanted, test_singles
from gemcont.workflows.tails import RARE, Tails
from gemcont.workflows.tested import tested

log = logging.getLogger(__name__)

# Frames of a scan: the joint test, its effects, rows of single traits that pass a bound, every t of
# every trait, every product, and the variants that the last two belong to. Where all rows of single
# traits are wanted, "every" is a list of ``EveryRow``s.
KINDS = ("joint", "effects", "single", "dense", "products", "variants")

CHROMOSOME = 8  # groups below it are ploidies; above, a chromosome's number times it, plus ploidy
# Why variants that pass the filters have no statistic (NA).
UNTESTABLE = ("without variance", "given by the covariates", "on a chromosome without null model")
_FEWEST, _MOST = 128, 8192  # variants in a block
_BLOCKS_PER_THREAD = 3  # at least, if each is large enough
_ENOUGH = 2048  # variants, to which the tables of a product are worth their making
# Measured at 10,000 and 100,000 samples: below it threads that share the columns of a block are
# faster than threads that have each a block of their own; above it neither is.
_SHARED = 512
_BLOCK_BYTES = 16 << 20  # of genotypes: enough for one block to amortise its overhead


@dataclass(frozen=True)
class Plan:
    """What a scan needs beside the source.

    batches: for each group present a list of ``Batch``, or None where it cannot be tested
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
    (NaN without one); frames: by kind, see ``KINDS``; histograms: of single traits, as in
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


def block_size(source, plan, threads, memory, n_variants):
    """Variants per block that keep the blocks in flight within ``memory`` bytes.

    Each worker holds a block, a copy of the rows that miss genotypes, and results; as many results
    wait. Every thread gets its share.
    """
    batches = [b for group in plan.batches.values() if group for b in group]
    columns = max(_columns_at_once(b) for b in batches)
    tested = sum(b.null.n_traits for b in batches) / len(plan.batches)
    singles = sum(b.null.n_traits for b in batches if b.single) / len(plan.batches)
    results = tested * (4 * plan.singles.dense + 12 * plan.products)
    if not plan.singles.dense:  # as arrays, or the share of pairs that pass as rows
        least = plan.singles.least
        results += singles * (80 if least is None else 300 * 10.0**-least)
    results = 8 * (4 * columns + 40) + 2 * int(results)
    per_variant = 2 * source.bytes_per_variant + 2 * results
    histograms = 4 * N_BINS * int(singles)
    affordable = int(max(memory / threads - histograms, 0) / per_variant)
    share = -(-n_variants // threads)
    share = max(-(-share // _BLOCKS_PER_THREAD), min(share, _ENOUGH), _SHARED)
    size = min(affordable, max(_BLOCK_BYTES // source.bytes_per_variant, _ENOUGH), share)
    return int(np.clip(size, _FEWEST, _MOST))


def _columns_at_once(batch):
    if batch.trait_blocks:
        return TRAITS_AT_ONCE + batch.null.n_covariates
    return batch.null.n_traits + batch.null.n_covariates


def scan_blocks(source, variants, plan, *, size, threads, encode=None):
    """Yield a ``ScanBlock`` per block of ``size`` variants, in order, computed in ``threads``.

    encode: functions of a frame by kind, called in the threads: what the outputs append
    """
    cuts = np.split(variants, block_edges(variants, plan, size)) if len(variants) else []
    plan = replace(plan, threads_per_block=max(threads // max(len(cuts), 1), 1))
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(threads) as pool:
        waiting = deque()
        try:
            for chosen in cuts:
                waiting.append(pool.submit(_scan_block, source, chosen, plan, encode or {}))
                if len(waiting) >= 2 * threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def block_edges(variants, plan, size):
    """Where the variants are cut into blocks: every ``size``.

    Where models differ between chromosomes, every ``size`` from the start of each, so that the
    rest of a run is cut as the whole.
    """
    if not plan.by_chromosome:
        return np.arange(size, len(variants), size)
    starts = np.flatnonzero(np.diff(plan.group[variants], prepend=-1))
    ends = [*starts[1:], len(variants)]
    runs = [np.arange(a, b, size) for a, b in zip(starts, ends, strict=True)]
    return np.concatenate(runs)[1:] if runs else starts


class Stopwatch:
    """Seconds by stage; ``lap`` books what has passed since the last one."""

    def __init__(self):
        self.seconds, self._last = {}, time.perf_counter()

    def lap(self, stage):
        """Book the time since the last lap."""
        now = time.perf_counter()
        self.seconds[stage] = self.seconds.get(stage, 0.0) + now - self._last
        self._last = now


def _scan_block(source, variants, plan, encode):
    watch = Stopwatch()
    kinds, parts = plan.group[variants], []
    for kind in np.unique(kinds):
        rows = np.flatnonzero(kinds == kind)
        if plan.batches[kind] is None:
            parts.append(_untested_part(source, variants, rows, plan))
        else:
            for i, batch in enumerate(plan.batches[kind]):
                part = _scan_part(source, variants, rows, batch, plan, watch, counted=i == 0)
                parts.append(part)
    block = _in_file_order(variants, parts, plan, encode)
    watch.lap("format")
    shown = ", ".join(f"{stage} {seconds:.3f} s" for stage, seconds in watch.seconds.items())
    log.debug("variants %d to %d: %s", variants[0] + 1, variants[-1] + 1, shown)
    return replace(block, seconds=watch.seconds)


def _scan_part(source, variants, rows, batch, plan, watch, *, counted):
    """One batch's results; what filters take is counted in the first batch of a ploidy only."""
    chosen = variants[rows]
    block = source.read(chosen, batch.samples)
    watch.lap("read")
    found = moments(block)
    alleles = allele_counts(block, found, batch.ploidy, batch.males)
    failed = plan.filter.failures(
        block,
        found,
        alleles,
        quality=None if source.info is None else source.info[chosen],
        hwe_people=batch.females if batch.ploidy == Ploidy.X else None,
        haploid=batch.ploidy in HAPLOID,
    )
    stays = np.flatnonzero(failed == 0)
    watch.lap("counts")
    result = tested(block, found, stays, batch, plan, watch)
    place = place_frame(
        source.variants[chosen[stays]], alleles.frequency[stays], found.n[stays], rows[stays]
    )
    frames, neg_log_10_p, histograms = {}, np.full(len(stays), np.nan), []
    if batch.joint:
        neg_log_10_p = result.joint.neg_log_10_p
        frames = _joint(batch, result, place, plan)
    if batch.single or plan.products:
        more, histograms = _singles(batch, result, place, alleles.total[stays], plan)
        frames |= more
    failed = np.bincount(failed, minlength=len(FLAGS) + 1) * counted
    testable = ~np.isnan(result.residual)
    constant = int((~varies(batch.null, found.sum_of_squares[stays])).sum())
    explained = int((~testable).sum()) - constant
    untestable = np.array([constant, explained, 0]) * counted
    rare = int((testable & (alleles.minor_count[stays] < plan.tails.rare)).sum()) * counted
    watch.lap("statistics")
    counts = failed, untestable, rare, result.refitted
    return Part(rows[stays], neg_log_10_p, frames, histograms, *counts)


def _joint(batch, result, place, plan):
    """Frames of the joint test by kind."""
    dof = f_degrees_of_freedom(plan.contrast, batch.null.n_traits, batch.null.single_dof)
    frames = {
        "joint": joint_frame(place, result.joint, result.effect, batch.null, plan.test, dof=dof)
    }
    if plan.effects:
        frames["effects"] = effects_frame(place, result.effect, plan.trait_names)
    if plan.least is not None:
        passes = np.flatnonzero(result.joint.neg_log_10_p >= plan.least)
        frames = {kind: frame[passes] for kind, frame in frames.items()}
    return frames


def _singles(batch, result, place, chromosomes, plan):
    """Frames of single traits and of the stores, by kind, and histograms by codes of traits."""
    frames, histograms = {}, []
    scores, residual = result.scores, result.residual
    rows, n_traits = place[ROW].to_numpy(), len(plan.trait_names)
    if plan.products:
        kept, scores = np.full((len(residual), n_traits), np.nan, dtype=np.float32), list(scores)
        for part, values, *_ in scores:
            kept[:, batch.trait_codes[part]] = values / batch.dose
        frames["products"] = wide_frame(kept, plan.trait_names, rows)
    if plan.products or plan.singles.dense:
        frames["variants"] = variants_frame(
            place, residual / batch.dose**2, chromosomes, group_name(batch.ploidy)
        )
    if batch.single:
        found = test_singles(batch, scores, residual, place, plan.singles, n_traits)
        histograms.append((batch.trait_codes, found.histogram))
        if plan.singles.dense:
            frames["dense"] = wide_frame(found.t, plan.trait_names, rows)
        elif found.every:
            frames["every"] = found.every
        else:
            frames["single"] = found.frame
    return frames, histograms


def _untested_part(source, variants, rows, plan):
    frames, nothing = {}, np.zeros(len(FLAGS) + 1, dtype=np.int64)
    untestable = np.array([0, 0, len(rows)])
    if plan.joint and plan.least is None:
        frame = source.variants[variants[rows]]
        frames["joint"] = untested_frame(frame, rows, plan.test, len(plan.trait_names))
    return Part(rows, np.full(len(rows), np.nan), frames, [], nothing, untestable, 0, 0)


def _in_file_order(variants, parts, plan, encode):
    """One ``ScanBlock`` of the parts; of a variant in several batches the first part counts."""
    rows = np.concatenate([p.rows for p in parts])
    unique, first = np.unique(rows, return_index=True)
    frames, written, leaders = {}, {}, None
    every = [group for p in parts for group in p.frames.get("every", ())]
    if every:
        frames["every"] = encode.get("every", _as_it_is)(every)
        written["single"] = sum(group.height for group in every)
    for kind in KINDS:
        found = [p.frames[kind] for p in parts if kind in p.frames]
        if found:
            order = [TRAIT.name, ROW] if kind == "single" else [ROW]
            frame = found[0] if len(found) == 1 else pl.concat(found).sort(order)
            if kind == "single" and plan.singles.leaders is not None:
                leaders = tuple(frame[c.name].to_numpy() for c in (TRAIT, NEG_LOG_10_P))
            frames[kind] = encode.get(kind, _as_it_is)(frame.drop(ROW))
            written[kind] = frame.height
    return ScanBlock(
        variants[unique],
        np.concatenate([p.neg_log_10_p for p in parts])[first],
        frames,
        sum(p.failed for p in parts),
        sum(p.untestable for p in parts),
        sum(p.rare for p in parts),
        sum(p.refitted for p in parts),
        len(variants),
        written,
        [pair for p in parts for pair in p.histograms],
        leaders,
    )


def _as_it_is(frame):
    return frame
