"""The share of a covariate, ancestry above all, that an embedding gives away."""

import logging
from collections.abc import Sequence

import numpy as np

log = logging.getLogger(__name__)


def adjusted_r2(columns: np.ndarray, target: np.ndarray) -> float:
    """Return the share of variance of target (n,) that columns (n, k) explain, adjusted for k."""
    columns = np.column_stack([np.ones(len(target)), columns])
    residual = target - columns @ np.linalg.lstsq(columns, target, rcond=None)[0]
    n, k = columns.shape
    total = ((target - target.mean()) ** 2).sum()
    return float(1 - (residual @ residual / (n - k)) / (total / (n - 1))) if total > 0 else 0.0


def covariate_r2(
    embeddings: np.ndarray, covariates: np.ndarray, names: Sequence[str], seed: int = 0
) -> list[dict]:
    """Return and log the adjusted R2 of every covariate from held-out embeddings.

    The R2 of permuted people is given with it.

    Args:
        embeddings: (people, d).
        covariates: (people, k).
        names: names of the k covariates.
        seed: of the permutation.

    Returns:
        A dict a covariate: covariate, r2, r2_permuted.
    """
    rows = np.random.default_rng(seed).permutation(len(embeddings))
    shares = []
    for name, column in zip(names, covariates.T, strict=True):
        r2, null = adjusted_r2(embeddings, column), adjusted_r2(embeddings[rows], column)
        shares.append({"covariate": name, "r2": r2, "r2_permuted": null})
        log.info("%s: R2 %.4f from the embedding (permuted people: %.4f)", name, r2, null)
    return shares
