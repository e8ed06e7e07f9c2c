"""Cohorts of relatives with known covariances."""

import numpy as np


def cohort(n=60, d=2, k=2, seed=0, low_rank=False):
    """Traits of relatives: kinship of families of four, covariates with an intercept."""
    rng = np.random.default_rng(seed)
    genotypes = rng.binomial(2, 0.4, (3 * n, n)) - 0.8
    kinship = genotypes.T @ genotypes / len(genotypes)
    kinship += 0.5 * np.kron(np.eye(n // 4), np.ones((4, 4)))
    kinship /= np.diag(kinship).mean()
    design = np.column_stack([np.ones(n), rng.standard_normal((n, max(k - 1, 0)))])[:, :k]
    a = rng.standard_normal((d, 1 if low_rank else d))
    genetic, residual = a @ a.T, np.cov(rng.standard_normal((d, 4 * d + 4)))
    residual = np.atleast_2d(residual) + np.eye(d)
    root = np.linalg.cholesky(kinship + 1e-8 * np.eye(n))
    traits = root @ rng.standard_normal((n, d)) @ _root(genetic).T
    traits += rng.standard_normal((n, d)) @ np.linalg.cholesky(residual).T
    return traits, design, kinship, genetic, residual


def _root(matrix):
    values, vectors = np.linalg.eigh(matrix)
    return vectors * np.sqrt(np.maximum(values, 0))
