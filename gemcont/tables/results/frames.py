"""Frames kept as files of their own until they are made into one parquet."""

import os
import shutil
from abc import ABC, abstractmethod
from collections.abc import Sequence
from typing import Any

import polars as pl

from gemcont.errors import GemcontError
from gemcont.tables.files import digest_of, remove, unfinished


def link(path: str, other: str) -> None:
    """Give a file, or all files of a folder, a second name; copy where there can be none."""
    remove(other)
    if os.path.isdir(path):
        shutil.copytree(path, other, copy_function=link)
        return
    try:
        os.link(path, other)
    except OSError:
        shutil.copyfile(path, other)


def damaged(path: str) -> GemcontError:
    """Return the GemcontError for unfinished work that is not as its journal says."""
    return GemcontError(
        f"{path}: missing or damaged, not as the journal beside it says; run without --resume, or "
        "this chunk again"
    )


class FileParts(ABC):
    """Pieces of an output as files, or folders, of their own; a kind of them writes its pieces."""

    suffix = ""

    def __init__(self, folder: str, name: str) -> None:
        self._folder = os.path.join(folder, name)
        self._count = 0
        self._digest: str | None = None

    def _file(self, number):
        return os.path.join(self._folder, f"{number:06d}{self.suffix}")

    @property
    def files(self) -> list[str]:
        """Paths, in order."""
        return [self._file(i) for i in range(self._count)]

    def append(self, piece: Any) -> None:
        """Write a piece behind the others."""
        os.makedirs(self._folder, exist_ok=True)
        path = self._file(self._count)
        self._write(piece, path)
        self._digest = digest_of(path)
        self._count += 1

    @abstractmethod
    def _write(self, piece, path):
        """Write one piece as the file or folder ``path``; each kind has its own way."""

    def state(self) -> dict:
        """Return for ``restore`` the number of files and the digest of the last."""
        return {"files": self._count, "digest": self._digest}

    def restore(self, states: Sequence[dict]) -> None:
        """Forget what was appended after the last of the ``state``s so far; [] is the beginning.

        Raises GemcontError naming a file that is missing or not what was appended.
        """
        last: dict[str, Any] = states[-1] if states else {"files": 0, "digest": None}
        self._count, self._digest = last["files"], last["digest"]
        digests = {state["files"] - 1: state["digest"] for state in states if state["files"]}
        for number, file in enumerate(self.files):
            if digest_of(file) != digests.get(number):
                raise damaged(file)
        known = set(self.files)
        if os.path.isdir(self._folder):
            for name in os.listdir(self._folder):
                path = os.path.join(self._folder, name)
                if path not in known:
                    remove(path)

    def absorb(self, other: "FileParts") -> None:
        """Append the files of ``other``."""
        os.makedirs(self._folder, exist_ok=True)
        for file in other.files:
            link(file, self._file(self._count))
            self._count += 1


class FrameParts(FileParts):
    """Frames as files of their own, streamed into one parquet in the end."""

    suffix = ".arrow"

    def encode(self, frame: pl.DataFrame) -> pl.DataFrame:
        """Return the frame with nulls where it has NaN."""
        return frame.with_columns(pl.col(pl.Float64).fill_nan(None))

    def _write(self, piece, path):
        piece.write_ipc(path)

    def finish(self, path: str) -> None:
        """Write one parquet of all frames."""
        with unfinished(path) as temporary:
            self.sink(temporary)

    def sink(self, path: str) -> None:
        """Stream the frames into a parquet."""
        pl.scan_ipc(self.files).sink_parquet(path)
