"""Tables of pairs of relatives, as KING and PLINK write them."""

import os

import polars as pl

from gemcont.errors import GemcontError
from gemcont.text.files import decoded, read_text
from gemcont.text.ids import bare_names
from gemcont.text.parse import line_number, parse_table, separator_of, split_fields

RELATED = 0.0442  # kinship of third-degree relatives and closer (KING)
_KINSHIP = {"kinship": 1, "pi_hat": 2}  # columns, and how many times the kinship they hold


def read_pairs(path: str | os.PathLike) -> list[list[str]]:
    """Return lists of the first and second IIDs of the pairs whose kinship is at least 0.0442.

    path: table of ID1 ID2 (or IID1 IID2) and KINSHIP, or PI_HAT, which is twice that; without
    either every pair counts. Tabs, blanks or commas, gzipped or not. Raises GemcontError.
    """
    names, separator, body = _opened(path)
    column_of = {name.lower(): name for name in names}
    found = [column_of.get(f"iid{k}", column_of.get(f"id{k}")) for k in (1, 2)]
    ends = [name for name in found if name is not None]
    if len(ends) < 2:
        raise GemcontError(f"--relatives: {path} has no columns ID1 ID2 (or IID1 IID2)")
    measure = next((name for name in _KINSHIP if name in column_of), None)
    wanted = [*ends, *([] if measure is None else [column_of[measure]])]
    schema = dict.fromkeys(names, pl.String)
    table = parse_table(str(path), body, separator, schema, quote_char='"', columns=wanted)
    table = table.with_columns(pl.all().str.strip_chars().replace("", None))
    blank = table[ends[0]].is_null() | table[ends[1]].is_null()
    if blank.any():
        raise GemcontError(f"--relatives: {path}, line {_first_line(path, blank)}: an id is blank")
    if measure is not None:
        kinship = table[column_of[measure]].cast(pl.Float64, strict=False).fill_nan(None)
        if kinship.null_count():
            line = _first_line(path, kinship.is_null())
            raise GemcontError(f"--relatives: {path} has a kinship that is no number (line {line})")
        table = table.filter(kinship >= RELATED * _KINSHIP[measure])
    return [table[name].to_list() for name in ends]


def _opened(path):
    """Return the names of the columns, the separator, and the lines below the header."""
    try:
        data = read_text(path).lstrip(b"\n")
    except GemcontError as error:
        raise GemcontError(f"--relatives: cannot be read: {error}") from None
    separator = separator_of(data.partition(b"\n")[0].strip())
    header, _, body = split_fields(data, separator).partition(b"\n")
    return bare_names(decoded(path, header).split(separator.replace(" ", "\t"))), separator, body


def _first_line(path, wrong):
    """Return the line number of the first row that is wrong; wrong: bool Series."""
    return line_number(path, int(wrong.arg_max()) + 1)
