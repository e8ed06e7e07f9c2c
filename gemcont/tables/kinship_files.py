"""Kinship matrices as files: our own, GCTA's binary, NumPy's, and text as GEMMA or PLINK 2 write.

A prefix PREFIX of ours stands for PREFIX.grm.npy (the matrix), PREFIX.grm.id (FID and IID of its
rows) and, once it was made, PREFIX.eigen.npz (its eigendecomposition).
"""

import hashlib
import os
import zipfile
import zlib
from collections.abc import Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from gemcont.errors import GemcontError
from gemcont.tables.files import load_array, unfinished
from gemcont.text.files import read_text, readable

_TOLERANCE = 1e-6  # of the largest entry: what is written with seven digits is symmetric
_TILE = 512  # rows of a matrix, which can be larger than memory, that are looked at together
_DIGEST_ROWS = 64
_LAYOUT = (
    "a line 'FID IID' or 'IID' for every row of the matrix (a header '#FID IID' or '#IID' may lead)"
)


class KinshipFile(NamedTuple):
    """A kinship matrix and the ids of its samples.

    Attributes:
        name: path of the matrix, for messages.
        fid: list of str, or None.
        iid: list of str, or None where the rows are the genotype file's samples in order.
        matrix: float64 (N, N), a memory map where it came as .npy.
        eigen: path of its eigendecomposition, or None.
        prefix: beginning of the names of files that go with it.
        files: the paths that were read.
    """

    name: str
    fid: list[str] | None
    iid: list[str] | None
    matrix: np.ndarray
    eigen: str | None
    prefix: str
    files: list[str]


def read_kinship(path: str | os.PathLike) -> KinshipFile:
    """Read the kinship matrix that a path or a prefix stands for.

    A file of exactly the given name comes before those whose prefix it is.

    Args:
        path: PREFIX or PREFIX.grm.npy: what ``write_kinship`` wrote. PREFIX, PREFIX.grm or
            PREFIX.grm.bin: GCTA's float32 lower triangle, ids in PREFIX.grm.id. NAME.npy: a square
            array, ids in NAME.id. Any other file: a square matrix as text, plain or gzip, ids in
            FILE.id if there is one (a .rel must have them).

    Raises:
        GemcontError: naming the file, line, row or sample: no such file, ids missing or too few,
            not square, not numbers, not finite, not symmetric to 1e-6 of the largest entry.
    """
    reader, path = _reader_of(str(path))
    return checked_kinship(reader(path))


def checked_kinship(file: KinshipFile) -> KinshipFile:
    """Return a ``KinshipFile`` that is square and symmetric, or raise GemcontError."""
    rows, columns = file.matrix.shape
    if rows != columns or not rows:
        raise GemcontError(f"{file.name}: not square (it has {rows} rows x {columns} columns)")
    _refuse_asymmetry(file, _TOLERANCE * _largest_entry(file))
    return file


def _reader_of(path):
    """Return the function that reads a path's format, and the path or prefix that it takes."""
    forms = {".grm.npy": _read_own, ".grm.bin": _read_gcta}
    for ending, reader in forms.items():
        if path.endswith(ending):
            return reader, path.removesuffix(ending)
    prefix = path.removesuffix(".grm")
    whole = os.path.exists(path) and not os.path.isdir(path)
    if whole and prefix == path and not path.endswith(".grm.gz"):
        return _read_npy if path.endswith(".npy") else _read_square_text, path
    for ending, reader in forms.items():
        if os.path.exists(prefix + ending):
            return reader, prefix
    raise GemcontError(_no_matrix(path, prefix, whole))


def _no_matrix(path, prefix, whole):
    """Say why a path stands for no matrix: a list of pairs, as GCTA's .grm.gz, or nothing there."""
    pairs = path if whole else f"{prefix}.grm.gz"
    if os.path.exists(pairs):
        return f"{pairs}: a list of pairs, which is not read; convert it by gcta64 --make-grm-bin"
    looked = ", ".join((f"{prefix}.grm.npy", f"{prefix}.grm.bin", pairs))
    return f"{path}: no such kinship matrix (looked for {path}, {looked})"


