"""Values by key, and cells of several ids."""

import polars as pl

from gemcont.workflows.common.lookup import split_ids


def test_split_ids():
    at, ids = split_ids(pl.Series(["a", "b,c", None, ";d;", "e f"]))
    assert at.tolist() == [0, 1, 1, 2, 3, 4, 4]
    assert ids.to_list() == ["a", "b", "c", None, "d", "e", "f"]
