"""Weighted regressions of D traits on the same covariates, in the eigenvector basis of the kinship.

With F the covariates and g a genotype in that basis, g is residualised on F under each regression's
weights w_d. The score is g'(w_d * residual_d), the information g'(w_d * g) less the part that F
explains.
"""

from collections.abc import Sequence
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from gemcont.stats.contrasts import Basis
from gemcont.stats.mixed.likelihood import Fit, Rotated, evaluate, maximise, runs_away
from gemcont.stats.mixed.likelihood import fit as fit_covariances

_EXPLAINED = 1e-8  # share of a genotype that covariates must leave


@dataclass(frozen=True, kw_only=True)
class Regressions:
    """Weighted regressions, one for each trait of the basis in which traits are independent.

    Attributes:
        weighted: weights times residuals (N, D)
        weights: w (N, D)
        covariates: U'F (N, K)
        inner: F'W_d F (D, K, K)
    """

    weighted: np.ndarray
    weights: np.ndarray
    covariates: np.ndarray
    inner: np.ndarray

    @classmethod
    def of_fit(cls, fit: Fit, covariates: np.ndarray) -> "Regressions":
        """Return the regressions of a joint ``Fit``; covariates: U'F (N, K)."""
        return cls(
            weighted=fit.weighted, weights=fit.weights, covariates=covariates, inner=fit.inner
        )

    @classmethod
    def of_single_fits(cls, fits: Sequence[Fit], covariates: np.ndarray) -> "Regressions":
        """Return the regressions of traits fitted one by one, in trait units.

        covariates: U'F (N, K).
        """
        weighted, weights = (
            np.hstack([getattr(f, name) for f in fits]) for name in ("weighted", "weights")
        )
        scales = np.array([f.transform[0, 0] for f in fits])  # back into trait units
        inner = np.concatenate([f.inner for f in fits]) * (scales**2)[:, None, None]
        return cls(
            weighted=weighted * scales,
            weights=weights * scales**2,
            covariates=covariates,
            inner=inner,
        )

    @cached_property
    def columns(self) -> np.ndarray:
        """Columns (N, D + D K) that genotypes are multiplied by, once for all regressions."""
        d = self.weights.shape[1]
        columns = [self.weighted, *(self.covariates * self.weights[:, [i]] for i in range(d))]
        return np.ascontiguousarray(np.hstack(columns))

    def sums(self, rotated: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return scores and information (variants, D) of genotypes in the eigenvector basis.

        rotated: (variants, N). The information is NaN if the covariates explain the genotype, so
        that nothing is left to test.
        """
        rotated = rotated.astype(np.float64, copy=False)
        products, d = rotated @ self.columns, self.weights.shape[1]  # (variants, D + D K)
        raw = np.square(rotated) @ self.weights  # (variants, D): g'W_d g
        explained = products[:, d:].reshape(len(rotated), d, self.covariates.shape[1])
        explained = explained.transpose(1, 0, 2)  # (D, variants, K): g'W_d F
        # (D, variants, K): (F'W_d F)^-1 F'W_d g
        solved = np.linalg.solve(self.inner, explained.transpose(0, 2, 1)).transpose(0, 2, 1)
        information = raw - np.einsum("dvk,dvk->vd", explained, solved)
        information[(information <= _EXPLAINED * raw).any(axis=1)] = np.nan
        return products[:, :d], information


def single_fits(data: Rotated, starts: Sequence[Fit] | None = None) -> list[Fit]:
    """Fit every trait alone, with two variances of its own.

    A trait whose likelihood has no maximum is fitted by restricted maximum likelihood. starts:
    ``Fit``s whose variances are kept instead of fitted (on other eigenvalues).
    """
    parts = [replace(data, traits=data.traits[:, [d]]) for d in range(data.traits.shape[1])]
    if starts is None:
        return [fit_covariances(part, or_restricted=True) for part in parts]
    pairs = zip(parts, starts, strict=True)
    return [evaluate(part, start.genetic, start.residual) for part, start in pairs]


def refitted(
    data: Rotated, null: Fit, rotated: np.ndarray, rank: int | None = None
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return likelihood ratios with Cg and Cn re-estimated for each variant.

    The search starts from the null's covariances: a few scoring steps, more on the cone's edge.

    Args:
        data: of maximum likelihood.
        null: its ``Fit``.
        rotated: genotypes (variants, N) in the eigenvector basis.
        rank: of Cg; None = D.

    Returns:
        chi2: float64 (variants,), NaN if the likelihood with the variant has no maximum
            (``runs_away``).
        effects: float64 (variants, D).
        standard_errors: float64 (variants, D).
    """
    d = len(null.latent)
    chi2 = np.empty(len(rotated))
    effects, errors = np.empty((len(rotated), d)), np.empty((len(rotated), d))
    for v, g in enumerate(rotated.astype(np.float64, copy=False)):
        with_variant = Rotated(
            traits=data.traits,
            covariates=np.column_stack([data.covariates, g]),  # (N, K + 1)
            eigenvalues=data.eigenvalues,
        )
        best = maximise(with_variant, null.genetic, null.residual, rank)
        gained = max(best.log_likelihood - null.log_likelihood, 0.0)
        chi2[v] = np.nan if runs_away(with_variant, best) else 2 * gained
        effects[v], errors[v] = _last_effect(with_variant, best)
    return chi2, effects, errors


def _last_effect(data, fit):
    """Return the last covariate's effect on every trait (D,), and its standard error (D,)."""
    (n, d), k = data.traits.shape, data.covariates.shape[1]
    independent = data.traits @ fit.transform.T  # (N, D): Y T'
    right = np.einsum("nk,nd->dk", data.covariates, fit.weights * independent)  # (D, K): F'W_d y_d
    inverse, back = np.linalg.inv(fit.inner), np.linalg.inv(fit.transform)
    coefficient = np.einsum("dk,dk->d", inverse[:, -1], right)  # (D,), in the basis of T
    scale = fit.r0 / ((n - k) * d)  # s of the model with the variant
    return back @ coefficient, np.sqrt(scale * (back**2 @ inverse[:, -1, -1]))


def basis_of(fit: Fit, n_samples: int, n_covariates: int) -> Basis:
    """Return the ``Basis`` in which a ``Fit``'s scores are contrasted."""
    return Basis(fit.transform, fit.r0, n_samples, n_samples - n_covariates - 1)
