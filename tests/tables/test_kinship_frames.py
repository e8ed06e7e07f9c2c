"""Kinship matrices in memory."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from gemcont import GemcontError
from gemcont.tables.kinship_frames import kinship_of_frame

MATRIX = np.array([[1.0, 0.25, -0.5], [0.25, 1.125, 0.0], [-0.5, 0.0, 0.875]])


FID, IID = ["f1", "f2", "f3"], ["s1", "s2", "s3"]


def assert_is(file, fid=FID, iid=IID, matrix=MATRIX):
    assert (file.fid, file.iid) == (fid, iid)
    np.testing.assert_array_equal(file.matrix, matrix)
    assert file.matrix.dtype == np.float64


@pytest.mark.parametrize("fid", [None, FID])
def test_a_frame_is_labelled_by_its_samples(fid):
    ids = IID if fid is None else pd.MultiIndex.from_arrays([fid, IID], names=["FID", "IID"])
    file = kinship_of_frame(pd.DataFrame(MATRIX, index=ids, columns=ids))
    assert_is(file, fid)
    assert (file.eigen, file.files) == (None, [])


@pytest.mark.parametrize(
    ("frame", "message"),
    [
        (pd.DataFrame(MATRIX, index=IID, columns=IID[::-1]), "its columns must be the samples of"),
        (pd.DataFrame(MATRIX, index=IID), "its columns must be the samples of its rows"),
        (pd.DataFrame(MATRIX[:2], index=IID[:2], columns=IID), "its columns must be the samples"),
        (
            pd.DataFrame(MATRIX * np.nan, index=IID, columns=IID),
            "row 1, column 1 is nan .sample s1",
        ),
        (pd.DataFrame(np.triu(MATRIX), index=IID, columns=IID), "the kinship table: not symmetric"),
        (pd.DataFrame(MATRIX.astype(str) + "x", index=IID, columns=IID), "not a number"),
    ],
)
def test_frames_that_are_no_kinship(frame, message):
    with pytest.raises(GemcontError, match=message):
        kinship_of_frame(frame)


@pytest.mark.parametrize("named", [False, True])
def test_polars_is_labelled_by_its_columns(named):
    frame = pl.DataFrame(MATRIX, schema=IID, orient="row")
    frame = frame.with_columns(pl.Series("IID", IID)) if named else frame
    for one in (frame, frame.lazy()):
        assert_is(kinship_of_frame(one), None, IID)
    with pytest.raises(GemcontError, match="its columns must be the samples of IID"):
        kinship_of_frame(frame.with_columns(pl.Series("IID", IID[::-1])))


def test_rows_that_nobody_named_are_the_genotype_files_samples():
    for frame in (pd.DataFrame(MATRIX), pl.DataFrame(MATRIX, orient="row")):
        assert_is(kinship_of_frame(frame), None, None)
