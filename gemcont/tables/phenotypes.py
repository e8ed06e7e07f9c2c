"""Tables of samples with their ids, traits and covariates: files -> numbers and text."""

import csv
import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from gemcont.errors import GemcontError
from gemcont.tables.files import load_array
from gemcont.text.files import decoded, read_text, readable
from gemcont.text.ids import SEX, bare_names, find_ids, refuse_twice
from gemcont.text.parse import (
    line_number,
    number_of,
    parse_matrix,
    parse_numbers,
    parse_quoted,
    separator_of,
    split_fields,
)

log = logging.getLogger(__name__)

DEFAULT_CODES = ("-9",)  # in trait columns, as PLINK
_CELLS = 1 << 20  # of columns of text that become numbers together
_TEXTS = (pl.String, pl.Categorical, pl.Enum)


@dataclass(frozen=True, kw_only=True)
class SampleTable:
    """A table of samples: ids as text, columns as text or numbers.

    Attributes:
        name: the file, or what the table is, for messages.
        fid: list of str, or None.
        iid: list of str.
        columns: polars table of everything else, in order: float64, null or NaN where missing, or
            text.
        path: the text file, None for what came as numbers (DataFrame, .parquet, .npy).
        id_columns: the columns that are PLINK's further ids (SID, PAT, MAT).
        by_position: whether the ids are but the numbers of a DataFrame's rows.
    """

    name: str
    fid: list[str] | None
    iid: list[str]
    columns: pl.DataFrame
    path: str | None = None
    id_columns: tuple[str, ...] = ()
    by_position: bool = False

    def place(self, row: int) -> str:
        """Say where a row stands, for messages: the line of a file or the sample of a frame."""
        if self.path is None:
            return f"{self.name}, sample {self.iid[row]}"
        try:
            line = f"line {line_number(self.path, row + 1)}"
        except GemcontError:  # a pipe cannot be read twice
            line = f"data row {row + 1}"
        return f"{self.name}, {line} (sample {self.iid[row]})"

    def select(self, names: Sequence[str] | None, flag: str) -> list[str]:
        """Return the named columns, or GemcontError naming what is not there.

        None is all but the id columns, and but SEX where traits are chosen: what a .psam brings
        beside its traits is a trait or covariate only where it is asked for.
        """
        present = self.columns.columns
        if not names:
            return self._default_columns(flag)
        known = set(present)
        for name in names:
            if name not in known:
                shown = ", ".join(present[:8]) + (" ..." if len(present) > 8 else "")
                raise GemcontError(f"{flag}: {name!r} is not a column of {self.name} ({shown})")
        return list(dict.fromkeys(names))

    def _default_columns(self, flag):
        aside = set(self.id_columns) | ({SEX} if flag == "--pheno-name" else set())
        chosen = [name for name in self.columns.columns if name not in aside]
        left = [name for name in self.columns.columns if name in aside]
        if not chosen:
            hint = f" (ask for {left[0]} by {flag} {left[0]})" if left else ""
            raise GemcontError(f"{self.name}: no column beside the sample ids{hint}")
        if left:
            log.info("%s of %s left out: %s NAME asks for it", ", ".join(left), self.name, flag)
        return chosen


