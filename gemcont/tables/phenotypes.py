"""FID IID tables of traits and covariates: files or DataFrames -> numbers and categories."""

import csv
import os
from collections import Counter
from dataclasses import dataclass

import numpy as np
import polars as pl

from gemcont._text import (
    line_number,
    parse_matrix,
    parse_numbers,
    parse_quoted,
    read_text,
    readable,
    separator_of,
    split_fields,
)
from gemcont.errors import GemcontError
from gemcont.tables.files import load_array

DEFAULT_CODES = ("-9",)  # in trait columns, as PLINK
_CELLS = 1 << 20  # of columns of text that become numbers together
_TEXTS = (pl.String, pl.Categorical, pl.Enum)


@dataclass(frozen=True)
class SampleTable:
    """A table of samples: ids as text, columns as text or numbers.

    name: the file, or what the table is, for messages; fid: list of str or None; iid: list of
    str; columns: polars table of everything else, in order: float64, null or NaN where missing,
    or text; path: the text file, None for what came as numbers (DataFrame, .parquet, .npy).
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
        known = set(present)
        for name in names:
            if name not in known:
                shown = ", ".join(present[:8]) + (" ..." if len(present) > 8 else "")
                raise GemcontError(f"{flag}: {name!r} is not a column of {self.name} ({shown})")
        return list(dict.fromkeys(names))


def read_sample_table(path):
    """Read a table of traits or covariates: text, or by its ending a ``.parquet`` or ``.npy``.

    Text: a header that begins FID IID or IID (a leading # is allowed), tabs, commas or blanks,
    CRLF, a byte-order mark, gzip. Columns of nothing but finite numbers and missing values (NA,
    nan, ``.``, blank) become float64, the others stay text.
    .parquet: columns FID IID or IID first. Numbers become float64, missing where null or NaN; all
    else is text, and a categorical column stays one where its categories are numbers.
    NAME.npy: numbers (samples, traits), NaN missing. NAME.ids.tsv beside it is a text table of
    the rows' ids; NAME.names.txt, if there is one, names the traits, one a line (else trait1 ...).

    Like a DataFrame, the last two have no missing codes but those that are asked for: their -9
    is a number. Raises GemcontError naming the file, its line, and what is wrong.
    """
    path = str(path)
    ending = os.path.splitext(path)[1].lower()
    readers = {".parquet": _read_parquet, ".npy": _read_npy}
    return readers.get(ending, _read_text_table)(path)


def _read_text_table(path):
    ids, values, names, texts = _parsed(path)
    columns = pl.DataFrame(values, schema=names, orient="row").with_columns(texts)
    return SampleTable(path, *_id_lists(ids), columns, path)


def _parsed(path):
    """(ids, float64 of the other columns, their names, text of those that are text) of a text."""
    data = read_text(path).lstrip(b"\n")
    header = data[: data.find(b"\n")] if b"\n" in data else data
    separator = separator_of(header)
    data = split_fields(data, separator)
    header, _, data = data.partition(b"\n")  # the whole is let go: it can be gigabytes
    names, n_ids = _header_names(path, header, separator)
    if not data:
        raise GemcontError(f"{path}: has a header but no samples")

    def columns_of(chosen, quote):
        schema = dict.fromkeys(names, pl.String)
        table, quote = parse_quoted(path, data, separator, schema, quote, chosen)
        return table.with_columns(pl.all().str.strip_chars()), quote

    ids, quote = columns_of(names[:n_ids], '"' if b'"' in data else None)
    _refuse_blank_ids(ids, lambda row: f"{path}, line {line_number(path, row + 1)}")
    values, texts = parse_matrix(path, data, separator, len(names), quote)
    texts = [names[j] for j in texts if j >= n_ids]
    texts = columns_of(texts, quote)[0] if texts else []
    return ids, values[:, n_ids:], names[n_ids:], texts


def _header_names(path, header, separator):
    try:
        text = header.decode()
    except UnicodeDecodeError:
        raise GemcontError(f"{path}: not UTF-8 text") from None
    delimiter = "," if separator == "," else "\t"
    names = next(csv.reader([text], delimiter=delimiter))
    return _named(
        path,
        names,
        "the first line must name its columns, FID IID or IID first; it begins "
        f"{' '.join(text.split())[:60]!r}",
    )


def _named(path, names, fault):
    """(names of all columns, how many of them are ids: 1 or 2), or GemcontError of a ``fault``."""
    names = [name.strip() for name in names]
    names[:1] = [name.lstrip("#") for name in names[:1]]
    ids = [name.upper() for name in names[:2]]
    count = 2 if ids == ["FID", "IID"] else 1 if ids[:1] == ["IID"] else 0
    if not count:
        raise GemcontError(f"{path}: {fault}")
    names = [*ids[:count], *names[count:]]
    if "" in names:
        raise GemcontError(f"{path}: a column of the header has no name (a separator too many?)")
    _refuse_twice(path, names)
    return names, count


def _refuse_twice(path, names):
    twice = [name for name, count in Counter(names).items() if count > 1]
    if twice:
        raise GemcontError(f"{path}: column {twice[0]!r} stands twice")


def _refuse_blank_ids(ids, place):
    for column in ids.iter_columns():
        if column.null_count():
            raise GemcontError(f"{place(int(column.is_null().arg_max()))}: {column.name} is blank")


def _id_lists(ids):
    """(FIDs or None, IIDs) of a table of ids."""
    return ids["FID"].to_list() if "FID" in ids.columns else None, ids["IID"].to_list()


def _read_parquet(path):
    try:
        with readable(path), open(path, "rb"):
            table = pl.read_parquet(path, glob=False)
    except pl.exceptions.PolarsError:
        raise GemcontError(f"{path}: not a parquet file, or truncated") from None
    shown = " ".join(table.columns)[:60]
    fault = f"FID IID or IID must be its first columns (an index is none); it begins {shown!r}"
    names, n_ids = _named(path, table.columns, fault)
    if not table.height:
        raise GemcontError(f"{path}: has columns but no samples")
    series = [s.alias(name) for s, name in zip(table.get_columns(), names, strict=True)]
    ids = pl.DataFrame([_id_text(path, s) for s in series[:n_ids]])
    _refuse_blank_ids(ids, lambda row: f"{path}, data row {row + 1}")
    return SampleTable(path, *_id_lists(ids), pl.DataFrame([_plain(s) for s in series[n_ids:]]))


def _id_text(path, ids):
    if not ids.dtype.is_integer() and ids.dtype not in _TEXTS:
        raise GemcontError(
            f"{path}: {ids.name} is of type {ids.dtype}; write ids as text or whole numbers"
        )
    ids = ids.cast(pl.String).str.strip_chars()
    return ids.set(ids == "", None)


def _plain(column):
    """A column of any type as float64 or text."""
    if column.dtype.is_numeric() or column.dtype in (pl.Boolean, pl.Null):
        return column.cast(pl.Float64)
    if column.dtype == pl.String:
        return column.str.strip_chars()
    if column.dtype in _TEXTS:
        return column.cast(pl.String) + " "  # a category is never a number
    words = [None if value is None else str(value) for value in column]
    return pl.Series(column.name, words, dtype=pl.String)


def _read_npy(path):
    values, stem = np.asarray(load_array(path, "(samples, traits)")), os.path.splitext(path)[0]
    beside = f"{stem}.ids.tsv"
    if not os.path.exists(beside):
        raise GemcontError(
            f"{path}: has no ids; write {beside}, a table FID IID or IID with a line per row"
        )
    ids = _read_text_table(beside)
    if len(ids.iid) != len(values):
        raise GemcontError(f"{beside}: names {len(ids.iid)} samples, {path} has {len(values)} rows")
    names = _trait_names(f"{stem}.names.txt", values.shape[1])
    return SampleTable(path, ids.fid, ids.iid, pl.DataFrame(values, schema=names, orient="row"))


def _trait_names(path, count):
    """Names of the columns of an array: the lines of a file, or trait1, trait2 ..."""
    if not os.path.exists(path):
        return [f"trait{i + 1}" for i in range(count)]
    try:
        names = [name.strip() for name in read_text(path).decode().rstrip().split("\n")]
    except UnicodeDecodeError:
        raise GemcontError(f"{path}: not UTF-8 text") from None
    if "" in names:
        raise GemcontError(f"{path}, line {names.index('') + 1}: the name is blank")
    if len(names) != count:
        raise GemcontError(f"{path}: names {len(names)} traits, the array has {count}")
    _refuse_twice(path, names)
    return names


def from_frame(frame, name):
    """A pandas DataFrame indexed by sample id (or by FID, IID) as a ``SampleTable``."""
    if not hasattr(frame, "index") or not hasattr(frame, "columns"):
        raise GemcontError(
            f"{name}: must be a DataFrame indexed by sample id, not {type(frame).__name__}"
        )
    ids = ids_of_index(frame.index, name)
    names = [str(c) for c in frame.columns]
    if len(set(names)) < len(names):
        raise GemcontError(f"{name}: two columns have the same name")
    columns = {n: _series(column) for n, (_, column) in zip(names, frame.items(), strict=True)}
    return SampleTable(name, *ids, pl.DataFrame(columns))


def ids_of_index(index, name):
    """(FIDs or None, IIDs) of a pandas index of one or two levels, as text."""
    if index.nlevels > 2:
        raise GemcontError(f"{name}: index by sample id, or by FID and IID")
    ids = [[str(i) for i in index.get_level_values(level)] for level in range(index.nlevels)]
    return ids[0] if len(ids) == 2 else None, ids[-1]


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
    columns, read, coded = table.columns.select(names), [], {}
    texts = [name for name, kind in columns.schema.items() if kind == pl.String]
    size = max(1, _CELLS // max(1, columns.height))
    for start in range(0, len(texts), size):
        some, counts = _numbers(table, texts[start : start + size], codes)
        read += some
        coded |= counts
    matrix = columns.with_columns(read).to_numpy(order="c", writable=True)
    infinite = np.isinf(matrix)
    if infinite.any():
        which, row = divmod(int(infinite.T.argmax()), columns.height)
        raise _fault(table, names[which], row, False)
    hit = np.isin(matrix, [float(c) for c in codes if _is_number(c)])
    matrix[hit] = np.nan
    hits = np.count_nonzero(hit, axis=0).tolist()
    return matrix, {name: n + coded.get(name, 0) for name, n in zip(names, hits, strict=True)}


def _numbers(table, names, codes=()):
    """(columns as float64, null where missing; how many values of each are words among ``codes``).

    Raises GemcontError for the first value that is text or infinite.
    """
    height = table.columns.height
    values, column = parse_numbers(pl.concat([table.columns[name] for name in names]))
    worded = column.cast(pl.String).is_in([c for c in codes if not _is_number(c)])
    text = column.is_not_null() & ~worded & values.is_null()
    wrong = text | values.is_infinite().fill_null(False)
    if wrong.any():
        which = int(wrong.arg_max()) // height
        text, wrong = (flaw.slice(which * height, height) for flaw in (text, wrong))
        flaw = text if text.any() else wrong
        raise _fault(table, names[which], int(flaw.arg_max()), text.any())
    starts = {name: i * height for i, name in enumerate(names)}
    counts = {name: worded.slice(start, height).sum() for name, start in starts.items()}
    return [values.slice(start, height).alias(n) for n, start in starts.items()], counts


def _fault(table, name, row, is_text):
    """The GemcontError for a value that is text, or else infinite."""
    place, shown = table.place(row), table.columns[name][row]
    if not is_text:
        return GemcontError(f"{place}: {name} is infinite ({shown})")
    return GemcontError(
        f"{place}: {name} is {shown!r}, not a number; choose other columns by name, or correct it"
    )


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
        (values,), _ = _numbers(table, [name])
        return Covariate(name, values.fill_null(np.nan).to_numpy())
    levels = sorted(column.drop_nulls().unique())
    code = {level: float(i) for i, level in enumerate(levels)}
    values = np.array([code.get(v, np.nan) for v in column])
    return Covariate(name, values, [level.strip() for level in levels])
