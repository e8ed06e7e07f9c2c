"""Warnings of values that look like codes for missing ones."""

import numpy as np
import pytest

from gemcont.tables.covariates import Covariate
from gemcont.tables.missing_codes import (
    log_codes,
    warn_of_covariate_values,
    warn_of_trait_values,
)


def warned(caplog, values, codes=(), kept=None):
    """Warnings about one trait of these values."""
    column = np.array(values, dtype=float)
    kept = np.ones(len(column), dtype=bool) if kept is None else np.array(kept)
    warn_of_trait_values(["t"], column[:, None], kept, codes)
    return [record.message for record in caplog.records]


@pytest.mark.parametrize(
    ("values", "codes", "code"),
    [
        ([1.5, 2.5, 3.0, -9], (), "-9"),
        ([150, 160, 170, -9], (), "-9"),
        ([150, 160, 170, 999, 999], ("-9",), "999"),
        ([-2, 0, 2, -99, np.nan], ("-9",), "-99"),
        ([0.1, 0.2, 0.3, 9999], (), "9999"),
    ],
)
def test_a_value_apart_is_suspected(caplog, values, codes, code):
    (message,) = warned(caplog, values, codes)
    count = int((np.array(values) == float(code)).sum())
    assert message.startswith(f"trait t: {code} is taken as a value ({count} samples), though it")


@pytest.mark.parametrize(
    ("values", "codes"),
    [
        ([-8, -9, -10, -7.5], ()),  # in the midst of its like
        ([1.5, 2.5, -9], ("-9",)),  # asked for as a code
        ([90, 99, 105], ()),
        ([60, 90, 99], ()),  # the largest, but near its like
        ([-9, -9], ()),  # nothing to lie apart from
        ([np.nan, np.nan], ()),
        ([0, 1, 1, 0], ()),
        ([0, 1, 2, 3], ()),
    ],
)
def test_values_that_are_none_are_left_alone(caplog, values, codes):
    assert warned(caplog, values, codes) == []


def test_case_control_as_plink_has_it(caplog):
    (message,) = warned(caplog, [0, 1, 2, 1, 0])
    assert "trait t holds 0, 1 and 2 and nothing else" in message
    assert "0 (2 samples) means missing" in message


def test_people_who_are_left_out_say_nothing(caplog):
    assert warned(caplog, [1.5, 2.5, -9], kept=[True, True, False]) == []


def test_codes_are_logged_by_trait(caplog):
    with caplog.at_level("INFO", "gemcont"):
        log_codes({"a": 2, "b": 0, "c": 1}, ("-9", "NONE"))
        log_codes({"a": 0}, ("-9",))
    assert [r.message for r in caplog.records] == ["missing trait values by code -9/NONE: a 2, c 1"]


def test_covariates_that_hold_codes_or_the_word_none(caplog):
    kept = np.array([True, True, False])
    age = Covariate(name="age", values=np.array([-9.0, 40, -9]))
    smoking = Covariate(
        name="smoking",
        values=np.array([0.0, 1, np.nan]),
        levels=["-9", "daily"],
        taken_as_missing={"None": 3},
    )
    warn_of_covariate_values([age, smoking], kept)
    assert [record.message for record in caplog.records] == [
        "covariate age: -9 is taken as a value (1 samples); write NA if it means missing",
        "covariate smoking: 'None' (3 samples) is taken as missing, as PLINK takes NONE; write "
        "another word if it is a category",
    ]
