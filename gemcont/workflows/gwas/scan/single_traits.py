"""Traits tested one by one: from products of a block of variants to rows, histograms, stores."""

from dataclasses import dataclass, field
from typing import NamedTuple

import numpy as np
import polars as pl

from gemcont.genotype.kernels.fixed_point import FixedPoint
from gemcont.genotype.kernels.product import product
from gemcont.stats.multitrait import effects_of_scores
from gemcont.stats.screen import Leaders, r2_of_leaders, screen, t_statistics
from gemcont.stats.special import neg_log10_t_sf, r2_of_t_p
from gemcont.tables.results.every import EveryRow
from gemcont.tables.schema import NEG_LOG_10_P
from gemcont.workflows.common.result_rows import single_frame

_NONE_PASS = np.inf


@dataclass
class Wanted:
    """Which rows of single traits are written, and what is kept of the rest.

    least: smallest -log10 p of a row, None = all; leaders: the strongest of every trait so far,
    where only so many are wanted; dense: whether every t is kept
    """

    least: float | None = None
    leaders: Leaders | None = None
    dense: bool = False

    def bounds(self, codes):
        """Smallest -log10 p of the traits of these codes: a number or (traits,); None = all."""
        if self.leaders is None:
            return self.least
        return np.maximum(self.leaders.least[codes], self.least or 0)


@dataclass
class Singles:
    """Single-trait results of a batch in a block.

    frame: the rows that are wanted, sorted by trait then variant; every: ``EveryRow``s, where all
    are; histogram: (traits of the batch, bins) of |t|; t: float32 (variants, traits of the run)
    where every t is kept
    """

    frames: list = field(default_factory=list)
    every: list = field(default_factory=list)
    histograms: list = field(default_factory=list)
    t: np.ndarray | None = None

    @property
    def frame(self):
        """The rows that pass a bound."""
        return pl.concat(self.frames)

    @property
    def histogram(self):
        """(traits of the batch, bins)."""
        return np.concatenate(self.histograms)


class Scores(NamedTuple):
    """Scores of some of a batch's traits, one by one.

    part: slice of the batch's traits; values: g'MY (variants, traits); total: sums of squares of
    the traits (traits,); unit: what effects are multiplied by, a number or (variants, traits)
    """

    part: slice
    values: np.ndarray
    total: np.ndarray
    unit: float | np.ndarray


def test_singles(batch, scores, residual, place, wanted, n_all_traits):
    """``Singles`` of a batch.

    scores: ``Scores`` of its traits; residual: g'Mg, NaN where a variant cannot be tested
    """
    found, dof = Singles(), batch.null.single_dof
    if wanted.dense:
        found.t = np.full((len(residual), n_all_traits), np.nan, dtype=np.float32)
    for part, values, total, unit in scores:
        codes = batch.trait_codes[part]
        scales, bounds = (1 / np.sqrt(residual), 1 / np.sqrt(total)), wanted.bounds(codes)
        every = wanted.dense or bounds is None
        least_r2 = _NONE_PASS if every else _least_r2(values, scales, dof, bounds, wanted)
        variants, traits, histogram = screen(values, *scales, least_r2, dof)
        found.histograms.append(histogram)
        if wanted.dense:
            found.t[:, codes] = t_statistics(values, *scales, dof)
        elif every:
            found.every.append(_every_row(batch, values, residual, total, unit, codes, place))
        else:
            effect = effects_of_scores(
                batch.null, values[variants, traits], total[traits], residual[variants]
            )
            chosen = unit if np.ndim(unit) == 0 else unit[variants, traits]
            effect = tuple(chosen * e for e in effect)
            frame = single_frame(place, variants, codes[traits], effect, dof)
            found.frames.append(_that_pass(frame, bounds, traits))
    return found


def _every_row(batch, values, residual, total, unit, codes, place):
    dof = batch.null.single_dof
    beta, se = effects_of_scores(batch.null, values.T, total[:, None], residual)
    t = beta / se
    unit = np.transpose(unit)
    computed = np.stack([unit * beta, unit * se, neg_log10_t_sf(t, dof), t])
    return EveryRow(place=place, codes=codes, values=computed, dof=dof)


def _least_r2(values, scales, dof, bounds, wanted):
    """The bound on r^2 of every trait; of leaders, no more than can still lead."""
    least_r2 = r2_of_t_p(bounds, dof)
    if wanted.leaders is not None:
        histogram = screen(values, *scales, _NONE_PASS, dof)[2]
        least_r2 = np.maximum(least_r2, r2_of_leaders(histogram, wanted.leaders.count, dof))
    return least_r2


def _that_pass(frame, bounds, traits):
    """The rows again, by their p itself."""
    least = bounds[traits] if np.ndim(bounds) else bounds
    return frame.filter(pl.Series(frame[NEG_LOG_10_P.name].to_numpy() >= least))


def scores_by_block(block, found, stays, batch, hard, threads, watch):
    """Yield ``Scores``, of some hundreds of traits at a time.

    stays: the block's variants that are tested; hard: positions in the block of those that need
    more digits; threads: that share a product; watch: ``Stopwatch``
    """
    for part, columns in batch.trait_blocks:
        watch.lap("statistics")  # of the traits before
        values = product(block, found.mean, columns, threads=threads)
        if len(hard):
            exact = FixedPoint(batch.null.whitened[:, part], exact=True)
            values[hard] = product(block.take(hard), found.mean[hard], exact)
        watch.lap("product")
        values = values[stays] * batch.null.scales[part]
        yield Scores(part, values, batch.null.total_sum_of_squares[part], batch.dose)
