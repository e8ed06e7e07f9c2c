"""Traits tested one by one: from products of a block of variants to rows, histograms, stores."""

from collections.abc import Iterable, Iterator
from dataclasses import dataclass, field
from typing import TYPE_CHECKING, NamedTuple

import numpy as np
import polars as pl

from gemcont.genotype.kernels.fixed_point import FixedPoint
from gemcont.genotype.kernels.product import product
from gemcont.genotype.source import Block
from gemcont.stats.multitrait import effects_of_scores
from gemcont.stats.screen import Leaders, r2_of_leaders, screen, t_statistics
from gemcont.stats.special import neg_log10_t_sf, r2_of_t_p
from gemcont.tables.results.every import EveryRow
from gemcont.tables.schema import NEG_LOG_10_P
from gemcont.workflows.common.result_rows import single_frame

if TYPE_CHECKING:
    from gemcont.workflows.gwas.scan.null_models import TraitGroup
    from gemcont.workflows.gwas.scan.plan import Stopwatch

_NONE_PASS = np.inf


@dataclass
class Wanted:
    """Rows of single traits that are written, and what is kept of the rest.

    Attributes:
        min_neg_log_10_p: smallest -log10 p of a row, None = all
        leaders: the strongest of every trait so far, where only so many are wanted
        dense: whether every t is kept
    """

    min_neg_log_10_p: float | None = None
    leaders: Leaders | None = None
    dense: bool = False

    def bounds(self, codes: np.ndarray | slice) -> float | np.ndarray | None:
        """Return the smallest -log10 p by codes of traits: a number or (traits,); None = all."""
        if self.leaders is None:
            return self.min_neg_log_10_p
        return np.maximum(self.leaders.least[codes], self.min_neg_log_10_p or 0)


@dataclass
class Singles:
    """Single-trait results of a trait group in a block.

    Attributes:
        frames: of the rows that are wanted, sorted by trait then variant
        every: ``EveryRow``s, where all rows are wanted
        histograms: counts of |t|, (traits, bins) each
        t: float32 (variants, traits of the run) where every t is kept
    """

    frames: list = field(default_factory=list)
    every: list = field(default_factory=list)
    histograms: list = field(default_factory=list)
    t: np.ndarray | None = None

    @property
    def frame(self) -> pl.DataFrame:
        """Rows that pass a bound."""
        return pl.concat(self.frames)

    @property
    def histogram(self) -> np.ndarray:
        """Counts of |t| (traits of the group, bins)."""
        return np.concatenate(self.histograms)


class Scores(NamedTuple):
    """Scores of some of a group's traits, one by one.

    Attributes:
        part: slice of the group's traits
        values: g'MY (variants, traits)
        total: sums of squares of the traits (traits,)
        unit: factor of the effects, a number or (variants, traits)
    """

    part: slice
    values: np.ndarray
    total: np.ndarray
    unit: float | np.ndarray


def test_singles(
    group: "TraitGroup",
    scores: Iterable[Scores],
    residual: np.ndarray,
    place: pl.DataFrame,
    *,
    wanted: Wanted,
    n_all_traits: int,
) -> Singles:
    """Test the traits of a ``TraitGroup`` one by one.

    Args:
        group: traits and their null model.
        scores: of its traits.
        residual: g'Mg (variants,), NaN where a variant cannot be tested.
        place: leading columns of the rows, from ``place_frame``.
        wanted: rows that are written.
        n_all_traits: number of traits of the run.
    """
    singles, dof = Singles(), group.null.single_dof
    if wanted.dense:
        singles.t = np.full((len(residual), n_all_traits), np.nan, dtype=np.float32)
    for score in scores:
        codes = group.trait_codes[score.part]
        scales, bounds = (1 / np.sqrt(residual), 1 / np.sqrt(score.total)), wanted.bounds(codes)
        every = wanted.dense or bounds is None
        least_r2 = _NONE_PASS if every else _least_r2(score.values, scales, dof, bounds, wanted)
        pairs = screen(score.values, *scales, least_r2, dof)
        singles.histograms.append(pairs[2])
        if singles.t is not None:
            singles.t[:, codes] = t_statistics(score.values, *scales, dof)
        elif every:
            singles.every.append(_every_row(score, residual, place, codes, group.null))
        else:
            frame = _frame_of_pairs(score, pairs[:2], residual, (place, codes), group.null)
            singles.frames.append(_that_pass(frame, bounds, pairs[1]))
    return singles


def _every_row(score, residual, place, codes, null):
    dof = null.single_dof
    beta, se = effects_of_scores(null, score.values.T, score.total[:, None], residual)
    t = beta / se
    unit = np.transpose(score.unit)
    computed = np.stack([unit * beta, unit * se, neg_log10_t_sf(t, dof), t])
    return EveryRow(place=place, codes=codes, values=computed, dof=dof)


def _frame_of_pairs(score, pairs, residual, labels, null):
    """Return the rows of pairs (variants, traits) that pass; labels: places and trait codes."""
    (variants, traits), (place, codes) = pairs, labels
    effect = effects_of_scores(
        null, score.values[variants, traits], score.total[traits], residual[variants]
    )
    unit = score.unit if np.ndim(score.unit) == 0 else score.unit[variants, traits]
    effect = tuple(unit * e for e in effect)
    return single_frame(place, variants, codes[traits], effect, null.single_dof)


def _least_r2(values, scales, dof, bounds, wanted):
    """Return the smallest r^2 of a row by trait; with leaders, of rows that may be among them."""
    least_r2 = r2_of_t_p(bounds, dof)
    if wanted.leaders is not None:
        histogram = screen(values, *scales, _NONE_PASS, dof)[2]
        least_r2 = np.maximum(least_r2, r2_of_leaders(histogram, wanted.leaders.count, dof))
    return least_r2


def _that_pass(frame, bounds, traits):
    """Return the rows whose own p passes the bound."""
    bound = bounds[traits] if np.ndim(bounds) else bounds
    return frame.filter(pl.Series(frame[NEG_LOG_10_P.name].to_numpy() >= bound))


def scores_by_block(
    group: "TraitGroup",
    block: Block,
    mean: np.ndarray,
    *,
    kept: np.ndarray,
    inexact: np.ndarray,
    threads: int,
    stopwatch: "Stopwatch",
) -> Iterator[Scores]:
    """Yield ``Scores`` of some hundreds of a group's traits at a time.

    Args:
        group: traits and their null model.
        block: genotypes.
        mean: mean dosages of the block's variants.
        kept: positions of the variants that are tested.
        inexact: positions of the variants that need more digits.
        threads: threads that share a product.
        stopwatch: takes the time of each stage.
    """
    for part, columns in group.trait_blocks:
        stopwatch.lap("statistics")  # of the traits before
        values = product(block, mean, columns, threads=threads)
        if len(inexact):
            exact = FixedPoint(group.null.whitened[:, part], exact=True)
            values[inexact] = product(block.take(inexact), mean[inexact], exact)
        stopwatch.lap("product")
        values = values[kept] * group.null.scales[part]
        yield Scores(part, values, group.null.total_sum_of_squares[part], group.dose)
