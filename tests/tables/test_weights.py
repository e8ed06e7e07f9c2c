"""Weights of traits: combinations as columns."""

import numpy as np
import pytest

from gemcont import GemcontError
from gemcont.tables.weights import read_weights


@pytest.mark.parametrize(
    "text",
    [
        "trait\tfirst\tsecond one\nheight\t1\t-0.5\nweight\t0\t2e-3\n",
        'TRAIT,first,"second one"\nheight, 1,-0.5\nweight,0,2e-3\n\n',
    ],
)
def test_tabs_or_commas(tmp_path, text):
    (tmp_path / "w").write_text(text)
    traits, names, values = read_weights(tmp_path / "w")
    assert (traits, names) == (["height", "weight"], ["first", "second one"])
    np.testing.assert_array_equal(values, [[1, -0.5], [0, 0.002]])


def test_blanks_and_lines_of_windows(tmp_path):
    text = b'Trait first  "second"\r\nheight 1 -0.5\r\nweight 0 2e-3'
    (tmp_path / "w").write_bytes(text)
    traits, names, values = read_weights(tmp_path / "w")
    assert (traits, names) == (["height", "weight"], ["first", "second"])
    np.testing.assert_array_equal(values, [[1, -0.5], [0, 0.002]])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("name a\nx 1\n", "the header must be 'trait'"),
        ("trait\nx\n", "the header must be 'trait' and the names of the combinations"),
        ("trait a a\nx 1 2\n", "duplicate name in the header"),
        ("trait a\nx 1\nx 2\n", "duplicate trait x"),
        ("trait a b\nx 1 2\ny 1\n", "line 3 has 2 columns, the header 3"),
        ("trait a\nx 1\ny one\n", r"line 3 \(trait y\): 'one' is no finite number"),
        ("trait a\nx inf\n", "'inf' is no finite number"),
        ("trait a\n", "holds no trait"),
    ],
)
def test_tables_that_are_none(tmp_path, text, message):
    (tmp_path / "w").write_text(text)
    with pytest.raises(GemcontError, match=message):
        read_weights(tmp_path / "w")
