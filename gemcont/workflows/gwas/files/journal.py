"""Work of a scan that is not finished: a folder from which a killed run goes on.

    PREFIX.partial/fingerprint.json   what the results depend on
    PREFIX.partial/journal.jsonl      a line a block: the tally so far, how far each output reached
    PREFIX.partial/tests.bin          variant and -log10 p of the joint test of every row
    PREFIX.partial/tally-N.npz        the arrays of the tally after N blocks
    PREFIX.partial/...                the outputs themselves (``tables.parts``, ``frames``)

A block counts once its line stands in the journal; whatever was written after the last whole line
is cut off before a run goes on.
"""

import json
import os
from collections.abc import Callable
from typing import Any, Protocol

import numpy as np

from gemcont.errors import GemcontError
from gemcont.tables.files import digest_of, digest_of_bytes, remove
from gemcont.tables.results.frames import damaged
from gemcont.workflows.gwas.files.fingerprint import difference
from gemcont.workflows.gwas.scan.plan import ScanBlock
from gemcont.workflows.gwas.scan.tally import Tally

_TESTS = np.dtype([("variant", "<i4"), ("neg_log_10_p", "<f8")])


class Part(Protocol):
    """An output that grows in the journal's folder (``tables.results``).

    A state, ready for JSON, says how far it has grown; it is restored from the states after each
    block that counts.
    """

    def encode(self, frame: Any) -> Any:
        """Return a frame as ``append`` takes it; called in the threads that compute."""

    def append(self, encoded: Any) -> None:
        """Append what ``encode`` has made."""

    def state(self) -> Any:
        """Return how far the output has grown."""

    def restore(self, states: list) -> None:
        """Cut off what was written after the last of these states."""

    def absorb(self, other: Any) -> None:
        """Append all of another output of this kind."""


class Journal:
    """The unfinished work in a folder.

    Args:
        folder: PREFIX.partial, or the folder of a chunk
        fingerprint: what the results depend on
        parts: kind of frame -> output
    """

    def __init__(self, folder: str, fingerprint: dict | None, parts: dict[str, Part]):
        self.folder, self._fingerprint, self.parts = folder, fingerprint, parts
        self.n_blocks = 0

    def _path(self, name):
        return os.path.join(self.folder, name)

    @property
    def encoders(self) -> dict[str, Callable]:
        """Functions that make each kind of frame ready to be appended, for the threads."""
        return {kind: part.encode for kind, part in self.parts.items()}

    def begin(self) -> None:
        """Make the folder, emptied of what an earlier run left in it."""
        if os.path.isdir(self.folder) and os.listdir(self.folder) and not has_work(self.folder):
            raise GemcontError(f"{self.folder}: a folder of yours is in the way; move it")
        remove(self.folder)
        os.makedirs(self.folder)
        with open(self._path("fingerprint.json"), "w", encoding="utf-8") as file:
            json.dump(_sealed(self._fingerprint), file, indent=1)
        for part in self.parts.values():
            part.restore([])

    def resume(self) -> tuple[np.ndarray, np.ndarray, Tally]:
        """Continue after the blocks in the folder.

        Returns:
            Counts of them for ``GwasRun.count``: the variants of their rows, -log10 p of the joint
            test, and the tally.

        Raises:
            GemcontError: if they belong to another scan.
        """
        changed = difference(read_fingerprint(self.folder), self._fingerprint or {})
        if changed:
            raise GemcontError(
                f"--resume: {self.folder} is of another run: {changed}; run without --resume to "
                "begin anew"
            )
        records, tests = read_journal(self.folder)
        _cut_journal(self.folder)
        with open(self._path("tests.bin"), "ab") as file:
            file.truncate(tests.nbytes)
        return self._counted(records, tests)

    def absorb(self, folder: str, parts: dict[str, Part]) -> tuple[np.ndarray, np.ndarray, Tally]:
        """Append the outputs of a finished chunk, and return what it counts as ``resume`` does.

        Args:
            folder: folder of the chunk.
            parts: outputs of the chunk, by kind as in ``parts`` of this journal.
        """
        chunk = Journal(folder, None, parts)
        counted = chunk._counted(*read_journal(folder))
        for kind, part in self.parts.items():
            part.absorb(chunk.parts[kind])
        return counted

    def _counted(self, records, tests):
        """Restore the outputs; return variants and -log10 p of every row, and the tally."""
        for kind, part in self.parts.items():
            part.restore([r["parts"][kind] for r in records if kind in r["parts"]])
        self.n_blocks = len(records)
        tally = self._tally(records[-1]) if records else Tally()
        return tests["variant"], tests["neg_log_10_p"], tally

    def _tally(self, record):
        """Return the tally after the last block."""
        if record["arrays"] is None:
            return Tally.from_json(record["tally"], {})
        path = self._path(f"tally-{self.n_blocks}.npz")
        if digest_of(path) != record["arrays"]:
            raise damaged(path)
        with np.load(path) as file:
            return Tally.from_json(record["tally"], dict(file))

    def add(self, block: ScanBlock, tally: Tally) -> None:
        """Append a block's encoded frames; the block counts from here on.

        Args:
            block: results of the block.
            tally: counts of the run, this block included.
        """
        for kind, encoded in block.frames.items():
            self.parts[kind].append(encoded)
        tests = np.empty(len(block.variants), dtype=_TESTS)
        tests["variant"], tests["neg_log_10_p"] = block.variants, block.neg_log_10_p
        with open(self._path("tests.bin"), "ab") as file:
            tests.tofile(file)
        added = self._path(f"tally-{self.n_blocks + 1}.npz")
        if tally.arrays:
            np.savez(added, **tally.arrays)  # type: ignore[arg-type]
        record = {
            "n_rows": len(tests),
            "tests": digest_of_bytes(tests.tobytes()),
            "tally": tally.to_json(),
            "arrays": digest_of(added) if tally.arrays else None,
            "parts": {kind: part.state() for kind, part in self.parts.items()},
        }
        with open(self._path("journal.jsonl"), "a", encoding="utf-8") as file:
            file.write(json.dumps(_sealed(record)) + "\n")
        remove(self._path(f"tally-{self.n_blocks}.npz"))
        self.n_blocks += 1


