"""Text files as users have them, read: plain or gzipped, CRLF, a byte-order mark; else refused."""

import weakref
from contextlib import contextmanager

from gemcont.errors import GemcontError

_BOM = b"\xef\xbb\xbf"
_UTF_16 = (b"\xff\xfe", b"\xfe\xff")  # byte-order marks
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
    refuse_packed(path, data)
    data = data.removeprefix(_BOM)
    if b"\r" in data:
        data = data.replace(b"\r\n", b"\n").replace(b"\r", b"\n")
    if b"\0" in data:
        raise GemcontError(f"{path}: not a text file (it holds zero bytes)")
    if not empty and (not data or data.isspace()):
        raise GemcontError(f"{path}: the file is empty")
    return data


def refuse_packed(path, data):
    """Raise GemcontError if the first bytes are those of a packed file, or of UTF-16 text."""
    for magic, program in _PACKED.items():
        if data.startswith(magic):
            raise GemcontError(f"{path}: packed by {program}; unpack it, or use gzip")
    if data.startswith(_UTF_16):
        raise GemcontError(f"{path}: is UTF-16 text; save it as UTF-8")


def decoded(path, data):
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
def readable(path):
    """Within, a file that is not there or cannot be read is a GemcontError."""
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


def open_bytes(path, owner):
    """An open binary file, unzipped where its first bytes say gzip, closed with its owner.

    Never rewound, so that a pipe can be read too. Raises GemcontError.
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
