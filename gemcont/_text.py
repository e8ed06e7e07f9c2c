"""Text files as users have them: plain or gzipped, tabs or blanks, CRLF, a byte-order mark.

The genotype readers (.fam, .bim, id lists) and the tables both stand on these functions, which
turn a file into a polars table of text or say in one line what is wrong with it.
"""

import csv
import re
import weakref

import polars as pl

from gemcont.errors import GemcontError

_BOM = b"\xef\xbb\xbf"
_GZIP = b"\x1f\x8b"
_PACKED = {b"\x28\xb5\x2f\xfd": "zstd", b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"PK\x03\x04": "zip"}


def read_text(path, *, empty=False):
    """The bytes of a text file, unzipped, with newline line ends, no byte-order mark.

    ``empty`` allows a file that holds nothing. Raises GemcontError if the file is missing,
    unreadable, empty or not text.
    """
    data = _read_file(path)
    if data.startswith(_GZIP):
        data = _unzip(path, data)
    data = data.removeprefix(_BOM)
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if b"\0" in data:
        raise GemcontError(f"{path}: not a text file (it holds zero bytes)")
    if not empty and not data.strip():
        raise GemcontError(f"{path}: the file is empty")
    return data


def _read_file(path):
    try:
        with open(path, "rb") as file:
            return file.read()
    except FileNotFoundError:
        raise GemcontError(f"{path}: no such file") from None
    except OSError as error:
        raise GemcontError(f"{path}: cannot be read ({error.strerror})") from None


def _unzip(path, data):
    from isal import igzip, isal_zlib

    try:
        return igzip.decompress(data)
    except (OSError, EOFError, isal_zlib.IsalError):
        raise GemcontError(f"{path}: damaged or truncated gzip file") from None


def open_bytes(path, owner):
    """An open binary file, unzipped where its first bytes say gzip, closed with its owner.

    Never rewound, so that a pipe can be read too. Raises GemcontError.
    """
    try:
        file = open(path, "rb")  # noqa: SIM115 - closed when the owner goes
        weakref.finalize(owner, file.close)
        zipped = file.peek(len(_GZIP)).startswith(_GZIP)
    except FileNotFoundError:
        raise GemcontError(f"{path}: no such file") from None
    except OSError as error:
        raise GemcontError(f"{path}: cannot be read ({error.strerror})") from None
    for magic, program in _PACKED.items():
        if file.peek(len(magic)).startswith(magic):
            raise GemcontError(f"{path}: packed by {program}; unpack it, or use gzip")
    if not zipped:
        return file
    from isal import igzip

    return igzip.open(file, "rb")


def separator_of(header):
    """The separator that a header line uses: tab, else comma after its first word, else blanks."""
    if b"\t" in header:
        return "\t"
    first, comma, _ = header.partition(b",")
    if comma and b" " not in first.strip():
        return ","
    return " "


def split_fields(data, separator):
    """One separator between fields, no blank lines: what ``parse_table`` takes.

    With ``separator`` " " any run of blanks and tabs becomes one tab; tabs and commas are kept
    one by one, so that an empty field stays an empty field.
    """
    if separator == " ":
        data = data.replace(b" ", b"\t") if b" " in data else data
        data = _collapse(data, b"\t\t", b"\t")
        data = data.replace(b"\n\t", b"\n") if b"\n\t" in data else data
        data = data.replace(b"\t\n", b"\n") if b"\t\n" in data else data
        data = data.strip(b"\t")
    elif b"\n" + separator.encode() in data or data.startswith(separator.encode()):
        data = re.sub(rb"(?m)^[\t, ]+$\n?", b"", data)  # rows of empty cells, as spreadsheets leave
    data = _collapse(data, b"\n\n", b"\n").removeprefix(b"\n")
    return data if data.endswith(b"\n") or not data else data + b"\n"


def _collapse(data, run, single):
    while run in data:
        data = data.replace(run, single)
    return data


def parse_table(path, data, separator, schema, *, quote_char=None, columns=None, comment=b"\0"):
    """A polars table from ``data`` (without its header) as ``split_fields`` leaves it.

    ``schema`` maps the names of all columns to polars types; ``columns`` are the names of those
    to keep (None = all); lines of the file that begin with ``comment`` are not in ``data``.
    Raises GemcontError naming the first line with too few or too many columns, or a value of the
    wrong kind.
    """
    kept = None if columns is None else [list(schema).index(name) for name in columns]
    written = separator.replace(" ", "\t")
    for quote in dict.fromkeys((quote_char, None)):  # a stray quote is a letter like any other
        table = _parsed(data, written, schema, kept, quote)
        if table is not None:
            return table
    raise GemcontError(_first_fault(path, separator, schema, comment))


def _parsed(data, separator, schema, kept, quote):
    """A table whose every line has every column, or None."""
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
    # polars fills short lines without a word, and joins lines between two stray quotes.
    if table.height != data.count(b"\n"):
        return None
    if quote is None:
        whole = data.count(separator.encode()) == table.height * (len(schema) - 1)
    else:
        rows = list(csv.reader(data.decode().splitlines(), delimiter=separator))
        whole = len(rows) == table.height and all(len(row) == len(schema) for row in rows)
    return table if whole else None


def _first_fault(path, separator, schema, comment):
    """What is wrong with the first line that does not fit the schema (slow: once, on error)."""
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
    try:
        return -(2**31) <= int(field) < 2**31
    except ValueError:
        return False


def numbered_lines(path, separator):
    """(line number in the file, fields' line) for every line that is not blank."""
    for number, line in enumerate(read_text(path).split(b"\n"), 1):
        if line.strip(b"\t, "):
            yield number, split_fields(line, separator).rstrip(b"\n")


def line_number(path, row, comment=b"\0"):
    """The line of the file on which its ``row``-th (from 0) non-blank line stands.

    Lines that begin with ``comment`` do not count.
    """
    lines = enumerate(read_text(path).split(b"\n"), 1)
    filled = (
        number for number, line in lines if line.strip(b"\t, ") and not line.startswith(comment)
    )
    return next((number for i, number in enumerate(filled) if i == row), row + 1)
