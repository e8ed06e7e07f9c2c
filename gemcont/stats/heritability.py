"""Heritabilities and correlations of a fitted multivariate LMM, with their standard errors.

Standard errors are of large samples, by the delta method from the expected information of (Cg, Cn);
of traits whose genetic variance is at its bound, 0, they are too small.
"""

from typing import NamedTuple

import numpy as np


class Components(NamedTuple):
    """heritability (D,): share of a trait's variance that follows the kinship; genetic and residual
    correlations (D, D), NaN where a variance is 0; and the standard errors of the three."""

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
    heritability, total = genetic / (genetic + residual), genetic + residual
    d = len(genetic)
    se = np.empty(d)
    for i in range(d):
        slopes = np.zeros((2, d, d))
        slopes[0, i, i] = scale * residual[i] / total[i] ** 2
        slopes[1, i, i] = -genetic[i] / total[i] ** 2
        se[i] = errors.of(*slopes)
    g, g_se = _correlations(fit.genetic, lambda slope: errors.of(slope, np.zeros((d, d))))
    n, n_se = _correlations(fit.residual, lambda slope: errors.of(np.zeros((d, d)), slope))
    return Components(heritability, g, n, se, g_se, n_se)


class _Errors:
    """Standard errors of functions of Cg and Cn, by their slopes.

    In the basis in which both are diagonal the information falls into a 2 x 2 block for each pair
    of traits, made of the sums over people of w w', S w w' and S^2 w w'.
    """

    def __init__(self, fit, eigenvalues):
        w, s = fit.weights, eigenvalues[:, None]
        self.back = np.linalg.inv(fit.transform)
        self.m0, self.m1, self.m2 = w.T @ w, (s * w).T @ w, (s * s * w).T @ w

    def of(self, slope_g, slope_n):
        """Of a scalar whose slopes by Cg and Cn are these symmetric matrices (D, D)."""
        a, c = (self.back.T @ slope @ self.back for slope in (slope_g, slope_n))
        determinant = self.m2 * self.m0 - self.m1**2
        with np.errstate(divide="ignore", invalid="ignore"):
            terms = (self.m0 * a * a - 2 * self.m1 * a * c + self.m2 * c * c) / determinant
            return float(np.sqrt(2 * terms.sum()))


def _correlations(covariance, error_of):
    """Correlations (D, D) of a covariance, and their standard errors, 0 on the diagonal."""
    d, sd = len(covariance), np.sqrt(np.diag(covariance))
    with np.errstate(divide="ignore", invalid="ignore"):
        found = covariance / np.outer(sd, sd)
    errors = np.zeros((d, d))
    for i in range(d):
        for j in range(i):
            slope = np.zeros((d, d))
            slope[i, j] = slope[j, i] = 0.5 / (sd[i] * sd[j]) if sd[i] * sd[j] else np.nan
            slope[i, i] = -0.5 * found[i, j] / sd[i] ** 2 if sd[i] else np.nan
            slope[j, j] = -0.5 * found[i, j] / sd[j] ** 2 if sd[j] else np.nan
            errors[i, j] = errors[j, i] = error_of(slope)
    return found, errors