def has_work(folder: str) -> bool:
    """Return whether a run has left unfinished work in ``folder``."""
    return os.path.exists(os.path.join(folder, "fingerprint.json"))


def read_fingerprint(folder: str) -> dict:
    """Read the fingerprint of the work in ``folder``. Raises GemcontError if there is none."""
    path = os.path.join(folder, "fingerprint.json")
    try:
        with open(path, encoding="utf-8") as file:
            found = json.load(file)
    except OSError:
        raise GemcontError(f"{folder}: no unfinished work there; run without --resume") from None
    except ValueError:
        raise damaged(path) from None
    return _unsealed(found, path)


def _sealed(record):
    """Return the record with the digest of its own text."""
    return record | {"digest": digest_of_bytes(json.dumps(record).encode())}


def _unsealed(record, path):
    """Return the record that was sealed. Raises GemcontError if it has changed since."""
    digest = record.pop("digest", None) if isinstance(record, dict) else None
    if digest is None or digest != digest_of_bytes(json.dumps(record).encode()):
        raise damaged(path)
    return record


def read_journal(folder: str) -> tuple[list[dict], np.ndarray]:
    """Read the whole lines of a journal, and the rows (variant, neg_log_10_p) that they count."""
    records = _read_records(os.path.join(folder, "journal.jsonl"))
    n_rows = sum(record["n_rows"] for record in records)
    path = os.path.join(folder, "tests.bin")
    if n_rows and not os.path.exists(path):
        raise damaged(path)
    tests = np.fromfile(path, dtype=_TESTS, count=n_rows) if n_rows else np.empty(0, _TESTS)
    first = 0
    for record in records:
        rows = tests[first : first + record["n_rows"]]
        if digest_of_bytes(rows.tobytes()) != record["tests"]:
            raise damaged(path)
        first += record["n_rows"]
    return records, tests


def _read_records(path):
    """Read the whole lines of a journal; only the last may be cut short, by a kill."""
    if not os.path.exists(path):
        return []
    with open(path, "rb") as file:
        lines = file.read().split(b"\n")[:-1]
    records = []
    for number, line in enumerate(lines, 1):
        try:
            records.append(_unsealed(json.loads(line), path))
        except ValueError:
            raise GemcontError(
                f"{path}: line {number} is damaged; run without --resume, or this chunk again"
            ) from None
    return records


def _cut_journal(folder):
    """Cut off the line that a killed run left unfinished."""
    with open(os.path.join(folder, "journal.jsonl"), "ab+") as file:
        file.seek(0)
        file.truncate(sum(len(line) for line in file if line.endswith(b"\n")))
