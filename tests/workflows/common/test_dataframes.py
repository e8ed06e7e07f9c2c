"""polars tables as pandas DataFrames."""

import numpy as np
import polars as pl

from gemcont.workflows.common.dataframes import to_pandas


def test_columns_keep_their_names_order_and_values():
    table = pl.DataFrame(
        {
            "id": ["a", None, "c"],
            "x": pl.Series([1.5, None, 3.0], dtype=pl.Float64),
            "n": pl.Series([1, 2, 3], dtype=pl.Int32),
        }
    )
    frame = to_pandas(table)
    assert list(frame.columns) == ["id", "x", "n"]
    assert frame["id"].isna().tolist() == [False, True, False]
    assert frame["id"].dropna().tolist() == ["a", "c"]
    np.testing.assert_array_equal(frame["x"], [1.5, np.nan, 3.0])
    assert frame["n"].dtype == np.int32


def test_categories_become_text():
    table = pl.DataFrame({"chromosome": pl.Series(["2", "1", "2"], dtype=pl.Categorical)})
    assert to_pandas(table)["chromosome"].tolist() == ["2", "1", "2"]


def test_an_empty_table_keeps_its_columns():
    frame = to_pandas(pl.DataFrame(schema={"a": pl.Float64, "b": pl.String}))
    assert list(frame.columns) == ["a", "b"]
    assert len(frame) == 0
