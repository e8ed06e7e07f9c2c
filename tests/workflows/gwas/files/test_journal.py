"""The journal of unfinished work: what it says, and what of it is damaged."""

import json

import numpy as np
import polars as pl
import pytest
from reference.scans import DAMAGE, SIZE, flipped, kill_scan, spoil

from gemcont import GemcontError
from gemcont.workflows.gwas.files.journal import Journal, has_work, read_fingerprint, read_journal
from gemcont.workflows.gwas.scan.plan import ScanBlock
from gemcont.workflows.gwas.scan.tally import Tally


@pytest.mark.parametrize("how", DAMAGE)
@pytest.mark.parametrize(
    "name", ["joint.tsv", "tests.bin", "effects/000001.arrow", "tally-3.npz", "fingerprint.json",
             "every/000000/values-0.npy", "variants/000002.arrow", "products/part-00000.parquet"],
)  # fmt: skip
def test_damaged_work_is_refused_by_name(study, scan, monkeypatch, name, how):
    settings = {"effects": True, "each_trait": True, "save_products": True}
    kill_scan(scan, monkeypatch, 3, **settings)
    spoil(study.folder / "result.partial" / name, how)
    if (name, how) == ("fingerprint.json", "gone"):
        with pytest.raises(GemcontError, match="a folder of yours is in the way"):
            scan(resume=True, **settings)
        return
    shown = name.removesuffix("/values-0.npy")
    with pytest.raises(GemcontError, match=rf"{shown}: missing or damaged.* without --resume"):
        scan(resume=True, **settings)


def test_a_damaged_journal_is_refused_by_its_line(study, scan, monkeypatch):
    kill_scan(scan, monkeypatch, 3)
    path = study.folder / "result.partial" / "journal.jsonl"
    whole = path.read_bytes()
    first = whole.index(b"\n")
    path.write_bytes(flipped(whole[:first]) + whole[first:])
    with pytest.raises(GemcontError, match=r"journal.jsonl: (line 1 is|missing or) damaged"):
        scan(resume=True)
    path.write_bytes(whole.replace(b'"rare": ', b'"rare": 1', 1))
    with pytest.raises(GemcontError, match="journal.jsonl: missing or damaged"):
        scan(resume=True)
    path.write_bytes(whole[:-9])  # as a kill leaves it: the last line does not count
    assert scan(resume=True).n_rows == 60


def test_the_journal_says_what_a_block_was(study, scan, monkeypatch):
    kill_scan(scan, monkeypatch, 2)
    with open(study.folder / "result.partial" / "journal.jsonl") as file:
        records = [json.loads(line) for line in file]
    assert [r["tally"]["n_read"] for r in records] == [SIZE, 2 * SIZE]
    assert pl.read_csv(study.folder / "result.partial" / "joint.tsv", separator="\t").height == 14


NOW = {"gemcont": "1", "arguments": {"maf": 0.1}, "block size": 3, "inputs": {}}


class Lines:
    """An output of a line a frame, as ``journal.Part``."""

    def __init__(self):
        self.lines = []

    def encode(self, frame):
        return f"<{frame}>"

    def append(self, encoded):
        self.lines.append(encoded)

    def state(self):
        return len(self.lines)

    def restore(self, states):
        self.lines = self.lines[: states[-1] if states else 0]

    def absorb(self, other):
        self.lines += other.lines


def block(number):
    """Block ``number``: three variants read, two of them rows."""
    rng = np.random.default_rng(number)
    tally = Tally(n_read=3, n_rows=2, histogram=rng.integers(0, 9, (2, 4)))
    return ScanBlock(
        variants=np.array([3 * number, 3 * number + 2]),
        neg_log_10_p=rng.random(2),
        tally=tally,
        frames={"joint": f"<{number}>"},
    )


def journal_of(folder, n_blocks, fingerprint=NOW):
    """A journal of so many blocks, and their tally."""
    journal, tally = Journal(str(folder), fingerprint, {"joint": Lines()}), Tally()
    journal.begin()
    for number in range(n_blocks):
        tally += block(number).tally
        journal.add(block(number), tally)
    return journal, tally


def resumed(folder, lines, fingerprint=NOW):
    part = Lines()
    part.lines = list(lines)
    journal = Journal(str(folder), fingerprint, {"joint": part})
    return journal, journal.resume()


