"""Meta-analysis of one effect per variant and cohort: fixed and random effects, heterogeneity.

Fixed effects weigh by the inverse variance; Cochran's Q and I2 (in percent) are about them.
Random effects are DerSimonian and Laird's (1986): tau2 by moments, then the same with tau2 added
to every variance. The sample-size scheme adds z scores weighted by the square root of N. GC
divides a cohort's chi-squared statistics by its lambda where that is above 1, by METAL's rule.
"""

import math
from typing import NamedTuple

import numpy as np

from gemcont._numba import njit
from gemcont.stats.special import neg_log10_chi2_sf, neg_log10_normal_sf

_MEDIAN = 0.4549364  # of chi-squared on one degree of freedom, as METAL has it


class Meta(NamedTuple):
    """Arrays (variants,), NaN where nothing is known.

    beta, standard_error: pooled (NaN under the sample-size scheme); z; neg_log_10_p: two-sided;
    q, q_dof, q_neg_log_10_p: Cochran's Q, cohorts less one, its -log10 p (0 with one cohort);
    i2: percent; tau2: variance between cohorts (NaN under fixed effects); n_studies
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


def inverse_variance(beta, standard_error, lambdas=None, *, random=False):
    """``Meta`` of effects (variants, cohorts), NaN where a cohort has no value.

    lambdas: (cohorts,) genomic-control factors, 1 for none; random: random effects.
    """
    n_variants, n_cohorts = beta.shape
    lambdas = np.ones(n_cohorts) if lambdas is None else np.asarray(lambdas, dtype=np.float64)
    out = np.full((n_variants, 6), np.nan)
    _pool(np.ascontiguousarray(beta), np.ascontiguousarray(standard_error), lambdas, random, out)
    pooled, error, q, dof, i2, tau2 = out.T
    z = pooled / error
    p = np.where(np.isnan(z), np.nan, neg_log10_normal_sf(np.nan_to_num(z)))
    return Meta(pooled, error, z, p, q, dof, _q_p(q, dof), i2, tau2, dof + 1)


def sample_size(z, n, lambdas=None):
    """``Meta`` of z scores (variants, cohorts) weighted by the square root of ``n``."""
    lambdas = np.ones(z.shape[1]) if lambdas is None else np.asarray(lambdas, dtype=np.float64)
    z = z / np.sqrt(lambdas)
    known = ~np.isnan(z) & (n > 0)
    weight = np.where(known, np.sqrt(np.where(known, n, 0)), 0)
    with np.errstate(invalid="ignore", divide="ignore"):
        pooled = (weight * np.where(known, z, 0)).sum(axis=1)
        pooled = pooled / np.sqrt((weight**2).sum(axis=1))
        expected = weight * pooled[:, None] / np.sqrt((weight**2).sum(axis=1))[:, None]
    q = np.where(known, (np.where(known, z, 0) - expected) ** 2, 0).sum(axis=1)
    count = known.sum(axis=1)
    nothing = np.full(len(z), np.nan)
    dof = count - 1.0
    p = np.where(np.isnan(pooled), np.nan, neg_log10_normal_sf(np.nan_to_num(pooled)))
    return Meta(
        nothing, nothing, pooled, p, q, dof, _q_p(q, dof), _i2(q, dof), nothing, count * 1.0
    )


def gc_lambda(z):
    """METAL's genomic-control factor of a cohort: upper median of z^2 over 0.4549364.

    1 where nothing is known; values below 1 mean no correction and are given as they are.
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
        total, mean, squares, q, count = _one_pass(beta[v], error[v], lambdas, 0.0)
        if count == 0:
            out[v, 3] = -1.0
            continue
        dof = count - 1.0
        tau2 = 0.0
        spread = total - squares / total
        if random and count > 1 and spread > 0:
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
    """(sum of weights, weighted mean, sum of squared weights, Q, cohorts), West's update."""
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
