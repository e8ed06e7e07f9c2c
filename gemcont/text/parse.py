"""Fields and numbers of text tables: separators, quotes, missing words, lines at fault.

The genotype readers (.fam, .bim, id lists) and the tables both stand on these functions, which
turn text into a polars table or say in one line what is wrong with it.
"""

import csv
import re
from collections.abc import Iterator, Mapping, Sequence
from typing import Any

import numpy as np
import polars as pl

from gemcont.errors import GemcontError
from gemcont.text.files import read_text

# Words for a missing value, in any case: R's and PLINK's, then those that databases, pandas and
# spreadsheets write.
MISSING = ("na", "nan", ".", "", "none", "null", "n/a", "#n/a", "#na", "<na>")
_BLOCK = 4 << 20  # bytes of text that are looked at, or become one column, at a time
DataType = pl.DataType | pl.datatypes.DataTypeClass


def separator_of(header: bytes) -> str:
    """Return the separator of a header line: tab, else comma after its first word, else blanks."""
    if b"\t" in header:
        return "\t"
    first, comma, _ = header.partition(b",")
    if comma and b" " not in first.strip():
        return ","
    return " "


def split_fields(data: bytes, separator: str) -> bytes:
    """Return text as ``parse_table`` takes it: one separator between fields, no blank lines.

    With ``separator`` " " any run of blanks and tabs becomes one tab; tabs and commas are kept one
    by one, so that an empty field stays an empty field.
    """
    if separator == " ":
        data = data.replace(b" ", b"\t") if b" " in data else data
        data = _collapse(data, b"\t\t", b"\t")
        data = data.replace(b"\n\t", b"\n") if b"\n\t" in data else data
        data = data.replace(b"\t\n", b"\n") if b"\t\n" in data else data
        data = data.strip(b"\t")
    first = _first_letters(data)
    if separator.encode() in first:
        data = re.sub(rb"(?m)^[\t, ]+$\n?", b"", data)  # rows of empty cells, as spreadsheets leave
    if b"\n" in first:
        data = _collapse(data, b"\n\n", b"\n").removeprefix(b"\n")
    return data if data.endswith(b"\n") or not data else data + b"\n"


def _first_letters(data):
    """Return the first letter of every line.

    This is five times as fast as a search for pairs of letters.
    """
    letters = np.frombuffer(data, dtype=np.uint8)
    starts = np.flatnonzero(letters[:-1] == ord("\n")) + 1
    return data[:1] + letters[starts].tobytes()


def _collapse(data, run, single):
    while run in data:
        data = data.replace(run, single)
    return data


def parse_table(
    path: str,
    data: bytes,
    separator: str,
    schema: Mapping[str, DataType],
    *,
    quote_char: str | None = None,
    columns: Sequence[str] | None = None,
    comment: bytes = b"\0",
) -> pl.DataFrame:
    """Parse the body of a table.

    Args:
        path: of the file, for messages.
        data: its text without the header, as ``split_fields`` leaves it.
        separator: " ", tab or comma.
        schema: polars type of every column, by name.
        quote_char: character that quotes fields; None = none.
        columns: names of the columns to keep; None = all.
        comment: lines of the file that begin with it are not in ``data``.

    Raises:
        GemcontError: naming the first line with too few or too many columns, or a value of the
            wrong kind.
    """
    body = path, data, separator
    layout: dict[str, Any] = {"quote_char": quote_char, "columns": columns, "comment": comment}
    try:
        return parse_quoted(*body, schema, **layout)[0]
    except GemcontError:
        rounded = _with_rounded(*body, schema, layout)
        if rounded is None:
            raise
        return rounded


def _with_rounded(path, data, separator, schema, layout):
    """Return the table whose whole numbers are written 1e+05, as R does, or 100000.0; else None."""
    whole = {name: kind for name, kind in schema.items() if kind.is_integer()}
    if not whole:
        return None
    as_text = schema | dict.fromkeys(whole, pl.String)
    try:
        table = parse_quoted(path, data, separator, as_text, **layout)[0]
    except GemcontError:
        return None
    for name in whole.keys() & set(table.columns):
        words = table[name].unique()
        values = {word: word if word is None else number_of(word) for word in words}
        if not all(word is None or _is_integer(word) for word in words):
            return None
        numbers = table[name].replace_strict(values, return_dtype=pl.Float64)
        table = table.with_columns(numbers.cast(whole[name]).alias(name))
    return table


