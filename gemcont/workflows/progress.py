"""Work of a scan that is not finished: a folder from which a killed run goes on.

    PREFIX.partial/fingerprint.json   what the results depend on
    PREFIX.partial/journal.jsonl      a line per block: counts, and how far every output reached
    PREFIX.partial/tests.bin          variant and -log10 p of the joint test of every row
    PREFIX.partial/tallies-N.npz      what is added up over blocks, after N of them
    PREFIX.partial/...                the outputs themselves (``tables.parts``, ``frames``)

A block counts once its line stands in the journal; whatever was written after the last whole line
is cut off before a run goes on.
"""

import json
import os

import numpy as np

from gemcont.errors import GemcontError
from gemcont.tables.files import remove
from gemcont.tables.frames import damaged
from gemcont.workflows.fingerprint import difference
from gemcont.workflows.scan import ScanBlock

_TESTS = np.dtype([("variant", "<i4"), ("neg_log_10_p", "<f8")])


class Progress:
    """The unfinished work in ``folder``; parts: the outputs by kind (``tables.parts``)."""

    def __init__(self, folder, fingerprint, parts):
        self.folder, self._fingerprint, self.parts = folder, fingerprint, parts
        self.n_blocks = 0

    def _path(self, name):
        return os.path.join(self.folder, name)

    @property
    def encoders(self):
        """What makes each kind of frame ready to be appended; for the threads that compute."""
        return {kind: part.encode for kind, part in self.parts.items()}

    def begin(self):
        """An empty folder; what an earlier run left in it is removed."""
        if os.path.isdir(self.folder) and os.listdir(self.folder) and not has_work(self.folder):
            raise GemcontError(f"{self.folder}: a folder of yours is in the way; move it")
        remove(self.folder)
        os.makedirs(self.folder)
        with open(self._path("fingerprint.json"), "w", encoding="utf-8") as file:
            json.dump(self._fingerprint, file, indent=1)
        for part in self.parts.values():
            part.restore(None)

    def resume(self):
        """Yield the blocks of the folder (``ScanBlock``s without frames) and go on behind them.

        Raises GemcontError where they belong to another scan.
        """
        changed = difference(read_fingerprint(self.folder), self._fingerprint)
        if changed:
            raise GemcontError(
                f"--resume: {self.folder} is of another run: {changed}; run without --resume to "
                "begin anew"
            )
        records, tests = read_journal(self.folder)
        _cut_journal(self.folder)
        with open(self._path("tests.bin"), "ab") as file:
            file.truncate(tests.nbytes)
        last = records[-1]["parts"] if records else {}
        for kind, part in self.parts.items():
            part.restore(last.get(kind))
        self.n_blocks = len(records)
        yield from _blocks(records, tests)

    def absorb(self, other):
        """Yield the blocks of another folder's finished ``Progress`` and append its outputs."""
        records, tests = read_journal(other.folder)
        other.n_blocks = len(records)
        last = records[-1]["parts"]
        for kind, part in self.parts.items():
            other.parts[kind].restore(last[kind])
            part.absorb(other.parts[kind])
        yield from _blocks(records, tests)

    def tallies(self):
        """The arrays of the last block, {} where there are none."""
        path = self._path(f"tallies-{self.n_blocks}.npz")
        if not os.path.exists(path):
            return {}
        with np.load(path) as file:
            return dict(file)

    def add(self, block, tallies):
        """Append a block's encoded frames and what is known of it; it counts from here on.

        tallies: arrays by name, what is added up over the blocks so far
        """
        for kind, encoded in block.frames.items():
            self.parts[kind].append(encoded)
        tests = np.empty(len(block.variants), dtype=_TESTS)
        tests["variant"], tests["neg_log_10_p"] = block.variants, block.neg_log_10_p
        with open(self._path("tests.bin"), "ab") as file:
            tests.tofile(file)
        if tallies:
            np.savez(self._path(f"tallies-{self.n_blocks + 1}.npz"), **tallies)
        record = {
            "n_read": block.n_read,
            "n_rows": len(tests),
            "failed": block.failed.tolist(),
            "untestable": block.untestable.tolist(),
            "rare": block.rare,
            "refitted": block.refitted,
            "written": block.written,
            "parts": {kind: part.state() for kind, part in self.parts.items()},
        }
        with open(self._path("journal.jsonl"), "a", encoding="utf-8") as file:
            file.write(json.dumps(record) + "\n")
        remove(self._path(f"tallies-{self.n_blocks}.npz"))
        self.n_blocks += 1


def has_work(folder):
    """Whether a run has left work in ``folder`` to go on with."""
    return os.path.exists(os.path.join(folder, "fingerprint.json"))


def read_fingerprint(folder):
    """The fingerprint of the work in ``folder``; GemcontError where there is none."""
    try:
        with open(os.path.join(folder, "fingerprint.json"), encoding="utf-8") as file:
            return json.load(file)
    except (OSError, ValueError):
        raise GemcontError(f"{folder}: no unfinished work there; run without --resume") from None


def read_journal(folder):
    """The whole lines of a journal as dicts, and the rows (variant, neg_log_10_p) they count."""
    records = []
    path = os.path.join(folder, "journal.jsonl")
    if os.path.exists(path):
        with open(path, encoding="utf-8") as file:
            records = [json.loads(line) for line in file if line.endswith("}\n")]
    n_rows = sum(record["n_rows"] for record in records)
    path = os.path.join(folder, "tests.bin")
    tests = np.fromfile(path, dtype=_TESTS, count=n_rows) if n_rows else np.empty(0, _TESTS)
    if len(tests) < n_rows:
        raise damaged(path)
    return records, tests


def _cut_journal(folder):
    """Cut off the line that a killed run had begun."""
    with open(os.path.join(folder, "journal.jsonl"), "ab+") as file:
        file.seek(0)
        file.truncate(sum(len(line) for line in file if line.endswith(b"}\n")))


def _blocks(records, tests):
    start = 0
    for record in records:
        rows = tests[start : start + record["n_rows"]]
        start += record["n_rows"]
        yield ScanBlock(
            rows["variant"],
            rows["neg_log_10_p"],
            {},
            np.array(record["failed"]),
            np.array(record["untestable"]),
            record["rare"],
            record["refitted"],
            record["n_read"],
            record["written"],
        )
