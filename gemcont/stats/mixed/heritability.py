"""Heritabilities and correlations of a fitted multivariate LMM, with their standard errors.

Standard errors are of large samples, by the delta method from the expected information of (Cg, Cn);
of traits whose genetic variance is at its bound, 0, they are too small.
"""

from typing import NamedTuple

import numpy as np

_FLAT = (0.0, 0.0, 0.0)
_NO_SHARE = 1e-4  # of a trait's variance, below which it is correlated with nothing
_UNTOLD = 1.0  # standard error from which a correlation, between -1 and 1, is not known at all


class Components(NamedTuple):
    """heritability (D,): share of a trait's variance that follows the kinship; genetic and residual
    correlations (D, D); and the standard errors of the three. A correlation is NaN, and so is its
    error, where either variance is below 1e-4 of the trait's or the error is 1 or more."""

    heritability: np.ndarray
    genetic_correlation: np.ndarray
    residual_correlation: np.ndarray
    heritability_se: np.ndarray
    genetic_correlation_se: np.ndarray
    residual_correlation_se: np.ndarray


def components(fit, eigenvalues):
    """``Components`` of a ``Fit`` on a kinship with these eigenvalues (N,).

    A trait's variance is Cg times the mean of the kinship's diagonal, plus Cn.
    """
    scale, errors = eigenvalues.mean(), _Errors(fit, eigenvalues)
    genetic, residual = np.diag(fit.genetic) * scale, np.diag(fit.residual)
    total = genetic + residual
    slopes = zip(scale * residual / total**2, -genetic / total**2, strict=True)
    se = [errors.of(i, i, (g, 0, 0), (n, 0, 0)) for i, (g, n) in enumerate(slopes)]
    g, g_se = _correlations(fit.genetic, genetic / total, errors.of)
    n, n_se = _correlations(
        fit.residual, residual / total, lambda i, j, slope: errors.of(i, j, _FLAT, slope)
    )
    return Components(genetic / total, g, n, np.array(se), g_se, n_se)


class _Errors:
    """Standard errors of functions of Cg and Cn, by their slopes.

    In the basis in which both are diagonal the information falls into a 2 x 2 block for each pair
    of traits, made of the sums over people of w w', S w w' and S^2 w w'.
    """

    def __init__(self, fit, eigenvalues):
        w, s = fit.weights, eigenvalues[:, None]
        m0, m1, m2 = w.T @ w, (s * w).T @ w, (s * s * w).T @ w
        self._back = np.linalg.inv(fit.transform)
        determinant = m2 * m0 - m1**2
        with np.errstate(divide="ignore", invalid="ignore"):
            self._inverse = m0 / determinant, m1 / determinant, m2 / determinant

    def of(self, i, j, slope_g, slope_n=_FLAT):
        """Of a scalar, by its slopes along the entries ii, ij (half of them), jj of Cg and Cn."""
        a, c = self._turned(i, j, slope_g), self._turned(i, j, slope_n)
        m0, m1, m2 = self._inverse
        with np.errstate(invalid="ignore"):  # a kinship that is no other than I tells nothing
            return float(np.sqrt(2 * (m0 * a * a - 2 * m1 * a * c + m2 * c * c).sum()))

    def _turned(self, i, j, slope):
        """The matrix of slopes (D, D), 0 but for rows and columns i and j, in the basis."""
        bi, bj = self._back[i], self._back[j]
        cross = np.outer(bi, bj) if slope[1] else 0
        turned = slope[0] * np.outer(bi, bi) + slope[2] * np.outer(bj, bj)
        return turned + slope[1] * (cross + np.transpose(cross))


def _correlations(covariance, share, error_of):
    """Correlations (D, D) of a covariance, and their standard errors, 0 on the diagonal.

    share: (D,), of the traits' variances that the covariance is
    """
    d, sd = len(covariance), np.sqrt(np.diag(covariance))
    with np.errstate(divide="ignore", invalid="ignore"):
        found = covariance / np.outer(sd, sd)
        errors = np.zeros((d, d))
        for i in range(d):
            for j in range(i):
                r = found[i, j]
                slope = -0.5 * r / sd[i] ** 2, 0.5 / (sd[i] * sd[j]), -0.5 * r / sd[j] ** 2
                known = np.isfinite(slope).all()
                errors[i, j] = errors[j, i] = error_of(i, j, slope) if known else np.nan
        untold = ~(errors < _UNTOLD) | (np.minimum.outer(share, share) < _NO_SHARE)
    np.fill_diagonal(untold, False)
    return np.where(untold, np.nan, found), np.where(untold, np.nan, errors)
