"""Read any peer's summary statistics, streamed: text (plain, .gz, .bgz) or parquet.

Whatever the file's dialect, a batch has the columns of ``COLUMNS`` that the file can give, in
our words, so that nobody downstream knows where a number came from.
"""

from __future__ import annotations

import csv
import os
from collections.abc import Collection, Iterable, Iterator, Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gemcont.errors import GemcontError
from gemcont.tables.sumstats.canonical import canonical
from gemcont.tables.sumstats.headings import given_roles, recognise, refuse_missing, telling_columns
from gemcont.text.files import open_bytes
from gemcont.text.ids import refuse_twice
from gemcont.text.parse import line_number, number_of, parse_table, separator_of, split_fields

if TYPE_CHECKING:
    import pandas as pd

_CHUNK = 32 << 20  # bytes of text, unzipped, that become one batch
_ROWS = 1 << 19  # of a parquet that become one batch
_COMMENT = b"##"


class Sumstats:
    """A file of summary statistics, recognised by its header.

    Attributes:
        name: the file, for messages.
        dialect: name of the program whose header it has, or "free-form".
        roles: key of ``headings.recognise`` -> column of the file.
        unread: roles that nobody will ask for.
        trait: the trait to read of a file of several, or None.
        skipped: rows left out so far, by reason.
        left_out: frames of them (row, variant_id).
    """

    def __init__(
        self,
        path: str | os.PathLike | pl.DataFrame | pd.DataFrame,
        *,
        columns: Mapping[str, str | Sequence[str]] | None = None,
        firm: Collection[str] = (),
        needed: Iterable[str] = (),
        unread: Collection[str] = (),
        trait: str | None = None,
    ) -> None:
        """Open a file and recognise its header.

        Args:
            path: the file, or a DataFrame of pandas or polars.
            columns: role -> column of the file, for what no dialect knows.
            firm: roles of ``columns`` that may not contradict a recognised dialect.
            needed: roles without which the file is of no use.
            unread: roles that nobody will ask for.
            trait: the one to read of a file of several.

        Raises:
            GemcontError: the header is not understood, or lacks what is needed.
        """
        self._file = _open(path)
        self.name = self._file.name
        header = self._file.header
        self.dialect, self.roles = recognise(self.name, header, columns or {}, firm=firm)
        self.unread = unread
        self.need(needed)
        self.skipped: dict[str, int] = {}
        self.left_out: list[pl.DataFrame] = []
        self.trait = trait
        if trait is not None and "trait" not in self.roles:
            raise GemcontError(f"--trait: {self.name} has no column of traits")

    @property
    def given(self) -> set[str]:
        """Roles that the file can fill, those that follow from others included."""
        return given_roles(self.roles)

    @property
    def telling(self) -> list[str]:
        """Columns of no role that may say which trait, gene or model a row is of."""
        return telling_columns(self._file.header, self.roles.values())

    def need(self, roles: Iterable[str]) -> None:
        """Raise GemcontError where a role has no column."""
        refuse_missing(self.name, self._file.header, self.given, roles)

    def leave_out(self, table: pl.DataFrame, reason: str) -> None:
        """Note rows that are not of the results; table: row, and variant_id where it is known."""
        self.skipped[reason] = self.skipped.get(reason, 0) + table.height
        known = [name for name in ("rsid", "variant_id") if name in table.columns]
        ids = pl.coalesce(pl.col(known).cast(pl.String)) if known else pl.lit(None, dtype=pl.String)
        self.left_out.append(table.select("row", ids.alias("variant_id")))

    @property
    def has_log_p(self) -> bool:
        """True where the file gives -log10 p rather than p."""
        return "neg_log_10_p_value" in self.roles

    @property
    def p_column(self) -> str | None:
        """Column that the p comes from, or None."""
        roles = ("neg_log_10_p_value", "p_value", "log_10_p_value")
        return next((self.roles[role] for role in roles if role in self.roles), None)

    def batches(self) -> Iterator[pl.DataFrame]:
        """Yield polars tables with the columns of ``COLUMNS``, null where there is no value.

        ``row`` is the row below the header, from 0. -log10 p is infinite where p is written as 0.
        Raises GemcontError naming the line of a value that cannot be.
        """
        first, seen = 0, False
        names = {name: key for key, name in self.roles.items()}
        for table in self._file.tables(list(names)):
            rows = pl.Series("row", np.arange(first, first + table.height, dtype=np.uint32))
            first += table.height
            table = table.rename(names).with_columns(rows)
            if self.trait is not None:
                table = table.filter(pl.col("trait").cast(pl.String) == self.trait)
                seen = seen or table.height > 0
            yield canonical(self, table)
        if self.trait is not None and not seen:
            raise GemcontError(f"--trait: {self.name} has no trait {self.trait!r}")
        if first == 0:
            raise GemcontError(f"{self.name}: has a header but no rows")

    def read(self) -> pl.DataFrame:
        """Read all batches as one table."""
        return pl.concat(list(self.batches()))

    def fault(self, row: int, role: str, value: str, wrong: str) -> GemcontError:
        """Return the GemcontError for a value that cannot be, with the line it stands on."""
        name = self.roles.get(role) or self.roles.get(f"hm_{role}", role)
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
        if not isinstance(frame, pl.DataFrame):
            frame = _of_pandas(self.name, frame)
        self._frame, self.header = frame, frame.columns

    def tables(self, columns: list[str]) -> Iterator[pl.DataFrame]:
        """Yield the one table of the named columns."""
        frame = self._frame.select(columns)
        kinds = frame.schema.items()
        nested = [name for name, kind in kinds if kind.is_nested() or kind == pl.Object]
        if nested:
            raise GemcontError(f"{self.name}: column {nested[0]!r} holds lists, not single values")
        yield frame

    def place(self, row: int) -> str:
        """Say where a row stands, for messages."""
        return f"{self.name}, row {row}"


