"""polars tables -> the pandas DataFrames that our Python functions give back."""

import polars as pl


def to_pandas(table):
    """A pandas DataFrame of a polars table (without pyarrow, which polars' own way needs)."""
    import pandas as pd

    table = table.with_columns(pl.col(pl.Categorical).cast(pl.String))
    return pd.DataFrame({name: table[name].to_numpy() for name in table.columns})
