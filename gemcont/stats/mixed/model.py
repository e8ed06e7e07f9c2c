"""Multivariate linear mixed model: null model and scan of traits of related samples.

cov(vec E) = s (Cg (x) K + Cn (x) I). The null model finds Cg and Cn once; of each variant only the
effects and the scale s are estimated, as in LIMIX (Casale et al. 2015), EMMAX (Kang et al. 2010).
"""

import logging
from dataclasses import dataclass
from functools import cached_property
from typing import NamedTuple

import numpy as np
from threadpoolctl import threadpool_limits

from gemcont.arrays import ArrayLike, as_array
from gemcont.errors import GemcontError
from gemcont.stats.contrasts import Basis, Contrast, MixedScan, contrasted
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
    """Eigendecomposition of a kinship matrix, K = U S U'.

    Attributes:
        vectors: U (N, N)
        values: the diagonal of S (N,), none below 0
        n_clipped: number of negative eigenvalues that were set to 0
    """

    vectors: np.ndarray
    values: np.ndarray
    n_clipped: int


def decompose(kinship: ArrayLike, name: str = "kinship") -> Decomposition:
    """Decompose a kinship matrix.

    Negative eigenvalues are set to 0, with a warning if they are more than rounding.

    Args:
        kinship: (N, N), symmetric.
        name: used in messages.

    Raises:
        GemcontError: the matrix is not square, symmetric and finite, or has an eigenvalue below
            -0.25 of their mean: then it is no covariance.
    """
    matrix = as_array(kinship, name)
    if matrix.ndim != 2 or len(matrix) != matrix.shape[1]:
        raise GemcontError(f"{name}: has shape {matrix.shape}; it must be (samples, samples)")
    _refuse_asymmetric(name, matrix)
    if not matrix.any():
        raise GemcontError(f"{name}: is 0 everywhere")
    with threadpool_limits(1 if len(matrix) < _LARGE else None, user_api="blas"):
        values, vectors = np.linalg.eigh(matrix)  # (N,) ascending, (N, N); of its lower triangle
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


@dataclass(frozen=True, kw_only=True)
class MixedNull:
    """Null model of related samples: covariances, and the parts of them that scans need.

    Attributes:
        fit: ``Fit`` in the eigenvector basis of the kinship
        vectors: the kinship's eigenvectors U (N, N)
        data: ``Rotated``, the data that the model was fitted to
        method: "ml" or "reml"
    """

    fit: Fit
    vectors: np.ndarray
    data: Rotated
    method: str

    def __repr__(self) -> str:
        n, d = self.data.traits.shape
        likelihood = f"log-likelihood {self.log_likelihood:.6g} ({self.method})"
        return f"Null(N = {n}, D = {d}, K = {self.covariates.shape[1]}, {likelihood})"

    @classmethod
    def from_covariances(
        cls,
        traits: ArrayLike,
        covariates: ArrayLike,
        kinship: ArrayLike | Decomposition,
        genetic: ArrayLike,
        residual: ArrayLike,
        *,
        method: str = "ml",
    ) -> "MixedNull":
        """Make the null model at given covariances Cg and Cn.

        Args:
            traits: as in ``fit_null``.
            covariates: as in ``fit_null``.
            kinship: as in ``fit_null``.
            genetic: Cg (D, D), positive semi-definite.
            residual: Cn (D, D), positive definite.
            method: "ml" or "reml".

        Raises:
            GemcontError: a matrix that is no covariance.
        """
        y, f = _checked(traits, covariates)
        eigen = kinship if isinstance(kinship, Decomposition) else decompose(kinship)
        data = _rotated(y, f, eigen, method)
        cg = _covariance("genetic covariance", genetic, y.shape[1])
        cn = _covariance("residual covariance", residual, y.shape[1], definite=True)
        return cls(fit=evaluate(data, cg, cn), vectors=eigen.vectors, data=data, method=method)

    @property
    def log_likelihood(self) -> float:
        """Log-likelihood with all its constants."""
        return self.fit.log_likelihood

    @property
    def genetic_covariance(self) -> np.ndarray:
        """Genetic covariance Cg (D, D)."""
        return self.fit.genetic

    @property
    def residual_covariance(self) -> np.ndarray:
        """Residual covariance Cn (D, D)."""
        return self.fit.residual

    @property
    def gradient_norm(self) -> float:
        """Largest slope of the log-likelihood within the cone, as ``Fit.gradient_norm``."""
        return self.fit.gradient_norm

    @property
    def covariates(self) -> np.ndarray:
        """Covariates U'F (N, K) in the eigenvector basis."""
        return self.data.covariates

    @cached_property
    def regressions(self) -> Regressions:
        """``Regressions`` that compute a variant's scores and information."""
        return Regressions.of_fit(self.fit, self.covariates)

    @property
    def basis(self) -> Basis:
        """``Basis`` in which scores and information are contrasted."""
        return basis_of(self.fit, *self.covariates.shape)

    @property
    def n_samples(self) -> int:
        """Number of samples, N."""
        return len(self.vectors)

    @property
    def n_traits(self) -> int:
        """Number of traits, D."""
        return len(self.fit.latent)