def _of_pandas(name, frame):
    """Return a pandas frame as polars, numbers and text; GemcontError for anything else."""
    if not hasattr(frame, "iloc") or not hasattr(frame, "columns"):
        kind = type(frame).__name__
        how = "; .collect() it" if kind == "LazyFrame" else ""
        raise GemcontError(f"{name} is a {kind}, neither a path nor a DataFrame{how}")
    names = [str(column) for column in frame.columns]
    refuse_twice(names, name)
    return pl.DataFrame({n: _series(frame.iloc[:, i]) for i, n in enumerate(names)})


def _series(column):
    """Return a pandas column: numbers as they are, everything else as text."""
    if column.dtype.kind in "fiu" and not hasattr(column.dtype, "numpy_dtype"):
        return pl.Series(column.to_numpy(), nan_to_null=True)
    return pl.Series([None if b else str(v) for v, b in zip(column, column.isna(), strict=True)])


def _is_header_of(line, data):
    """Return whether a line heads a line of data: as many fields, and a number among the latter."""
    separator = separator_of(data.rstrip(b"\r\n"))
    names, values = (
        split_fields(text.rstrip(b"\r\n"), separator).rstrip(b"\n").decode(errors="replace")
        for text in (line, data)
    )
    split = "," if separator == "," else "\t"
    return names.count(split) == values.count(split) and any(
        number_of(value) is not None for value in values.split(split)
    )


class _Parquet:
    """A parquet file in slices of rows."""

    def __init__(self, path):
        self.name, self._frame = path, pl.scan_parquet(path)
        try:
            self.header = self._frame.collect_schema().names()
        except pl.exceptions.PolarsError:
            raise GemcontError(f"{path}: not a parquet file, or truncated") from None

    def tables(self, columns: list[str]) -> Iterator[pl.DataFrame]:
        """Yield polars tables of the named columns."""
        height = self._frame.select(pl.len()).collect().item()
        for start in range(0, height, _ROWS):
            yield self._frame.select(columns).slice(start, _ROWS).collect()

    def place(self, row: int) -> str:
        """Say where a row stands, for messages."""
        return f"{self.name}, row {row + 1}"


class _Text:
    """The lines of a text file, in chunks of whole lines, after its header."""

    def __init__(self, path):
        self.name, self._file = path, open_bytes(path, self)
        line, self._first = self._header_lines()
        if not line.strip():
            raise GemcontError(f"{path}: the file is empty")
        line = line.rstrip(b"\r\n")
        self._separator = separator_of(line)
        self.header = self._names(split_fields(line, self._separator))

    def _header_lines(self):
        """Return the header's line, and a line of data that was read to know it (or nothing).

        Lines of ## are comments; of those with one # the last is the header where it has as many
        fields as the line below, which then holds a number.
        """
        hashed, line = [], self._line().removeprefix(b"\xef\xbb\xbf")
        while line.startswith(b"#") or (line and not line.strip()):
            if line.startswith(b"#") and not line.startswith(_COMMENT):
                hashed.append(line)
            line = self._line()
        if hashed and (not line or _is_header_of(hashed[-1], line)):
            self._before = len(hashed) - 1
            return hashed[-1], line
        self._before = len(hashed)
        return line, b""

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
        text = line.decode(errors="replace").rstrip("\n")
        if "\r" in text:
            raise GemcontError(f"{self.name}: lines end in bare carriage returns; convert them")
        if not text.replace("\t", "").isprintable():
            raise GemcontError(f"{self.name}: not a text file")
        names = [name.strip() for name in next(csv.reader([text], delimiter=delimiter))]
        names[0] = names[0].lstrip("#")
        refuse_twice(names, self.name)
        return names

    def tables(self, columns: list[str]) -> Iterator[pl.DataFrame]:
        """Yield polars tables of text of the named columns."""
        rest, chunk = self._first, b"more"
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

    def place(self, row: int) -> str:
        """Say where a row stands, for messages."""
        try:
            return f"{self.name}, line {line_number(self.name, row + 1 + self._before, _COMMENT)}"
        except GemcontError:  # a pipe is gone once it was read
            return f"{self.name}, data row {row + 1}"
