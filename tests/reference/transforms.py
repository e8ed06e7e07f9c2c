"""Transforms of traits, and how a whole set of test statistics is calibrated."""

import numpy as np
from mpmath import mp
from scipy import stats

from .tails import DIGITS, neg_log_10_beta, neg_log_10_chi2


def rank_inverse_normal(values):
    """(samples,) -> normal scores Phi^-1((rank - c) / (n + 1 - 2c)), c = 3/8 (Blom 1958).

    Ties share their average rank. NaN stays NaN and is not counted.
    """
    values = np.asarray(values, dtype=np.float64)
    present = ~np.isnan(values)
    scores = np.full(len(values), np.nan)
    ranks = stats.rankdata(values[present], method="average")
    scores[present] = stats.norm.ppf((ranks - 3 / 8) / (present.sum() + 1 / 4))
    return scores


def principal_components(traits, count):
    """(samples, traits) -> (samples, count) scores on the first eigenvectors of the covariance.

    Traits are centred and not scaled. Of each eigenvector the entry of largest magnitude is
    positive.
    """
    centred = traits - traits.mean(axis=0)
    variances, loadings = np.linalg.eigh(centred.T @ centred / (len(traits) - 1))
    scores = np.empty((len(traits), count))
    for i, column in enumerate(np.argsort(-variances)[:count]):
        loading = loadings[:, column]
        sign = np.sign(loading[np.argmax(np.abs(loading))])
        scores[:, i] = centred @ (sign * loading)
    return scores


def lambda_gc(chi2, dof):
    """Median of the statistics, NaN left out, over the median of chi-squared on dof."""
    return float(np.nanmedian(chi2) / stats.chi2.median(dof))


def chi2_threshold(alpha, dof):
    """The x with upper tail alpha of chi-squared on dof, by bisection on -log10 p."""
    with mp.workdps(DIGITS):
        wanted = float(-mp.log10(mp.mpf(alpha)))
    low, high = 0.0, 1.0
    while neg_log_10_chi2(high, dof) < wanted:
        high *= 2
    for _ in range(100):
        middle = (low + high) / 2
        low, high = (middle, high) if neg_log_10_chi2(middle, dof) < wanted else (low, middle)
    return (low + high) / 2


def lrt_true_over_nominal(n, k, d, alpha):
    """True rate of the joint LRT at nominal level alpha, over alpha, for Gaussian traits.

    The LRT rejects where -n d log(1 - q/d) exceeds the threshold of chi-squared on d, and under
    the null q ~ Beta(d/2, (n - k - d)/2), with k covariates, the intercept among them.
    """
    threshold = chi2_threshold(alpha, d)
    with mp.workdps(DIGITS):
        q = -d * mp.expm1(-mp.mpf(threshold) / (n * d))
        rate = mp.mpf(10) ** -mp.mpf(neg_log_10_beta(q, mp.mpf(d) / 2, mp.mpf(n - k - d) / 2))
        return float(rate / mp.mpf(alpha))
