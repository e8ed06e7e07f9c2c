"""Tables of samples in memory, of pandas or polars, as ``SampleTable``s."""

from __future__ import annotations

from typing import TYPE_CHECKING, Any

import numpy as np
import polars as pl

from gemcont.arrays import as_array, collected
from gemcont.errors import GemcontError
from gemcont.tables.phenotypes import SampleTable, plain_column
from gemcont.text.ids import bare_names, find_ids, refuse_twice

if TYPE_CHECKING:
    import pandas as pd


def from_frame(frame: object, name: str) -> SampleTable:
    """Return a table of pandas or polars, or an array, as a ``SampleTable``.

    Samples are named by columns FID and IID (or IID) wherever they stand, else by the index of a
    pandas DataFrame: one level of sample ids, or two of FID and IID, by the levels' names if they
    have such. An index of whole numbers without a name is taken as positions
    (``SampleTable.by_position``), since it is what pandas makes where nobody chose one; the rows
    of an array or of a polars DataFrame without IID are numbered likewise.

    Args:
        frame: DataFrame or column of pandas or polars, array, tensor or list.
        name: what messages call the table.

    Raises:
        GemcontError: it is no table of samples.
    """
    table: Any = collected(frame)
    if isinstance(table, np.ndarray | list) or hasattr(table, "detach"):
        return _from_array(as_array(table, name), name)
    if hasattr(table, "to_frame"):  # a column of pandas or polars
        table = table.to_frame()
    if isinstance(table, pl.DataFrame):
        return _from_polars(table, name)
    if not hasattr(table, "index") or not hasattr(table, "columns"):
        raise GemcontError(
            f"{name}: must be a DataFrame of pandas or polars with the sample ids as its index or "
            f"in a column IID, not a {type(table).__name__}"
        )
    names = bare_names(table.columns)
    refuse_twice(names, name)
    columns = {n: _series(column) for n, (_, column) in zip(names, table.items(), strict=True)}
    id_columns = find_ids(names, name)
    if id_columns is not None:
        return _of_columns(columns, names, id_columns, name)
    fid, iid = ids_of_index(table.index, name)
    return SampleTable(
        name=name,
        fid=fid,
        iid=iid,
        columns=pl.DataFrame(columns),
        by_position=is_positional(table.index),
    )


def _from_polars(frame, name):
    names = bare_names(frame.columns)
    refuse_twice(names, name)
    id_columns = find_ids(names, name)
    columns = {n: plain_column(c) for n, c in zip(names, frame.get_columns(), strict=True)}
    if id_columns is None:
        return _numbered(pl.DataFrame(columns), name)
    return _of_columns(columns, names, id_columns, name, frame.get_columns())


def _from_array(values, name):
    values = values[:, None] if values.ndim == 1 else values
    if values.ndim != 2:
        raise GemcontError(f"{name}: has shape {values.shape}; it must be (samples, columns)")
    columns = [f"trait{i + 1}" for i in range(values.shape[1])]
    return _numbered(pl.DataFrame(values, schema=columns, orient="row"), name)


def _numbered(columns, name):
    iid = [str(i) for i in range(columns.height)]
    return SampleTable(name=name, fid=None, iid=iid, columns=columns, by_position=True)


def _of_columns(columns, names, id_columns, name, raw=None):
    """Make a ``SampleTable`` whose ids are columns of it, at the positions ``id_columns``."""
    ids = {}
    for position in (id_columns.fid, id_columns.iid):
        if position is not None:
            column = columns.pop(names[position]) if raw is None else raw[position]
            columns.pop(names[position], None)
            ids[position] = _id_texts(column, names[position], name)
    return SampleTable(
        name=name,
        fid=ids.get(id_columns.fid),
        iid=ids[id_columns.iid],
        columns=pl.DataFrame(columns),
        id_columns=id_columns.others,
    )


def _id_texts(column, label, name):
    if column.null_count():
        raise GemcontError(f"{name}, row {int(column.is_null().arg_max()) + 1}: {label} is blank")
    if column.dtype.is_float() and not column.is_nan().any() and (column % 1 == 0).all():
        column = column.cast(pl.Int64)  # whole ids that a missing one made floats
    return column.cast(pl.String).str.strip_chars().to_list()


def is_positional(index: pd.Index) -> bool:
    """Return whether a pandas index is one that nobody chose: whole numbers without a name."""
    return index.nlevels == 1 and index.name is None and index.dtype.kind in "iu"


def ids_of_index(index: pd.Index, name: str) -> tuple[list[str] | None, list[str]]:
    """Return FIDs (or None) and IIDs of a pandas index of one or two levels, as text."""
    if index.nlevels > 2:
        raise GemcontError(f"{name}: index by sample id, or by FID and IID")
    ids = [[str(i) for i in index.get_level_values(level)] for level in range(index.nlevels)]
    if len(ids) == 1:
        return None, ids[0]
    levels = find_ids(bare_names(index.names), f"{name}, index")
    if levels is None:
        return ids[0], ids[1]
    if levels.fid is None:
        raise GemcontError(f"{name}: the index has a level IID; name the other FID, or drop it")
    return ids[levels.fid], ids[levels.iid]


def _series(values):
    categorical = values.dtype.name == "category"
    blank = values.isna().to_numpy()
    if not categorical and values.dtype.kind in "fiub":
        numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
        return pl.Series(numbers, nan_to_null=True)
    values = [f"{v} " if categorical else v for v in values]  # a category is never a number
    return pl.Series(
        [None if b else str(v) for v, b in zip(values, blank, strict=True)], dtype=pl.String
    )
