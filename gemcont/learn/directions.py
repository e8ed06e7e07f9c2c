"""Canonical directions between an embedding and a panel: where its genetics lies.

An embedding holds its genetics in few directions; a direction that is chosen on the people who
were trained on and tested in others, with one degree of freedom, finds more than a joint test of
all of them. Our own extension of GEMCONT.
"""

import logging
from typing import NamedTuple

import numpy as np

log = logging.getLogger(__name__)

_PERMUTATIONS = 20
_SINGULAR = 1e-10  # share of the largest eigenvalue below which an axis is not used


class Directions(NamedTuple):
    """weights: (width, K), of centred embeddings; mean: (width,); partners: (variants, K), their
    counterparts among the genotypes; correlations: (K,), between both."""

    weights: np.ndarray
    mean: np.ndarray
    partners: np.ndarray
    correlations: np.ndarray

    def of(self, embeddings):
        """(people, K), each of variance 1 in the people it was fitted on."""
        return (embeddings - self.mean) @ self.weights

    def first(self, count):
        """The first few of them."""
        return Directions(
            self.weights[:, :count],
            self.mean,
            self.partners[:, :count],
            self.correlations[:count],
        )

    def correlations_in(self, embeddings, genotypes):
        """(K,) correlations of both sides in other people, and the largest of permuted people."""
        sides = self.of(embeddings), genotypes @ self.partners
        a, b = ((x - x.mean(axis=0)) / np.maximum(x.std(axis=0), 1e-12) for x in sides)
        rng = np.random.default_rng(0)
        null = [np.abs((a * b[rng.permutation(len(b))]).mean(axis=0)).max()
                for _ in range(_PERMUTATIONS)]  # fmt: skip
        return (a * b).mean(axis=0), max(null)


def canonical_directions(embeddings, genotypes):
    """All ``Directions`` of embeddings (people, width) with genotypes (people, variants).

    Canonical correlation analysis (Hotelling 1936) through whitened cross-covariances; axes without
    variance are left out. A direction's sign is that of its largest weight.
    """
    x, y = embeddings - embeddings.mean(axis=0), genotypes - genotypes.mean(axis=0)
    white_x, white_y = _whitener(x), _whitener(y)
    cross = white_x.T @ (x.T @ y / len(x)) @ white_y
    left, correlations, right = np.linalg.svd(cross, full_matrices=False)
    weights, partners = white_x @ left, white_y @ right.T
    sign = np.sign(weights[np.abs(weights).argmax(axis=0), np.arange(weights.shape[1])])
    return Directions(weights * sign, embeddings.mean(axis=0), partners * sign, correlations)


def _whitener(columns):
    """(C, r) such that columns times it have the identity as covariance."""
    values, vectors = np.linalg.eigh(columns.T @ columns / len(columns))
    some = values > _SINGULAR * values.max()
    return vectors[:, some] / np.sqrt(values[some])


def chosen_directions(embeddings, genotypes, validation, count):
    """``Directions`` fitted on the training people, as many as asked for.

    validation: bool (people,), those whom no gradient has seen: on them it is judged whether a
    direction holds. Training people's own correlations are inflated by the training. "auto" takes
    the leading ones that correlate there above every one of 20 permutations of the panel.
    """
    found = canonical_directions(embeddings[~validation], genotypes[~validation])
    if count != "auto" and count > len(found.correlations):
        most = len(found.correlations)
        log.warning("--directions: %d asked for, %d is the most there can be", count, most)
    held, null = found.correlations_in(embeddings[validation], genotypes[validation])
    count = min(count, len(held)) if count != "auto" else count
    if count != "auto" and (held[:count] <= null).any():
        log.warning(
            "--directions: some of %d correlate in validation people no better than a permuted "
            "panel; --directions auto leaves those out",
            count,
        )
    if count == "auto":
        count = max(int(np.argmin(np.append(held > null, False))), 1)
    shown = ", ".join(f"{r:.3f} ({v:.3f})" for r, v in zip(found.correlations, held, strict=True)
                      if r >= found.correlations[min(count, len(held)) - 1])  # fmt: skip
    log.info(
        "K = %d; canonical correlations in training (validation) people %s; permuted panel: at "
        "most %.3f",
        count,
        shown,
        null,
    )
    return found.first(count)
