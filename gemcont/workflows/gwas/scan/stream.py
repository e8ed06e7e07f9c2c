"""The streamed scan: blocks of variants -> products -> tests -> frames, in file order."""

import logging
from collections import deque
from collections.abc import Iterator
from concurrent.futures import Future, ThreadPoolExecutor
from dataclasses import replace

import numpy as np
import polars as pl
from threadpoolctl import threadpool_limits

from gemcont.genotype.chromosomes import Ploidy
from gemcont.genotype.filters import FLAGS
from gemcont.genotype.kernels.packed import moments
from gemcont.genotype.ploidy import HAPLOID, allele_counts, group_name
from gemcont.genotype.source import GenotypeSource
from gemcont.stats.contrasts import f_degrees_of_freedom
from gemcont.stats.multitrait import varies
from gemcont.stats.screen import Leaders
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
from gemcont.workflows.gwas.scan.blocks import block_edges
from gemcont.workflows.gwas.scan.plan import (
    FRAME_KINDS,
    UNTESTABLE,
    Part,
    Plan,
    ScanBlock,
    Stopwatch,
)
from gemcont.workflows.gwas.scan.single_traits import test_singles
from gemcont.workflows.gwas.scan.tally import Tally

log = logging.getLogger(__name__)


def scan_blocks(
    source: GenotypeSource,
    variants: np.ndarray,
    plan: Plan,
    *,
    size: int,
    threads: int,
    encode: dict | None = None,
) -> Iterator[ScanBlock]:
    """Yield the results of the blocks in file order, computed in several threads.

    Args:
        source: genotypes.
        variants: indices of the variants to read.
        plan: models, filters and outputs.
        size: variants per block.
        threads: number of threads.
        encode: kind -> function of a frame that returns what the output appends; called in the
            threads.
    """
    cuts = np.split(variants, block_edges(variants, plan.groups, size)) if len(variants) else []
    plan = replace(plan, threads_per_block=max(threads // max(len(cuts), 1), 1))
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(threads) as pool:
        waiting: deque[Future] = deque()
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
    stopwatch, codes, parts = Stopwatch(), plan.groups.code[variants], []
    for code in np.unique(codes):
        rows = np.flatnonzero(codes == code)
        models = plan.models[plan.groups.groups[code]]
        if models is None:
            parts.append(_untested_part(source, variants, rows, plan))
        for i, model in enumerate(models or ()):
            # what filters take counts once, though several models see the variant
            counted = i == 0
            places = variants[rows], rows
            part = _scan_part(source, places, model, plan, stopwatch, counted=counted)
            parts.append(part)
    block = _in_file_order(variants, parts, plan, encode)
    stopwatch.lap("format")
    shown = ", ".join(f"{stage} {seconds:.3f} s" for stage, seconds in stopwatch.seconds.items())
    log.debug("variants %d to %d: %s", variants[0] + 1, variants[-1] + 1, shown)
    return replace(block, seconds=stopwatch.seconds)


def _scan_part(source, places, model, plan, stopwatch, *, counted):
    """Return the results of one model; places: of its variants in the source and the block."""
    chosen, rows = places
    block = source.read(chosen, model.samples)
    stopwatch.lap("read")
    sums = moments(block)
    alleles = allele_counts(block, sums, model.ploidy, model.males)
    failed = plan.filter.failures(
        block,
        sums,
        alleles,
        quality=None if source.info is None else source.info[chosen],
        hwe_people=model.females if model.ploidy == Ploidy.X else None,
        haploid=model.ploidy in HAPLOID,
    )
    kept = np.flatnonzero(failed == 0)
    stopwatch.lap("counts")
    result = model.statistics(block, sums, kept, plan, stopwatch)
    place = place_frame(
        source.variants[chosen[kept]], alleles.frequency[kept], sums.n[kept], rows[kept]
    )
    frames, histograms, neg_log_10_p = {}, [], np.full(len(kept), np.nan)
    if model.joint:
        neg_log_10_p = result.joint.neg_log_10_p
        frames = _joint_frames(model, result, place, plan)
    if model.single or plan.products:
        more, histograms = _single_frames(model, result, place, alleles.total[kept], plan)
        frames |= more
    tally = Tally(refitted=result.refitted)
    if counted:
        constant = ~varies(model.null, sums.sum_of_squares[kept])
        rare = alleles.minor_count[kept] < plan.tails.rare
        tally += _counts(failed, result.residual, constant, rare)
    stopwatch.lap("statistics")
    return Part(
        rows=rows[kept],
        neg_log_10_p=neg_log_10_p,
        frames=frames,
        histograms=histograms,
        tally=tally,
    )


def _counts(failed, residual, constant, rare):
    """Return the ``Tally`` of what was filtered, cannot be tested, or is rare."""
    testable = ~np.isnan(residual)
    removed = np.bincount(failed, minlength=len(FLAGS) + 1)[1:].tolist()
    n_constant = int(constant.sum())
    untestable = (n_constant, int((~testable).sum()) - n_constant, 0)
    return Tally(
        filtered=dict(zip(FLAGS, removed, strict=True)),
        untestable=dict(zip(UNTESTABLE, untestable, strict=True)),
        rare=int((testable & rare).sum()),
    )


def _joint_frames(model, result, place, plan):
    """Return the frames of the joint test by kind."""
    dof = f_degrees_of_freedom(plan.contrast, model.null.n_traits, model.null.single_dof)
    frames = {
        "joint": joint_frame(place, result.joint, result.effect, model.null, plan.test, dof=dof)
    }
    if plan.effects:
        frames["effects"] = effects_frame(place, result.effect, plan.trait_names)
    if plan.min_neg_log_10_p is not None:
        passes = np.flatnonzero(result.joint.neg_log_10_p >= plan.min_neg_log_10_p)
        frames = {kind: frame[passes] for kind, frame in frames.items()}
    return frames


def _single_frames(model, result, place, chromosomes, plan):
    """Return frames of single traits and of the stores by kind, and histograms by trait codes."""
    frames, histograms = {}, []
    scores, residual = result.scores, result.residual
    rows, n_traits = place[SORT_KEY].to_numpy(), len(plan.trait_names)
    if plan.products:
        values, scores = np.full((len(residual), n_traits), np.nan, dtype=np.float32), list(scores)
        for part, products, *_ in scores:
            values[:, model.trait_codes[part]] = products / model.dose
        frames["products"] = wide_frame(values, plan.trait_names, rows)
    if plan.products or plan.singles.dense:
        frames["variants"] = variants_frame(
            place, residual / model.dose**2, chromosomes, group_name(model.ploidy)
        )
    if model.single:
        singles = test_singles(
            model, scores, residual, place, wanted=plan.singles, n_all_traits=n_traits
        )
        histograms.append((model.trait_codes, singles.histogram))
        if plan.singles.dense:
            frames["dense"] = wide_frame(singles.t, plan.trait_names, rows)
        elif singles.every:
            frames["every"] = singles.every
        else:
            frames["single"] = singles.frame
    return frames, histograms


def _untested_part(source, variants, rows, plan):
    frames = {}
    if plan.joint and plan.min_neg_log_10_p is None:
        frame = source.variants[variants[rows]]
        frames["joint"] = untested_frame(frame, rows, plan.test, len(plan.trait_names))
    untestable = dict(zip(UNTESTABLE, (0, 0, len(rows)), strict=True))
    return Part(
        rows=rows,
        neg_log_10_p=np.full(len(rows), np.nan),
        frames=frames,
        histograms=[],
        tally=Tally(untestable=untestable),
    )


def _in_file_order(variants, parts, plan, encode):
    """Return the parts as one ``ScanBlock``; a variant in several models counts for the first."""
    rows, first = np.unique(np.concatenate([p.rows for p in parts]), return_index=True)
    frames, written, strongest = {}, {}, None
    every = [group for p in parts for group in p.frames.get("every", ())]
    if every:
        frames["every"] = encode.get("every", _as_it_is)(every)
        written["single"] = sum(group.height for group in every)
    for kind in FRAME_KINDS:
        pieces = [p.frames[kind] for p in parts if kind in p.frames]
        if pieces:
            order = [TRAIT.name, SORT_KEY] if kind == "single" else [SORT_KEY]
            frame = pieces[0] if len(pieces) == 1 else pl.concat(pieces).sort(order)
            if kind == "single":
                strongest = _strongest(frame, plan.singles.leaders)
            frames[kind] = encode.get(kind, _as_it_is)(frame.drop(SORT_KEY))
            written[kind] = frame.height
    tally = Tally(
        n_read=len(variants),
        n_rows=len(rows),
        written=written,
        histogram=_histogram(parts, len(plan.trait_names)),
        strongest=strongest,
    )
    return ScanBlock(
        variants=variants[rows],
        neg_log_10_p=np.concatenate([p.neg_log_10_p for p in parts])[first],
        tally=sum((p.tally for p in parts), tally),
        frames=frames,
    )


def _strongest(frame, leaders):
    """Return the strongest -log10 p of each trait in a block, None where all rows are wanted."""
    if leaders is None:
        return None
    own = Leaders(*leaders.strongest.shape)
    own.add(frame[TRAIT.name].to_numpy(), frame[NEG_LOG_10_P.name].to_numpy())
    return own.strongest


def _histogram(parts, n_traits):
    """Return the counts of |t| of all traits of the run, None where none is tested alone."""
    pairs = [pair for p in parts for pair in p.histograms]
    if len(pairs) == 1 and len(pairs[0][0]) == n_traits:
        return pairs[0][1]  # the traits of the run in its order, not copied
    total = None
    for codes, counts in pairs:
        if total is None:
            total = np.zeros((n_traits, counts.shape[1]), dtype=counts.dtype)
        total[codes] += counts
    return total


def _as_it_is(frame):
    return frame
