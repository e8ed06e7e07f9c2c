"""Read any peer's summary statistics, streamed: text (plain, .gz, .bgz) or parquet.

Whatever the file's dialect, a batch has the columns of ``COLUMNS`` that the file can give, in
our words, so that nobody downstream knows where a number came from.
"""

import csv
import os

import numpy as np
import polars as pl

from gemcont._text import (
    decoded,
    line_number,
    open_bytes,
    parse_table,
    separator_of,
    split_fields,
)
from gemcont.errors import GemcontError
from gemcont.tables.canonical import HARMONISED, canonical
from gemcont.tables.headers import (
    harmonised_columns,
    looks_like_header,
    recognise,
    refuse_missing,
)

_CHUNK = 32 << 20  # bytes of text, unzipped, that become one batch
_ROWS = 1 << 19  # of a parquet that become one batch
_COMMENT = b"##"


class Sumstats:
    """A file of summary statistics, recognised by its header.

    path: the file, or a DataFrame of pandas or polars. columns: role -> column of the file, for
    what no dialect knows; general: the same as asked of several files (``headers.recognise``).
    needed: roles without which the file is no use. trait: the one to read of a file of several.
    Attributes: ``name``, ``dialect``, ``roles`` (role -> column), ``skipped``, frames of row and
    variant_id of the rows left out so far, by reason, and ``noted``, counts of rows by what was
    made of them.
    """

    def __init__(self, path, *, columns=None, general=None, needed=(), trait=None):
        self._file = _open(path)
        self.name, header = self._file.name, self._file.header
        self.dialect, self.roles = recognise(self.name, header, columns or {}, general=general)
        asked = {column for column in (columns or {}).values() if isinstance(column, str)}
        self._harmonised = {
            role: column
            for role, column in harmonised_columns(header).items()
            if column not in asked and role not in (columns or {})
        }
        refuse_missing(self.name, header, self.given, needed)
        self.skipped, self.noted, self.trait = {}, {}, trait
        if trait is not None and "trait" not in self.roles:
            raise GemcontError(f"--trait: {self.name} has no column of traits")

    @property
    def given(self):
        """The roles that the file can fill, those that follow from others included."""
        found = set(self.roles) | set(self._harmonised)
        if {"ref", "alt"} <= found:
            found |= {"effect_allele", "other_allele"}
        if found & {"odds_ratio", "hazard_ratio"}:
            found.add("beta")
        if found & {"p_value", "log_10_p_value"}:
            found.add("neg_log_10_p_value")
        if "ci" in found or {"ci_lower", "ci_upper"} <= found:
            found.add("standard_error")
        return found

    def skip(self, rows, reason):
        """Leave out rows (a table with ``row``), kept by their reason."""
        if rows.height:
            ids = rows["variant_id"] if "variant_id" in rows.columns else [None] * rows.height
            frame = pl.DataFrame({"row": rows["row"], "variant_id": ids}).cast(
                {"variant_id": pl.String}
            )
            self.skipped.setdefault(reason, []).append(frame)

    @property
    def n_skipped(self):
        """Rows left out so far, by reason."""
        return {reason: sum(f.height for f in parts) for reason, parts in self.skipped.items()}

    @property
    def has_log_p(self):
        """Whether the file gives -log10 p rather than p."""
        return "neg_log_10_p_value" in self.roles

    @property
    def p_column(self):
        """The column that the p comes from, or None."""
        roles = ("neg_log_10_p_value", "p_value", "log_10_p_value")
        return next((self.roles[role] for role in roles if role in self.roles), None)

    def batches(self):
        """Yield polars tables with the columns of ``COLUMNS``, null where there is no value.

        ``row`` is the row below the header, from 0. -log10 p is infinite where p is written as 0.
        Raises GemcontError naming the line of a value that cannot be.
        """
        first, found = 0, False
        names = {name: role for role, name in self.roles.items()}
        names |= {name: HARMONISED + role for role, name in self._harmonised.items()}
        for table in self._file.tables(list(names)):
            rows = pl.Series("row", np.arange(first, first + table.height, dtype=np.uint32))
            first += table.height
            table = table.rename(names).with_columns(rows)
            if self.trait is not None:
                table = table.filter(pl.col("trait").cast(pl.String) == self.trait)
                found = found or table.height > 0
            yield canonical(self, table)
        if self.trait is not None and not found:
            raise GemcontError(f"--trait: {self.name} has no trait {self.trait!r}")
        if first == 0:
            raise GemcontError(f"{self.name}: has a header but no rows")

    def read(self):
        """All batches as one table."""
        return pl.concat(list(self.batches()))

    def fault(self, row, role, value, wrong):
        """The GemcontError for a value that cannot be, with the line it stands on."""
        name = self.roles[role]
        return GemcontError(f"{self._file.place(row)}: {name} is {value}, {wrong}")


def _open(path):
    if not isinstance(path, (str, os.PathLike)):
        return _Frame(path)
    path = os.fspath(path)
    return _Parquet(path) if _is_parquet(path) else _Text(path)


def _is_parquet(path):
    if not os.path.isfile(path):  # a pipe cannot be read twice
        return False
    with open(path, "rb") as file:
        return file.read(4) == b"PAR1"


