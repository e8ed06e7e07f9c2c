"""Mixed models of trait groups: fitted on the whole kinship, turned to that of the others' genes.

Leave-one-chromosome-out keeps Cg and Cn of the whole genome: what changes from chromosome to
chromosome is the kinship, its eigenvectors, and all that is rotated by them.
"""

import logging
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from gemcont.genotype.kinship import turned_at_once, turned_dosages
from gemcont.genotype.ploidy import group_name
from gemcont.stats.mixed.heritability import components
from gemcont.stats.mixed.likelihood import (
    Fit,
    Rotated,
    evaluate,
    fit,
    maximise,
    runs_away,
)
from gemcont.stats.mixed.regressions import Regressions, basis_of, single_fits
from gemcont.workflows.gwas.scan.null_models import trait_slices

if TYPE_CHECKING:
    from gemcont.genotype.source import Block
    from gemcont.settings.gwas import GwasSettings
    from gemcont.stats.contrasts import Basis
    from gemcont.stats.mixed.heritability import Components
    from gemcont.stats.mixed.model import Decomposition
    from gemcont.stats.null import NullModel
    from gemcont.workflows.gwas.scan.null_models import TraitGroup

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class MixedModel:
    """The mixed model of a ``TraitGroup`` on one kinship matrix.

    vectors: U (N, N), float32; data: ``Rotated``; joint: ``Fit`` or None; single: ``Fit``s of the
    traits one by one, or []; null: ``Fit`` by maximum likelihood, with which refits are compared,
    or None; rank: of Cg, None = D
    """

    vectors: np.ndarray
    data: Rotated
    joint: Fit | None
    single: list
    null: Fit | None
    rank: int | None = None

    @cached_property
    def joint_regressions(self) -> Regressions:
        """Those of the joint test."""
        return Regressions.of_fit(self.joint, self.data.covariates)

    @cached_property
    def single_regressions(self) -> list[tuple[slice, Regressions]]:
        """Pairs of a slice of the traits and their ``Regressions``, one by one."""
        parts, covariates = trait_slices(len(self.single)), self.data.covariates
        return [(p, Regressions.of_single_fits(self.single[p], covariates)) for p in parts]

    @property
    def single_parts(self) -> list[tuple[slice, np.ndarray]]:
        """Slices of the traits tested one by one, with their residual sums of squares."""
        return [(p, np.array([f.r0 for f in self.single[p]])) for p, _ in self.single_regressions]

    @property
    def basis(self) -> "Basis":
        """The ``Basis`` of the joint test."""
        return basis_of(self.joint, *self.data.covariates.shape)

    @cached_property
    def joint_components(self) -> "Components":
        """``Components`` of the joint test's covariances."""
        return components(self.joint, self.data.eigenvalues)

    @cached_property
    def heritabilities(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Pairs of heritabilities and standard errors (D,): "" joint, "own_" of traits alone."""
        values, found = self.data.eigenvalues, {}
        if self.joint is not None:
            parts = self.joint_components
            found[""] = parts.heritability, parts.heritability_se
        if self.single:
            own = [components(one, values) for one in self.single]
            names = "heritability", "heritability_se"
            found["own_"] = tuple(np.array([getattr(p, name)[0] for p in own]) for name in names)
        return found

    @property
    def likelihood_data(self) -> Rotated:
        """``data`` for maximum likelihood."""
        return replace(self.data, reml=False)

    def rotated(self, block: "Block", mean: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Centred genotypes of some variants of a block times U: float64 (variants, N)."""
        return turned_dosages(block.take(rows), mean[rows], lambda centred: centred @ self.vectors)

    def sums(
        self, block: "Block", mean: np.ndarray, rows: np.ndarray
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        """Scores and information (variants, traits) of each of the model's regressions."""
        regressions = [self.joint_regressions] if self.joint is not None else []
        regressions += [found for _, found in self.single_regressions]
        parts, size = [], turned_at_once(len(self.vectors))
        for first in range(0, max(len(rows), 1), size):
            rotated = self.rotated(block, mean, rows[first : first + size])
            parts.append([found.sums(rotated) for found in regressions])
        return [
            tuple(np.concatenate(both) for both in zip(*of_one, strict=True))
            for of_one in zip(*parts, strict=True)
        ]


def fitted(group: "TraitGroup", found: "Decomposition", settings: "GwasSettings") -> MixedModel:
    """The ``MixedModel`` of a group on a ``Decomposition``, its covariances fitted."""
    data, rank = _rotated(group.null, found, settings.reml), settings.kinship_rank
    joint = null = None
    if group.joint:
        where, joint = group_name(group.ploidy), fit(data, rank, or_restricted=True)
        if joint.reml and not data.reml:
            log.warning(
                "%s: the likelihood has no maximum: the restricted one is used, as by --reml, and "
                "nothing is refitted",
                where,
            )
            data = data.restricted
        else:
            null = _null_of_refits(data, joint, settings, where)
    single, vectors = single_fits(data) if group.single else [], found.vectors.astype(np.float32)
    return MixedModel(vectors, data, joint, single, null, rank)


def _null_of_refits(data, joint, settings, where):
    """The ``Fit`` that refits are compared with, by maximum likelihood; None: nothing is."""
    if not settings.refits:
        return None
    if not data.reml:
        return joint
    likelihood = replace(data, reml=False)
    found = fit(likelihood, settings.kinship_rank)
    if runs_away(likelihood, found):
        log.warning("%s: nothing is refitted, maximum likelihood has no maximum", where)
        return None
    return found


def turned(group: "TraitGroup", model: MixedModel, found: "Decomposition", name: str) -> MixedModel:
    """The model on the ``Decomposition`` of a kinship without a chromosome, covariances kept."""
    data = _rotated(group.null, found, model.data.reml)
    joint = null = None
    if model.joint is not None:
        joint = evaluate(data, model.joint.genetic, model.joint.residual)
    if model.null is not None:  # of refits, which are compared with a maximum
        start = model.null.genetic, model.null.residual
        likelihood = replace(data, reml=False)
        null = maximise(likelihood, *start, model.rank)
        if runs_away(likelihood, null):
            log.warning("chromosome %s: nothing is refitted, the likelihood has no maximum", name)
            null = None
    single = single_fits(data, model.single) if model.single else []
    vectors = found.vectors.astype(np.float32)
    return MixedModel(vectors, data, joint, single, null, model.rank)


def _rotated(null, found, reml):
    """Residual traits and covariates, times U'."""
    traits, covariates = columns_of_null(null)
    turn = found.vectors.T
    return Rotated(
        traits=turn @ traits, covariates=turn @ covariates, eigenvalues=found.values, reml=reml
    )


def columns_of_null(null: "NullModel") -> tuple[np.ndarray, np.ndarray]:
    """Residual traits (N, D), and an orthogonal basis of the covariates with the intercept."""
    basis = np.column_stack([np.ones(null.n_samples), np.sqrt(null.n_samples) * null.basis])
    return null.in_trait_units(null.whitened), basis
