"""One batch's statistics of a block: by the ordinary model, or by the mixed one."""

from collections.abc import Iterable
from typing import NamedTuple

import numpy as np

from gemcont.genotype.kernels.product import product
from gemcont.stats.contrasts import contrasted, contrasted_f
from gemcont.stats.mixed.regressions import refitted
from gemcont.stats.multitrait import (
    JointTest,
    effects,
    exact_f,
    joint_test,
    residual_sum_of_squares,
    testable_residual,
)
from gemcont.stats.special import neg_log10_chi2_sf
from gemcont.workflows.gwas.scan.single_traits import Scores, scores_by_block

# Where the covariates explain more than nine tenths of a genotype, what products lose is amplified
# in the rest: those few variants are recomputed with more digits.
_RECOMPUTE = 0.1
# Share of the bound of -log10 p from which variants are refitted: a refit mostly adds some per
# cent, so that those a little below the bound may pass it.
_NEAR = 0.9


class BlockStatistics(NamedTuple):
    """residual: g'Mg (variants,), NaN where a variant cannot be tested; joint: ``JointTest`` or
    None; effect: (beta, standard error), each (variants, D), or None; scores: ``Scores`` of traits
    one by one, some hundreds at a time; refitted: variants whose covariances were"""

    residual: np.ndarray
    joint: JointTest | None
    effect: tuple | None
    scores: Iterable[Scores]
    refitted: int = 0


def block_statistics(block, found, stays, batch, plan, watch):
    """The ``BlockStatistics`` variants ``stays`` (positions) of a block; found: its ``Moments``."""
    if batch.mixed is not None:
        return _by_mixed_model(block, found, stays, batch, plan, watch)
    products, hard = _products(block, found, batch, plan.threads_per_block)
    watch.lap("product")
    products, sum_of_squares = products[stays], found.sum_of_squares[stays]
    n_traits = 0 if batch.trait_blocks else batch.null.n_traits
    residual = testable_residual(batch.null, products[:, n_traits:], sum_of_squares)
    joint = effect = None
    if batch.joint:
        how = {"test": plan.test, "contrast": plan.contrast}
        joint = joint_test(batch.null, products, residual, **how)
        if plan.effects or batch.null.n_traits == 1:
            effect = tuple(batch.dose * e for e in effects(batch.null, products, residual))
    scores = ()
    if batch.trait_blocks:
        scores = scores_by_block(block, found, stays, batch, hard, plan.threads_per_block, watch)
    elif batch.single or plan.products:
        values = batch.null.in_trait_units(products[:, :n_traits])
        scores = [Scores(slice(None), values, batch.null.total_sum_of_squares, batch.dose)]
    return BlockStatistics(residual, joint, effect, scores)


def _by_mixed_model(block, found, stays, batch, plan, watch):
    basis, _ = _products(block, found, batch, plan.threads_per_block)
    residual = testable_residual(batch.null, basis[stays], found.sum_of_squares[stays])
    watch.lap("product")
    model = batch.mixed.model()
    watch.lap("decomposition")
    sums = model.sums(block, found.mean, stays)
    watch.lap("rotation")
    for _, information in sums:
        residual = np.where(np.isnan(information).any(axis=1), np.nan, residual)
    for _, information in sums:
        information[np.isnan(residual)] = np.nan
    joint, effect, n_refitted = None, None, 0
    if batch.joint:
        joint, effect = _mixed_joint(model, *sums.pop(0), plan)
        if plan.refit is not None and model.null is not None:
            results = joint, effect
            n_refitted = _refit(model, block, found.mean, stays, results, batch.null, plan)
            watch.lap("refit")
        effect = tuple(batch.dose * e for e in effect)
    pairs = zip(model.single_parts, sums, strict=True)
    scores = [_unit_scores(part, *both, r0, batch.dose) for (part, r0), both in pairs]
    testable = np.where(np.isnan(residual), np.nan, 1.0)
    return BlockStatistics(testable, joint, effect, scores, n_refitted)


def _mixed_joint(model, scores, information, plan):
    """The joint test, and effects; F is that of unrelated people, of the same shares."""
    arguments = model.basis, scores, information, plan.contrast
    scan = contrasted(*arguments)
    joint = JointTest(scan.chi2, scan.neg_log_10_p, scan.r2)
    if plan.test == "f":
        joint = JointTest(*contrasted_f(*arguments)[:3])
    return joint, (scan.effects, scan.standard_errors)


def _refit(model, block, mean, stays, results, null, plan):
    """Put refitted results of the strongest variants into those of the scan; how many.

    lrt: the ordinary likelihood ratio, as GEMMA's; f: the F whose Wilks' Lambda it is, r2 = 1 -
    exp(-chi2 / N), which takes the small sample into account.
    """
    joint, (beta, error) = results
    strong = np.flatnonzero(joint.neg_log_10_p >= _NEAR * plan.refit)
    if not len(strong):
        return 0
    rotated = model.rotated(block, mean, stays[strong])
    found = refitted(model.likelihood_data, model.null, rotated, model.rank)
    known = ~np.isnan(found[0])
    strong, n, d = strong[known], *model.data.traits.shape
    chi2, beta[strong], error[strong] = (values[known] for values in found)
    if plan.test == "f":
        joint.r2[strong] = -np.expm1(-chi2 / n)
        joint.statistic[strong], joint.neg_log_10_p[strong] = exact_f(null, joint.r2[strong])
    else:
        joint.statistic[strong] = chi2
        joint.neg_log_10_p[strong] = neg_log10_chi2_sf(chi2, d)
        joint.r2[strong] = d * -np.expm1(-chi2 / (n * d))
    return len(strong)


def _unit_scores(part, scores, information, r0, dose):
    """``Scores`` on the scale on which a residual trait and a residual genotype have length 1."""
    r = scores / np.sqrt(information * r0)
    return Scores(part, r, np.ones(len(r0)), dose * np.sqrt(r0 / information))


def _products(block, found, batch, threads):
    """Centred products, and positions of the variants that need more digits.

    Columns are traits, then covariates; or covariates alone, where traits come some hundreds at a
    time or are rotated. Where the covariates explain nearly all of a variant, more digits are kept.
    """
    alone = batch.covariates_alone
    columns = batch.basis_columns if alone else batch.columns
    products = product(block, found.mean, columns, threads=threads)
    if columns.exact and not alone:
        return products, np.empty(0, dtype=np.int64)
    explained = products[:, columns.count - batch.null.basis.shape[1] :]
    residual = residual_sum_of_squares(explained, found.sum_of_squares)
    hard = np.flatnonzero(residual < _RECOMPUTE * found.sum_of_squares)
    if len(hard) and not columns.exact:
        exact = batch.exact_basis if alone else batch.exact_columns
        products[hard] = product(block.take(hard), found.mean[hard], exact)
    return products, hard
