"""Write summary statistics: tsv, gzipped tsv or parquet, whole or not at all."""

import logging
import os
from collections.abc import Callable, Iterator, Mapping
from contextlib import contextmanager
from io import BytesIO

import polars as pl

from gemcont.tables.files import remove, unfinished
from gemcont.tables.results.frames import FrameParts
from gemcont.tables.results.ssf import Metadata, ssf_rows, write_yaml

log = logging.getLogger(__name__)

SUFFIX = {"tsv": ".tsv", "tsv.gz": ".tsv.gz", "parquet": ".parquet", "ssf": ".ssf.tsv"}
SIGNIFICANT_DIGITS = 7


@contextmanager
def open_writer(
    path: str, layout: str, metadata: Metadata | None = None
) -> Iterator[Callable[[pl.DataFrame], None]]:
    """Yield a function that appends polars frames to a file, which appears when the block ends.

    Text has seven significant digits and NA for what is missing; parquet keeps full precision and
    nulls.

    Args:
        path: the file.
        layout: "tsv", "tsv.gz", "parquet" or "ssf".
        metadata: ``Metadata`` of an ssf, for its yaml.
    """
    left_out: dict[str, int] = {}
    with unfinished(path) as temporary:
        if layout == "parquet":
            with _parquet(temporary) as append:
                yield append
            return
        with _open_text(temporary, layout) as file:
            append = _TextAppender(file)
            if metadata is None:
                yield append
            else:
                yield lambda frame: append(_counted(frame, metadata, left_out))
    if metadata is not None:
        write_yaml(path, metadata)
        log_left_out(path, left_out)


def _counted(frame, metadata, left_out):
    rows, counts = ssf_rows(frame, metadata.autosomes)
    for reason, count in counts.items():
        left_out[reason] = left_out.get(reason, 0) + count
    return rows


def log_left_out(path: str, left_out: Mapping[str, int]) -> None:
    """Log how many rows a file leaves out, by reason."""
    shown = ", ".join(f"{reason} {count}" for reason, count in left_out.items() if count)
    log.info("%s: rows left out: %s", path, shown or "none")


def _open_text(path, layout):
    if layout != "tsv.gz":
        return open(path, "wb")
    from isal import igzip

    return igzip.open(path, "wb", compresslevel=1)


class _TextAppender:
    """Function that appends frames to an open file, the header before the first."""

    def __init__(self, file):
        self._file, self._header = file, True

    def __call__(self, frame):
        self._file.write(text_rows(frame, header=self._header))
        self._header = False


def text_rows(frame: pl.DataFrame, *, header: bool = False) -> bytes:
    """Return rows as bytes of a tsv: seven significant digits, NA for what is missing."""
    rounded = pl.col(pl.Float64).round_sig_figs(SIGNIFICANT_DIGITS).fill_nan(None)
    text = BytesIO()
    frame.with_columns(rounded).write_csv(
        text, separator="\t", null_value="NA", quote_style="never", include_header=header
    )
    return text.getvalue()


@contextmanager
def _parquet(path):
    """Append frames as files in a folder beside ``path``, then stream them into one parquet."""
    parts = FrameParts(os.path.dirname(path), f"{os.path.basename(path)}.parts")
    try:
        parts.restore([])
        yield lambda frame: parts.append(parts.encode(frame))
        parts.sink(path)
    finally:
        remove(f"{path}.parts")
