"""Names and bounds in messages."""

import logging

import pytest

from gemcont.workflows.common.wording import LEAST_OF_MANY, MANY_TRAITS, least_of_singles, shortened


@pytest.mark.parametrize(
    ("n_traits", "given", "bound"),
    [
        (1, None, None),
        (MANY_TRAITS, None, None),
        (MANY_TRAITS + 1, None, LEAST_OF_MANY),
        (MANY_TRAITS + 1, 0.0, None),
        (MANY_TRAITS + 1, 3.0, 3.0),
        (1, 3.0, 3.0),
    ],
)
def test_bound_of_single_traits(n_traits, given, bound):
    assert least_of_singles(n_traits, given) == bound


def test_a_bound_of_its_own_is_logged(caplog):
    caplog.set_level(logging.INFO)
    least_of_singles(MANY_TRAITS, None)
    assert not caplog.messages
    least_of_singles(MANY_TRAITS + 1, None)
    assert caplog.messages == [
        "201 traits: only rows with p up to 1e-05 are written (--p-max P; all: --p-max 1)"
    ]


def test_names_are_cut_with_dots():
    assert shortened(list("abcdefgh")) == "a, b, c, d, e, f, g, h"
    assert shortened(list("abcdefghi")) == "a, b, c, d, e, f, g, h, ..."
    assert shortened(["a", "b", "c"], most=2) == "a, b, ..."
