"""Mixed models of trait groups: fitted on the whole kinship, moved to that without a chromosome.

Leave-one-chromosome-out keeps Cg and Cn of the whole genome: what changes from chromosome to
chromosome is the kinship, its eigenvectors, and all that is rotated by them.
"""

import logging
from dataclasses import dataclass, replace
from functools import cached_property
from typing import Protocol, cast

import numpy as np

from gemcont.genotype.kinship import turned_at_once, turned_dosages
from gemcont.genotype.ploidy import group_name
from gemcont.genotype.source import Block
from gemcont.settings.gwas import GwasSettings
from gemcont.stats.contrasts import Basis
from gemcont.stats.mixed.heritability import Components, components
from gemcont.stats.mixed.likelihood import Fit, Rotated, evaluate, fit, maximise, runs_away
from gemcont.stats.mixed.model import Decomposition
from gemcont.stats.mixed.regressions import Regressions, basis_of, single_fits
from gemcont.stats.null import NullModel
from gemcont.workflows.gwas.scan.null_models import TraitGroup, trait_slices

log = logging.getLogger(__name__)


class ScanModel(Protocol):
    """Interface of the mixed models: ``MixedModel`` and ``WhitenedModel``."""

    @property
    def null(self) -> Fit | None:
        """The fit that refits are compared with, None where nothing is refitted."""

    @property
    def basis(self) -> Basis:
        """``Basis`` of the joint test."""

    @property
    def single_parts(self) -> list[tuple[slice, np.ndarray]]:
        """Slices of the traits tested one by one, with their residual sums of squares."""

    def sums(
        self, block: Block, mean: np.ndarray, rows: np.ndarray
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return scores and information (variants, traits) of each of the model's regressions."""


@dataclass(frozen=True, kw_only=True)
class MixedModel:
    """The mixed model of a ``TraitGroup`` on one kinship matrix.

    Attributes:
        vectors: U (N, N), float32
        data: traits and covariates in the basis of U
        joint: fit of the joint test's covariances, or None
        single: fits of the traits one by one, or []
        null: fit by maximum likelihood, with which refits are compared, or None
        rank: of Cg, None = D
    """

    vectors: np.ndarray
    data: Rotated
    joint: Fit | None
    single: list[Fit]
    null: Fit | None
    rank: int | None = None

    @property
    def _joint(self) -> Fit:
        """The joint fit, of a model that is known to have one."""
        return cast(Fit, self.joint)

    @cached_property
    def joint_regressions(self) -> Regressions:
        """Regressions of the joint test."""
        return Regressions.of_fit(self._joint, self.data.covariates)

    @cached_property
    def single_regressions(self) -> list[tuple[slice, Regressions]]:
        """Pairs of a slice of the traits tested one by one and their regressions."""
        parts, covariates = trait_slices(len(self.single)), self.data.covariates
        return [(p, Regressions.of_single_fits(self.single[p], covariates)) for p in parts]

    @property
    def single_parts(self) -> list[tuple[slice, np.ndarray]]:
        """Slices of the traits tested one by one, with their residual sums of squares."""
        return [(p, np.array([f.r0 for f in self.single[p]])) for p, _ in self.single_regressions]

    @property
    def basis(self) -> Basis:
        """``Basis`` of the joint test."""
        return basis_of(self._joint, *self.data.covariates.shape)

    @cached_property
    def joint_components(self) -> Components:
        """Variance components of the joint test's covariances."""
        return components(self._joint, self.data.eigenvalues)

    @cached_property
    def heritabilities(self) -> dict[str, tuple[np.ndarray, np.ndarray]]:
        """Heritabilities and standard errors (D,): "" of the joint fit, "own_" of traits alone."""
        pairs: dict[str, tuple[np.ndarray, np.ndarray]] = {}
        if self.joint is not None:
            parts = self.joint_components
            pairs[""] = parts.heritability, parts.heritability_se
        if self.single:
            own = [components(one, self.data.eigenvalues) for one in self.single]
            shares = np.array([part.heritability[0] for part in own])
            pairs["own_"] = shares, np.array([part.heritability_se[0] for part in own])
        return pairs

    @property
    def likelihood_data(self) -> Rotated:
        """The data for maximum likelihood."""
        return replace(self.data, reml=False)

    def rotated(self, block: Block, mean: np.ndarray, rows: np.ndarray) -> np.ndarray:
        """Return centred genotypes of some variants of a block times U: float64 (variants, N)."""
        return turned_dosages(block.take(rows), mean[rows], lambda centred: centred @ self.vectors)

    def sums(
        self, block: Block, mean: np.ndarray, rows: np.ndarray
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return scores and information (variants, traits) of each of the model's regressions."""
        regressions = [self.joint_regressions] if self.joint is not None else []
        regressions += [one for _, one in self.single_regressions]
        parts, size = [], turned_at_once(len(self.vectors))
        for first in range(0, max(len(rows), 1), size):
            rotated = self.rotated(block, mean, rows[first : first + size])
            parts.append([one.sums(rotated) for one in regressions])
        return [
            (np.concatenate([s for s, _ in of_one]), np.concatenate([i for _, i in of_one]))
            for of_one in zip(*parts, strict=True)
        ]


def fitted(group: TraitGroup, eigen: Decomposition, settings: GwasSettings) -> MixedModel:
    """Fit the covariances of a trait group on a decomposed kinship.

    Args:
        group: traits and people.
        eigen: decomposition of the people's kinship.
        settings: reml, kinship_rank and refits of it.
    """
    data, rank = _rotated(group.null, eigen, settings.reml), settings.kinship_rank
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
    return MixedModel(
        vectors=eigen.vectors.astype(np.float32),
        data=data,
        joint=joint,
        single=single_fits(data) if group.single else [],
        null=null,
        rank=rank,
    )


def _null_of_refits(data, joint, settings, where):
    """Return the maximum-likelihood fit that refits are compared with, None without refits."""
    if not settings.refits:
        return None
    if not data.reml:
        return joint
    likelihood = replace(data, reml=False)
    null = fit(likelihood, settings.kinship_rank)
    if runs_away(likelihood, null):
        log.warning("%s: nothing is refitted, maximum likelihood has no maximum", where)
        return None
    return null


def without_chromosome(
    group: TraitGroup, model: MixedModel, eigen: Decomposition, name: str
) -> MixedModel:
    """Return the model on the kinship without a chromosome, its covariances kept.

    Args:
        group: traits and people.
        model: theirs on the whole kinship.
        eigen: decomposition of the kinship without the chromosome.
        name: of the chromosome.
    """
    data = _rotated(group.null, eigen, model.data.reml)
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
    return MixedModel(
        vectors=eigen.vectors.astype(np.float32),
        data=data,
        joint=joint,
        single=single_fits(data, model.single) if model.single else [],
        null=null,
        rank=model.rank,
    )


def _rotated(null, eigen, reml):
    """Return residual traits and covariates, times U'."""
    traits, covariates = columns_of_null(null)
    turn = eigen.vectors.T
    return Rotated(
        traits=turn @ traits, covariates=turn @ covariates, eigenvalues=eigen.values, reml=reml
    )


def columns_of_null(null: NullModel) -> tuple[np.ndarray, np.ndarray]:
    """Return residual traits (N, D), and an orthogonal basis of covariates and intercept (N, K)."""
    basis = np.column_stack([np.ones(null.n_samples), np.sqrt(null.n_samples) * null.basis])
    return null.in_trait_units(null.whitened), basis
