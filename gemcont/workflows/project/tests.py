"""Tests from stores of products, without genotypes: g'MY, g'Mg and Y'MY are all they need."""

import logging
from collections.abc import Callable, Iterable
from contextlib import ExitStack
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gemcont.stats.calibration import lambda_gc
from gemcont.stats.multitrait import JointTest, effects_of_scores, joint_test
from gemcont.stats.null import SummaryNull
from gemcont.stats.screen import screen
from gemcont.stats.special import r2_of_t_p
from gemcont.tables.files import remove
from gemcont.tables.results.parts import TraitParts
from gemcont.tables.results.writers import open_writer
from gemcont.tables.schema import NEG_LOG_10_P, TRAIT
from gemcont.workflows.common.dataframes import to_pandas
from gemcont.workflows.common.result_rows import SORT_KEY, joint_frame, single_frame, untested_frame
from gemcont.workflows.common.wording import least_of_singles
from gemcont.workflows.project.store import ProductBlock, ProductStore

if TYPE_CHECKING:
    import pandas as pd

    from gemcont.workflows.project.files import ProductOutputs

log = logging.getLogger(__name__)


def joint_rows(block: ProductBlock, test: str) -> tuple[pl.DataFrame, np.ndarray]:
    """Test all traits of a block jointly.

    Returns:
        the rows of ``joint_frame``, and their -log10 p, NaN where not tested.
    """
    null, d = block.nulls.joint, block.scores.shape[1]
    if null is None:
        rows = block.variant_columns[SORT_KEY].to_numpy()
        return untested_frame(block.variant_columns, rows, test, d), np.full(len(rows), np.nan)
    if block.added is not None:
        return _added_rows(block, null, test)
    result = joint_test(null, null.whiten(block.scores), block.residual, test=test)
    beta_se = None
    if d == 1:
        total = null.total_sum_of_squares
        beta_se = effects_of_scores(null, block.scores, total, block.residual[:, None])
    return joint_frame(block.variant_columns, result, beta_se, null, test), result.neg_log_10_p


def _added_rows(block, null, test):
    sums = block.added
    result = JointTest(sums.chi2, sums.neg_log_10_p, sums.chi2 / null.n_samples)
    beta_se = sums.effects, sums.standard_errors
    return joint_frame(block.variant_columns, result, beta_se, null, test), sums.neg_log_10_p


def single_rows(block: ProductBlock, min_neg_log_10_p: float | None) -> pl.DataFrame:
    """Test every trait of a block alone.

    min_neg_log_10_p: smallest -log10 p of a row, None = all. Returns the rows of ``single_frame``.
    """
    null, scores = block.nulls.single, block.scores
    if null is None:
        scores = np.empty((len(scores), 0))
        null = SummaryNull(3, 1, np.empty(0))
    total, dof = null.total_sum_of_squares, null.single_dof
    if min_neg_log_10_p is None:
        traits, variants = np.divmod(np.arange(scores.size), max(len(scores), 1))
    else:
        with np.errstate(invalid="ignore"):
            scales = 1 / np.sqrt(block.residual), 1 / np.sqrt(total)
        variants, traits, _ = screen(scores, *scales, r2_of_t_p(min_neg_log_10_p, dof), dof)
    pairs = scores[variants, traits]
    beta_se = effects_of_scores(null, pairs, total[traits], block.residual[variants])
    frame = single_frame(block.variant_columns, variants, traits, beta_se, dof)
    if min_neg_log_10_p is None:
        return frame
    return frame.filter(frame[NEG_LOG_10_P.name].to_numpy() >= min_neg_log_10_p)


@dataclass(frozen=True)
class StoreTests:
    """Rows of the joint test of products.

    positions: table of chromosome and base_pair_location
    neg_log_10_p: (rows,), NaN where not tested
    """

    positions: pl.DataFrame
    neg_log_10_p: np.ndarray

    def lambda_gc(self, d: int) -> float:
        """Return the genomic-control factor of a test on D degrees of freedom."""
        return lambda_gc(self.neg_log_10_p, d)


@dataclass(frozen=True, kw_only=True)
class PreparedTests:
    """Tests that are ready to be run.

    stretches: lists of ``ProductBlock``s, each list the variants of one stretch
    trait_names: names of what is tested
    store: the first store
    null: function that returns the null model of most samples, once all is tested
    log_end: function that logs what is known then
    """

    stretches: Iterable[list[ProductBlock]]
    trait_names: list[str]
    store: ProductStore
    null: Callable[[], SummaryNull]
    log_end: Callable[[], None] = lambda: None


def collected(
    prepared: PreparedTests, *, test: str, joint: bool, bound: float | None
) -> "pd.DataFrame":
    """Run the joint test, or that of each trait alone, and return the rows in memory.

    Args:
        prepared: the tests.
        test: name of the joint test.
        joint: whether the joint test is run, not those of each trait.
        bound: smallest -log10 p of a row, None = all.
    """
    rows = []
    for blocks in prepared.stretches:
        if joint:
            frame, p = _joint_stretch(blocks, test)
            rows.append(frame.filter(p >= bound) if bound else frame)
        else:
            frame = pl.concat(single_rows(block, bound or None) for block in blocks)
            rows.append(frame.sort(TRAIT.name, SORT_KEY).drop(SORT_KEY))
    prepared.null()
    prepared.log_end()
    table = pl.concat(rows)
    if joint:
        return to_pandas(table)
    names = dict(enumerate(prepared.trait_names))
    table = table.sort(TRAIT.name, maintain_order=True)
    return to_pandas(table.with_columns(pl.col(TRAIT.name).replace_strict(names)))


def write_tests(
    stretches: Iterable[list[ProductBlock]], trait_names: list[str], outputs: "ProductOutputs"
) -> StoreTests | None:
    """Run the tests and write the joint test's file and PREFIX.traits.parquet.

    Args:
        stretches: lists of ``ProductBlock``s, each list the variants of one stretch.
        trait_names: names of what is tested.
        outputs: the files.

    Returns:
        positions and p of the joint test, None without it.
    """
    bound = least_of_singles(len(trait_names), outputs.least) if outputs.each else None
    positions, neg_log_10_p, folder = [], [], f"{outputs.prefix}.traits.parts"
    singles = TraitParts(folder, "single", trait_names)
    with ExitStack() as stack:
        stack.callback(remove, folder)
        if outputs.joint:
            append = stack.enter_context(open_writer(outputs.path, outputs.layout))
        for blocks in stretches:
            if outputs.joint:
                rows, p = _joint_stretch(blocks, outputs.test)
                append(rows.filter(p >= outputs.least) if outputs.least else rows)
                positions.append(rows.select("chromosome", "base_pair_location"))
                neg_log_10_p.append(p)
            if outputs.each:
                rows = pl.concat(single_rows(block, bound) for block in blocks)
                singles.append(singles.encode(rows.sort(TRAIT.name, SORT_KEY).drop(SORT_KEY)))
        if outputs.each:
            singles.finish(f"{outputs.prefix}.traits.parquet")
    return StoreTests(pl.concat(positions), np.concatenate(neg_log_10_p)) if outputs.joint else None


def _joint_stretch(blocks, test):
    """Return rows of the joint test in the store's order, and their -log10 p, NaN if untested."""
    frames, p = zip(*(joint_rows(block, test) for block in blocks), strict=True)
    rows = pl.concat(frames).with_columns(pl.Series("p", np.concatenate(p))).sort(SORT_KEY)
    return rows.drop(SORT_KEY, "p"), rows["p"].to_numpy()