def _read_own(prefix):
    path, ids_path, eigen = (f"{prefix}.{end}" for end in ("grm.npy", "grm.id", "eigen.npz"))
    matrix = load_array(path, "(samples, samples)")
    ids = _ids_of_rows(path, ids_path, len(matrix))
    eigen = eigen if os.path.exists(eigen) else None
    return _file(path, ids, matrix, prefix=prefix, ids_path=ids_path, eigen=eigen)


def _file(path, ids, matrix, *, prefix, ids_path=None, eigen=None):
    """Return the ``KinshipFile`` of a matrix that was read; ids: FIDs or None, IIDs or None."""
    fid, iid = ids
    files = [path] if ids_path is None else [path, ids_path]
    return KinshipFile(
        name=path, fid=fid, iid=iid, matrix=matrix, eigen=eigen, prefix=prefix, files=files
    )


def _read_npy(path):
    prefix = path.removesuffix(".npy")
    matrix = load_array(path, "(samples, samples)")
    ids = _ids_of_rows(path, f"{prefix}.id", len(matrix))
    return _file(path, ids, matrix, prefix=prefix, ids_path=f"{prefix}.id")


def _read_gcta(prefix):
    path, ids_path = f"{prefix}.grm.bin", f"{prefix}.grm.id"
    with readable(path):
        size = os.path.getsize(path)
    ids = _ids_of_rows(path, ids_path)
    iid = ids[1]
    due = 2 * len(iid) * (len(iid) + 1)
    if size != due:
        raise GemcontError(
            f"{path}: holds {size} bytes, but the lower triangle of the {len(iid)} samples of "
            f"{ids_path} takes {due}; give the .grm.id that was written with it"
        )
    with readable(path):
        packed = np.fromfile(path, dtype="<f4")
    return _file(path, ids, _unpacked(packed, len(iid)), prefix=prefix, ids_path=ids_path)


def _unpacked(packed, n):
    """Return float64 (n, n) of the rows of a lower triangle with its diagonal."""
    matrix = np.zeros((n, n))
    for i in range(n):
        first = i * (i + 1) // 2
        matrix[i, : i + 1] = packed[first : first + i + 1]
    for start in range(0, n, _TILE):
        rows = slice(start, start + _TILE)
        matrix[:start, rows] = matrix[rows, :start].T
        corner = matrix[rows, rows]
        corner += np.tril(corner, -1).T
    return matrix


def _read_square_text(path):
    lines = [line.strip() for line in read_text(path).split(b"\n")]
    numbers = [number for number, line in enumerate(lines, 1) if line]
    lines = [line for line in lines if line]
    width = len(lines[0].split())
    matrix = np.empty((len(lines), width))
    for first in range(0, len(lines), _TILE):
        rows = slice(first, first + _TILE)
        matrix[rows] = _rows_of_text(path, numbers[rows], lines[rows], width)
    candidates = [f"{name}.id" for name in (path, path.removesuffix(".gz"))]
    ids_path = next((name for name in candidates if os.path.exists(name)), None)
    if candidates[-1].endswith(".rel.id"):  # plink2 writes them with it, in an order of its own
        ids_path = ids_path or candidates[-1]
    ids = (None, None) if ids_path is None else _ids_of_rows(path, ids_path, len(matrix))
    return _file(path, ids, matrix, prefix=path, ids_path=ids_path)


def _rows_of_text(path, numbers, lines, width):
    """Parse lines, with these numbers in the file, as float64 (lines, width)."""
    if all(line.count(b"\t") == width - 1 for line in lines):
        cells = b"\n".join(lines).replace(b"\t", b"\n")
        form = {"schema": {"": pl.Float64}, "separator": "\t", "quote_char": None}
        try:
            column = pl.read_csv(cells, has_header=False, **form)[""]
        except pl.exceptions.PolarsError:
            column = pl.Series([None])
        if not column.null_count() and len(column) == len(lines) * width:
            return column.to_numpy().reshape(-1, width)
    pairs = zip(numbers, lines, strict=True)
    return np.array([_row_of_text(path, number, line.split(), width) for number, line in pairs])