def read_sample_table(path: str | os.PathLike) -> SampleTable:
    """Read a table of traits or covariates: text, or by its ending a ``.parquet`` or ``.npy``.

    Text: a header with FID IID or IID (a leading # is allowed), tabs, commas or blanks, CRLF, a
    byte-order mark, gzip. Columns of nothing but finite numbers and missing values
    (``gemcont.text.parse.MISSING``) become float64, the others stay text.
    .parquet: columns FID IID or IID. Numbers become float64, missing where null or NaN; all
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
    ids, values, names, texts, others = _parsed(path)
    columns = pl.DataFrame(values, schema=names, orient="row").with_columns(texts)
    fid, iid = _id_lists(ids)
    return SampleTable(name=path, fid=fid, iid=iid, columns=columns, path=path, id_columns=others)


def _parsed(path):
    """Return ids, float64 of the other columns and their names, text columns, and further ids."""
    data = read_text(path).lstrip(b"\n")
    header = data[: data.find(b"\n")] if b"\n" in data else data
    separator = separator_of(header)
    data = split_fields(data, separator)
    header, _, data = data.partition(b"\n")  # the whole is let go: it can be gigabytes
    names, at, others = _header_names(path, header, separator)
    if not data:
        raise GemcontError(f"{path}: has a header but no samples")

    def _columns_of(chosen, quote):
        schema = dict.fromkeys(names, pl.String)
        table, quote = parse_quoted(path, data, separator, schema, quote_char=quote, columns=chosen)
        return table.with_columns(pl.all().str.strip_chars()), quote

    ids, quote = _columns_of([names[j] for j in at], '"' if b'"' in data else None)
    _refuse_blank_ids(ids, lambda row: f"{path}, line {line_number(path, row + 1)}")
    values, texts = parse_matrix(path, data, separator, len(names), quote)
    kept = [j for j in range(len(names)) if j not in at]
    texts = [names[j] for j in texts if j not in at]
    texts = _columns_of(texts, quote)[0] if texts else []
    first = len(at) if at == list(range(len(at))) else None  # a slice shares memory
    values = values[:, kept] if first is None else values[:, first:]
    return ids, values, [names[j] for j in kept], texts, others


def _header_names(path, header, separator):
    text = decoded(path, header)
    delimiter = "," if separator == "," else "\t"
    names = next(csv.reader([text], delimiter=delimiter))
    return _named(
        path,
        names,
        "the first line must name its columns, FID IID or IID among them; it begins "
        f"{' '.join(text.split())[:60]!r}",
    )


def _named(path, names, fault):
    """Return names of all columns, positions of the ids and further ids, or raise ``fault``."""
    names = bare_names(names)
    id_columns = find_ids(names, path)
    if id_columns is None:
        raise GemcontError(f"{path}: {fault}")
    for position, name in ((id_columns.fid, "FID"), (id_columns.iid, "IID")):
        if position is not None:
            names[position] = name
    if "" in names:
        raise GemcontError(f"{path}: a column of the header has no name (a separator too many?)")
    refuse_twice(names, path)
    positions = (
        [id_columns.iid] if id_columns.fid is None else sorted((id_columns.fid, id_columns.iid))
    )
    return names, positions, id_columns.others


def _refuse_blank_ids(ids, row_name):
    for column in ids.iter_columns():
        if column.null_count():
            raise GemcontError(
                f"{row_name(int(column.is_null().arg_max()))}: {column.name} is blank"
            )


def _id_lists(ids):
    """Return FIDs (or None) and IIDs of a table of ids."""
    return ids["FID"].to_list() if "FID" in ids.columns else None, ids["IID"].to_list()


def _read_parquet(path):
    try:
        with readable(path), open(path, "rb"):
            table = pl.read_parquet(path, glob=False)
    except pl.exceptions.PolarsError:
        raise GemcontError(f"{path}: not a parquet file, or truncated") from None
    shown = " ".join(table.columns)[:60]
    fault = f"has no column IID (an index is none); its columns are {shown!r}"
    names, at, others = _named(path, table.columns, fault)
    if not table.height:
        raise GemcontError(f"{path}: has columns but no samples")
    series = [s.alias(name) for s, name in zip(table.get_columns(), names, strict=True)]
    ids = pl.DataFrame([_id_text(path, series[j]) for j in at])
    _refuse_blank_ids(ids, lambda row: f"{path}, data row {row + 1}")
    columns = [plain_column(s) for j, s in enumerate(series) if j not in at]
    fid, iid = _id_lists(ids)
    return SampleTable(
        name=path, fid=fid, iid=iid, columns=pl.DataFrame(columns), id_columns=others
    )


def _id_text(path, ids):
    if not ids.dtype.is_integer() and ids.dtype not in _TEXTS:
        raise GemcontError(
            f"{path}: {ids.name} is of type {ids.dtype}; write ids as text or whole numbers"
        )
    ids = ids.cast(pl.String).str.strip_chars()
    return ids.set(ids == "", None)


def plain_column(column: pl.Series) -> pl.Series:
    """Return a polars column of any type as float64 or text."""
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
    ids_path = f"{stem}.ids.tsv"
    if not os.path.exists(ids_path):
        raise GemcontError(
            f"{path}: has no ids; write {ids_path}, a table FID IID or IID with a line per row"
        )
    ids = _read_text_table(ids_path)
    if len(ids.iid) != len(values):
        raise GemcontError(
            f"{ids_path}: names {len(ids.iid)} samples, {path} has {len(values)} rows"
        )
    names = _trait_names(f"{stem}.names.txt", values.shape[1])
    columns = pl.DataFrame(values, schema=names, orient="row")
    return SampleTable(name=path, fid=ids.fid, iid=ids.iid, columns=columns)


def _trait_names(path, count):
    """Return names for the columns of an array: the lines of a file, or trait1, trait2 ..."""
    if not os.path.exists(path):
        return [f"trait{i + 1}" for i in range(count)]
    names = [name.strip() for name in decoded(path, read_text(path)).rstrip().split("\n")]
    if "" in names:
        raise GemcontError(f"{path}, line {names.index('') + 1}: the name is blank")
    if len(names) != count:
        raise GemcontError(f"{path}: names {len(names)} traits, the array has {count}")
    refuse_twice(names, path)
    return names


def numeric_columns(
    table: SampleTable, names: Sequence[str], *, codes: Sequence[str] = ()
) -> tuple[np.ndarray, dict[str, int]]:
    """Return columns as float64 (samples, columns), and how many values a code made missing.

    Args:
        table: the table.
        names: its columns.
        codes: what is missing beside the words of ``gemcont.text.parse.MISSING``, compared as
            numbers where they are.

    Returns:
        The matrix, NaN where missing, and by column the number of values missing by a code.

    Raises:
        GemcontError: naming the row of a value that is text or infinite.
    """
    columns = table.columns.select(names)
    read: list[pl.Series] = []
    coded: dict[str, int] = {}
    texts = [name for name, kind in columns.schema.items() if kind == pl.String]
    size = max(1, _CELLS // max(1, columns.height))
    for start in range(0, len(texts), size):
        some, counts = text_to_numbers(table, texts[start : start + size], codes)
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


def text_to_numbers(
    table: SampleTable, names: Sequence[str], codes: Sequence[str] = ()
) -> tuple[list[pl.Series], dict[str, int]]:
    """Return text columns as float64, null where missing, and the number of codes in each.

    Counted are the values that are words among ``codes``. Raises GemcontError for the first value
    that is text or infinite.
    """
    height = table.columns.height
    values, column = parse_numbers(pl.concat([table.columns[name] for name in names]))
    worded = column.cast(pl.String).is_in([c for c in codes if not _is_number(c)])
    text = column.is_not_null() & ~worded & values.is_null()
    wrong = text | values.is_infinite().fill_null(False)
    if wrong.any():
        which = int(wrong.arg_max() or 0) // height
        text, wrong = (flaw.slice(which * height, height) for flaw in (text, wrong))
        flaw = text if text.any() else wrong
        raise _fault(table, names[which], int(flaw.arg_max() or 0), text.any())
    starts = {name: i * height for i, name in enumerate(names)}
    counts = {name: int(worded.slice(start, height).sum()) for name, start in starts.items()}
    return [values.slice(start, height).alias(n) for n, start in starts.items()], counts


def _fault(table, name, row, is_text):
    """Return the GemcontError for a value that is text, or else infinite."""
    where, shown = table.place(row), table.columns[name][row]
    if not is_text:
        return GemcontError(f"{where}: {name} is infinite ({shown})")
    return GemcontError(
        f"{where}: {name} is {shown!r}, not a number; choose other columns by name, or correct it"
    )


def _is_number(text):
    return number_of(text) is not None
