"""How much of a covariate, ancestry above all, an embedding gives away."""

import logging

import numpy as np

log = logging.getLogger(__name__)


def adjusted_r2(columns, target):
    """Share of the variance of target (n,) that columns (n, k) explain, adjusted for k."""
    columns = np.column_stack([np.ones(len(target)), columns])
    residual = target - columns @ np.linalg.lstsq(columns, target, rcond=None)[0]
    n, k = columns.shape
    total = ((target - target.mean()) ** 2).sum()
    return float(1 - (residual @ residual / (n - k)) / (total / (n - 1))) if total > 0 else 0.0


def covariate_r2(embeddings, covariates, names, seed=0):
    """Adjusted R2 of every covariate from held-out embeddings, beside that of permuted people.

    Returns a list of dicts: covariate, r2, r2_permuted; logged as well.
    """
    rows = np.random.default_rng(seed).permutation(len(embeddings))
    found = []
    for name, column in zip(names, covariates.T, strict=True):
        r2, null = adjusted_r2(embeddings, column), adjusted_r2(embeddings[rows], column)
        found.append({"covariate": name, "r2": r2, "r2_permuted": null})
        log.info("%s: R2 %.4f from the embedding (permuted people: %.4f)", name, r2, null)
    return found
