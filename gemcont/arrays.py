"""Conversion of any container of numbers to a NumPy array, missing values NaN."""

from typing import Any

import numpy as np

from gemcont.errors import GemcontError

# Any container of numbers that ``as_array`` takes: a type checker has no name for all of them.
ArrayLike = Any


def as_array(values: ArrayLike, name: str, dtype: type[np.floating] = np.float64) -> np.ndarray:
    """Return the numbers of any container as a float array, NaN where a value is missing.

    Args:
        values: an array, a masked array (masked is missing), nested lists (None is missing), a
            table of pandas or polars (null is missing; labels are ignored), a sparse matrix or a
            tensor.
        name: used in messages.
        dtype: a float type.

    Raises:
        GemcontError: complex numbers, text, or anything else that is no number.
    """
    values = _unpacked(values)
    if isinstance(values, np.ma.MaskedArray):
        mask = np.ma.getmaskarray(values)
        values = np.array(_numeric(values.data, name, dtype))  # a copy: the mask is written in
        values[mask] = np.nan
        return values
    try:
        array = np.asarray(values)
    except ValueError:
        raise GemcontError(f"{name}: the rows are of different lengths") from None
    return _numeric(array, name, dtype)


def collected(values: ArrayLike) -> Any:
    """Return a lazy table of polars as a table; anything else as it is."""
    is_lazy = hasattr(values, "collect_schema") and hasattr(values, "collect")
    return values.collect() if is_lazy else values


def _unpacked(values):
    """Return the contents of a table, a sparse matrix or a tensor as NumPy or nested lists."""
    values = collected(values)
    if hasattr(values, "toarray"):
        return values.toarray()
    if hasattr(values, "detach"):
        return values.detach().cpu().numpy()
    return values.to_numpy() if hasattr(values, "to_numpy") else values


def _numeric(array, name, dtype):
    if array.dtype.kind in "fiub":
        return np.asarray(array, dtype=dtype)
    if array.dtype.kind == "O":
        return _of_objects(array, name, dtype)
    raise GemcontError(f"{name}: holds {_kind(array.dtype)}, not numbers")


def _of_objects(array, name, dtype):
    """Return the numbers among Python objects; None and pandas' NA are missing."""
    numbers = np.empty(array.shape, dtype=dtype)
    for index, value in np.ndenumerate(array):
        if value is None or type(value).__name__ in ("NAType", "NaTType") or value is np.ma.masked:
            numbers[index] = np.nan
            continue
        if isinstance(value, str | bytes | complex):
            raise GemcontError(f"{name}: holds {str(value)[:60]!r}, not a number")
        try:
            numbers[index] = value
        except (TypeError, ValueError):
            raise GemcontError(f"{name}: holds a {type(value).__name__}, not a number") from None
    return numbers


def _kind(dtype):
    names = {"c": "complex numbers", "U": "text", "S": "bytes", "M": "dates", "m": "durations"}
    return names.get(dtype.kind, f"values of type {dtype}")
