"""Lists of samples and of variants, as --keep, --remove, --extract and --exclude take them."""

import csv
import os
from typing import Any

import numpy as np

from gemcont.errors import GemcontError
from gemcont.genotype.align import SampleIds, match_list
from gemcont.genotype.source import GenotypeSource
from gemcont.text.files import decoded, read_text
from gemcont.text.ids import bare_names, find_ids
from gemcont.text.parse import line_number, separator_of, split_fields

# A path, a sequence, a column or a table of pandas or polars: no type of its own fits all of them.
SampleList = Any
VariantList = Any
# A first line of one of these words alone is the header of a list of variants.
_VARIANT_HEADERS = ("ID", "SNP", "SNPID", "RSID", "VARIANT_ID", "VARIANT", "MARKERNAME")


def keep_and_remove(
    source: GenotypeSource, keep: SampleList = None, remove: SampleList = None
) -> tuple[np.ndarray, dict[str, int]]:
    """Return which samples of a source are kept, and how many each flag removes.

    Args:
        source: of the genotypes.
        keep: samples to keep: a path, ids, or a table with a column IID, as ``read_sample_list``
            takes it; None = all.
        remove: samples to remove, likewise; None = none.

    Returns:
        bool (samples,), and the numbers by flag.

    Raises:
        GemcontError: no sample of a list is in the source, or none is left.
    """
    kept = np.ones(source.n_samples, dtype=bool)
    removed: dict[str, int] = {}
    for flag, given in (("--keep", keep), ("--remove", remove)):
        if given is None:
            continue
        ids = read_sample_list(given, flag)
        member = match_list(source.sample_ids, ids, flag)
        leaving = ~member if flag == "--keep" else member
        removed[flag] = int((kept & leaving).sum())
        kept &= ~leaving
        if not kept.any():
            raise GemcontError(f"{flag}: no sample of {source.name} is left")
    return kept, removed


def read_sample_list(given: SampleList, name: str = "the list of samples") -> SampleIds:
    """Return the ``SampleIds`` of a list of samples.

    Args:
        given: a path; or in Python a sequence of IIDs or of (FID, IID), an index or a column of
            pandas, or a table with a column IID. A file holds FID IID or IID a line, separated by
            tabs, blanks or commas, quoted or not; a header says by name which columns they are, as
            in a .psam.
        name: used in messages if the list is no file.

    Raises:
        GemcontError: something that is no list of samples.
    """
    if isinstance(given, str | os.PathLike):
        return _read_sample_file(os.fspath(given))
    if hasattr(given, "columns"):
        return _ids_of_table(given, name)
    rows = [r if isinstance(r, tuple | list) else (r,) for r in _members(given, name)]
    if any(len(row) not in (1, 2) for row in rows) or len({len(row) for row in rows}) > 1:
        raise GemcontError(f"{name}: must be ids, or pairs of FID and IID")
    fid = [str(row[0]) for row in rows] if rows and len(rows[0]) == 2 else None
    return SampleIds(name, fid, [str(row[-1]) for row in rows])


def _members(given, name):
    try:
        return list(given)
    except TypeError:
        raise GemcontError(
            f"{name}: must be a path or a sequence of ids, not {type(given).__name__}"
        ) from None


def _ids_of_table(table, name):
    names = bare_names(table.columns)
    columns = find_ids(names, name)
    if columns is None:
        raise GemcontError(f"{name}: the table has no column IID")
    fid, iid = (
        None if at is None else [str(v) for v in table[table.columns[at]]]
        for at in (columns.fid, columns.iid)
    )
    return SampleIds(name, fid, iid)


def _read_sample_file(path):
    rows = _rows_of(path)
    if not rows:
        return SampleIds(path, None, [])
    columns, first = _columns(path, rows[0]), 0
    if columns is None:
        columns = _columns_by_count(path, rows)
    else:
        first = 1
    fid, iid = (None if at is None else _column(path, rows, first, at) for at in columns)
    return SampleIds(path, fid, iid)


def _rows_of(path):
    """Return the fields of every line that has any."""
    data = read_text(path, empty=True).lstrip(b"\n")
    separator = separator_of(data.partition(b"\n")[0])
    delimiter = "," if separator == "," else "\t"
    rows = []
    for line in decoded(path, split_fields(data, separator)).split("\n")[:-1]:
        quoted = '"' in line
        fields = next(csv.reader([line], delimiter=delimiter)) if quoted else line.split(delimiter)
        rows.append([field.strip() for field in fields])
    return rows


def _columns(path, first):
    """Return the columns of FID (or None) and IID by the header, None if the first line is none."""
    names = bare_names(first)
    columns = find_ids(names, path)
    if columns is not None:
        return columns.fid, columns.iid
    if first[0].startswith("#") or names[0].upper() == "FID":
        raise GemcontError(f"{path}: its header has no column IID ({' '.join(first)[:60]})")
    return None


def _columns_by_count(path, rows):
    """Return the columns without a header: FID and IID first, or one IID a line."""
    if all(len(fields) == 1 for fields in rows):
        return None, 0
    short = next((i for i, fields in enumerate(rows) if len(fields) < 2), None)
    if short is not None:
        raise GemcontError(
            f"{path}: line {line_number(path, short)}: {rows[short][0]!r} stands alone; write FID "
            "and IID, or only IIDs"
        )
    return 0, 1


def _column(path, rows, first, at):
    for i, fields in enumerate(rows[first:], first):
        if len(fields) <= at or not fields[at]:
            raise GemcontError(f"{path}: line {line_number(path, i)}: the id is blank")
    return [fields[at] for fields in rows[first:]]


def read_variant_ids(given: VariantList, name: str = "the list of variants") -> list[str]:
    """Return the variant ids of a list, in order.

    Args:
        given: a path; or in Python a sequence of ids or a column. A file holds any number of ids a
            line, quoted or not; if it has PLINK 2's header (#CHROM ... ID), its column ID counts.
            An empty file is an empty list.
        name: used in messages if the list is no file.
    """
    if not isinstance(given, str | os.PathLike):
        return [str(value) for value in _members(given, name)]
    path = os.fspath(given)
    text = decoded(path, split_fields(read_text(path, empty=True), " "))
    lines = [[cell.strip('"') for cell in line.split("\t")] for line in text.split("\n")[:-1]]
    lines = [line for i, line in enumerate(lines) if i == 0 or not line[0].startswith("##")]
    while lines and lines[0][0].startswith("##"):
        lines = lines[1:]
    names = [name.lstrip("#").upper() for name in lines[0]] if lines else []
    if lines and lines[0][0].startswith("#") and "ID" in names:
        at = names.index("ID")
        return [line[at] for line in lines[1:] if len(line) > at]
    if len(names) == 1 and names[0] in _VARIANT_HEADERS:
        lines = lines[1:]
    return [cell for line in lines for cell in line]
