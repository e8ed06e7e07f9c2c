import numpy as np
import pytest

from gemcont import GemcontError
from gemcont.learn.target import coded_target

NAN = np.nan


@pytest.mark.parametrize(
    ("values", "expected", "words"),
    [
        ([0, 1, 1, NAN], [0, 1, 1, NAN], "1 people are 0, 2 are 1"),
        ([1, 2, 2, NAN], [0, 1, 1, NAN], "1 people are 1, 2 are 2, PLINK's controls and cases"),
        ([1, 2, 0, 0], [0, 1, NAN, NAN], "0 beside 1 and 2 is missing, as in PLINK: 2 people"),
        ([1, 2, -9, 2], [0, 1, NAN, 1], "-9 beside 1 and 2 is missing, as in PLINK: 1 people"),
        ([1, 2, -9, 0], [0, 1, NAN, NAN], "-9 beside 1 and 2"),
        ([0, 1, -9, 1], [0, 1, NAN, 1], "-9 beside 0 and 1 is missing"),
    ],
)
def test_classes_are_0_and_1_and_said(caplog, values, expected, words):
    with caplog.at_level("INFO", "gemcont"):
        found, is_class = coded_target("y", np.array(values, dtype=float))
    assert is_class
    np.testing.assert_array_equal(found, expected)
    assert f"--target y is a class: {words}" in caplog.text or words in caplog.text


@pytest.mark.parametrize(
    "values", [[0.5, 1, 2], [1, 2, 3], [0, 1, 2, 3], [2, 2], [0, 2], [1, 1], [-1, 1], [NAN, NAN]]
)
def test_all_else_is_a_number(values):
    found, is_class = coded_target("y", np.array(values, dtype=float))
    assert not is_class
    np.testing.assert_array_equal(found, values)


def test_what_the_user_says_rules(caplog):
    grades = np.array([0.0, 1, 2, 0])
    found, is_class = coded_target("y", grades, "number")
    assert not is_class
    np.testing.assert_array_equal(found, grades)
    with pytest.raises(GemcontError, match=r"--target-kind class: y holds 3 values \(1, 2, 3\)"):
        coded_target("y", np.array([1.0, 2, 3]), "class")
    with pytest.raises(GemcontError, match="--target-kind: 'x' is not one of"):
        coded_target("y", grades, "x")
    coded_target("y", np.array([-9.0, 50, 60]))
    assert "-9 is taken as a value (1 people)" in caplog.text
