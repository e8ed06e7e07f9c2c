"""Values by key, and cells of several ids."""

import numpy as np
import polars as pl

from gemcont.workflows.common.lookup import Lookup, split_ids


def test_split_ids():
    at, ids = split_ids(pl.Series(["a", "b,c", None, ";d;", "e f"]))
    assert at.tolist() == [0, 1, 1, 2, 3, 4, 4]
    assert ids.to_list() == ["a", "b", "c", None, "d", "e", "f"]


def test_values_are_those_of_a_dict():
    rng = np.random.default_rng(0)
    keys = rng.integers(0, 400, size=300).astype(np.uint64)
    values = np.arange(300)
    lookup = Lookup(keys, values)
    wanted = np.arange(450, dtype=np.uint64)
    by_key = {k: np.flatnonzero(keys == k) for k in wanted}
    expected = [rows[0] if len(rows) == 1 else -1 for rows in by_key.values()]
    assert lookup.find(wanted).tolist() == expected
    assert lookup.is_repeated(wanted).tolist() == [len(rows) > 1 for rows in by_key.values()]


def test_a_lookup_of_nothing_finds_nothing():
    nothing = Lookup(np.empty(0, np.uint64), np.empty(0, np.int64))
    keys = np.array([0, 7], dtype=np.uint64)
    assert nothing.find(keys).tolist() == [-1, -1]
    assert nothing.is_repeated(keys).tolist() == [False, False]
