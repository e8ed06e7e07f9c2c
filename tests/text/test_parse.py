"""Fields and numbers of text tables: separators, quotes, missing words, lines at fault."""

import gzip

import numpy as np
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemcont import GemcontError
from gemcont.text.parse import (
    line_number,
    number_of,
    numbered_lines,
    parse_matrix,
    parse_numbers,
    parse_quoted,
    parse_table,
    separator_of,
    split_fields,
)

SCHEMA = {"id": pl.String, "n": pl.Int32, "x": pl.String}


@pytest.mark.parametrize(
    ("header", "separator"),
    [(b"a\tb,c d", "\t"), (b"a,b", ","), (b"a, b", ","), (b"a b,c", " "), (b"a", " "), (b"", " ")],
)
def test_the_separator_of_a_header(header, separator):
    assert separator_of(header) == separator


@pytest.mark.parametrize(
    ("data", "separator", "expected"),
    [
        (b"a  b\n  c\td \n", " ", b"a\tb\nc\td\n"),
        (b"\n\na b\n\n\nc d", " ", b"a\tb\nc\td\n"),
        (b"a\t\tb\n\nc\t\t", "\t", b"a\t\tb\nc\t\t\n"),
        (b"a,b\n,,\nc,\n", ",", b"a,b\nc,\n"),
        (b"", " ", b""),
    ],
)
def test_fields_are_split_and_blank_lines_dropped(data, separator, expected):
    assert split_fields(data, separator) == expected


words = st.text("abc1.-", min_size=1, max_size=4)


@given(st.lists(st.lists(words, min_size=3, max_size=3), min_size=1), st.sampled_from(" \t,"))
def test_any_table_is_read_back(rows, separator):
    text = "\n".join(separator.join(row) for row in rows)
    schema = dict.fromkeys("abc", pl.String)
    data = split_fields(text.encode(), separator)
    assert parse_table("t", data, separator, schema).rows() == [tuple(row) for row in rows]
    some = parse_table("t", data, separator, schema, columns=["c", "a"])
    assert set(some.columns) == {"a", "c"}
    assert some["c"].to_list() == [row[2] for row in rows]


def test_quotes_are_quotes_only_if_every_line_agrees():
    whole = b'"a\tb"\t1\t"c"\n'
    table, quote = parse_quoted("t", whole, "\t", SCHEMA, '"')
    assert (table.rows(), quote) == ([("a\tb", 1, "c")], '"')
    table, quote = parse_quoted("t", b'5"\t1\tc\n6"\t2\td\n', "\t", SCHEMA, '"')
    assert (table["id"].to_list(), quote) == (['5"', '6"'], None)


@pytest.mark.parametrize("written", ["100000", "1e+05", "1E5", "100000.0", "+100000"])
def test_whole_numbers_as_r_and_pandas_write_them(written):
    data = f"a\t{written}\tx\nb\t7\ty\n".encode()
    assert parse_table("t", data, "\t", SCHEMA)["n"].to_list() == [100_000, 7]


@pytest.mark.parametrize(
    ("body", "message"),
    [
        ("a 1 x\nb 2\n", "line 3 has 2 columns, expected 3"),
        ("a 1 x\n1 b 2 y\n", "line 3 has 4 columns, expected 3; from R, write row.names = FALSE"),
        ("a 1 x\n\nb 1.5 y\n", "line 4: n is '1.5', not a whole number below 2.31"),
        ("a 1 x\nb 3000000000 y\n", "line 3: n is '3000000000'"),
        ("a 1 x\nb 2 \udcff\n", "line 3 is not UTF-8 text"),
    ],
)
@pytest.mark.parametrize("pack", [bytes, gzip.compress])
def test_the_first_faulty_line_of_the_file_is_named(tmp_path, body, message, pack):
    path = tmp_path / "t"
    data = f"# id n x\n{body}".encode(errors="surrogateescape")
    path.write_bytes(pack(data))
    rest = split_fields(data.partition(b"\n")[2], " ")
    with pytest.raises(GemcontError, match=f"t: {message}"):
        parse_table(str(path), rest, " ", SCHEMA, comment=b"#")


def test_lines_are_numbered_as_in_the_file(tmp_path):
    (tmp_path / "t").write_text("# a\n\nb c\n \t\n#\nd  e\n")
    path = str(tmp_path / "t")
    assert list(numbered_lines(path, " ")) == [(1, b"#\ta"), (3, b"b\tc"), (5, b"#"), (6, b"d\te")]
    assert [line_number(path, row) for row in range(4)] == [1, 3, 5, 6]
    assert [line_number(path, row, b"#") for row in range(2)] == [3, 6]


@pytest.mark.parametrize(("separator", "quote"), [("\t", None), (",", '"'), (" ", None)])
def test_a_matrix_of_numbers_with_its_columns_of_text(separator, quote):
    rows = [["1", "NA", "x", "2.5"], ["-3e2", " . ", "7", "inf"], ["nan", "4", "8", "Na"]]
    rows[2][0] = "nan" if separator == " " else ""
    text = "\n".join(separator.join(row) for row in rows)
    values, texts = parse_matrix("t", split_fields(text.encode(), separator), separator, 4, quote)
    nan = np.nan
    expected = [[1, nan, nan, 2.5], [-300, nan, 7, np.inf], [nan, 4, 8, nan]]
    np.testing.assert_array_equal(values, expected)
    assert texts == [2, 3]  # of x and of infinity, which are no finite numbers


def test_a_matrix_may_hold_separators_between_quotes():
    values, texts = parse_matrix("t", b'1,"2"\n"3","a,b"\n', ",", 2, '"')
    np.testing.assert_array_equal(values, [[1, 2], [3, np.nan]])
    assert texts == [1]


def test_numbers_of_a_column_and_what_is_missing():
    column = pl.Series(["1", " NA ", "x", "#N/A", None, "-2.5", "NaN"])
    numbers, known = parse_numbers(column)
    assert numbers.to_list() == [1, None, None, None, None, -2.5, None]
    assert known.to_list() == ["1", None, "x", None, None, "-2.5", None]
    numbers, _ = parse_numbers(pl.Series([1.0, float("nan")]))
    assert numbers.to_list() == [1, None]


@pytest.mark.parametrize("text", ["1", " -.5 ", "+2.", "1e-3", "1E+05"])
def test_cells_that_are_numbers(text):
    assert number_of(text) == float(text)


@pytest.mark.parametrize("text", ["1_0", "inf", "nan", "٣", "1e", "", ".", "0x1", "1 2"])
def test_cells_that_are_none(text):
    assert number_of(text) is None
