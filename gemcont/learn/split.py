"""Who is trained on: people, with their relatives, on one side each."""

import logging

import numpy as np
import polars as pl
from scipy.sparse import coo_array
from scipy.sparse.csgraph import connected_components

from gemcont.errors import GemcontError
from gemcont.genotype.align import SampleIds, match_samples

log = logging.getLogger(__name__)

TRAIN, VALIDATION, HELD_OUT, KIN = range(4)
ROLES = ("train", "validation", "test", "related")  # the last: to the first two, and in neither
RELATED = 0.0442  # kinship of third-degree relatives and closer (KING)
_KINSHIP = {"kinship": 1, "pi_hat": 2}  # columns, and how many times the kinship they hold


def related_pairs(path, people):
    """Return int64 (pairs, 2) of indices into ``people`` whose kinship is at least 0.0442.

    path: table of pairs as KING and PLINK write them: ID1 ID2 (or IID1 IID2) and KINSHIP, or
    PI_HAT, which is twice that; without either every pair counts. Tabs, blanks or commas.
    people: ``SampleIds``, of which the table may name others

    Logs how many pairs there are, and how many have somebody who is not in ``people``; warns where
    all have. Raises GemcontError.
    """
    first, second = _pairs_of(path)
    row = {iid: i for i, iid in enumerate(people.iid)}
    pairs = [[row.get(a, -1), row.get(b, -1)] for a, b in zip(first, second, strict=True)]
    pairs = np.array(pairs, dtype=np.int64).reshape(-1, 2)
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


def _pairs_of(path):
    """Lists of the first and second IIDs of the pairs that are related."""
    names, cells = _cells_of(path)
    places = {name.lstrip("#").lower(): i for i, name in enumerate(names)}
    ends = [places.get(f"iid{k}", places.get(f"id{k}")) for k in (1, 2)]
    if None in ends:
        raise GemcontError(f"--relatives: {path} has no columns ID1 ID2 (or IID1 IID2)")
    column = next((name for name in _KINSHIP if name in places), None)
    related = pl.repeat(True, len(cells), eager=True)
    if column is not None:
        kinship = _cell(cells, places[column]).cast(pl.Float64, strict=False).fill_nan(None)
        if kinship.null_count():
            line = int(kinship.is_null().arg_max()) + 2
            raise GemcontError(f"--relatives: {path} has a kinship that is no number (line {line})")
        related = kinship >= RELATED * _KINSHIP[column]
    ids = [_cell(cells, place) for place in ends]
    blank = ids[0].is_null() | ids[1].is_null()
    if blank.any():
        raise GemcontError(f"--relatives: {path}, line {int(blank.arg_max()) + 2}: an id is blank")
    return [column.filter(related).to_list() for column in ids]


def _cells_of(path):
    """The names of a table's columns, and its rows: a polars series of lists of text."""
    whole = {"has_header": False, "separator": "\x01", "quote_char": None, "infer_schema": False}
    try:
        with open(path, "rb") as file:
            data = file.read()
        lines = pl.read_csv(data, **whole).to_series().fill_null("").str.strip_chars(" \r")
    except (OSError, pl.exceptions.PolarsError) as error:
        reason = getattr(error, "strerror", None) or str(error).splitlines()[0]
        raise GemcontError(f"--relatives: {path} cannot be read ({reason})") from None
    separator = next((s for s in "\t," if s in lines[0]), " ")
    if separator == " ":
        lines = lines.str.replace_all(r"\s+", " ")
    rows = lines.filter(lines != "").str.split(separator)
    return [name.strip('" ') for name in rows[0]], rows[1:]


def _cell(cells, place):
    """A column of a table's rows, null where it is blank."""
    column = cells.list.get(place, null_on_oob=True).str.strip_chars('" ')
    return column.set(column == "", None)


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
