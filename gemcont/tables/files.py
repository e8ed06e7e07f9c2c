"""Files and folders that appear whole or not at all, and are never written over an input."""

import hashlib
import os
import shutil
from collections.abc import Iterable, Iterator
from contextlib import contextmanager

import numpy as np
import polars as pl

from gemcont.errors import GemcontError
from gemcont.text.files import readable

_DIGEST_BYTES, _PIECE = 16, 1 << 20


@contextmanager
def unfinished(path: str) -> Iterator[str]:
    """Yield a temporary name beside ``path``; rename it when the block ends well, else delete.

    Works for a file and for a folder. Raises GemcontError if the place cannot be written.
    """
    temporary, aside = f"{path}.tmp", f"{path}.old"
    remove(temporary)
    try:
        yield temporary
        if os.path.isdir(path):  # a folder is not replaced by a rename
            remove(aside)
            os.replace(path, aside)
        os.replace(temporary, path)
        remove(aside)
    except (OSError, pl.exceptions.PolarsError) as error:
        raise unwritable(path, error) from error
    finally:
        remove(temporary)


def unwritable(path: str, error: Exception) -> GemcontError:
    """Return the GemcontError for an error of the system, or of polars, in writing ``path``."""
    reason = getattr(error, "strerror", None) or str(error).split("\n", 1)[0]
    return GemcontError(f"{path}: cannot be written ({reason})")


def digest_of(path: str) -> str | None:
    """Return the digest of a file's bytes, or of all files of a folder by name; None: not there."""
    digest = hashlib.blake2b(digest_size=_DIGEST_BYTES)
    try:
        names = sorted(os.listdir(path)) if os.path.isdir(path) else [""]
        for name in names:
            digest.update(name.encode())
            with open(os.path.join(path, name) if name else path, "rb") as file:
                for piece in iter(lambda: file.read(_PIECE), b""):
                    digest.update(piece)
    except FileNotFoundError:
        return None
    return digest.hexdigest()


def digest_of_bytes(data: bytes) -> str:
    """Return the digest of some bytes, as ``digest_of`` a file that holds them."""
    return hashlib.blake2b(data, digest_size=_DIGEST_BYTES).hexdigest()


def remove(path: str) -> None:
    """Delete a file or folder if it is there."""
    if os.path.isdir(path):
        shutil.rmtree(path, ignore_errors=True)
    elif os.path.lexists(path):
        os.remove(path)


def refuse_overwriting(outputs: Iterable[str], inputs: Iterable[str | os.PathLike]) -> None:
    """Raise GemcontError if an output is also one of the inputs, by whatever name or link."""
    files = [os.stat(path) for path in inputs if os.path.exists(path)]
    for path in outputs:
        if os.path.exists(path) and any(os.path.samestat(os.stat(path), f) for f in files):
            raise GemcontError(f"--out: {path} is also an input; choose another prefix")


def as_file_name(name: str) -> str:
    """Encode a name of the data (a chromosome's) as a file's: what a path means is escaped.

    Letters, digits, dots, dashes, tildes and underscores stay; all else, and a dot in front, is
    written %2F. Names that differ stay different.
    """
    from urllib.parse import quote

    encoded = quote(name, safe="")
    return f"%2E{encoded[1:]}" if encoded.startswith(".") else encoded


def load_array(path: str, shape: str) -> np.ndarray:
    """Load a .npy file of numbers in two dimensions as float64, mapped where it holds float64.

    Args:
        path: the file.
        shape: what the dimensions are, for the message.

    Raises:
        GemcontError: any other file.
    """
    try:
        with readable(path):
            values = np.lib.format.open_memmap(path, mode="r")
    except ValueError:  # what is no .npy file, ends early or holds pickled objects
        raise GemcontError(
            f"{path}: not a whole .npy file of numbers; write a float array by numpy.save"
        ) from None
    if values.dtype.kind not in "fiub":
        raise GemcontError(f"{path}: holds {values.dtype}, not numbers; write a float array")
    if values.ndim != 2:
        raise GemcontError(f"{path}: has shape {values.shape}; it must be {shape}")
    return values if values.dtype == np.float64 else np.asarray(values, dtype=np.float64)
