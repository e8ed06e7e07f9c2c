"""Tables of samples in memory."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from gemcont import GemcontError
from gemcont.tables.covariates import covariates
from gemcont.tables.phenotypes import numeric_columns
from gemcont.tables.sample_frames import from_frame, ids_of_index, is_positional


def test_frames_by_id_or_by_family_and_id():
    frame = pd.DataFrame({"a": [1, 2], "b": ["x", None], "c": [np.nan, 1]}, index=[7, "q"])
    found = from_frame(frame, "traits")
    assert (found.fid, found.iid) == (None, ["7", "q"])
    assert covariates(found, ["b"])[0].levels == ["x"]
    values, _ = numeric_columns(found, ["a", "c"])
    np.testing.assert_array_equal(values, [[1, np.nan], [2, 1]])
    sites = pd.DataFrame({"site": pd.Categorical([2, 1])}, index=["a", "b"])
    assert covariates(from_frame(sites, "traits"), ["site"])[0].levels == ["1", "2"]
    double = frame.set_index(pd.MultiIndex.from_tuples([("f", "i"), ("g", "i")]))
    assert from_frame(double, "traits").fid == ["f", "g"]
    with pytest.raises(GemcontError, match=r"the traits, sample q: b is 'y', not a number"):
        numeric_columns(from_frame(frame.assign(b=["1", "y"]), "the traits"), ["b"])


def test_polars_and_pandas_with_ids_in_columns_say_the_same():
    columns = {"a": [1.5, None], "IID": [7, 8], "SEX": [1, 2], "FID": ["f", "g"]}
    for frame in (pd.DataFrame(columns), pl.DataFrame(columns), pl.LazyFrame(columns)):
        table = from_frame(frame, "t")
        assert (table.fid, table.iid, table.by_position) == (["f", "g"], ["7", "8"], False)
        values, _ = numeric_columns(table, ["a"])
        np.testing.assert_array_equal(values[:, 0], [1.5, np.nan])


def test_rows_that_nobody_named_are_numbered():
    rows = [[1.0, 2.0], [3.0, 4.0], [5.0, 6.0]]
    for frame in (np.array(rows), rows, pl.DataFrame(rows, orient="row"), pd.DataFrame(rows)):
        table = from_frame(frame, "t")
        assert table.by_position
        assert (table.fid, table.iid) == (None, ["0", "1", "2"])
        np.testing.assert_array_equal(table.columns.to_numpy(), rows)
    assert from_frame(np.arange(3.0), "t").columns.columns == ["trait1"]


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (7, "t: must be a DataFrame of pandas or polars .* not a int"),
        (np.zeros((2, 2, 2)), r"t: has shape \(2, 2, 2\); it must be \(samples, columns\)"),
        (pl.DataFrame({"IID": ["a", None], "x": [1, 2]}), "t, row 2: IID is blank"),
        (pd.DataFrame([[1, 2]], columns=["x", "x"], index=["a"]), "duplicate column 'x'"),
    ],
)
def test_what_is_no_table_of_samples(frame, message):
    with pytest.raises(GemcontError, match=message):
        from_frame(frame, "t")


def test_levels_of_an_index_are_known_by_name_or_by_order():
    def index(*names):
        return pd.MultiIndex.from_tuples([("x", "y")], names=names)

    assert ids_of_index(index(None, None), "t") == (["x"], ["y"])
    assert ids_of_index(index("IID", "FID"), "t") == (["y"], ["x"])
    with pytest.raises(GemcontError, match="name the other FID, or drop it"):
        ids_of_index(index("IID", "batch"), "t")
    assert is_positional(pd.RangeIndex(3))
    assert not is_positional(pd.Index([1, 2], name="IID"))
    assert not is_positional(pd.Index(["1", "2"]))
