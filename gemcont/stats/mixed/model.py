"""The multivariate linear mixed model: traits of related people, tested against variants.

cov(vec E) = s (Cg (x) K + Cn (x) I). The null model finds Cg and Cn once; of each variant only the
effects and the scale s are estimated, as in LIMIX (Casale et al. 2015), EMMAX (Kang et al. 2010).
"""

import logging
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from gemcont.arrays import as_array
from gemcont.errors import GemcontError
from gemcont.stats.contrasts import contrasted
from gemcont.stats.mixed.likelihood import Fit, Rotated, evaluate, fit, has_converged, runs_away
from gemcont.stats.mixed.regressions import Regressions, basis_of

log = logging.getLogger(__name__)

METHODS = ("ml", "reml")
# Share of the mean eigenvalue below which a negative one is rounding: of matrices summed or stored
# as float32 it is up to 1e-4 at 20,000 samples. Beyond it a matrix was divided pair by pair by the
# genotypes that both have, as GCTA's and PLINK 2's are: -5 % is common there.
_CLIPPED, _NOT_A_KINSHIP = 1e-3, 0.25
_COLLINEAR = 1e-7  # singular value of covariates of length 1 below which they have no inverse
_BLOCK = 512  # variants rotated at a time
# Samples below which one thread decomposes: two are a third faster at 2,000 on an idle machine, and
# ten times slower where another process has one of their cores, because they wait in a loop.
_LARGE = 3000


class Decomposition(NamedTuple):
    """K = U S U': vectors (N, N), values (N,), none below 0; how many were clipped to it."""

    vectors: np.ndarray
    values: np.ndarray
    n_clipped: int


def decompose(kinship, name="kinship"):
    """The ``Decomposition`` of a kinship matrix (N, N); name: what messages call it.

    Negative eigenvalues are taken as 0, with a warning where they are more than rounding. Raises
    GemcontError if the matrix is not square, symmetric and finite, or has an eigenvalue below
    -0.25 of their mean: such a matrix is no covariance.
    """
    kinship = as_array(kinship, name)
    if kinship.ndim != 2 or len(kinship) != kinship.shape[1]:
        raise GemcontError(f"{name}: has shape {kinship.shape}; it must be (samples, samples)")
    _refuse_asymmetric(name, kinship)
    if not kinship.any():
        raise GemcontError(f"{name}: is 0 everywhere")
    with threadpool_limits(1 if len(kinship) < _LARGE else None, user_api="blas"):
        values, vectors = np.linalg.eigh(kinship)  # of its lower triangle
    mean = max(values.mean(), 0)
    if -_NOT_A_KINSHIP * mean <= values[0] < -_CLIPPED * mean:
        log.warning(
            "%s: %d eigenvalues below 0, the smallest %.3g (their mean is %.3g), are taken as 0: "
            "was it made of genotypes with missing values?",
            name,
            (values < 0).sum(),
            values[0],
            mean,
        )
    if values[0] < -_NOT_A_KINSHIP * mean:
        raise GemcontError(
            f"{name}: is not positive semi-definite, its smallest eigenvalue is {values[0]:.3g}"
        )
    return Decomposition(vectors, np.maximum(values, 0), int((values < 0).sum()))


def _refuse_asymmetric(name, matrix):
    if not np.isfinite(matrix).all():
        raise GemcontError(f"{name}: holds values that are not finite")
    if np.abs(matrix - matrix.T).max() > 1e-6 * np.abs(matrix).max():
        raise GemcontError(f"{name}: is not symmetric")


@dataclass(frozen=True)
class MixedNull:
    """The null model: covariances, and what scans need of them.

    fit: ``Fit`` in the rotated basis; vectors: U (N, N); data: ``Rotated``, what it was fitted to;
    method: "ml" or "reml"
    """

    fit: Fit
    vectors: np.ndarray
    data: Rotated
    method: str

    def __repr__(self):
        n, d = self.data.traits.shape
        likelihood = f"log-likelihood {self.log_likelihood:.6g} ({self.method})"
        return f"Null(N = {n}, D = {d}, K = {self.covariates.shape[1]}, {likelihood})"

    @classmethod
    def from_covariances(cls, traits, covariates, kinship, genetic, residual, *, method="ml"):
        """The null model at given Cg and Cn (D, D); arrays as ``fit_null``.

        Raises GemcontError for what is no covariance; Cn must be positive definite.
        """
        traits, covariates = _checked(traits, covariates)
        found = kinship if isinstance(kinship, Decomposition) else decompose(kinship)
        data = _rotated(traits, covariates, found, method)
        genetic = _covariance("genetic covariance", genetic, traits.shape[1])
        residual = _covariance("residual covariance", residual, traits.shape[1], definite=True)
        return cls(evaluate(data, genetic, residual), found.vectors, data, method)

    @property
    def log_likelihood(self):
        """With all its constants."""
        return self.fit.log_likelihood

    @property
    def genetic_covariance(self):
        """Cg (D, D)."""
        return self.fit.genetic

    @property
    def residual_covariance(self):
        """Cn (D, D)."""
        return self.fit.residual

    @property
    def gradient_norm(self):
        """Largest slope of the log-likelihood that is open, in units of Cg and Cn."""
        return self.fit.gradient_norm

    @property
    def covariates(self):
        """(N, K), rotated."""
        return self.data.covariates

    @cached_property
    def regressions(self):
        """``Regressions`` that give a variant's scores and information."""
        return Regressions.of_fit(self.fit, self.covariates)

    @property
    def basis(self):
        """The ``Basis`` in which they are contrasted."""
        return basis_of(self.fit, *self.covariates.shape)

    @property
    def n_samples(self):
        """N."""
        return len(self.vectors)

    @property
    def n_traits(self):
        """D."""
        return len(self.fit.latent)


