"""The journal of unfinished work: what it says, and what of it is damaged."""

import json

import polars as pl
import pytest
from reference.scans import DAMAGE, SIZE, flipped, kill_scan, spoil

from gemcont import GemcontError


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
