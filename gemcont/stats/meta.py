"""Meta-analysis of one effect per variant and study: fixed and random effects, heterogeneity.

Fixed effects are weighted by the inverse variance; Cochran's Q and I2 (in percent) refer to them.
Random effects follow DerSimonian and Laird (1986): tau2 is estimated by moments and added to every
variance. The sample-size scheme adds z scores weighted by the square root of N. Genomic control
divides a study's chi-squared statistics by its lambda if that is above 1, as METAL does.
"""

import math
from typing import NamedTuple

import numpy as np

from gemcont._numba import njit
from gemcont.stats.special import neg_log10_chi2_sf, neg_log10_normal_sf

_MEDIAN = 0.4549364  # of chi-squared on one degree of freedom, as METAL has it


class Meta(NamedTuple):
    """Pooled results of all variants, NaN where nothing is known.

    Attributes:
        beta: float64 (variants,), pooled effect; NaN under the sample-size scheme
        standard_error: float64 (variants,), of beta; NaN under the sample-size scheme
        z: float64 (variants,), pooled z score
        neg_log_10_p: float64 (variants,), -log10 of the two-sided p of z
        q: float64 (variants,), Cochran's Q
        q_dof: float64 (variants,), degrees of freedom of Q: studies less one
        q_neg_log_10_p: float64 (variants,), -log10 p of Q; 0 with one study
        i2: float64 (variants,), I2 in percent
        tau2: float64 (variants,), variance between studies; NaN under fixed effects
        n_studies: float64 (variants,), studies that have the variant
    """

    beta: np.ndarray
    standard_error: np.ndarray
    z: np.ndarray
    neg_log_10_p: np.ndarray
    q: np.ndarray
    q_dof: np.ndarray
    q_neg_log_10_p: np.ndarray
    i2: np.ndarray
    tau2: np.ndarray
    n_studies: np.ndarray


def inverse_variance(
    beta: np.ndarray,
    standard_error: np.ndarray,
    lambdas: np.ndarray | None = None,
    *,
    random: bool = False,
) -> Meta:
    """Pool effects weighted by their inverse variance.

    Args:
        beta: float64 (variants, studies), NaN where a study lacks the variant.
        standard_error: float64 (variants, studies), of beta.
        lambdas: (studies,) genomic-control factors, 1 for none; None = no correction.
        random: random effects instead of fixed ones.
    """
    n_variants, n_cohorts = beta.shape
    lambdas = np.ones(n_cohorts) if lambdas is None else np.asarray(lambdas, dtype=np.float64)
    out = np.full((n_variants, 6), np.nan)
    _pool(np.ascontiguousarray(beta), np.ascontiguousarray(standard_error), lambdas, random, out)
    pooled, error, q, dof, i2, tau2 = out.T
    z = pooled / error
    p = np.where(np.isnan(z), np.nan, neg_log10_normal_sf(np.nan_to_num(z)))
    return Meta(
        beta=pooled,
        standard_error=error,
        z=z,
        neg_log_10_p=p,
        q=q,
        q_dof=dof,
        q_neg_log_10_p=_q_p(q, dof),
        i2=i2,
        tau2=tau2,
        n_studies=dof + 1,
    )


def sample_size(z: np.ndarray, n: np.ndarray, lambdas: np.ndarray | None = None) -> Meta:
    """Pool z scores weighted by the square root of the sample size.

    Args:
        z: float64 (variants, studies), NaN where a study lacks the variant.
        n: (variants, studies) sample sizes; a study of 0 samples does not count.
        lambdas: (studies,) genomic-control factors, 1 for none; None = no correction.
    """
    lambdas = np.ones(z.shape[1]) if lambdas is None else np.asarray(lambdas, dtype=np.float64)
    z = z / np.sqrt(lambdas)  # (variants, studies)
    known = ~np.isnan(z) & (n > 0)
    # 0 for a study that lacks the variant.
    weight = np.where(known, np.sqrt(np.where(known, n, 0)), 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        pooled = (weight * np.where(known, z, 0)).sum(axis=1)  # (variants,)
        pooled = pooled / np.sqrt((weight**2).sum(axis=1))
        expected = weight * pooled[:, None] / np.sqrt((weight**2).sum(axis=1))[:, None]
    q = np.where(known, (np.where(known, z, 0) - expected) ** 2, 0).sum(axis=1)  # (variants,)
    count = known.sum(axis=1)
    nothing = np.full(len(z), np.nan)
    dof = count - 1.0
    p = np.where(np.isnan(pooled), np.nan, neg_log10_normal_sf(np.nan_to_num(pooled)))
    return Meta(
        beta=nothing,
        standard_error=nothing,
        z=pooled,
        neg_log_10_p=p,
        q=q,
        q_dof=dof,
        q_neg_log_10_p=_q_p(q, dof),
        i2=_i2(q, dof),
        tau2=nothing,
        n_studies=count * 1.0,
    )


def gc_lambda(z: np.ndarray) -> float:
    """Return METAL's genomic-control factor of a study: the upper median of z^2 over 0.4549364.

    z: (variants,), NaN left out. 1 where no z is known. A value below 1 is returned as it is;
    pooling then makes no correction.
    """
    chi2 = np.square(z[~np.isnan(z)])
    if len(chi2) == 0:
        return 1.0
    middle = len(chi2) // 2
    return float(np.partition(chi2, middle)[middle] / _MEDIAN)


def _q_p(q, dof):
    some = dof >= 1
    return np.where(some, neg_log10_chi2_sf(np.where(some, q, 0.0), np.maximum(dof, 1)), 0.0)


def _i2(q, dof):
    some = (q > 0) & (dof > 0)
    return np.where(some, np.maximum(100 * (q - dof) / np.where(some, q, 1), 0), 0)


@njit
def _pool(beta, error, lambdas, random, out):
    for v in range(beta.shape[0]):
        # Q is of fixed effects.
        total, mean, squares, q, count = _one_pass(beta[v], error[v], lambdas, 0.0)
        if count == 0:
            out[v, 3] = -1.0
            continue
        dof = count - 1.0
        tau2 = 0.0
        spread = total - squares / total  # expectation of Q: dof + tau2 spread
        if random and count > 1 and spread > 0:  # spread is 0 with one study
            tau2 = max((q - dof) / spread, 0.0)
        if tau2 > 0:
            total, mean, _, _, _ = _one_pass(beta[v], error[v], lambdas, tau2)
        out[v, 0] = mean
        out[v, 1] = math.sqrt(1 / total)
        out[v, 2] = max(q, 0.0)
        out[v, 3] = dof
        out[v, 4] = max(100 * (q - dof) / q, 0.0) if q > 0 and dof > 0 else 0.0
        out[v, 5] = tau2 if random else math.nan


@njit
def _one_pass(beta, error, lambdas, tau2):
    """Return (sum of weights, weighted mean, sum of squared weights, Q, studies) of a variant.

    One pass by West's update, which keeps the digits that a sum of squares less a mean would lose.
    """
    total = mean = squares = q = 0.0
    count = 0
    for c in range(len(beta)):
        if math.isnan(beta[c]):
            continue
        weight = 1 / (error[c] ** 2 * max(lambdas[c], 1.0) + tau2)
        step = beta[c] - mean
        total += weight
        mean += step * weight / total
        q += weight * step * (beta[c] - mean)
        squares += weight * weight
        count += 1
    return total, mean, squares, q, count
