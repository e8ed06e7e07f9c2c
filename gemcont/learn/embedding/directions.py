"""Canonical directions between an embedding and a panel: where its genetics lies.

An embedding holds its genetics in few directions; a direction that is chosen on the people who
were trained on and tested in others, with one degree of freedom, finds more than a joint test of
all of them. Our own extension of GEMCONT.
"""

import logging
from typing import NamedTuple

import numpy as np

from gemcont.errors import GemcontError

log = logging.getLogger(__name__)

_PERMUTATIONS = 20
_SINGULAR = 1e-10  # share of the largest eigenvalue below which an axis is not used


class Directions(NamedTuple):
    """Canonical directions, K of them, and how they hold in people whom no gradient has seen.

    weights: (width, K), of centred embeddings; mean: (width,); partners: (variants, K), their
    counterparts among the genotypes; correlations: (K,), between both in the people fitted on
    held: (K,), the same in the validation people; null: the largest there of permuted people;
    n_validation: how many these are; asked: K as asked for, or "auto". None before it was judged
    """

    weights: np.ndarray
    mean: np.ndarray
    partners: np.ndarray
    correlations: np.ndarray
    held: np.ndarray | None = None
    null: float | None = None
    n_validation: int | None = None
    asked: int | str | None = None

    @property
    def count(self):
        """K; 0 where "auto" found none that holds."""
        return len(self.correlations)

    @property
    def facts(self):
        """What the json files say of them."""
        return {
            "asked": self.asked,
            "kept": self.count,
            "correlations": self.correlations.tolist(),
            "correlations_in_validation": self.held.tolist(),
            "largest_of_permuted_panels": self.null,
            "hold": (self.held > self.null).tolist(),
            "n_validation": self.n_validation,
        }

    def of(self, embeddings):
        """Return them of embeddings: (people, K), of variance 1 in the people fitted on."""
        return (embeddings - self.mean) @ self.weights

    def first(self, count):
        """Return the first few of them."""
        return self._replace(
            weights=self.weights[:, :count],
            partners=self.partners[:, :count],
            correlations=self.correlations[:count],
            held=None if self.held is None else self.held[:count],
        )

    def correlations_in(self, embeddings, genotypes):
        """(K,) correlations of both sides in other people, and the largest of permuted people."""
        sides = self.of(embeddings), genotypes @ self.partners
        a, b = ((x - x.mean(axis=0)) / np.maximum(x.std(axis=0), 1e-12) for x in sides)
        rng = np.random.default_rng(0)
        null = [np.abs((a * b[rng.permutation(len(b))]).mean(axis=0)).max()
                for _ in range(_PERMUTATIONS)]  # fmt: skip
        return (a * b).mean(axis=0), float(max(null))


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


def chosen_directions(embeddings, genotypes, validation, asked):
    """Return ``Directions`` fitted on the training people, as many as asked for.

    validation: bool (people,), those whom no gradient has seen: on them it is judged whether a
    direction holds. Training people's own correlations are inflated by the training.
    asked: how many, or "auto": the leading ones that correlate there above every one of 20
    permutations of the panel, which may be none at all

    Raises GemcontError for a number below 1.
    """
    if asked != "auto" and asked < 1:
        raise GemcontError(f"--directions: {asked} is neither a number from 1 up nor auto")
    found = canonical_directions(embeddings[~validation], genotypes[~validation])
    if not found.count:
        raise GemcontError(
            "--directions: the embeddings or the panel genotypes of the people trained on are equal"
        )
    held, null = found.correlations_in(embeddings[validation], genotypes[validation])
    found = found._replace(held=held, null=null, n_validation=int(validation.sum()), asked=asked)
    leading = int(np.argmin(np.append(held > null, False)))
    chosen = found.first(leading if asked == "auto" else asked)
    _log_chosen(chosen, found, held <= null)
    return chosen


def _log_chosen(chosen, found, fails):
    """Log the correlations of the chosen, and warn of those that are missing or do not hold."""
    people = found.n_validation
    if not chosen.count:
        log.warning(
            "no canonical direction holds: in %d validation people the first correlates with the "
            "panel by %.3f, a permuted panel by up to %.3f",
            *(people, found.held[0], found.null),
        )
        return
    if chosen.asked != "auto" and chosen.count < chosen.asked:
        log.warning(
            "--directions: %d asked for, %d is the most there can be", chosen.asked, chosen.count
        )
    if fails[: chosen.count].any():
        names = ", ".join(f"d{k + 1}" for k in np.flatnonzero(fails[: chosen.count]))
        log.warning(
            "--directions: in %d validation people no better than a permuted panel: %s; auto "
            "leaves those out",
            *(people, names),
        )
    pairs = zip(chosen.correlations, chosen.held, strict=True)
    log.info(
        "K = %d; canonical correlations in training (%d validation) people %s; permuted panel: at "
        "most %.3f",
        *(chosen.count, people, ", ".join(f"{r:.3f} ({v:.3f})" for r, v in pairs), found.null),
    )
