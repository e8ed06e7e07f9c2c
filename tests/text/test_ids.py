"""Names of columns and id columns of headers, in any case and order."""

import pytest

from gemcont import GemcontError
from gemcont.text.ids import IdColumns, bare_names, find_ids, refuse_twice


def test_names_are_bared_of_quotes_blanks_and_a_leading_hash():
    assert bare_names(["#FID", ' "IID" ', "#x", 7]) == ["FID", "IID", "#x", "7"]
    assert bare_names(['"# IID"', "a b"]) == ["IID", "a b"]


@pytest.mark.parametrize(
    ("names", "expected"),
    [
        (["FID", "IID", "height"], IdColumns(0, 1, ())),
        (["height", "iid", "fid"], IdColumns(2, 1, ())),
        (["IID"], IdColumns(None, 0, ())),
        (["IID", "SID", "PAT", "x", "MAT"], IdColumns(None, 0, ("SID", "PAT", "MAT"))),
        (["iid", "mat", "PAT"], IdColumns(None, 0, ("mat",))),
        (["IID", "mat"], IdColumns(None, 0, ())),
        (["FID", "height"], None),
        ([], None),
    ],
)
def test_id_columns_of_a_header(names, expected):
    assert find_ids(names, "t") == expected


@pytest.mark.parametrize("twice", [["IID", "x", "iid"], ["FID", "FID", "IID"]])
def test_an_id_column_twice_is_refused(twice):
    with pytest.raises(GemcontError, match="t: duplicate column (IID|FID)"):
        find_ids(twice, "t")


def test_a_name_twice_is_refused():
    refuse_twice(["a", "A", "b"], "t")
    with pytest.raises(GemcontError, match="t: duplicate column 'b'"):
        refuse_twice(["a", "b", "b"], "t")
