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
from gemcont.tables.files import digest_of, digest_of_bytes, remove
from gemcont.tables.results.frames import damaged
from gemcont.workflows.gwas.files.fingerprint import difference
from gemcont.workflows.gwas.scan.plan import ScanBlock

_TESTS = np.dtype([("variant", "<i4"), ("neg_log_10_p", "<f8")])


class Journal:
    """The unfinished work in ``folder``; parts: the outputs by kind (``tables.parts``)."""

    def __init__(self, folder, fingerprint, parts):
        self.folder, self._fingerprint, self.parts = folder, fingerprint, parts
        self.n_blocks, self._tallies_digest = 0, None

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
            json.dump(_sealed(self._fingerprint), file, indent=1)
        for part in self.parts.values():
            part.restore([])

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
        for kind, part in self.parts.items():
            part.restore(_states(records, kind))
        self.n_blocks, self._tallies_digest = len(records), _last_tallies(records)
        yield from _blocks(records, tests)

    def absorb(self, other):
        """Yield the blocks of another folder's finished ``Journal`` and append its outputs."""
        records, tests = read_journal(other.folder)
        other.n_blocks, other._tallies_digest = len(records), _last_tallies(records)
        for kind, part in self.parts.items():
            other.parts[kind].restore(_states(records, kind))
            part.absorb(other.parts[kind])
        yield from _blocks(records, tests)

    def tallies(self):
        """The arrays of the last block, {} where there are none."""
        due, path = self._tallies_digest, self._path(f"tallies-{self.n_blocks}.npz")
        if due is None:
            return {}
        if digest_of(path) != due:
            raise damaged(path)
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
        added = self._path(f"tallies-{self.n_blocks + 1}.npz")
        if tallies:
            np.savez(added, **tallies)
        record = {
            "n_read": block.n_read,
            "n_rows": len(tests),
            "failed": block.failed.tolist(),
            "untestable": block.untestable.tolist(),
            "rare": block.rare,
            "refitted": block.refitted,
            "written": block.written,
            "parts": {kind: part.state() for kind, part in self.parts.items()},
            "tests": digest_of_bytes(tests.tobytes()),
            "tallies": digest_of(added) if tallies else None,
        }
        with open(self._path("journal.jsonl"), "a", encoding="utf-8") as file:
            file.write(json.dumps(_sealed(record)) + "\n")
        remove(self._path(f"tallies-{self.n_blocks}.npz"))
        self.n_blocks += 1


def has_work(folder):
    """Whether a run has left work in ``folder`` to go on with."""
    return os.path.exists(os.path.join(folder, "fingerprint.json"))


def read_fingerprint(folder):
    """The fingerprint of the work in ``folder``; GemcontError where there is none."""
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
    """The record with the digest of its own text."""
    return record | {"digest": digest_of_bytes(json.dumps(record).encode())}


def _unsealed(record, path):
    """The record that was sealed, or GemcontError where it is another now."""
    digest = record.pop("digest", None) if isinstance(record, dict) else None
    if digest is None or digest != digest_of_bytes(json.dumps(record).encode()):
        raise damaged(path)
    return record


def _states(records, kind):
    """States of an output after each block, those it had."""
    return [record["parts"][kind] for record in records if kind in record["parts"]]


def _last_tallies(records):
    return records[-1]["tallies"] if records else None


def read_journal(folder):
    """The whole lines of a journal as dicts, and the rows (variant, neg_log_10_p) they count."""
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
    """The journal's whole lines; the last may be cut short, by a kill, and nothing else."""
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
    """Cut off the line that a killed run had begun."""
    with open(os.path.join(folder, "journal.jsonl"), "ab+") as file:
        file.seek(0)
        file.truncate(sum(len(line) for line in file if line.endswith(b"\n")))


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
