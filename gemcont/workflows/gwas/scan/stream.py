"""The streamed scan: blocks of variants -> products -> tests -> frames, in file order."""

import logging
from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import polars as pl
from threadpoolctl import threadpool_limits

from gemcont.genotype.chromosomes import Ploidy
from gemcont.genotype.filters import FLAGS
from gemcont.genotype.kernels.packed import moments
from gemcont.genotype.ploidy import HAPLOID, allele_counts, group_name
from gemcont.stats.contrasts import f_degrees_of_freedom
from gemcont.stats.multitrait import varies
from gemcont.tables.schema import NEG_LOG_10_P, TRAIT
from gemcont.workflows.common.result_rows import (
    SORT_KEY,
    effects_frame,
    joint_frame,
    place_frame,
    untested_frame,
    variants_frame,
    wide_frame,
)
from gemcont.workflows.gwas.scan.block_tests import block_statistics
from gemcont.workflows.gwas.scan.blocks import block_edges
from gemcont.workflows.gwas.scan.plan import FRAME_KINDS, Part, ScanBlock, Stopwatch
from gemcont.workflows.gwas.scan.single_traits import test_singles

log = logging.getLogger(__name__)


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
    result = block_statistics(block, found, stays, batch, plan, watch)
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
    rows, n_traits = place[SORT_KEY].to_numpy(), len(plan.trait_names)
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
    for kind in FRAME_KINDS:
        found = [p.frames[kind] for p in parts if kind in p.frames]
        if found:
            order = [TRAIT.name, SORT_KEY] if kind == "single" else [SORT_KEY]
            frame = found[0] if len(found) == 1 else pl.concat(found).sort(order)
            if kind == "single" and plan.singles.leaders is not None:
                leaders = tuple(frame[c.name].to_numpy() for c in (TRAIT, NEG_LOG_10_P))
            frames[kind] = encode.get(kind, _as_it_is)(frame.drop(SORT_KEY))
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
