"""Canonical directions between an embedding and a panel: the directions that hold its genetics.

An embedding holds its genetics in few directions; a direction that is chosen on the people who
were trained on and tested in others, with one degree of freedom, finds more than a joint test of
all of them. Our own extension of GEMCONT.
"""

import logging
from dataclasses import dataclass, replace

import numpy as np

from gemcont.errors import GemcontError

log = logging.getLogger(__name__)

_PERMUTATIONS = 20
_SINGULAR = 1e-10  # share of the largest eigenvalue below which an axis is not used


@dataclass(frozen=True, kw_only=True)
class Directions:
    """Canonical directions, K of them, and how they hold in people whom no gradient has used.

    The last four attributes are None before the directions are judged.

    Attributes:
        weights: (width, K), of centred embeddings.
        mean: (width,), of the embeddings.
        partners: (variants, K), their counterparts among the genotypes.
        correlations: (K,), between both sides in the people fitted on.
        held: (K,), the same in the validation people.
        null: the largest correlation there of permuted people.
        n_validation: number of validation people.
        requested: K as asked for, or "auto".
    """

    weights: np.ndarray
    mean: np.ndarray
    partners: np.ndarray
    correlations: np.ndarray
    held: np.ndarray | None = None
    null: float | None = None
    n_validation: int | None = None
    requested: int | str | None = None

    @property
    def count(self) -> int:
        """Number of directions K; 0 where "auto" found none that holds."""
        return len(self.correlations)

    @property
    def facts(self) -> dict:
        """Description of the directions in the json files, once they are judged."""
        assert self.held is not None
        assert self.null is not None
        return {
            "asked": self.requested,
            "kept": self.count,
            "correlations": self.correlations.tolist(),
            "correlations_in_validation": self.held.tolist(),
            "largest_of_permuted_panels": self.null,
            "hold": [bool(r > self.null) for r in self.held],
            "n_validation": self.n_validation,
        }

    def of(self, embeddings: np.ndarray) -> np.ndarray:
        """Project embeddings to (people, K), of variance 1 in the people fitted on."""
        return (embeddings - self.mean) @ self.weights

    def first(self, count: int) -> "Directions":
        """Return the first few of them."""
        return replace(
            self,
            weights=self.weights[:, :count],
            partners=self.partners[:, :count],
            correlations=self.correlations[:count],
            held=None if self.held is None else self.held[:count],
        )

    def correlations_in(
        self, embeddings: np.ndarray, genotypes: np.ndarray
    ) -> tuple[np.ndarray, float]:
        """Return the (K,) correlations in other people, and the largest one of permuted people."""
        sides = self.of(embeddings), genotypes @ self.partners
        a, b = ((x - x.mean(axis=0)) / np.maximum(x.std(axis=0), 1e-12) for x in sides)
        rng = np.random.default_rng(0)
        null = [np.abs((a * b[rng.permutation(len(b))]).mean(axis=0)).max()
                for _ in range(_PERMUTATIONS)]  # fmt: skip
        return (a * b).mean(axis=0), float(max(null))


def canonical_directions(embeddings: np.ndarray, genotypes: np.ndarray) -> Directions:
    """Return all ``Directions`` of embeddings (people, width) with genotypes (people, variants).

    Canonical correlation analysis (Hotelling 1936) through whitened cross-covariances; axes without
    variance are left out. A direction's sign is that of its largest weight.
    """
    x, y = embeddings - embeddings.mean(axis=0), genotypes - genotypes.mean(axis=0)
    white_x, white_y = _whitener(x), _whitener(y)
    cross = white_x.T @ (x.T @ y / len(x)) @ white_y
    left, correlations, right = np.linalg.svd(cross, full_matrices=False)
    weights, partners = white_x @ left, white_y @ right.T
    sign = np.sign(weights[np.abs(weights).argmax(axis=0), np.arange(weights.shape[1])])
    return Directions(
        weights=weights * sign,
        mean=embeddings.mean(axis=0),
        partners=partners * sign,
        correlations=correlations,
    )


def _whitener(columns):
    """Return (C, r) such that columns (n, C) times it have the identity as covariance."""
    values, vectors = np.linalg.eigh(columns.T @ columns / len(columns))
    some = values > _SINGULAR * values.max()
    return vectors[:, some] / np.sqrt(values[some])


def chosen_directions(
    embeddings: np.ndarray,
    genotypes: np.ndarray,
    validation: np.ndarray,
    requested: int | str,
) -> Directions:
    """Return ``Directions`` fitted on the training people, as many as asked for.

    Args:
        embeddings: (people, width).
        genotypes: (people, variants), coded.
        validation: bool (people,), those whom no gradient has used: on them it is judged whether a
            direction holds. Training people's own correlations are inflated by the training.
        requested: how many, or "auto": the leading ones that correlate there above every one of 20
            permutations of the panel, which may be none at all.

    Raises:
        GemcontError: a number below 1, or embeddings or genotypes that are all equal.
    """
    if requested != "auto" and int(requested) < 1:
        raise GemcontError(f"--directions: {requested} is neither a number from 1 up nor auto")
    fitted = canonical_directions(embeddings[~validation], genotypes[~validation])
    if not fitted.count:
        raise GemcontError(
            "--directions: the embeddings or the panel genotypes of the people trained on are equal"
        )
    held, null = fitted.correlations_in(embeddings[validation], genotypes[validation])
    fitted = replace(
        fitted, held=held, null=null, n_validation=int(validation.sum()), requested=requested
    )
    leading = int(np.argmin(np.append(held > null, False)))
    chosen = fitted.first(leading if requested == "auto" else int(requested))
    _log_chosen(chosen, fitted, held <= null)
    return chosen


def _log_chosen(chosen, fitted, fails):
    """Log the correlations of the chosen, and warn of those that are missing or do not hold."""
    people = fitted.n_validation
    if not chosen.count:
        log.warning(
            "no canonical direction holds: in %d validation people the first correlates with the "
            "panel by %.3f, a permuted panel by up to %.3f",
            *(people, fitted.held[0], fitted.null),
        )
        return
    if chosen.requested != "auto" and chosen.count < chosen.requested:
        log.warning(
            "--directions: %d asked for, %d is the most there can be",
            chosen.requested,
            chosen.count,
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
        *(chosen.count, people, ", ".join(f"{r:.3f} ({v:.3f})" for r, v in pairs), fitted.null),
    )