def fit_null(
    traits: ArrayLike,
    covariates: ArrayLike,
    kinship: ArrayLike | Decomposition,
    *,
    method: str = "ml",
    rank: int | None = None,
) -> MixedNull:
    """Fit the null model of related samples: Cg and Cn.

    Fisher scoring from Cg = Cn = half of the residual covariance, of full rank, then L-BFGS if the
    optimum lies on the cone's edge. ``gradient_norm`` and ``fit.curvature`` certify the optimum; if
    it is not reached the best point is kept and a warning logged.

    Args:
        traits: (samples, D), no value missing.
        covariates: (samples, K), used as they are (no intercept is added); or None.
        kinship: (samples, samples), used as it is, or its ``Decomposition``.
        method: "ml", maximum likelihood, or "reml", restricted maximum likelihood.
        rank: of Cg; None = D.

    Raises:
        GemcontError: input that cannot be fitted.
    """
    if method not in METHODS:
        raise GemcontError(f"method: {method!r} is not one of {', '.join(METHODS)}")
    eigen = kinship if isinstance(kinship, Decomposition) else decompose(kinship)
    y, f = _checked(traits, covariates)
    data = _rotated(y, f, eigen, method)
    best = fit(data, rank)
    if runs_away(data, best):
        log.warning("the likelihood has no maximum, Cn becomes singular: use method='reml'")
    elif not has_converged(best, rank):
        log.warning("the null model has not converged (slope %.2g)", best.gradient_norm)
    return MixedNull(fit=best, vectors=eigen.vectors, data=data, method=method)


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
    length = np.linalg.norm(covariates, axis=0)  # (K,): collinearity does not depend on units
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
    smallest = 1e-12 if definite else -1e-8
    if values[0] < smallest * values[-1] or (definite and values[-1] <= 0):
        kind = "definite" if definite else "semi-definite"
        raise GemcontError(f"{name}: is not positive {kind}, an eigenvalue is {values[0]:.3g}")
    return matrix


def _rotated(traits, covariates, eigen, method):
    if len(eigen.values) != len(traits):
        raise GemcontError(f"kinship: is of {len(eigen.values)} samples, traits of {len(traits)}")
    return Rotated(
        traits=eigen.vectors.T @ traits,  # U'Y (N, D)
        covariates=eigen.vectors.T @ covariates,  # U'F (N, K)
        eigenvalues=eigen.values,
        reml=method == "reml",
    )


def scan(null: MixedNull, genotypes: ArrayLike, *, contrast: Contrast = "any") -> MixedScan:
    """Test every variant of an array by its likelihood ratio.

    Args:
        null: from ``fit_null``.
        genotypes: (variants, samples) dosages, NaN missing.
        contrast: "any", an effect on any trait (D degrees of freedom); "common", one effect for all
            traits (1); "any-vs-common", effects that differ (D - 1); the index of a trait, its own
            effect, the effects on the others being free (1); or ``contrasts.Conditional``, its
            effect given the other traits' values (1).

    Raises:
        GemcontError: genotypes of another shape, or infinite.
    """
    dosages = as_array(genotypes, "genotypes")
    if dosages.ndim != 2 or dosages.shape[1] != null.n_samples:
        raise GemcontError(
            f"genotypes must be (variants, {null.n_samples} samples), got {dosages.shape}"
        )
    if np.isinf(dosages).any():
        raise GemcontError("genotypes hold values that are infinite; missing is NaN")
    parts = [
        null.regressions.sums(_filled(dosages[first : first + _BLOCK]) @ null.vectors)
        for first in range(0, max(len(dosages), 1), _BLOCK)
    ]
    scores, information = (np.concatenate(part) for part in zip(*parts, strict=True))
    return contrasted(null.basis, scores, information, contrast)


def _filled(genotypes):
    """Return dosages with missing ones set to the variant's mean."""
    missing = np.isnan(genotypes)  # (variants, N)
    called = np.maximum((~missing).sum(axis=1), 1)
    mean = np.where(missing, 0, genotypes).sum(axis=1) / called
    return np.where(missing, mean[:, None], genotypes)
