"""Scans from files to files: killed and resumed, always the same bytes."""

import shutil

import numpy as np
import polars as pl
import pytest
from reference.scans import RUNS, Killed, contents, kill, kill_scan, leave_half_a_block

from gemcont import GemcontError
from gemcont.tables.files import remove


@pytest.mark.parametrize("kind", RUNS)
@pytest.mark.parametrize("n_blocks", [1, 4, 8])
def test_a_resumed_scan_writes_the_same_bytes(study, scan, monkeypatch, kind, n_blocks):
    whole = scan(kind=kind)
    expected = contents(study)
    for path in study.folder.glob("result.*"):
        remove(path)
    kill_scan(scan, monkeypatch, n_blocks, kind)
    assert [p.name for p in study.folder.glob("result.*")] == ["result.partial"]
    leave_half_a_block(study.folder / "result.partial")
    run = scan(kind=kind, resume=True, threads=1)
    assert contents(study) == expected
    np.testing.assert_array_equal(run.row_variants, whole.row_variants)
    np.testing.assert_array_equal(run.all_neg_log_10_p, whole.all_neg_log_10_p)
    assert (run.removed_variants, run.written) == (whole.removed_variants, whole.written)
    counts, expected = run.tally.to_json(), whole.tally.to_json()
    counts["written"] = expected["written"] = None  # by --top-k as many as the threads saw pass
    assert counts == expected


def test_threads_and_memory_may_change(study, scan, monkeypatch):
    scan(block_size=None, threads=2)
    expected = contents(study)
    kill_scan(scan, monkeypatch, 2)
    scan(block_size=None, threads=1, memory=16, resume=True)
    assert contents(study) == expected


def test_a_run_killed_while_it_finishes_can_be_resumed(study, scan, monkeypatch):
    scan(kind=RUNS[3])
    expected = contents(study)
    with pytest.raises(Killed):
        scan(kind=RUNS[3], report=kill)
    assert (study.folder / "result.partial").exists()
    scan(kind=RUNS[3], resume=True)
    assert contents(study) == expected


def test_nothing_of_the_user_is_deleted(study, scan):
    for name in ("result.partial", "result.products"):
        (study.folder / name).mkdir()
        (study.folder / name / "notes.txt").write_text("mine")
        with pytest.raises(GemcontError, match=f"{name}: .* in the way"):
            scan(save_products=True)
        assert (study.folder / name / "notes.txt").read_text() == "mine"
        shutil.rmtree(study.folder / name)


def test_a_scan_without_variants_leaves_nothing(study, scan):
    with pytest.raises(GemcontError, match="no variant is left"):
        scan(mac=10_000)
    assert not list(study.folder.glob("result.*"))


def test_a_full_disk_is_said_and_the_work_kept(study, scan, monkeypatch):
    def full(*_, **__):
        raise pl.exceptions.ComputeError("underlying IO error: No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(pl.LazyFrame, "sink_parquet", full)
        with pytest.raises(GemcontError, match="No space left on device.* --resume goes on from"):
            scan(kind=RUNS[2])
    scan(kind=RUNS[2], resume=True)
    assert (study.folder / "result.gwas.parquet").exists()


def test_arrays_of_kinship_do_not_go_with_files(study, scan):
    with pytest.raises(GemcontError, match="kinship: files of results need a path"):
        scan(kinship=np.eye(3))
