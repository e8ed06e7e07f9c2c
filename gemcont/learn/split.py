"""Who is trained on: people, with their relatives, on one side each."""

import numpy as np
import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gemcont.errors import GemcontError

TRAIN, VALIDATION, HELD_OUT, KIN = range(4)
ROLES = ("train", "validation", "test", "related")  # the last: to the first two, and in neither
RELATED = 0.0442  # kinship of third-degree relatives and closer (KING)


def related_pairs(path, ids):
    """int64 (pairs, 2) of indices into ``ids`` whose kinship is at least 0.0442.

    path: table of pairs as KING and plink2 write them (ID1 ID2 and KINSHIP or Kinship, or IID1
    IID2, #IID1; without a kinship column every pair counts); ids: list of the people's IIDs.
    People who are not in ``ids`` are left out.
    """
    try:
        table = pl.read_csv(path, separator="\t", infer_schema=False)
        if table.width == 1:
            table = pl.read_csv(path, separator=" ", infer_schema=False)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise GemcontError(f"--relatives: {path} cannot be read ({error})") from None
    known = {name.lstrip("#").lower(): name for name in table.columns}
    ends = [known.get(f"iid{k}", known.get(f"id{k}")) for k in (1, 2)]
    if None in ends:
        raise GemcontError(f"--relatives: {path} has no columns ID1 ID2 (or IID1 IID2)")
    if "kinship" in known:
        kinship = table[known["kinship"]].cast(pl.Float64, strict=False)
        if kinship.null_count():
            raise GemcontError(f"--relatives: {path} has a kinship that is no number")
        table = table.filter(kinship >= RELATED)
    row = {iid: i for i, iid in enumerate(ids)}
    pairs = [[row.get(a, -1), row.get(b, -1)] for a, b in table.select(ends).iter_rows()]
    pairs = np.array(pairs, dtype=np.int64).reshape(-1, 2)
    return pairs[(pairs >= 0).all(axis=1)]


def family_pairs(fid):
    """Pairs that chain together the people of a family; FID 0 is no family."""
    first, pairs = {}, []
    for i, family in enumerate(fid):
        if family != "0" and first.setdefault(family, i) != i:
            pairs.append((first[family], i))
    return np.array(pairs, dtype=np.int64).reshape(-1, 2)


def groups_of(n_people, pairs):
    """int (people,): the number of each one's connected component."""
    ones = np.ones(len(pairs), dtype=np.int8)
    graph = coo_array((ones, (pairs[:, 0], pairs[:, 1])), shape=(n_people, n_people))
    return connected_components(graph, directed=False)[1]


def draw_groups(groups, fraction, seed):
    """bool (people,): whole groups drawn at random until they hold the fraction of the people."""
    names, sizes = np.unique(groups, return_counts=True)
    order = np.random.default_rng(seed).permutation(len(names))
    before = np.cumsum(sizes[order]) - sizes[order]
    chosen = order[before < round(fraction * len(groups))]
    return np.isin(groups, names[chosen])


def refuse_relatives_across(groups, trained, ids):
    """Raise GemcontError if a group of relatives has people on both sides."""
    inside = np.bincount(groups, trained)
    mixed = (inside > 0) & (inside < np.bincount(groups))
    if mixed.any():
        people = np.flatnonzero(mixed[groups])
        first = next(i for i in people if trained[i])
        other = next(i for i in people if not trained[i] and groups[i] == groups[first])
        raise GemcontError(
            f"{ids[first]} is trained on and its relative {ids[other]} is held out ({mixed.sum()} "
            "groups of relatives stand on both sides); move or remove them"
        )
