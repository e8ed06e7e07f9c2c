"""The joint test of several cohorts, each with a trait covariance of its own.

With s_c = g'MY (D,) and r_c = g'Mg of a cohort and S_c its traits' residual covariance, the effects
b that all cohorts share have the generalised least-squares estimate

    U = sum_c S_c^-1 s_c,   W = sum_c r_c S_c^-1,   b = W^-1 U,   T = U' W^-1 U,

and T is chi-squared on D degrees of freedom as the cohorts grow. Adding the cohorts' sums under
one covariance instead is right only where the covariances are the same: where a cohort of larger
variance also has more common variants, that test runs at many times its level.

References
----------
[1] Becker and Wu (2007), Statistical Science 22, 414 (multivariate fixed-effects meta-analysis).
[2] Anderson (2003), An Introduction to Multivariate Statistical Analysis, 3rd ed., 10.3 (equality
    of covariances).
"""

from typing import NamedTuple

import numpy as np

from gemcont.stats.special import neg_log10_chi2_sf


class Added(NamedTuple):
    """Per variant, NaN where it cannot be tested: chi2, neg_log_10_p (variants,); effects and
    standard_errors (variants, D)."""

    chi2: np.ndarray
    neg_log_10_p: np.ndarray
    effects: np.ndarray
    standard_errors: np.ndarray


def added(scores, residuals, covariances):
    """Return ``Added`` of cohorts.

    scores: list of (variants, D), 0 where a cohort lacks a variant; residuals: list of (variants,),
    0 there; covariances: list of (D, D), positive definite
    """
    inverses = [np.linalg.inv(covariance) for covariance in covariances]
    u = sum(s @ inverse for s, inverse in zip(scores, inverses, strict=True))
    w = sum(
        r[:, None, None] * inverse for r, inverse in zip(residuals, inverses, strict=True)
    )  # (variants, D, D)
    n, d = u.shape
    chi2, effects, errors = np.full(n, np.nan), *np.full((2, n, d), np.nan)
    known = np.flatnonzero(sum(residuals) > 0)
    variances = np.linalg.inv(w[known])
    effects[known] = np.einsum("vde,ve->vd", variances, u[known])
    errors[known] = np.sqrt(np.diagonal(variances, axis1=1, axis2=2))
    chi2[known] = np.einsum("vd,vd->v", u[known], effects[known])
    return Added(chi2, neg_log10_chi2_sf(chi2, d), effects, errors)


def equality(covariances, dofs):
    """Return (chi2, its degrees of freedom, -log10 p) of cohorts having one trait covariance.

    covariances: list of (D, D), over ``dofs`` each (N - K); Bartlett's modified likelihood ratio
    """
    d, total = len(covariances[0]), sum(dofs)
    pooled = sum(n * s for n, s in zip(dofs, covariances, strict=True)) / total
    logs = [np.linalg.slogdet(s)[1] for s in covariances]
    ratio = total * np.linalg.slogdet(pooled)[1] - np.dot(dofs, logs)
    c = len(covariances)
    inverse = sum(1 / n for n in dofs) - 1 / total
    factor = 1 - inverse * (2 * d * d + 3 * d - 1) / (6 * (d + 1) * (c - 1))
    chi2, dof = max(factor * ratio, 0.0), (c - 1) * d * (d + 1) // 2
    return chi2, dof, float(neg_log10_chi2_sf(chi2, dof))
