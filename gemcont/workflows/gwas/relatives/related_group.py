"""The statistics of a block of variants, by the mixed model of related people."""

from collections.abc import Callable
from dataclasses import dataclass, fields
from typing import TYPE_CHECKING

import numpy as np

from gemcont.genotype.kernels.packed import Moments
from gemcont.genotype.source import Block
from gemcont.stats.contrasts import contrasted, contrasted_f
from gemcont.stats.mixed.regressions import refitted
from gemcont.stats.multitrait import JointTest, exact_f, testable_residual
from gemcont.stats.special import neg_log10_chi2_sf
from gemcont.workflows.gwas.relatives.mixed_model import MixedModel, ScanModel
from gemcont.workflows.gwas.scan.block_tests import BlockStatistics, centred_products
from gemcont.workflows.gwas.scan.null_models import TraitGroup
from gemcont.workflows.gwas.scan.single_traits import Scores

if TYPE_CHECKING:
    from gemcont.workflows.gwas.scan.plan import Plan, Stopwatch

# Share of the bound of -log10 p from which variants are refitted: a refit mostly adds some per
# cent, so that those a little below the bound may pass it.
_NEAR = 0.9


@dataclass(frozen=True, kw_only=True)
class RelatedTraitGroup(TraitGroup):
    """Traits that share people and covariates, tested by a mixed model.

    Attributes:
        mixed_model: function without arguments that gives the model, made when it is asked for
    """

    mixed_model: Callable[[], ScanModel]

    @property
    def covariates_alone(self) -> bool:
        """True: genotypes are first multiplied by the covariates alone, for traits are rotated."""
        return True

    @classmethod
    def of(cls, group: TraitGroup, mixed_model: Callable[[], ScanModel]) -> "RelatedTraitGroup":
        """Return a trait group with a mixed model in place of the ordinary one."""
        known = {field.name: getattr(group, field.name) for field in fields(TraitGroup)}
        return cls(**known, mixed_model=mixed_model)

    def statistics(
        self, block: Block, moments: Moments, kept: np.ndarray, plan: "Plan", stopwatch: "Stopwatch"
    ) -> BlockStatistics:
        """Return the ``BlockStatistics`` of the variants ``kept`` (positions) of a block."""
        residual = self._residual(block, moments, kept, plan.threads_per_block)
        stopwatch.lap("product")
        model = self.mixed_model()
        stopwatch.lap("decomposition")
        sums = model.sums(block, moments.mean, kept)  # of each regression: scores, information
        stopwatch.lap("rotation")
        for _, information in sums:
            residual = np.where(np.isnan(information).any(axis=1), np.nan, residual)
        for _, information in sums:
            information[np.isnan(residual)] = np.nan
        joint, effect, n_refitted = None, None, 0
        if self.joint:
            joint, effect = _joint_test(model, *sums.pop(0), plan)
            if plan.refit is not None and isinstance(model, MixedModel) and model.null is not None:
                n_refitted = self._refit(model, (block, moments.mean, kept), (joint, effect), plan)
                stopwatch.lap("refit")
            effect = tuple(self.dose * e for e in effect)
        pairs = zip(model.single_parts, sums, strict=True)
        scores = [_unit_scores(part, both, r0, self.dose) for (part, r0), both in pairs]
        testable = np.where(np.isnan(residual), np.nan, 1.0)
        return BlockStatistics(testable, joint, effect, scores, n_refitted)

    def _residual(self, block, moments, kept, threads):
        """Return g'Mg of the ordinary model (variants,), NaN where there is nothing to test."""
        basis, _ = centred_products(self, block, moments, threads)
        return testable_residual(self.null, basis[kept], moments.sum_of_squares[kept])

    def _refit(self, model, tested, results, plan):
        """Replace the results of the strongest variants by refitted ones; return their number.

        lrt: the ordinary likelihood ratio, as GEMMA's; f: the F whose Wilks' Lambda it is, r2 = 1 -
        exp(-chi2 / N), which takes the small sample into account. tested: the block, its means and
        the positions of the tested variants.
        """
        block, mean, kept = tested
        joint, (beta, error) = results
        strong = np.flatnonzero(joint.neg_log_10_p >= _NEAR * plan.refit)
        if not len(strong):
            return 0
        rotated = model.rotated(block, mean, kept[strong])  # (strong, N)
        estimates = refitted(model.likelihood_data, model.null, rotated, model.rank)
        known = ~np.isnan(estimates[0])
        strong, (n, d) = strong[known], model.data.traits.shape
        chi2, beta[strong], error[strong] = (values[known] for values in estimates)
        if plan.test == "f":
            joint.r2[strong] = -np.expm1(-chi2 / n)
            exact = exact_f(self.null, joint.r2[strong])
            joint.statistic[strong], joint.neg_log_10_p[strong] = exact
        else:
            joint.statistic[strong] = chi2
            joint.neg_log_10_p[strong] = neg_log10_chi2_sf(chi2, d)
            joint.r2[strong] = d * -np.expm1(-chi2 / (n * d))
        return len(strong)


def _joint_test(model, scores, information, plan):
    """Return the joint test and its effects; F is that of unrelated people, of the same shares."""
    arguments = model.basis, scores, information, plan.contrast
    scan = contrasted(*arguments)
    joint = JointTest(scan.chi2, scan.neg_log_10_p, scan.r2)
    if plan.test == "f":
        joint = JointTest(*contrasted_f(*arguments)[:3])
    return joint, (scan.effects, scan.standard_errors)


def _unit_scores(part, sums, r0, dose):
    """Return ``Scores`` on the scale on which residual traits and genotypes have length 1."""
    scores, information = sums
    r = scores / np.sqrt(information * r0)
    return Scores(part, r, np.ones(len(r0)), dose * np.sqrt(r0 / information))
