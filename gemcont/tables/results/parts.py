"""Outputs that grow block by block, can be cut back to an earlier block, and are finished once.

Each lives in a folder of unfinished work. ``encode`` is called in the threads that compute,
``append`` in the order of the file. The ``state``s after the appends, written down, are what
``restore`` checks the output by and cuts it back to when a killed run goes on; ``absorb`` appends
another run's output of the same kind.
"""

import os
import shutil
from collections.abc import Iterable, Mapping, Sequence

import numpy as np
import polars as pl

from gemcont.tables.files import digest_of_bytes, unfinished
from gemcont.tables.results.frames import FrameParts, damaged, link
from gemcont.tables.results.ssf import COLUMNS, Metadata, ssf_rows, write_yaml
from gemcont.tables.results.writers import SUFFIX, log_left_out, open_writer, text_rows
from gemcont.tables.schema import NEG_LOG_10_P, TRAIT, Column, single_columns

_FEW = 2_000_000  # rows that are put in order in memory


class TextParts:
    """A growing text file: tsv, tsv.gz (a member per block) or ssf with its ``Metadata``.

    Attributes:
        left_out: number of rows left out so far, by reason.
    """

    def __init__(
        self,
        folder: str,
        name: str,
        layout: str,
        columns: Sequence[Column],
        metadata: Metadata | None = None,
    ) -> None:
        self._path = os.path.join(folder, name + SUFFIX[layout])
        self._layout, self._metadata = layout, metadata
        names = COLUMNS if layout == "ssf" else [column.name for column in columns]
        self._header = self._packed(("\t".join(names) + "\n").encode())
        self.left_out: dict[str, int] = {}
        self._digest: str | None = None

    def encode(self, frame: pl.DataFrame) -> tuple[bytes, dict[str, int]]:
        """Return a frame's rows as bytes of the file, and by reason how many were left out."""
        left_out: dict[str, int] = {}
        if self._metadata is not None:
            frame, left_out = ssf_rows(frame, self._metadata.autosomes)
        return self._packed(text_rows(frame)), left_out

    def _packed(self, data):
        if self._layout != "tsv.gz":
            return data
        from isal import igzip

        return igzip.compress(data, 1, mtime=0) if data else b""

    def append(self, encoded: tuple[bytes, dict[str, int]]) -> None:
        """Write what ``encode`` gave behind the rest."""
        data, left_out = encoded
        with open(self._path, "ab") as file:
            data = data if file.tell() else self._header + data
            file.write(data)
        self._digest = digest_of_bytes(data)
        self._count(left_out)

    def _count(self, left_out):
        for reason, count in left_out.items():
            self.left_out[reason] = self.left_out.get(reason, 0) + count

    def state(self) -> dict:
        """Return for ``restore`` the size, the digest of the last piece, and the rows left out."""
        size = os.path.getsize(self._path) if os.path.exists(self._path) else 0
        return {"bytes": size, "digest": self._digest, "left_out": self.left_out}

    def restore(self, states: Sequence[dict]) -> None:
        """Cut back to the last of the ``state``s so far; [] is the beginning.

        Raises GemcontError where the file does not hold what was appended.
        """
        size, self.left_out, self._digest = 0, {}, None
        with open(self._path, "ab+") as file:
            file.seek(0)
            for state in states:
                piece = file.read(state["bytes"] - size)
                if state["bytes"] > size and digest_of_bytes(piece) != state["digest"]:
                    raise damaged(self._path)
                size, self.left_out = state["bytes"], dict(state["left_out"])
                self._digest = state["digest"]
            file.truncate(size)

    def absorb(self, other: "TextParts") -> None:
        """Append the output of ``other``, which began with the same header."""
        with open(other._path, "rb") as source, open(self._path, "ab") as file:
            source.seek(len(self._header) if file.tell() else 0)
            shutil.copyfileobj(source, file, 1 << 20)
        self._count(other.left_out)

    def finish(self, path: str) -> None:
        """Put the whole file at ``path``, and its yaml beside it if it has one."""
        with unfinished(path) as temporary:
            link(self._path, temporary)
        if self._metadata is not None:
            write_yaml(path, self._metadata)
            log_left_out(path, self.left_out)


