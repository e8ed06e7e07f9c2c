"""Covariates as numbers or categories."""

import numpy as np
import pytest

from gemcont import GemcontError
from gemcont.tables.covariates import covariates
from gemcont.tables.phenotypes import read_sample_table


@pytest.fixture
def table(tmp_path):
    def read(text):
        path = tmp_path / "table"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return read_sample_table(path)

    return read


def test_categories_are_one_hot_without_the_first(table):
    found = table("IID site age\na york 30\nb NA 40\nc bath 50\nd york NA\ne leeds 20\n")
    site, age = covariates(found, ["site", "age"])
    assert site.levels == ["bath", "leeds", "york"]
    assert np.isnan(site.values).tolist() == [False, True, False, False, False]
    columns, names = site.design(np.array([0, 2, 4]))
    assert names == ["site=leeds", "site=york"]
    np.testing.assert_array_equal(columns, [[0, 1], [0, 0], [1, 0]])
    columns, names = site.design(np.array([0, 3]))
    assert (columns.shape, names) == ((2, 0), [])
    assert age.levels is None


def test_a_covariate_of_numbers_and_text_is_refused(table):
    found = table("IID site\na 1\nb 2x\n")
    with pytest.raises(GemcontError, match=r"line 3 \(sample b\): site is '2x', not a number"):
        covariates(found, ["site"])
