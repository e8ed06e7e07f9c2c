"""Covariates as numbers or categories."""

import numpy as np
import pytest

from gemcont import GemcontError
from gemcont.tables.covariates import Covariate, covariates


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


def test_other_samples_have_the_rows_that_are_theirs():
    sex = Covariate(name="sex", values=np.array([0.0, 1, np.nan]), levels=["f", "m"])
    other = sex.at(np.array([2, -1, 1, 0]))
    np.testing.assert_array_equal(other.values, [np.nan, np.nan, 1, 0])
    assert (other.name, other.levels) == ("sex", ["f", "m"])
    assert other.labelled(np.array([3, 2, 2])) == ["f", "m", "m"]
    age = Covariate(name="age", values=np.array([30.0, 40]))
    np.testing.assert_array_equal(age.labelled(np.array([1, 0])), [40, 30])
    columns, names = age.design(np.array([1, 1]))
    np.testing.assert_array_equal(columns, [[40], [40]])
    assert names == ["age"]


def test_the_word_none_is_missing_and_counted_as_it_is_written(table):
    (habit,) = covariates(table("IID,habit\na,none\nb,None\nc,daily\nd,none\n"), ["habit"])
    assert habit.levels == ["daily"]
    assert habit.taken_as_missing == {"none": 2, "None": 1}
    assert np.isnan(habit.values).tolist() == [True, True, False, True]


def test_words_that_begin_with_a_digit_are_categories_and_nothing_is_a_number(table):
    (site,) = covariates(table("IID site\na 1a\nb 2b\n"), ["site"])
    assert site.levels == ["1a", "2b"]
    (empty,) = covariates(table("IID x\na NA\nb .\n"), ["x"])
    assert empty.levels is None
    assert np.isnan(empty.values).all()
