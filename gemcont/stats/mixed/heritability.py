"""Heritabilities and correlations of a fitted multivariate mixed model, with standard errors.

The standard errors are those of large samples, by the delta method from the expected information
of (Cg, Cn); they are too small for a trait whose genetic variance is at its bound, 0.
"""

from typing import NamedTuple

import numpy as np

from gemcont.stats.mixed.likelihood import Fit

_FLAT = (0.0, 0.0, 0.0)
_NO_SHARE = 1e-4  # of a trait's variance, below which it is correlated with nothing
_UNTOLD = 1.0  # standard error from which a correlation, between -1 and 1, is not known at all


class Components(NamedTuple):
    """Variance components of the traits, and their standard errors.

    A correlation and its error are NaN if either variance is below 1e-4 of the trait's variance, or
    if the error is 1 or more.

    Attributes:
        heritability: float64 (D,), share of a trait's variance that follows the kinship
        genetic_correlation: float64 (D, D)
        residual_correlation: float64 (D, D)
        heritability_se: float64 (D,), standard error of the heritability
        genetic_correlation_se: float64 (D, D)
        residual_correlation_se: float64 (D, D)
    """

    heritability: np.ndarray
    genetic_correlation: np.ndarray
    residual_correlation: np.ndarray
    heritability_se: np.ndarray
    genetic_correlation_se: np.ndarray
    residual_correlation_se: np.ndarray


def components(fit: Fit, eigenvalues: np.ndarray) -> Components:
    """Return the ``Components`` of a ``Fit`` on a kinship with the given eigenvalues (N,).

    A trait's variance is Cg times the mean of the kinship's diagonal, plus Cn.
    """
    scale, errors = eigenvalues.mean(), _Errors(fit, eigenvalues)
    genetic, residual = np.diag(fit.genetic) * scale, np.diag(fit.residual)
    total = genetic + residual  # (D,) each
    slopes = zip(scale * residual / total**2, -genetic / total**2, strict=True)
    se = [errors.of_scalar(i, i, (g, 0, 0), (n, 0, 0)) for i, (g, n) in enumerate(slopes)]
    g, g_se = _correlations(fit.genetic, genetic / total, errors.of_scalar)
    n, n_se = _correlations(
        fit.residual, residual / total, lambda i, j, slope: errors.of_scalar(i, j, _FLAT, slope)
    )
    return Components(
        heritability=genetic / total,
        genetic_correlation=g,
        residual_correlation=n,
        heritability_se=np.array(se),
        genetic_correlation_se=g_se,
        residual_correlation_se=n_se,
    )


class _Errors:
    """Standard errors of functions of Cg and Cn, by their slopes.

    In the basis in which both are diagonal the information falls into a 2 x 2 block for each pair
    of traits, made of the sums over samples of w w', S w w' and S^2 w w'.
    """

    def __init__(self, fit, eigenvalues):
        w, s = fit.weights, eigenvalues[:, None]
        m0, m1, m2 = w.T @ w, (s * w).T @ w, (s * s * w).T @ w  # (D, D) each
        self._back = np.linalg.inv(fit.transform)  # T^-1 (D, D)
        determinant = m2 * m0 - m1**2
        with np.errstate(divide="ignore", invalid="ignore"):
            self._inverse = m0 / determinant, m1 / determinant, m2 / determinant

    def of_scalar(self, i: int, j: int, slope_g: tuple, slope_n: tuple = _FLAT) -> float:
        """Return a scalar's standard error.

        i, j: the two traits that it is a function of. slope_g, slope_n: its slopes along the
        entries ii, ij (half of it) and jj of Cg and of Cn.
        """
        a, c = self._in_basis(i, j, slope_g), self._in_basis(i, j, slope_n)  # (D, D) each
        m0, m1, m2 = self._inverse
        with np.errstate(invalid="ignore"):  # a kinship that is no other than I tells nothing
            return float(np.sqrt(2 * (m0 * a * a - 2 * m1 * a * c + m2 * c * c).sum()))

    def _in_basis(self, i, j, slope):
        """Return the matrix of slopes (D, D), 0 but for rows and columns i and j, in the basis."""
        bi, bj = self._back[i], self._back[j]
        cross = np.outer(bi, bj) if slope[1] else 0
        slopes = slope[0] * np.outer(bi, bi) + slope[2] * np.outer(bj, bj)
        return slopes + slope[1] * (cross + np.transpose(cross))


def _correlations(covariance, share, error_of):
    """Return the correlations (D, D) of a covariance, and their standard errors, 0 on the diagonal.

    share: (D,), of the traits' variances that the covariance accounts for.
    """
    d, sd = len(covariance), np.sqrt(np.diag(covariance))
    with np.errstate(divide="ignore", invalid="ignore"):
        correlations = covariance / np.outer(sd, sd)
        errors = np.zeros((d, d))
        for i in range(d):
            for j in range(i):
                r = correlations[i, j]
                slope = -0.5 * r / sd[i] ** 2, 0.5 / (sd[i] * sd[j]), -0.5 * r / sd[j] ** 2
                known = np.isfinite(slope).all()
                errors[i, j] = errors[j, i] = error_of(i, j, slope) if known else np.nan
        # (D, D); NaN is untold too
        untold = ~(errors < _UNTOLD) | (np.minimum.outer(share, share) < _NO_SHARE)
    np.fill_diagonal(untold, False)
    return np.where(untold, np.nan, correlations), np.where(untold, np.nan, errors)
