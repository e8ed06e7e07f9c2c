"""Write summary statistics: tsv, gzipped tsv or parquet, whole or not at all."""

import logging
import os
import shutil
from contextlib import ExitStack, contextmanager

import numpy as np
import polars as pl

from gemcont.errors import GemcontError
from gemcont.tables.columns import TRAIT, single_columns
from gemcont.tables.ssf import ssf_rows, write_yaml

log = logging.getLogger(__name__)

SUFFIX = {"tsv": ".tsv", "tsv.gz": ".tsv.gz", "parquet": ".parquet", "ssf": ".ssf.tsv"}
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
    """Raise GemcontError if an output is also one of the inputs, by whatever name or link."""
    files = [os.stat(path) for path in inputs if os.path.exists(path)]
    for path in outputs:
        if os.path.exists(path) and any(os.path.samestat(os.stat(path), f) for f in files):
            raise GemcontError(f"--out: {path} is also an input; choose another prefix")


@contextmanager
def open_writer(path, layout, metadata=None):
    """A function that appends polars frames to ``path``; the file appears when the block ends.

    layout: "tsv", "tsv.gz", "parquet" or "ssf" (with its ``Metadata``). Text has seven
    significant digits and NA for what is missing; parquet keeps full precision and nulls.
    """
    with ExitStack() as stack:
        temporary = stack.enter_context(unfinished(path))
        if layout == "parquet":
            yield stack.enter_context(_parquet(temporary))
            return
        with _open_text(temporary, layout) as file:
            append = _TextAppender(file)
            yield append if metadata is None else lambda frame: append(ssf_rows(frame, metadata))
        if metadata is not None:
            write_yaml(temporary, metadata, path)
            left_out = ", ".join(f"{k} {n}" for k, n in metadata.left_out.items() if n)
            log.info("%s: rows left out: %s", path, left_out or "none")


def _open_text(path, layout):
    if layout != "tsv.gz":
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
def _parts(path):
    """Appends frames as files in a folder beside ``path`` (a temporary one, removed at the end).

    Yields (append, list of the files so far).
    """
    folder, files = f"{path}.parts", []

    def append(frame):
        part = os.path.join(folder, f"{len(files):06d}.arrow")
        frame.with_columns(pl.col(pl.Float64).fill_nan(None)).write_ipc(part)
        files.append(part)

    try:
        remove(folder)
        os.mkdir(folder)
        yield append, files
    except OSError as error:
        raise unwritable(path.removesuffix(".tmp"), error) from error
    finally:
        remove(folder)


@contextmanager
def _parquet(path):
    """Appends frames as parts, then streams them into one parquet."""
    with _parts(path) as (append, files):
        yield append
        pl.scan_ipc(files).sink_parquet(path)


@contextmanager
def open_trait_writer(path, traits, *, layout="parquet", targets=None):
    """A function that appends frames of single-trait rows; files appear when the block ends.

    Frames hold the trait's code (a position in ``traits``) and are sorted by it; the result is
    ordered by trait. One parquet at ``path``, row groups by trait; or with ``targets`` (trait ->
    (path, ``Metadata`` or None)) a file per trait in ``layout``.
    """
    with _parts(path + ".tmp") as (append, files):
        yield append
        frames = _by_trait(files, traits)
        if targets is None:
            with unfinished(path) as temporary:
                _sink(frames, temporary)
            return
        with ExitStack() as stack:  # all of them, or none
            for trait, frame in frames:
                append = stack.enter_context(
                    open_writer(targets[trait][0], layout, targets[trait][1])
                )
                append(frame.drop(TRAIT.name))


def _by_trait(files, traits):
    """Yield (trait, its rows) from parts that are each sorted by the trait's code."""
    parts = [pl.scan_ipc(file) for file in files]
    edges = np.arange(len(traits) + 1)
    bounds = [
        np.searchsorted(part.select(TRAIT.name).collect()[TRAIT.name].to_numpy(), edges)
        for part in parts
    ]
    for code, trait in enumerate(traits):
        slices = [
            part.slice(int(b[code]), int(b[code + 1] - b[code]))
            for part, b in zip(parts, bounds, strict=True)
            if b[code] < b[code + 1]
        ]
        rows = pl.concat(slices).collect() if slices else parts[0].head(0).collect()
        yield trait, rows.with_columns(pl.lit(trait).alias(TRAIT.name))


def _sink(frames, path):
    """Stream (trait, frame) pairs into one parquet, a trait's rows in row groups of their own."""
    schema = {column.name: column.dtype for column in single_columns()}

    def source(with_columns, predicate, n_rows, batch_size):
        for _, frame in frames:
            if frame.height:
                yield frame.cast(schema)

    pl.io.plugins.register_io_source(source, schema=schema).sink_parquet(path)