class TraitParts(FrameParts):
    """Rows of single traits, each frame sorted by the trait's code; ordered by trait in the end.

    Attributes:
        n_rows: number of rows written, once it is finished.
    """

    def __init__(
        self,
        folder: str,
        name: str,
        traits: Sequence[str],
        *,
        strongest: int | None = None,
        layout: str = "parquet",
        targets: Mapping[str, tuple[str, Metadata | None]] | None = None,
    ) -> None:
        """Begin in a folder of unfinished work.

        Args:
            folder: the folder of unfinished work.
            name: name of the output in it.
            traits: names, by code.
            strongest: number of rows kept of each trait, None for all.
            layout: format of the targets.
            targets: path and ``Metadata`` (or None) by trait, for a file per trait instead of one
                parquet.
        """
        super().__init__(folder, name)
        self._traits, self._strongest, self.n_rows = traits, strongest, 0
        self._layout, self._targets = layout, targets

    def finish(self, path: str) -> None:
        """Write one parquet, row groups by trait; or the targets, one file after the other."""
        if self._targets is None:
            with unfinished(path) as temporary:
                sink_frames(map(self._counted, self._in_order()), temporary)
            return
        for trait, frame in self._by_trait():
            target, metadata = self._targets[trait]
            with open_writer(target, self._layout, metadata) as append:
                append(self._counted(frame).drop(TRAIT.name))

    def _counted(self, frame):
        self.n_rows += frame.height
        return frame

    def _in_order(self):
        """Yield frames of named traits: a trait each, or all at once where rows are few."""
        if not self._few:
            yield from (frame for _, frame in self._by_trait())
            return
        names = pl.Series(self._traits, dtype=pl.String)
        rows = self._together()
        yield rows.with_columns(names.gather(rows[TRAIT.name]).alias(TRAIT.name))

    @property
    def _few(self):
        return sum(pl.scan_ipc(f).select(pl.len()).collect().item() for f in self.files) <= _FEW

    def _together(self):
        """Return all rows in memory, by trait's code."""
        rows = pl.concat([pl.read_ipc(file) for file in self.files])
        if self._strongest is not None:
            rows = strongest_rows(rows, self._strongest)
        return rows.sort(TRAIT.name, maintain_order=True)

    def _by_trait(self):
        """Yield (trait, its rows) from parts that are each sorted by the trait's code."""
        parts = [self._together().lazy()] if self._few else [pl.scan_ipc(f) for f in self.files]
        edges = np.arange(len(self._traits) + 1)
        bounds = [
            np.searchsorted(part.select(TRAIT.name).collect()[TRAIT.name].to_numpy(), edges)
            for part in parts
        ]
        for code, trait in enumerate(self._traits):
            slices = [
                part.slice(int(b[code]), int(b[code + 1] - b[code]))
                for part, b in zip(parts, bounds, strict=True)
                if b[code] < b[code + 1]
            ]
            rows = pl.concat(slices).collect() if slices else parts[0].head(0).collect()
            if self._strongest is not None:
                rows = strongest_rows(rows, self._strongest)
            yield trait, rows.with_columns(pl.lit(trait).alias(TRAIT.name))


def strongest_rows(rows: pl.DataFrame, count: int) -> pl.DataFrame:
    """Return the ``count`` rows of the largest -log10 p of each trait; earlier ones win ties."""
    ranked = rows.with_row_index("order").sort(
        NEG_LOG_10_P.name, descending=True, nulls_last=True, maintain_order=True
    )
    kept = ranked.group_by(TRAIT.name, maintain_order=True).head(count)
    return kept.sort("order").select(rows.columns)


def sink_frames(frames: Iterable[pl.DataFrame], path: str) -> None:
    """Stream frames of single-trait rows into one parquet, row groups for each frame."""
    schema = {column.name: column.dtype for column in single_columns()}

    def _source(with_columns, predicate, n_rows, batch_size):
        for frame in frames:
            if frame.height:
                yield frame.cast(schema)

    pl.io.plugins.register_io_source(_source, schema=schema).sink_parquet(path)