def parse_quoted(
    path: str,
    data: bytes,
    separator: str,
    schema: Mapping[str, DataType],
    quote_char: str | None,
    columns: Sequence[str] | None = None,
    comment: bytes = b"\0",
) -> tuple[pl.DataFrame, str | None]:
    """Return the table of ``parse_table``, and its quote character.

    That is ``quote_char``, or None if a quote is an ordinary letter in this table.
    """
    positions = {name: position for position, name in enumerate(schema)}
    kept = None if columns is None else [positions[name] for name in columns]
    written = separator.replace(" ", "\t")
    for quote in dict.fromkeys((quote_char, None)):  # a stray quote is a letter like any other
        table = _parsed(data, written, schema, kept, quote)
        if table is not None:
            return table, quote
    raise GemcontError(_first_fault(path, separator, schema, comment))


def _parsed(data, separator, schema, kept, quote):
    """Return the table if every line has every column, else None."""
    try:
        table = pl.read_csv(
            data,
            has_header=False,
            separator=separator,
            quote_char=quote,
            schema=schema,
            columns=kept,
        )
    except pl.exceptions.PolarsError:
        return None
    # polars fills short lines without a word, joins lines between two stray quotes, and where
    # columns are chosen cuts long lines.
    return table if table.height == _whole_lines(data, separator, len(schema), quote) else None


def _whole_lines(data, separator, width, quote):
    """Return the number of lines, None if not every line has ``width`` fields."""
    letters = np.frombuffer(data, dtype=np.uint8)
    if quote is not None and _quotes_hold(letters, separator, quote):
        rows = data.decode(errors="replace").removesuffix("\n").split("\n")
        widths = [len(row) for row in csv.reader(rows, delimiter=separator)]
        return len(rows) if widths == [width] * len(rows) else None
    lines = before = 0
    for start in range(0, len(letters), _BLOCK):
        block = letters[start : start + _BLOCK]
        marks = np.flatnonzero(block == ord(separator))
        ends = np.flatnonzero(block == ord("\n"))
        due = (width - 1) * np.arange(lines + 1, lines + len(ends) + 1)
        if not np.array_equal(before + np.searchsorted(marks, ends), due):
            return None
        lines, before = lines + len(ends), before + len(marks)
    return lines if before == (width - 1) * lines else None


def _quotes_hold(letters, separator, quote):
    """Return whether a separator or an end of line may be inside quotes."""
    odd = False  # an odd number of quotes so far
    for start in range(0, len(letters), _BLOCK):
        block = letters[start : start + _BLOCK]
        within = np.bitwise_xor.accumulate(block == ord(quote)) ^ odd
        if (within & ((block == ord(separator)) | (block == ord("\n")))).any():
            return True
        odd = within[-1]
    return odd


def parse_matrix(
    path: str, data: bytes, separator: str, width: int, quote: str | None
) -> tuple[np.ndarray, list[int]]:
    """Return the numbers of a table, and the columns that hold text.

    A missing value or a word is NaN; an infinity stays, for the messages. A column that holds a
    word or an infinity is text.

    Args:
        path: of the file, for messages.
        data: a body of ``width`` columns that ``parse_quoted`` accepted with ``quote``.
        separator: " ", tab or comma.
        width: number of columns.
        quote: character that quotes fields; None = none.

    Returns:
        float64 (rows, width), and the positions of the columns that hold text.

    Raises:
        GemcontError: bytes that are not UTF-8.
    """
    values, first = np.empty((data.count(b"\n"), width), order="F"), 0
    texts: set[int] = set()
    for cells in _cells(path, data, separator, width, quote):
        numbers, words = _cell_numbers(cells)
        texts.update(np.unique(words % width).tolist())
        block = numbers.reshape(-1, width)
        values[first : first + len(block)] = block
        first += len(block)
    return values, sorted(texts)


def _cell_numbers(cells):
    """Return float64 of each cell, NaN where missing or text, and the positions of text."""
    values = cells.cast(pl.Float64, strict=False)
    odd = ~values.is_finite().fill_null(False)  # infinity stays as written, for the message
    numbers, known = parse_numbers(cells.filter(odd).str.strip_chars())
    words = known.is_not_null() & ~numbers.is_finite().fill_null(False)
    positions = np.flatnonzero(odd.to_numpy())
    values = values.to_numpy(writable=True)
    values[positions] = numbers.fill_null(np.nan).to_numpy()
    return values, positions[words.to_numpy()]


