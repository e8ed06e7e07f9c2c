"""FID IID tables of traits and covariates: files or DataFrames -> numbers and categories."""

import csv
from collections import Counter
from dataclasses import dataclass

import numpy as np
import polars as pl

from gemcont._text import line_number, parse_table, read_text, separator_of, split_fields
from gemcont.errors import GemcontError

MISSING = ("na", "nan", ".", "")  # in any case
DEFAULT_CODES = ("-9",)  # in trait columns, as PLINK


@dataclass(frozen=True)
class SampleTable:
    """A table of samples: ids as text, columns as text or numbers.

    name: the file, or what the table is, for messages; fid: list of str or None; iid: list of
    str; columns: polars table of everything else, in order; path: the file, None in memory.
    """

    name: str
    fid: list | None
    iid: list
    columns: pl.DataFrame
    path: str | None = None

    def place(self, row):
        """Where a row stands, for messages: the line of a file or the sample of a frame."""
        if self.path is None:
            return f"{self.name}, sample {self.iid[row]}"
        try:
            line = f"line {line_number(self.path, row + 1)}"
        except GemcontError:  # a pipe cannot be read twice
            line = f"data row {row + 1}"
        return f"{self.name}, {line} (sample {self.iid[row]})"

    def select(self, names, flag):
        """The named columns (None = all), or GemcontError naming what is not there."""
        present = self.columns.columns
        if not names:
            if not present:
                raise GemcontError(f"{self.name}: no column beside the sample ids")
            return present
        for name in names:
            if name not in present:
                shown = ", ".join(present[:8]) + (" ..." if len(present) > 8 else "")
                raise GemcontError(f"{flag}: {name!r} is not a column of {self.name} ({shown})")
        return list(dict.fromkeys(names))


def read_sample_table(path):
    """Read a table whose header begins FID IID or IID (a leading # is allowed).

    Tabs, commas or blanks, CRLF, byte-order mark and gzip are all read; every value stays text.
    """
    path = str(path)
    data = read_text(path).lstrip(b"\n")
    header = data[: data.find(b"\n")] if b"\n" in data else data
    separator = separator_of(header)
    data = split_fields(data, separator)
    header, _, body = data.partition(b"\n")
    names = _header_names(path, header, separator)
    if not body:
        raise GemcontError(f"{path}: has a header but no samples")
    quote = '"' if b'"' in body else None
    table = parse_table(path, body, separator, dict.fromkeys(names, pl.String), quote_char=quote)
    table = table.with_columns(pl.all().str.strip_chars())
    _refuse_blank_ids(path, table)
    fid = table["FID"].to_list() if "FID" in names else None
    return SampleTable(
        path, fid, table["IID"].to_list(), table.drop("FID", "IID", strict=False), path
    )


def _header_names(path, header, separator):
    try:
        text = header.decode()
    except UnicodeDecodeError:
        raise GemcontError(f"{path}: not UTF-8 text") from None
    delimiter = "," if separator == "," else "\t"
    names = [n.strip() for n in next(csv.reader([text], delimiter=delimiter))]
    names[0] = names[0].lstrip("#")
    ids = [n.upper() for n in names[:2]]
    count = 2 if ids == ["FID", "IID"] else 1 if ids[0] == "IID" else 0
    if not count:
        raise GemcontError(
            f"{path}: the first line must name its columns, FID IID or IID first; it begins "
            f"{' '.join(text.split())[:60]!r}"
        )
    names = [*ids[:count], *names[count:]]
    if "" in names:
        raise GemcontError(f"{path}: a column of the header has no name (a separator too many?)")
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise GemcontError(f"{path}: column {twice[0]!r} stands twice")
    return names


def _refuse_blank_ids(path, table):
    for name in ("FID", "IID"):
        if name in table.columns and table[name].null_count():
            row = int(table[name].is_null().arg_max())
            raise GemcontError(f"{path}, line {line_number(path, row + 1)}: {name} is blank")


def from_frame(frame, name):
    """A pandas DataFrame indexed by sample id (or by FID, IID) as a ``SampleTable``."""
    if not hasattr(frame, "index") or not hasattr(frame, "columns"):
        raise GemcontError(
            f"{name}: must be a DataFrame indexed by sample id, not {type(frame).__name__}"
        )
    index = frame.index
    if index.nlevels > 2:
        raise GemcontError(f"{name}: index by sample id, or by FID and IID")
    ids = [[str(i) for i in index.get_level_values(level)] for level in range(index.nlevels)]
    names = [str(c) for c in frame.columns]
    if len(set(names)) < len(names):
        raise GemcontError(f"{name}: two columns have the same name")
    columns = {n: _series(frame.iloc[:, j]) for j, n in enumerate(names)}
    return SampleTable(name, ids[0] if len(ids) == 2 else None, ids[-1], pl.DataFrame(columns))


