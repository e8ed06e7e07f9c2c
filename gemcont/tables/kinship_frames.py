"""Kinship matrices in memory: tables of pandas or polars, labelled by sample."""

from __future__ import annotations

import re
from typing import TYPE_CHECKING

import polars as pl

from gemcont.arrays import as_array, collected
from gemcont.errors import GemcontError
from gemcont.tables.kinship_files import KinshipFile, checked_kinship
from gemcont.tables.sample_frames import ids_of_index, is_positional

if TYPE_CHECKING:
    import pandas as pd


def kinship_of_frame(frame: pd.DataFrame | pl.DataFrame | pl.LazyFrame) -> KinshipFile:
    """Return the ``KinshipFile`` of a DataFrame, its rows and columns in one order of samples.

    Args:
        frame: of pandas, labelled by sample id (or FID, IID) on both sides; or of polars, its
            columns named by sample id, with or without a column IID.

    Returns:
        KinshipFile; its ``iid`` is None where nobody named the samples (numbers as pandas makes
        them, or polars' column_0).

    Raises:
        GemcontError: as ``read_kinship``.
    """
    name = "the kinship table"
    if not hasattr(frame, "index"):
        return _kinship_of_polars(frame, name)
    if is_positional(frame.index) and is_positional(frame.columns):
        return _checked(name, as_array(frame, name))
    ids, columns = (ids_of_index(axis, name) for axis in (frame.index, frame.columns))
    if ids != columns:
        raise GemcontError(f"{name}: its columns must be the samples of its rows, in their order")
    return _checked(name, as_array(frame, name), *ids)


def _kinship_of_polars(frame, name):
    frame = collected(frame)
    rows = frame["IID"].cast(pl.String).to_list() if "IID" in frame.columns else None
    frame = frame.drop("FID", "IID", strict=False)
    if rows is None and all(re.fullmatch(r"column_\d+", c) for c in frame.columns):
        iid = None
    elif rows is None or rows == frame.columns:
        iid = frame.columns
    else:
        raise GemcontError(f"{name}: its columns must be the samples of IID, in their order")
    return _checked(name, as_array(frame, name), iid=iid)


def _checked(name, matrix, fid=None, iid=None):
    """Return a matrix in memory, its ids known or not, as a ``KinshipFile``."""
    file = KinshipFile(name=name, fid=fid, iid=iid, matrix=matrix, eigen=None, prefix="", files=[])
    return checked_kinship(file)