def _row_of_text(path, number, fields, width):
    """Parse any line's fields as float64 (width,): a third of the speed, but it names a fault."""
    if len(fields) != width:
        triangle = "; a triangle? write the square (plink2 --make-rel square)"
        raise GemcontError(
            f"{path}: line {number} has {len(fields)} fields, the first {width}"
            f"{triangle if width == 1 else ''}"
        )
    try:
        return _as_floats(fields)
    except ValueError:
        column = next(j for j in range(width) if not _is_number(fields[j]))
    text = fields[column].decode(errors="replace")[:60]
    raise GemcontError(
        f"{path}: line {number}, column {column + 1}: {text!r} is not a number; write numbers "
        "alone, tabs or blanks between them"
    )


def _as_floats(fields):
    if b"_" in b"".join(fields):
        raise ValueError  # 1_3, an id, is thirteen to Python
    return np.array(fields, dtype=np.float64)


def _is_number(field):
    try:
        _as_floats([field])
    except ValueError:
        return False
    return True


def _ids_of_rows(path, ids_path, count=None):
    """Read FIDs (or None) and IIDs of a matrix of ``count`` rows from the file beside it."""
    if not os.path.exists(ids_path):
        raise GemcontError(f"{path}: has no ids; {ids_path} is missing: {_LAYOUT}")
    fid, iid = _read_ids(ids_path)
    if count is not None and len(iid) != count:
        raise GemcontError(f"{ids_path}: names {len(iid)} samples, {path} has {count} rows")
    return fid, iid


def _read_ids(path):
    try:
        lines = enumerate(read_text(path).decode().split("\n"), 1)
    except UnicodeDecodeError:
        raise GemcontError(f"{path}: not UTF-8 text") from None
    lines = [(number, line) for number, line in lines if line.strip()]
    rows = [(number, _fields(line, lines[0][1])) for number, line in lines]
    names, rows = _names_of_ids(path, rows)
    for number, row in rows:
        if len(row) != len(names):
            raise GemcontError(
                f"{path}: line {number} has {len(row)} fields, the first {len(names)}"
            )
        if not row[names.index("IID")]:
            raise GemcontError(f"{path}: line {number}: IID is blank")
    columns = dict(zip(names, zip(*(row for _, row in rows), strict=True), strict=True))
    return list(columns["FID"]) if "FID" in columns else None, list(columns["IID"])


def _fields(line, first):
    """Split a line into fields: by tabs if there are any in the first line, else by blanks."""
    if first.strip().upper() == "#IID":
        return [line.strip()]  # an IID can hold blanks
    return [field.strip() for field in line.split("\t" if "\t" in first else None)]


def _names_of_ids(path, rows):
    """Return the names of the columns and the rows without a header."""
    first = rows[0][1]
    names = [first[0].lstrip("#").upper(), *(name.upper() for name in first[1:])]
    if names[:2] == ["FID", "IID"] or names[0] == "IID":
        if len(rows) == 1:
            raise GemcontError(f"{path}: has a header but no samples")
        return names, rows[1:]
    if len(first) > 2:
        raise GemcontError(
            f"{path}: line {rows[0][0]} has {len(first)} fields; it must hold {_LAYOUT}"
        )
    return ["FID", "IID"][-len(first) :], rows


def _largest_entry(file):
    """Return the largest absolute value; GemcontError names the first that is not finite."""
    largest = 0.0
    for start in range(0, len(file.matrix), _TILE):
        rows = np.asarray(file.matrix[start : start + _TILE])
        finite = np.isfinite(rows)
        if not finite.all():
            i, j = np.argwhere(~finite)[0]
            raise GemcontError(
                f"{file.name}: row {start + i + 1}, column {j + 1} is {rows[i, j]}"
                f"{_whose(file, start + i, j)}; compute it without samples that have no genotypes"
            )
        largest = max(largest, np.abs(rows).max())
    return largest


def _refuse_asymmetry(file, allowed):
    matrix, starts = file.matrix, range(0, len(file.matrix), _TILE)
    for first, second in ((a, b) for a in starts for b in starts if a <= b):
        left, right = slice(first, first + _TILE), slice(second, second + _TILE)
        far = np.abs(matrix[left, right] - matrix[right, left].T) > allowed
        if far.any():
            i, j = np.argwhere(far)[0] + (first, second)
            raise GemcontError(
                f"{file.name}: not symmetric: row {i + 1}, column {j + 1} is {matrix[i, j]:g} but "
                f"row {j + 1}, column {i + 1} is {matrix[j, i]:g}{_whose(file, i, j)}; write both "
                "triangles of the matrix"
            )


