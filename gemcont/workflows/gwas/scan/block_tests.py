"""The statistics of a block of variants, by the model of unrelated people."""

from collections.abc import Iterable
from typing import TYPE_CHECKING, NamedTuple

import numpy as np

from gemcont.genotype.kernels.packed import Moments
from gemcont.genotype.kernels.product import product
from gemcont.genotype.source import Block
from gemcont.stats.multitrait import (
    JointTest,
    effects,
    joint_test,
    residual_sum_of_squares,
    testable_residual,
)
from gemcont.workflows.gwas.scan.single_traits import Scores, scores_by_block

if TYPE_CHECKING:
    from gemcont.workflows.gwas.scan.null_models import TraitGroup
    from gemcont.workflows.gwas.scan.plan import Plan, Stopwatch

# Where the covariates explain more than nine tenths of a genotype, what products lose is amplified
# in the rest: those few variants are recomputed with more digits.
_RECOMPUTE = 0.1


class BlockStatistics(NamedTuple):
    """Statistics of the variants of a block that pass the filters.

    Attributes:
        residual: g'Mg (variants,), NaN where a variant cannot be tested
        joint: the joint test, or None
        effect: (beta, standard error), each (variants, D), or None
        scores: of traits tested one by one, some hundreds at a time
        refitted: number of variants whose covariances were re-estimated
    """

    residual: np.ndarray
    joint: JointTest | None
    effect: tuple | None
    scores: Iterable[Scores]
    refitted: int = 0


def ordinary_statistics(
    group: "TraitGroup",
    block: Block,
    moments: Moments,
    *,
    kept: np.ndarray,
    plan: "Plan",
    stopwatch: "Stopwatch",
) -> BlockStatistics:
    """Return the ``BlockStatistics`` of a ``TraitGroup`` of unrelated people.

    Args:
        group: traits and their null model.
        block: genotypes.
        moments: of the block's variants.
        kept: positions in the block of the variants to test.
        plan: what is asked for.
        stopwatch: takes the time of each stage.
    """
    products, inexact = centred_products(group, block, moments, plan.threads_per_block)
    stopwatch.lap("product")
    products, sum_of_squares = products[kept], moments.sum_of_squares[kept]
    n_traits = 0 if group.trait_blocks else group.null.n_traits
    residual = testable_residual(group.null, products[:, n_traits:], sum_of_squares)  # g'Mg
    joint = effect = None
    if group.joint:
        joint = joint_test(group.null, products, residual, test=plan.test, contrast=plan.contrast)
        if plan.effects or group.null.n_traits == 1:
            effect = tuple(group.dose * e for e in effects(group.null, products, residual))
    scores: Iterable[Scores] = ()
    if group.trait_blocks:
        scores = scores_by_block(
            group,
            block,
            moments.mean,
            kept=kept,
            inexact=inexact,
            threads=plan.threads_per_block,
            stopwatch=stopwatch,
        )
    elif group.single or plan.products:
        values = group.null.in_trait_units(products[:, :n_traits])
        scores = [Scores(slice(None), values, group.null.total_sum_of_squares, group.dose)]
    return BlockStatistics(residual, joint, effect, scores)


def centred_products(
    group: "TraitGroup", block: Block, moments: Moments, threads: int
) -> tuple[np.ndarray, np.ndarray]:
    """Return the products of centred genotypes with traits and covariates.

    Args:
        group: traits and covariates.
        block: genotypes.
        moments: of the block's variants.
        threads: threads that share the product.

    Returns:
        Products (variants, columns): traits, then covariates; covariates alone, where traits come
        some hundreds at a time or are rotated. And the positions of variants that the covariates
        nearly explain, whose products are made with more digits.
    """
    alone = group.covariates_alone
    columns = group.basis_columns if alone else group.columns
    products = product(block, moments.mean, columns, threads=threads)
    if columns.exact and not alone:
        return products, np.empty(0, dtype=np.int64)
    explained = products[:, columns.count - group.null.basis.shape[1] :]
    residual = residual_sum_of_squares(explained, moments.sum_of_squares)
    inexact = np.flatnonzero(residual < _RECOMPUTE * moments.sum_of_squares)
    if len(inexact) and not columns.exact:
        exact = group.exact_basis if alone else group.exact_columns
        products[inexact] = product(block.take(inexact), moments.mean[inexact], exact)
    return products, inexact
