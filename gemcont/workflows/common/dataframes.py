"""polars tables -> the pandas DataFrames that the Python functions return."""

from typing import TYPE_CHECKING

import polars as pl

if TYPE_CHECKING:
    import pandas as pd


def to_pandas(table: pl.DataFrame) -> "pd.DataFrame":
    """Return a polars table as a pandas DataFrame, without pyarrow, which polars' own way needs."""
    import pandas as pd

    table = table.with_columns(pl.col(pl.Categorical).cast(pl.String))
    return pd.DataFrame({name: table[name].to_numpy() for name in table.columns})