def _whose(file, i, j):
    """Name the samples of an entry, for messages, if they are known."""
    if file.iid is None:
        return ""
    return f" (sample {file.iid[i]})" if i == j else f" (samples {file.iid[i]} and {file.iid[j]})"


def write_kinship(
    prefix: str, matrix: np.ndarray, fid: Sequence[str] | None, iid: Sequence[str]
) -> None:
    """Write PREFIX.grm.npy, float64 (N, N), and PREFIX.grm.id, a line FID IID for every row.

    Args:
        prefix: beginning of both names.
        matrix: kinship (N, N).
        fid: list of str, or None for a file of IIDs alone.
        iid: list of str.

    Raises:
        GemcontError: the place cannot be written.
    """
    lines = ["#IID", *iid] if fid is None else map("\t".join, zip(fid, iid, strict=True))
    with unfinished(f"{prefix}.grm.npy") as array, unfinished(f"{prefix}.grm.id") as ids:
        with open(array, "wb") as file:  # numpy.save would add an ending to the name
            np.save(file, np.asarray(matrix, dtype=np.float64))
        with open(ids, "w", encoding="utf-8", newline="\n") as file:
            file.writelines(f"{line}\n" for line in lines)


def fingerprint(matrix: np.ndarray) -> str:
    """Return 32 hex digits that stand for a matrix (N, N): its shape, diagonal and 64 rows.

    The same for an array and a memory map, of which no more than that is read.
    """
    n = len(matrix)
    digest = hashlib.blake2b(repr(matrix.shape).encode(), digest_size=16)
    rows = np.unique(np.linspace(0, n - 1, min(n, _DIGEST_ROWS)).astype(np.int64))
    for values in (np.diagonal(matrix), *(matrix[row] for row in rows)):
        digest.update(np.ascontiguousarray(values, dtype="<f8").tobytes())
    return digest.hexdigest()


def write_eigen(
    path: str, values: np.ndarray, vectors: np.ndarray, n_clipped: int, digest: str
) -> None:
    """Write an eigendecomposition as .npz.

    Args:
        path: the file.
        values: eigenvalues (N,).
        vectors: eigenvectors (N, N), in columns.
        n_clipped: number of negative eigenvalues that were set to 0.
        digest: ``fingerprint`` of the matrix.

    Raises:
        GemcontError: the place cannot be written.
    """
    with unfinished(path) as temporary, open(temporary, "wb") as file:
        np.savez(file, values=values, vectors=vectors, n_clipped=n_clipped, digest=digest)


def read_eigen(path: str | os.PathLike, digest: str) -> tuple[np.ndarray, np.ndarray, int]:
    """Read eigenvalues (N,), eigenvectors (N, N) and n_clipped as ``write_eigen`` wrote them.

    Raises GemcontError naming the file if it is missing, damaged or of a matrix whose
    ``fingerprint`` is not ``digest``.
    """
    path = str(path)
    values, vectors, n_clipped, stored = _eigen_arrays(path)
    if str(stored) != digest:
        matrix = f"{path.removesuffix('.eigen.npz')}.grm.npy"
        raise GemcontError(f"{path}: is of another matrix than {matrix}; run gemcont-kinship again")
    if values.ndim != 1 or vectors.shape != 2 * values.shape or n_clipped.shape:
        raise GemcontError(
            f"{path}: {values.shape} eigenvalues do not go with {vectors.shape} eigenvectors; run "
            "gemcont-kinship again"
        )
    return values, vectors, int(n_clipped)


def _eigen_arrays(path):
    names = ("values", "vectors", "n_clipped", "digest")
    damage = (ValueError, LookupError, EOFError, TypeError, RuntimeError)  # as numpy words it
    damage = (*damage, zipfile.BadZipFile, zlib.error)
    try:
        with readable(path), open(path, "rb") as opened, np.load(opened) as file:
            return [file[name] for name in names]
    except damage:
        raise GemcontError(
            f"{path}: damaged, or no eigendecomposition; run gemcont-kinship again"
        ) from None
