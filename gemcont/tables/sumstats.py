"""Write summary statistics: tsv, gzipped tsv or parquet, whole or not at all."""

import os
import shutil
from contextlib import ExitStack, contextmanager

import polars as pl

from gemcont.errors import GemcontError

SUFFIX = {"tsv": ".tsv", "tsv.gz": ".tsv.gz", "parquet": ".parquet"}
SIGNIFICANT_DIGITS = 7


@contextmanager
def unfinished(path):
    """Yield a temporary name beside ``path``; rename it when the block ends well, else delete.

    Works for a file and for a folder. Raises GemcontError if the place cannot be written.
    """
    temporary = f"{path}.tmp"
    try:
        yield temporary
        os.replace(temporary, path)
    except OSError as error:
        raise unwritable(path, error) from error
    finally:
        remove(temporary)


def unwritable(path, error):
    """The GemcontError for an OSError met while writing ``path``."""
    return GemcontError(f"{path}: cannot be written ({error.strerror or error})")


def remove(path):
    """Delete a file or folder if it is there."""
    if os.path.isdir(path):
        shutil.rmtree(path, ignore_errors=True)
    elif os.path.lexists(path):
        os.remove(path)


def refuse_overwriting(outputs, inputs):
    """Raise GemcontError if an output is also one of the inputs, by whatever name."""
    real = {os.path.realpath(path) for path in inputs}
    for path in outputs:
        if os.path.realpath(path) in real:
            raise GemcontError(f"--out: {path} is also an input; choose another prefix")


@contextmanager
def open_writer(path, layout):
    """A function that appends polars frames to ``path``; the file appears when the block ends.

    layout: "tsv", "tsv.gz" or "parquet". Text has seven significant digits and NA for what is
    missing; parquet keeps full precision and nulls.
    """
    with ExitStack() as stack:
        temporary = stack.enter_context(unfinished(path))
        if layout == "parquet":
            yield stack.enter_context(_parquet(temporary))
        else:
            file = stack.enter_context(_open_text(temporary, layout))
            yield _TextAppender(file)


def _open_text(path, layout):
    if layout == "tsv":
        return open(path, "wb")
    from isal import igzip

    return igzip.open(path, "wb", compresslevel=1)


class _TextAppender:
    """Appends frames to an open file, the header before the first."""

    def __init__(self, file):
        self._file, self._header = file, True

    def __call__(self, frame):
        floats = pl.col(pl.Float64)
        frame.with_columns(floats.round_sig_figs(SIGNIFICANT_DIGITS).fill_nan(None)).write_csv(
            self._file,
            separator="\t",
            null_value="NA",
            quote_style="never",
            include_header=self._header,
        )
        self._header = False


@contextmanager
def _parquet(path):
    """Appends frames as parts in a folder beside ``path``, then streams them into one parquet."""
    folder = f"{path}.parts"
    remove(folder)
    os.mkdir(folder)
    parts = []

    def append(frame):
        part = os.path.join(folder, f"{len(parts):06d}.arrow")
        frame.with_columns(pl.col(pl.Float64).fill_nan(None)).write_ipc(part)
        parts.append(part)

    try:
        yield append
        pl.scan_ipc(parts).sink_parquet(path)
    finally:
        remove(folder)
