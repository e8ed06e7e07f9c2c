"""The streamed scan: blocks of variants -> products -> joint test -> frames, in file order."""

from collections import deque
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np
import polars as pl
from threadpoolctl import threadpool_limits

from gemcont.genotype.chromosomes import Ploidy
from gemcont.genotype.filters import FLAGS, FrequencyFilter
from gemcont.genotype.kernels import decode, moments, product
from gemcont.stats.multitrait import centred_products, effects, joint_test, residual_sum_of_squares
from gemcont.tables.columns import (
    BETA,
    CHI2,
    DOF,
    DOF2,
    F_STATISTIC,
    FREQUENCY,
    NEG_LOG_10_P,
    R2,
    STANDARD_ERROR,
    N,
    joint_columns,
)

_COUNTS = (N.name, DOF.name, DOF2.name)

# Where the covariates explain more than nine tenths of a genotype, what float32 products lose is
# amplified in the rest: those few variants are recomputed in float64.
_RECOMPUTE = 0.1
_FEWEST, _MOST = 128, 8192  # variants in a block
_BLOCK_BYTES = 16 << 20  # of packed genotypes: enough for one block to amortise its overhead


@dataclass(frozen=True)
class Plan:
    """What one scan needs beside the source: samples, null model, test, filters, ploidy codes.

    ploidy: uint8 per variant of the source; samples: None where all are analysed.
    """

    samples: np.ndarray | None
    null: object
    test: str
    frequency: FrequencyFilter
    ploidy: np.ndarray


@dataclass(frozen=True)
class ScanBlock:
    """Results of one block: a frame of the rows that stay, and what the filters took.

    variants: the rows' indices in the source; failed: counts per code of ``FrequencyFilter``;
    untestable: rows without a statistic, beside those of sex chromosomes and haploids.
    """

    frame: pl.DataFrame
    variants: np.ndarray
    failed: np.ndarray
    untestable: int
    not_autosomal: int
    n_read: int


def block_size(source, plan, threads, memory):
    """Variants per block that keep the blocks in flight within ``memory`` bytes.

    Each worker holds a block as read and as repacked, and its results; as many again wait.
    """
    columns = plan.null.n_traits + plan.null.n_covariates
    per_variant = 2 * source.bytes_per_variant + 8 * (4 * columns + 40)
    affordable = memory // (2 * threads * per_variant)
    return int(np.clip(min(affordable, _BLOCK_BYTES // source.bytes_per_variant), _FEWEST, _MOST))


def scan_blocks(source, variants, plan, *, size, threads):
    """Yield a ``ScanBlock`` per block of ``size`` variants, in order, computed in ``threads``."""
    columns = plan.null.columns()
    starts = range(0, len(variants), size)
    with threadpool_limits(1, user_api="blas"), ThreadPoolExecutor(threads) as pool:
        waiting = deque()
        try:
            for start in starts:
                chosen = variants[start : start + size]
                waiting.append(pool.submit(_scan_block, source, chosen, plan, columns))
                if len(waiting) >= 2 * threads:
                    yield waiting.popleft().result()
            while waiting:
                yield waiting.popleft().result()
        finally:
            for future in waiting:
                future.cancel()


def _scan_block(source, variants, plan, columns):
    block = source.read(variants, plan.samples)
    found = moments(block)
    autosomal = plan.ploidy[variants] == Ploidy.AUTOSOME
    failed = np.where(autosomal, plan.frequency.failures(found, block.n_samples), 0)
    products = _products(block, found, plan.null, columns)
    squares = np.where(autosomal, found.sum_of_squares, 0)
    result = joint_test(plan.null, products, squares, test=plan.test)
    columns = _columns(found, autosomal, result, plan)
    if plan.null.n_traits == 1:
        beta, se = effects(plan.null, products, result.residual_sum_of_squares)
        columns |= {BETA.name: beta[:, 0], STANDARD_ERROR.name: se[:, 0]}
    stays = np.flatnonzero(failed == 0)
    frame = _frame(source.variants[variants], columns, plan)[stays]
    return ScanBlock(
        frame,
        variants[stays],
        np.bincount(failed, minlength=len(FLAGS) + 1),
        int((np.isnan(result.r2) & autosomal)[stays].sum()),
        int((~autosomal).sum()),
        len(variants),
    )


def _products(block, found, null, columns):
    """Centred products; recomputed in float64 where the covariates explain nearly all."""
    products = product(block, found.mean, columns)
    if columns.dtype == np.float64:
        return products
    residual = residual_sum_of_squares(null, products, found.sum_of_squares)
    hard = np.flatnonzero(residual < _RECOMPUTE * found.sum_of_squares)
    if len(hard):
        products[hard] = centred_products(null, decode(block, hard))[0]
    return products


def _columns(found, autosomal, result, plan):
    """The computed columns by name; integers are -1 where they are missing."""
    testable = ~np.isnan(result.r2)
    frequency = np.where(autosomal & (found.n > 0), found.mean / 2, np.nan)
    return {
        FREQUENCY.name: frequency,
        NEG_LOG_10_P.name: result.neg_log_10_p,
        N.name: np.where(autosomal, found.n, -1),
        CHI2.name: result.statistic,
        F_STATISTIC.name: result.statistic,
        DOF.name: np.where(testable, plan.null.n_traits, -1),
        DOF2.name: np.where(testable, plan.null.residual_dof, -1),
        R2.name: result.r2,
    }


def _frame(variants, computed, plan):
    """The file's columns in order, nulls where a value is missing."""
    columns = joint_columns(plan.test, plan.null.n_traits)
    values = {c: variants[c] for c in variants.columns} | computed
    frame = pl.DataFrame({c.name: values[c.name] for c in columns}, nan_to_null=True)
    frame = frame.with_columns(
        pl.when(pl.col(c) >= 0).then(pl.col(c)).alias(c) for c in _COUNTS if c in frame.columns
    )
    return frame.cast({c.name: c.dtype for c in columns})