@pytest.mark.parametrize("n_blocks", [0, 1, 4])
def test_what_is_resumed_is_what_was_added(tmp_path, n_blocks):
    journal, tally = journal_of(tmp_path / "p", n_blocks)
    (tmp_path / "p" / "journal.jsonl").touch()
    assert journal.encoders["joint"](7) == "<7>"
    again, (variants, neg_log_10_p, found) = resumed(tmp_path / "p", journal.parts["joint"].lines)
    blocks = [block(number) for number in range(n_blocks)]
    expected = [v for b in blocks for v in b.variants]
    assert variants.tolist() == expected
    assert neg_log_10_p.tolist() == [p for b in blocks for p in b.neg_log_10_p]
    assert found.to_json() == tally.to_json()
    if n_blocks:
        np.testing.assert_array_equal(found.histogram, tally.histogram)
    assert again.n_blocks == n_blocks
    assert again.parts["joint"].lines == [f"<{number}>" for number in range(n_blocks)]


def test_a_cut_at_any_byte_goes_on_to_the_same(tmp_path):
    """Killed while a line is written, a run does that block again."""
    whole, total = journal_of(tmp_path / "whole", 3)
    journal_of(tmp_path / "two", 2)
    first = (tmp_path / "two" / "journal.jsonl").stat().st_size
    text = (tmp_path / "whole" / "journal.jsonl").read_bytes()
    assert text[:first] == (tmp_path / "two" / "journal.jsonl").read_bytes()
    expected = [path.read_bytes() for path in sorted((tmp_path / "whole").glob("*.[jb]*"))]
    for cut in range(first, len(text)):
        folder = tmp_path / f"cut{cut}"
        journal_of(folder, 2)
        (folder / "journal.jsonl").write_bytes(text[:cut])
        with open(folder / "tests.bin", "ab") as file:
            file.write(b"half a row")
        again, (variants, _, tally) = resumed(folder, ["<0>", "<1>", "<2>"])
        assert len(variants) == 4
        assert again.parts["joint"].lines == ["<0>", "<1>"]
        again.add(block(2), tally + block(2).tally)
        assert again.parts["joint"].lines == whole.parts["joint"].lines
        found = [path.read_bytes() for path in sorted(folder.glob("*.[jb]*"))]
        assert found == expected
    assert total.n_read == 9


def test_only_the_last_tally_is_kept(tmp_path):
    journal_of(tmp_path / "p", 3)
    assert [path.name for path in (tmp_path / "p").glob("tally-*")] == ["tally-3.npz"]


def test_chunks_are_appended_one_after_the_other(tmp_path):
    whole, total = journal_of(tmp_path / "p", 0)
    counted = []
    for number in range(2):
        chunk, _ = journal_of(tmp_path / f"chunk{number}", number + 1)
        counted.append(whole.absorb(str(tmp_path / f"chunk{number}"), chunk.parts))
    assert whole.parts["joint"].lines == ["<0>", "<0>", "<1>"]
    assert [tally.n_read for _, _, tally in counted] == [3, 6]
    assert counted[1][0].tolist() == [0, 2, 3, 5]
    assert total.n_read == 0


def test_work_of_another_scan_is_not_gone_on_with(tmp_path):
    journal_of(tmp_path / "p", 1)
    other = NOW | {"arguments": {"maf": 0.2}}
    with pytest.raises(GemcontError, match="--maf was 0.1, is 0.2; run without --resume to begin"):
        resumed(tmp_path / "p", ["<0>"], other)
    assert read_fingerprint(str(tmp_path / "p")) == NOW


def test_a_new_run_begins_with_an_empty_folder(tmp_path):
    journal_of(tmp_path / "p", 2)
    assert has_work(str(tmp_path / "p"))
    journal_of(tmp_path / "p", 0)
    assert read_journal(str(tmp_path / "p"))[0] == []
    assert [path.name for path in (tmp_path / "p").iterdir()] == ["fingerprint.json"]
    (tmp_path / "mine").mkdir()
    assert not has_work(str(tmp_path / "mine"))
    (tmp_path / "mine" / "notes").write_text("mine")
    with pytest.raises(GemcontError, match="mine: a folder of yours is in the way; move it"):
        journal_of(tmp_path / "mine", 0)
    with pytest.raises(GemcontError, match="nowhere: no unfinished work there"):
        read_fingerprint(str(tmp_path / "nowhere"))
