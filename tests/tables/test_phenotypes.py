"""Tables of samples as text."""

import gzip

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gemcont import GemcontError
from gemcont.tables.phenotypes import numeric_columns, read_sample_table


def refused(read, text, message):
    with pytest.raises(GemcontError, match=message):
        read(text)


@pytest.mark.parametrize(
    "text",
    [
        "FID\tIID\ta\tb\n1\t007\t1.5\tNA\n2\tNA12\t-2\t3\n",
        "#FID IID  a b\n 1 007 1.5 NA \n2   NA12 -2\t3",
        "FID,IID,a,b\r\n1,007,1.5,NA\r\n2,NA12,-2,3\r\n",
        "\ufefffid\tiid\ta\tb\n\n1\t007\t1.5\t\n2\tNA12\t-2\t3\n\n",
        '"FID" "IID" "a" "b"\n"1" "007" 1.5 NA\n"2" "NA12" -2 3\n',
        gzip.compress(b"FID IID a b\n1 007 1.5 .\n2 NA12 -2 3\n"),
        "FID\tIID\ta\tb\n1\t007\t 1.5 \tnan\n2\tNA12\t-2\t3\n",
    ],
)
def test_one_table_in_many_clothes(table, text):
    found = table(text)
    assert (found.fid, found.iid) == (["1", "2"], ["007", "NA12"])
    values, _ = numeric_columns(found, ["a", "b"])
    np.testing.assert_array_equal(values, [[1.5, np.nan], [-2, 3]])


def test_quotes_hold_commas_and_are_counted(table):
    found = table('FID,IID,"trait one, cm"\n1,"Smith, J",1.5\n2,b,2\n')
    assert found.iid == ["Smith, J", "b"]
    assert found.columns.columns == ["trait one, cm"]
    refused(table, 'IID,a,b\n"s1",1,2\n"s2",1\n', "line 3 has 2 columns, expected 3")


def test_empty_rows_of_a_spreadsheet_are_no_rows(table):
    found = table("FID\tIID\ta\n1\tx\t1\n\t\t\n2\ty\toops\n\t\t\n")
    assert found.iid == ["x", "y"]
    with pytest.raises(GemcontError, match=r"line 4 \(sample y\): a is 'oops'"):
        numeric_columns(found, ["a"])


def test_iid_alone_and_the_hash(table):
    found = table("#IID a\n001 1\n1 2\n")
    assert (found.fid, found.iid, found.columns.columns) == (None, ["001", "1"], ["a"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "table: the file is empty"),
        (" \n\n", "table: the file is empty"),
        ("FID IID a\n", "has a header but no samples"),
        ("FID IID a", "has a header but no samples"),
        ("1 1 0.5\n2 2 0.7\n", "first line must name its columns, FID IID or IID .* '1 1 0.5'"),
        ("FID IID a a\n1 1 2 3\n", "duplicate column 'a'"),
        ("FID\tIID\ta\t\n1\t1\t2\t3\n", "a column of the header has no name"),
        ("FID IID a\n1 1 2\n2 2\n", "line 3 has 2 columns, expected 3"),
        ("FID IID a\n\n1 1 2\n2 2 3 4\n", "line 4 has 4 columns, expected 3"),
        ("FID\tIID\ta\n1\t\t2\n", "line 2: IID is blank"),
        (b"FID IID a\n1 \xff\xfe 2\n", "line 2 is not UTF-8 text"),
        (b"\x00\x01\x02\xfe" * 50, "not a text file"),
        (b"\xfe\xff\x8a\x11" * 50, "is UTF-16 text; save it as UTF-8"),
    ],
)
def test_what_is_not_a_table(table, text, message):
    refused(table, text, message)


def test_text_and_infinity_are_shown_with_their_line(table):
    found = table("FID IID a b\n\n1 x 1 2\n2 y oops inf\n")
    with pytest.raises(GemcontError, match=r"line 4 \(sample y\): a is 'oops', not a number"):
        numeric_columns(found, ["a"])
    with pytest.raises(GemcontError, match=r"line 4 \(sample y\): b is infinite"):
        numeric_columns(found, ["b"])


def test_missing_codes_are_counted(table):
    found = table("IID a b\n1 -9 -9.0\n2 -8 nope\n3 1 2\n")
    values, coded = numeric_columns(found, ["a"], codes=("-9",))
    np.testing.assert_array_equal(values[:, 0], [np.nan, -8, 1])
    assert coded == {"a": 1}
    values, coded = numeric_columns(found, ["a", "b"], codes=("-8", "nope"))
    np.testing.assert_array_equal(values, [[-9, -9], [np.nan, np.nan], [1, 2]])
    assert coded == {"a": 1, "b": 1}


def test_unknown_columns_are_listed(table):
    found = table("IID a b\nx 1 2\n")
    assert found.select(None, "--pheno-name") == ["a", "b"]
    assert found.select(["b", "b"], "--pheno-name") == ["b"]
    with pytest.raises(GemcontError, match=r"--pheno-name: 'c' is not a column of .* \(a, b\)"):
        found.select(["c"], "--pheno-name")
    with pytest.raises(GemcontError, match="no column beside the sample ids"):
        table("FID IID\n1 1\n").select(None, "--pheno-name")


WORDS = st.text("abcXYZ019_.-", min_size=1, max_size=6).filter(lambda w: w.lower() != "nan")


@settings(deadline=None, max_examples=60)
@given(
    st.lists(
        st.tuples(WORDS, st.floats(-1e6, 1e6)), min_size=1, max_size=8, unique_by=lambda r: r[0]
    ),
    st.sampled_from(["\t", " ", "   ", ","]),
    st.sampled_from(["\n", "\r\n"]),
)
def test_any_ids_and_numbers_come_back(tmp_path_factory, rows, separator, newline):
    path = tmp_path_factory.mktemp("t") / "table"
    lines = [separator.join(("IID", "x"))] + [f"{i}{separator}{x!r}" for i, x in rows]
    path.write_bytes(newline.join(lines).encode())
    found = read_sample_table(path)
    assert found.iid == [i for i, _ in rows]
    np.testing.assert_array_equal(numeric_columns(found, ["x"])[0][:, 0], [x for _, x in rows])
