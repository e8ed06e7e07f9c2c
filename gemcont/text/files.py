"""Reading of text files: plain or gzipped, CRLF or not, with or without a byte-order mark."""

import weakref
from collections.abc import Iterator
from contextlib import contextmanager
from os import PathLike
from typing import IO

from gemcont.errors import GemcontError

_BOM = b"\xef\xbb\xbf"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")  # byte-order marks
_GZIP = b"\x1f\x8b"
_PACKED = {b"\x28\xb5\x2f\xfd": "zstd", b"BZh": "bzip2", b"\xfd7zXZ": "xz", b"PK\x03\x04": "zip"}


def read_text(path: str | PathLike, *, empty: bool = False) -> bytes:
    """Return the bytes of a text file, unzipped, with newline line ends and no byte-order mark.

    Args:
        path: of the file.
        empty: accept a file that holds nothing.

    Raises:
        GemcontError: the file is missing, unreadable, empty or not text.
    """
    data = _read_file(path)
    if data.startswith(_GZIP):
        data = _unzip(path, data)
    refuse_packed(path, data)
    data = data.removeprefix(_BOM)
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if b"\0" in data:
        raise GemcontError(f"{path}: not a text file (it holds zero bytes)")
    if not empty and (not data or data.isspace()):
        raise GemcontError(f"{path}: the file is empty")
    return data


def refuse_packed(path: str | PathLike, data: bytes) -> None:
    """Raise GemcontError if the first bytes are those of a compressed file, or of UTF-16 text."""
    for magic, program in _PACKED.items():
        if data.startswith(magic):
            raise GemcontError(f"{path}: packed by {program}; unpack it, or use gzip")
    if data.startswith(_UTF_16):
        raise GemcontError(f"{path}: is UTF-16 text; save it as UTF-8")


def decoded(path: str | PathLike, data: bytes) -> str:
    """Return a file's bytes as text, or raise GemcontError naming the line that is not UTF-8."""
    try:
        return data.decode()
    except UnicodeDecodeError as error:
        line = data.count(b"\n", 0, error.start) + 1
        raise GemcontError(
            f"{path}: line {line} is not UTF-8 text; save the file as UTF-8"
        ) from None


def _read_file(path):
    with readable(path), open(path, "rb") as file:
        return file.read()


@contextmanager
def readable(path: str | PathLike) -> Iterator[None]:
    """Raise GemcontError instead of OSError if a file is missing or cannot be read."""
    try:
        yield
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


def open_bytes(path: str | PathLike, owner: object) -> IO[bytes]:
    """Open a binary file, unzipped if its first bytes say gzip.

    It is closed when ``owner`` goes, and never rewound, so that a pipe can be read too. Raises
    GemcontError.
    """
    with readable(path):
        file = open(path, "rb")  # noqa: SIM115 - closed when the owner goes
        weakref.finalize(owner, file.close)
        zipped = file.peek(len(_GZIP)).startswith(_GZIP)
    refuse_packed(path, file.peek(8))
    if not zipped:
        return file
    from isal import igzip

    return igzip.open(file, "rb")
