"""Kinship matrices in memory: tables of pandas or polars, labelled by sample."""

import re

import polars as pl

from gemcont.arrays import as_array, collected
from gemcont.errors import GemcontError
from gemcont.tables.kinship_files import KinshipFile, checked_kinship
from gemcont.tables.sample_frames import ids_of_index, is_positional


def kinship_of_frame(frame):
    """Return the ``KinshipFile`` of a DataFrame, its rows and columns in one order of samples.

    pandas: labelled by sample id (or FID, IID) on both sides; polars: columns named by sample id,
    with or without a column IID. ``iid`` is None where nobody named the samples (numbers as pandas
    makes them, or polars' column_0). Raises GemcontError as ``read_kinship``.
    """
    name = "the kinship table"
    if not hasattr(frame, "index"):
        return _kinship_of_polars(frame, name)
    if is_positional(frame.index) and is_positional(frame.columns):
        return checked_kinship(KinshipFile(name, None, None, as_array(frame, name), None, "", []))
    ids, columns = (ids_of_index(axis, name) for axis in (frame.index, frame.columns))
    if ids != columns:
        raise GemcontError(f"{name}: its columns must be the samples of its rows, in their order")
    return checked_kinship(KinshipFile(name, *ids, as_array(frame, name), None, "", []))


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
    return checked_kinship(KinshipFile(name, None, iid, as_array(frame, name), None, "", []))
