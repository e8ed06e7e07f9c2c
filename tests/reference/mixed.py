"""The multivariate LMM as it is written: one covariance of all N D values, inverted."""

import numpy as np


def covariance(genetic, residual, kinship):
    """Of the traits stacked one under another: Cg (x) K + Cn (x) I."""
    return np.kron(genetic, kinship) + np.kron(residual, np.eye(len(kinship)))


def log_likelihood(traits, design, genetic, residual, kinship, *, reml=False):
    """With all constants; design: (samples, K) for every trait. Also r0, and the effects."""
    n, d = traits.shape
    big = covariance(genetic, residual, kinship)
    y, x = traits.T.ravel(), np.kron(np.eye(d), design)
    return gaussian(y, x, big, reml=reml)


def gaussian(y, x, big, *, reml=False):
    """Log-likelihood of y ~ N(x b, big) at the best b, its quadratic form, and b."""
    inverse = np.linalg.inv(big)
    inner = x.T @ inverse @ x
    b = np.linalg.solve(inner, x.T @ inverse @ y) if x.shape[1] else np.empty(0)
    rest = y - x @ b
    r0 = rest @ inverse @ rest
    total = len(y) * np.log(2 * np.pi) + np.linalg.slogdet(big)[1] + r0
    if reml:
        total += np.linalg.slogdet(inner)[1] - x.shape[1] * np.log(2 * np.pi)
    return -total / 2, r0, b


def chi2(traits, design, genetic, residual, kinship, g, columns):
    """Likelihood ratio of genotype effects with one scale under each hypothesis.

    columns: (D, c), what the alternative may be; and what the null may be, each a matrix whose
    columns are patterns of effects over the traits
    """
    d = traits.shape[1]
    big = covariance(genetic, residual, kinship)
    y, x = traits.T.ravel(), np.kron(np.eye(d), design)
    left = [
        gaussian(y, np.hstack([x, np.kron(pattern, g[:, None])]), big)[1] for pattern in columns
    ]
    return -len(y) * np.log(left[0] / left[1])