def _series(values):
    categorical = values.dtype.name == "category"
    blank = values.isna().to_numpy()
    if not categorical and values.dtype.kind in "fiub":
        numbers = values.to_numpy(dtype=np.float64, na_value=np.nan)
        return pl.Series(numbers, nan_to_null=True)
    values = [f"{v} " if categorical else v for v in values]  # a category is never a number
    return pl.Series(
        [None if b else str(v) for v, b in zip(values, blank, strict=True)], dtype=pl.String
    )


def numeric_columns(table, names, *, codes=()):
    """Columns as float64 (samples, columns), NaN where missing.

    Missing: NA, nan, ``.``, blank, and any of ``codes`` (compared as numbers where they are).
    Returns the matrix and, per column, how many values were missing by a code. Raises
    GemcontError naming the row of a value that is text or infinite.
    """
    matrix = np.empty((table.columns.height, len(names)))
    coded = {}
    for j, name in enumerate(names):
        matrix[:, j] = _numbers(table, name, codes)
        hit = np.isin(matrix[:, j], [float(c) for c in codes if _is_number(c)])
        coded[name] = int(hit.sum()) + _text_codes(table.columns[name], codes)
        matrix[hit, j] = np.nan
    return matrix, coded


def _numbers(table, name, codes):
    values, column = parse_numbers(table.columns[name])
    words = [c for c in codes if not _is_number(c)]
    bad = values.is_null() & column.is_not_null() & ~column.cast(pl.String).is_in(words)
    if bad.any():
        row = int(bad.arg_max())
        raise GemcontError(
            f"{table.place(row)}: {name} is {column[row]!r}, not a number; "
            "choose other columns by name, or correct it"
        )
    if values.is_infinite().any():
        row = int(values.is_infinite().arg_max())
        raise GemcontError(f"{table.place(row)}: {name} is infinite ({column[row]})")
    return values.fill_null(np.nan).to_numpy()


def _text_codes(column, codes):
    words = [c for c in codes if not _is_number(c)]
    return int(column.cast(pl.String).is_in(words).sum()) if words else 0


def parse_numbers(column):
    """(numbers, column): values as floats, null where they are not; missing ones null in both."""
    if column.dtype != pl.String:
        return column, column
    known = ~column.str.to_lowercase().is_in(list(MISSING))
    column = column.set(~known, None)
    values = column.cast(pl.Float64, strict=False)
    return values.set(values.is_nan(), None), column


def _is_number(text):
    try:
        float(text)
    except ValueError:
        return False
    return True


@dataclass(frozen=True)
class Covariate:
    """One covariate over the table's samples: numbers, or codes into the names of categories.

    values: float64, NaN missing; levels: names of the categories, None for a number.
    """

    name: str
    values: np.ndarray
    levels: list | None = None

    def at(self, rows):
        """The covariate over other samples: their rows here, negative where they have none."""
        values = np.where(rows < 0, np.nan, self.values[rows])
        return Covariate(self.name, values, self.levels)

    def labelled(self, rows):
        """Values of some samples as a formula sees them: numbers, or names of categories."""
        values = self.values[rows]
        return values if self.levels is None else [self.levels[int(v)] for v in values]

    def design(self, rows):
        """(columns (rows, c), their names): a number, or one column per level but the first."""
        values = self.values[rows]
        if self.levels is None:
            return values[:, None], [self.name]
        present = np.unique(values).astype(int)
        columns = (values[:, None] == present[1:]).astype(np.float64)
        return columns, [f"{self.name}={self.levels[i]}" for i in present[1:]]


def covariates(table, names):
    """``Covariate`` of each named column: categorical where no value is a number.

    Raises GemcontError for a column that mixes numbers and text, or holds infinity.
    """
    return [_covariate(table, name) for name in names]


def _covariate(table, name):
    values, column = parse_numbers(table.columns[name])
    if values.null_count() < len(values) or column.null_count() == len(column):
        return Covariate(name, _numbers(table, name, ()))
    levels = sorted(column.drop_nulls().unique())
    code = {level: float(i) for i, level in enumerate(levels)}
    values = np.array([code.get(v, np.nan) for v in column])
    return Covariate(name, values, [level.strip() for level in levels])