def parse_numbers(column: pl.Series) -> tuple[pl.Series, pl.Series]:
    """Return a column's values as floats, null where they are not; and the column itself.

    Missing values are null in both.
    """
    if column.dtype != pl.String:
        column = column.fill_nan(None)
        return column, column
    known = ~column.str.strip_chars().str.to_lowercase().is_in(list(MISSING))
    column = column.set(~known, None)
    values = column.cast(pl.Float64, strict=False)
    return values.set(values.is_nan(), None), column


_NUMBER = re.compile(r"[+-]?(\d+\.?\d*|\.\d+)([eE][+-]?\d+)?", re.ASCII)


def number_of(text: str) -> float | None:
    """Return the number that a cell holds, None if it is none.

    Decimal digits, a point, an exponent: the other spellings that Python accepts (1_0, digits of
    other scripts, infinity) are slips in a table.
    """
    return float(text) if _NUMBER.fullmatch(text.strip()) else None


def _cells(path, data, separator, width, quote):
    """Yield the cells of the lines, some lines at a time, row by row: polars columns of text."""
    schema = dict.fromkeys(map(str, range(width)), pl.String)
    written = separator.replace(" ", "\t")
    start = 0
    while start < len(data):
        end = data.rfind(b"\n", start, start + _BLOCK) + 1 or data.find(b"\n", start) + 1
        cells = _cells_of(data[start:end], written, schema, quote)
        if cells is None:
            raise GemcontError(_first_fault(path, separator, schema, b"\0"))
        yield cells
        start = end


def _cells_of(lines, separator, schema, quote):
    """Return all cells of some lines, row by row, or None."""
    # With thousands of columns polars' cost per column exceeds that of the cells, so all cells are
    # read as one long column; not if quotes hold separators.
    letters = np.frombuffer(lines, dtype=np.uint8)
    if quote is not None and _quotes_hold(letters, separator, quote):
        table = _parsed(lines, separator, schema, None, quote)
        if table is not None:
            return pl.Series([c for row in table.iter_rows() for c in row], dtype=pl.String)
        quote = None
    column = lines.replace(separator.encode(), b"\n")
    table = _parsed(column, separator, {"": pl.String}, None, quote)
    return None if table is None else table.to_series()


def _first_fault(path, separator, schema, comment):
    """Describe the first line that does not fit the schema (slow: once, on error)."""
    names = list(schema)
    for number, line in numbered_lines(path, separator):
        if line.startswith(comment):
            continue
        try:
            fields = line.decode().split(separator.replace(" ", "\t"))
        except UnicodeDecodeError:
            return f"{path}: line {number} is not UTF-8 text"
        if len(fields) != len(names):
            hint = "; from R, write row.names = FALSE" if len(fields) == len(names) + 1 else ""
            return f"{path}: line {number} has {len(fields)} columns, expected {len(names)}{hint}"
        for name, field in zip(names, fields, strict=True):
            if schema[name].is_integer() and not _is_integer(field):
                return f"{path}: line {number}: {name} is {field!r}, not a whole number below 2^31"
    return f"{path}: not a table of {len(names)} columns"


def _is_integer(field):
    value = number_of(field)
    return value is not None and value.is_integer() and -(2**31) <= value < 2**31


def numbered_lines(path: str, separator: str) -> Iterator[tuple[int, bytes]]:
    """Yield (line number in the file, the line with its fields split) of every line not blank."""
    for number, line in enumerate(read_text(path).split(b"\n"), 1):
        if line.strip(b"\t, "):
            yield number, split_fields(line, separator).rstrip(b"\n")


def line_number(path: str, row: int, comment: bytes = b"\0") -> int:
    """Return the line of the file on which its ``row``-th (from 0) non-blank line is.

    Lines that begin with ``comment`` do not count.
    """
    lines = enumerate(read_text(path).split(b"\n"), 1)
    filled = (
        number for number, line in lines if line.strip(b"\t, ") and not line.startswith(comment)
    )
    return next((number for i, number in enumerate(filled) if i == row), row + 1)
