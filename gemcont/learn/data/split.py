"""The split of people into training, validation and held out: relatives are on one side."""

import logging
import os
from collections.abc import Sequence

import numpy as np
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gemcont.errors import GemcontError
from gemcont.genotype.align import SampleIds, match_samples
from gemcont.tables.relatives import read_pairs

log = logging.getLogger(__name__)

TRAIN, VALIDATION, HELD_OUT, KIN = range(4)
ROLES = ("train", "validation", "test", "related")  # the last: to the first two, and in neither


def related_pairs(path: str | os.PathLike, people: SampleIds) -> np.ndarray:
    """Return int64 (pairs, 2) of indices into ``people`` whose kinship is at least 0.0442.

    Logs how many pairs there are, and how many have somebody who is not in ``people``; warns where
    all have.

    Args:
        path: table of pairs, as ``read_pairs`` takes it.
        people: ids, of which the table may name others.

    Raises:
        GemcontError: as ``read_pairs``.
    """
    first, second = read_pairs(path)
    row = {iid: i for i, iid in enumerate(people.iid)}
    rows = [[row.get(a, -1), row.get(b, -1)] for a, b in zip(first, second, strict=True)]
    pairs = np.array(rows, dtype=np.int64).reshape(-1, 2)
    known = (pairs >= 0).sum(axis=1)
    log.log(
        logging.INFO if (known == 2).any() else logging.WARNING,
        "--relatives: %s has %d related pairs: %d among the people with images, %d with one such "
        "person, %d with none",
        *(path, len(pairs), *((known == k).sum() for k in (2, 1, 0))),
    )
    if len(pairs) and not known.any():
        _warn_of_strangers(people, SampleIds(str(path), None, [*dict.fromkeys(first + second)]))
    return pairs[known == 2]


def _warn_of_strangers(people, strangers):
    """Warn of ids none of which is known, with the likely cause."""
    try:
        match_samples(people, [strangers], say=False)
    except GemcontError as error:
        log.warning("--relatives: %s", error)


def family_pairs(fid: Sequence[str]) -> np.ndarray:
    """Return pairs (pairs, 2) that chain together the people of a family; FID 0 is no family."""
    first: dict[str, int] = {}
    pairs = []
    for i, family in enumerate(fid):
        if family != "0" and first.setdefault(family, i) != i:
            pairs.append((first[family], i))
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def groups_of(n_people: int, pairs: np.ndarray) -> np.ndarray:
    """Return int (people,): the number of each one's connected component."""
    ones = np.ones(len(pairs), dtype=np.int8)
    graph = coo_array((ones, (pairs[:, 0], pairs[:, 1])), shape=(n_people, n_people))
    return connected_components(graph, directed=False)[1]


def draw_groups(groups: np.ndarray, fraction: float, seed: int) -> np.ndarray:
    """Draw whole groups until they hold the fraction of the people; return bool (people,)."""
    names, sizes = np.unique(groups, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(names))
    before = np.cumsum(sizes[order]) - sizes[order]
    chosen = order[before < round(fraction * len(groups))]
    return np.isin(groups, names[chosen])


def refuse_relatives_across(groups: np.ndarray, trained: np.ndarray, ids: Sequence[str]) -> None:
    """Raise GemcontError if a group of relatives has people on both sides."""
    inside = np.bincount(groups, trained)
    mixed = (inside > 0) & (inside < np.bincount(groups))
    if mixed.any():
        people = np.flatnonzero(mixed[groups]).tolist()
        first = next(i for i in people if trained[i])
        other = next(i for i in people if not trained[i] and groups[i] == groups[first])
        raise GemcontError(
            f"{ids[first]} is trained on and its relative {ids[other]} is held out ({mixed.sum()} "
            "groups of relatives stand on both sides); move or remove them"
        )
