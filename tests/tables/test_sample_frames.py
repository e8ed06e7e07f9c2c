"""Tables of samples in memory."""

import numpy as np
import pandas as pd
import pytest

from gemcont import GemcontError
from gemcont.tables.covariates import covariates
from gemcont.tables.phenotypes import numeric_columns
from gemcont.tables.sample_frames import from_frame


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