def fit_null(traits, covariates, kinship, *, method="ml", rank=None):
    """Fit Cg and Cn by maximum likelihood ("ml") or on the residuals ("reml").

    traits: (samples, D); covariates: (samples, K), taken as they are (no intercept is added) or
    None; kinship: (samples, samples), taken as it is, or its ``Decomposition``; rank: of Cg, None
    = D. Returns a ``MixedNull``. Raises GemcontError for what cannot be fitted.

    Fisher scoring from Cg = Cn = half of the residual covariance, of full rank, then L-BFGS where
    the optimum lies on the cone's edge; it is certified by ``gradient_norm``, ``fit.curvature``.
    Where it is not reached the best point is kept, and a warning logged.
    """
    if method not in METHODS:
        raise GemcontError(f"method: {method!r} is not one of {', '.join(METHODS)}")
    traits, covariates = _checked(traits, covariates)
    found = kinship if isinstance(kinship, Decomposition) else decompose(kinship)
    data = _rotated(traits, covariates, found, method)
    best = fit(data, rank)
    if runs_away(data, best):
        log.warning("the likelihood has no maximum, Cn becomes singular: use method='reml'")
    elif not has_converged(best, rank):
        log.warning("the null model has not converged (slope %.2g)", best.gradient_norm)
    return MixedNull(best, found.vectors, data, method)


def _checked(traits, covariates):
    traits = as_array(traits, "traits")
    traits = traits[:, None] if traits.ndim == 1 else traits
    if covariates is None:
        covariates = np.empty((len(traits), 0))
    covariates = as_array(covariates, "covariates")
    for name, values in (("traits", traits), ("covariates", covariates)):
        if values.ndim != 2 or len(values) != len(traits):
            raise GemcontError(f"{name}: has shape {values.shape}; it must be (samples, columns)")
        if not np.isfinite(values).all():
            raise GemcontError(f"{name}: holds values that are not finite")
    length = np.linalg.norm(covariates, axis=0)
    rank = np.linalg.matrix_rank(covariates / np.maximum(length, 1e-300), tol=_COLLINEAR)
    if rank < covariates.shape[1]:
        raise GemcontError(
            f"covariates: {covariates.shape[1]} columns, but only {rank} are not collinear (or 0); "
            "centre and scale them, or leave the others out"
        )
    return traits, covariates


def _covariance(name, matrix, n_traits, definite=False):
    matrix = np.atleast_2d(as_array(matrix, name))
    if matrix.shape != (n_traits, n_traits):
        raise GemcontError(f"{name}: has shape {matrix.shape}; traits are {n_traits}")
    _refuse_asymmetric(name, matrix)
    values = np.linalg.eigvalsh(matrix)
    least = 1e-12 if definite else -1e-8
    if values[0] < least * values[-1] or (definite and values[-1] <= 0):
        kind = "definite" if definite else "semi-definite"
        raise GemcontError(f"{name}: is not positive {kind}, an eigenvalue is {values[0]:.3g}")
    return matrix


def _rotated(traits, covariates, found, method):
    if len(found.values) != len(traits):
        raise GemcontError(f"kinship: is of {len(found.values)} samples, traits of {len(traits)}")
    turn = found.vectors.T
    return Rotated(turn @ traits, turn @ covariates, found.values, method == "reml")


def scan(null, genotypes, *, contrast="any"):
    """Test variants (variants, samples), NaN missing: a ``MixedScan`` of likelihood ratios.

    contrast: "any", an effect on any trait (D degrees of freedom); "common", one effect for all
    traits (1); "any-vs-common", effects that differ (D - 1); the index of a trait, its own effect,
    those on the others being free (1); or ``contrasts.Conditional``, given the others' values (1)
    """
    genotypes = as_array(genotypes, "genotypes")
    if genotypes.ndim != 2 or genotypes.shape[1] != null.n_samples:
        raise GemcontError(
            f"genotypes must be (variants, {null.n_samples} samples), got {genotypes.shape}"
        )
    if np.isinf(genotypes).any():
        raise GemcontError("genotypes hold values that are infinite; missing is NaN")
    parts = [
        null.regressions.sums(_filled(genotypes[first : first + _BLOCK]) @ null.vectors)
        for first in range(0, max(len(genotypes), 1), _BLOCK)
    ]
    scores, information = (np.concatenate(part) for part in zip(*parts, strict=True))
    return contrasted(null.basis, scores, information, contrast)


def _filled(genotypes):
    """Missing genotypes are the variant's mean."""
    missing = np.isnan(genotypes)
    called = np.maximum((~missing).sum(axis=1), 1)
    mean = np.where(missing, 0, genotypes).sum(axis=1) / called
    return np.where(missing, mean[:, None], genotypes)