class _Frame:
    """A DataFrame in memory."""

    name = "the table of summary statistics"

    def __init__(self, frame):
        frame = frame.collect() if isinstance(frame, pl.LazyFrame) else frame
        if not isinstance(frame, pl.DataFrame):
            frame = _of_pandas(frame)
        self._frame, self.header = frame, frame.columns

    def tables(self, columns):
        """Yield the one table of the named columns."""
        yield self._frame.select(columns)

    def place(self, row):
        """Where a row stands, for messages."""
        return f"{self.name}, row {row}"


def _of_pandas(frame):
    """A DataFrame of pandas as one of polars, or GemcontError for what is no DataFrame."""
    if not hasattr(frame, "columns") or not hasattr(frame, "iloc"):
        raise GemcontError(
            "summary statistics must be a path or a DataFrame of pandas or polars, not "
            f"{type(frame).__name__}"
        )
    names = [str(name) for name in frame.columns]
    twice = next((n for i, n in enumerate(names) if n in names[:i]), None)
    if twice is not None:
        raise GemcontError(f"{_Frame.name}: column {twice!r} stands twice")
    return pl.DataFrame({n: _series(frame[c]) for n, c in zip(names, frame.columns, strict=True)})


def _series(column):
    """A pandas column: numbers as they are, everything else as text."""
    if column.dtype.kind in "fiu" and not hasattr(column.dtype, "numpy_dtype"):
        return pl.Series(column.to_numpy(), nan_to_null=True)
    blank = column.isna()
    return pl.Series(
        [None if b else str(v) for v, b in zip(column, blank, strict=True)], dtype=pl.String
    )


class _Parquet:
    """A parquet file in slices of rows."""

    def __init__(self, path):
        self.name, self._frame = path, pl.scan_parquet(path)
        try:
            self.header = self._frame.collect_schema().names()
        except pl.exceptions.PolarsError:
            raise GemcontError(f"{path}: not a parquet file, or truncated") from None

    def tables(self, columns):
        """Yield polars tables of the named columns."""
        height = self._frame.select(pl.len()).collect().item()
        for start in range(0, height, _ROWS):
            yield self._frame.select(columns).slice(start, _ROWS).collect()

    def place(self, row):
        """Where a row stands, for messages."""
        return f"{self.name}, row {row + 1}"


class _Text:
    """The lines of a text file, in chunks of whole lines, after its header."""

    def __init__(self, path):
        self.name, self._file = path, open_bytes(path, self)
        self._comment, self._read = _COMMENT, b""
        line = self._header_line()
        if not line.strip():
            raise GemcontError(f"{path}: the file is empty")
        line = line.rstrip(b"\r\n")
        self._separator = separator_of(line)
        self.header = self._names(split_fields(line, self._separator))

    def _header_line(self):
        """The line that names the columns: behind lines of ##, and behind those of one # where the
        first line without one is a header itself."""
        line = self._line().removeprefix(b"\xef\xbb\xbf")
        while line.startswith(_COMMENT) or (line and not line.strip()):
            line = self._line()
        marked = line
        while line.startswith(b"#"):
            marked, line = line, self._line()
        if line is marked:
            return line
        fields = split_fields(line.rstrip(b"\r\n"), separator_of(line)).decode(errors="replace")
        delimiter = "," if separator_of(line) == "," else "\t"
        if looks_like_header(fields.rstrip("\n").split(delimiter)):
            self._comment = b"#"
            return line
        self._read = line  # the first row
        return marked

    def _line(self):
        return self._guarded(self._file.readline)

    def _guarded(self, action, *arguments):
        from isal.isal_zlib import IsalError

        try:
            return action(*arguments)
        except (OSError, EOFError, IsalError):
            raise GemcontError(f"{self.name}: damaged, truncated or unreadable") from None

    def _names(self, line):
        if b"\0" in line:
            raise GemcontError(f"{self.name}: not a text file (it holds zero bytes)")
        delimiter = "," if self._separator == "," else "\t"
        text = decoded(self.name, line).rstrip("\n")
        if "\r" in text:
            raise GemcontError(f"{self.name}: lines end in bare carriage returns; convert them")
        if not text.replace("\t", "").isprintable():
            raise GemcontError(f"{self.name}: not a text file")
        names = [name.strip() for name in next(csv.reader([text], delimiter=delimiter))]
        names[0] = names[0].lstrip("#")
        twice = sorted({name for name in names if names.count(name) > 1})
        if twice:
            raise GemcontError(f"{self.name}: column {twice[0]!r} stands twice")
        return names

    def tables(self, columns):
        """Yield polars tables of text of the named columns."""
        rest, chunk = self._read, b"more"
        while chunk:
            chunk = self._guarded(self._file.read, _CHUNK)
            data = rest + chunk
            cut = data.rfind(b"\n") + 1 if chunk else len(data)
            rest, data = data[cut:], self._clean(data[:cut])
            if data:
                yield self._parse(data, columns)

    def _clean(self, data):
        if b"\r" in data:
            data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
        return split_fields(data, self._separator)

    def _parse(self, data, columns):
        quote = '"' if b'"' in data else None
        schema = dict.fromkeys(self.header, pl.String)
        return parse_table(
            self.name, data, self._separator, schema, quote_char=quote, columns=columns
        )

    def place(self, row):
        """Where a row stands, for messages."""
        try:
            return f"{self.name}, line {line_number(self.name, row + 1, self._comment)}"
        except GemcontError:  # a pipe is gone once it was read
            return f"{self.name}, data row {row + 1}"
