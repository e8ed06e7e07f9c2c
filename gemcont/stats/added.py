"""Joint test of several cohorts, each with a trait covariance of its own.

With s_c = g'MY (D,) and r_c = g'Mg of a cohort and S_c its traits' residual covariance, the effects
b that all cohorts share have the generalised least-squares estimate

    U = sum_c S_c^-1 s_c,   W = sum_c r_c S_c^-1,   b = W^-1 U,   T = U' W^-1 U,

and T is chi-squared on D degrees of freedom as the cohorts grow. Adding the cohorts' sums under
one covariance instead is right only if the covariances are the same: if a cohort of larger variance
also has more common variants, the type I error of that test is many times its level.

References
----------
[1] Becker and Wu (2007), Statistical Science 22, 414 (multivariate fixed-effects meta-analysis).
[2] Anderson (2003), An Introduction to Multivariate Statistical Analysis, 3rd ed., 10.3 (equality
    of covariances).
"""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from gemcont.stats.special import neg_log10_chi2_sf


class Added(NamedTuple):
    """Results of the joint test of cohorts, NaN where a variant cannot be tested.

    Attributes:
        chi2: float64 (variants,), on D degrees of freedom
        neg_log_10_p: float64 (variants,)
        effects: float64 (variants, D), b
        standard_errors: float64 (variants, D)
    """

    chi2: np.ndarray
    neg_log_10_p: np.ndarray
    effects: np.ndarray
    standard_errors: np.ndarray


def added(
    scores: Sequence[np.ndarray], residuals: Sequence[np.ndarray], covariances: Sequence[np.ndarray]
) -> Added:
    """Test the effects that cohorts share.

    Args:
        scores: a (variants, D) array per cohort, s_c, 0 where it lacks a variant.
        residuals: a (variants,) array per cohort, r_c, 0 where it lacks a variant.
        covariances: a positive definite (D, D) matrix per cohort, S_c.
    """
    inverses = [np.linalg.inv(covariance) for covariance in covariances]
    cohorts = range(len(inverses))
    # Python's sum, cohort by cohort: its order of additions is part of the printed digits.
    n, d = scores[0].shape
    u = sum((scores[c] @ inverses[c] for c in cohorts), np.zeros((n, d)))
    weighted = (residuals[c][:, None, None] * inverses[c] for c in cohorts)
    w = sum(weighted, np.zeros((n, d, d)))
    chi2, effects, errors = np.full(n, np.nan), np.full((n, d), np.nan), np.full((n, d), np.nan)
    known = np.flatnonzero(sum(residuals) > 0)
    variances = np.linalg.inv(w[known])  # (known, D, D): W^-1
    effects[known] = np.einsum("vde,ve->vd", variances, u[known])  # b = W^-1 U
    errors[known] = np.sqrt(np.diagonal(variances, axis1=1, axis2=2))
    chi2[known] = np.einsum("vd,vd->v", u[known], effects[known])
    return Added(chi2, neg_log10_chi2_sf(chi2, d), effects, errors)


def equality(covariances: Sequence[np.ndarray], dofs: Sequence[int]) -> tuple[float, int, float]:
    """Test whether cohorts have the same trait covariance, by Bartlett's modified likelihood ratio.

    covariances: a (D, D) matrix per cohort; dofs: N - K of each. Returns (chi2, its degrees of
    freedom, -log10 p).
    """
    d, total = len(covariances[0]), sum(dofs)
    pooled = sum(n * s for n, s in zip(dofs, covariances, strict=True)) / total  # (D, D)
    logs = [np.linalg.slogdet(s)[1] for s in covariances]
    ratio = total * np.linalg.slogdet(pooled)[1] - np.dot(dofs, logs)
    c = len(covariances)
    inverse = sum(1 / n for n in dofs) - 1 / total
    # Bartlett's correction, which makes chi2 smaller.
    factor = 1 - inverse * (2 * d * d + 3 * d - 1) / (6 * (d + 1) * (c - 1))
    chi2, dof = max(factor * ratio, 0.0), (c - 1) * d * (d + 1) // 2
    return chi2, dof, float(neg_log10_chi2_sf(chi2, dof))
