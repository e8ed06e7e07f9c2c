"""Frames kept as files of their own until they are made into one parquet."""

import os

import numpy as np
import polars as pl
import pytest

from gemcont import GemcontError
from gemcont.tables.results.frames import FrameParts, link

FRAMES = [pl.DataFrame({"x": [float(i), np.nan], "n": [i, None]}) for i in range(4)]
WHOLE = pl.DataFrame({"x": [0.0, None, 1.0, None, 2.0, None, 3.0, None]})


def grown(folder, count=4):
    """Parts of ``count`` frames, and their states after each."""
    parts, states = FrameParts(str(folder), "joint"), []
    parts.restore([])
    for frame in FRAMES[:count]:
        parts.append(parts.encode(frame))
        states.append(parts.state())
    return parts, states


def test_frames_become_one_parquet_with_nulls_for_nan(tmp_path):
    parts, _ = grown(tmp_path)
    parts.finish(str(tmp_path / "x.parquet"))
    table = pl.read_parquet(tmp_path / "x.parquet")
    assert table["x"].to_list() == WHOLE["x"].to_list()
    assert table["n"].to_list() == [0, None, 1, None, 2, None, 3, None]


def test_a_run_goes_on_after_the_last_state_that_was_written_down(tmp_path):
    _, states = grown(tmp_path)
    again = FrameParts(str(tmp_path), "joint")
    again.restore(states[:2])
    assert len(again.files) == len(os.listdir(tmp_path / "joint")) == 2
    for frame in FRAMES[2:]:
        again.append(again.encode(frame))
    assert again.state() == states[-1]
    again.finish(str(tmp_path / "x.parquet"))
    assert pl.read_parquet(tmp_path / "x.parquet")["x"].to_list() == WHOLE["x"].to_list()


@pytest.mark.parametrize("harm", ["changed", "missing"])
def test_files_that_are_not_what_was_appended_are_named(tmp_path, harm):
    parts, states = grown(tmp_path)
    if harm == "missing":
        os.remove(parts.files[1])
    else:
        FRAMES[3].write_ipc(parts.files[1])
    with pytest.raises(GemcontError, match="000001.arrow: missing or damaged, not as the journal"):
        FrameParts(str(tmp_path), "joint").restore(states)
    FrameParts(str(tmp_path), "joint").restore(states[:1])  # before the damage


def test_another_runs_files_are_appended(tmp_path):
    first, _ = grown(tmp_path / "a", 2)
    other = FrameParts(str(tmp_path / "b"), "joint")
    other.restore([])
    for frame in FRAMES[2:]:
        other.append(other.encode(frame))
    first.absorb(other)
    first.finish(str(tmp_path / "x.parquet"))
    assert pl.read_parquet(tmp_path / "x.parquet")["x"].to_list() == WHOLE["x"].to_list()


def test_a_link_is_the_same_file_or_a_copy_where_there_can_be_none(tmp_path, monkeypatch):
    (tmp_path / "a" / "b").mkdir(parents=True)
    (tmp_path / "a" / "b" / "x").write_text("one")
    link(str(tmp_path / "a"), str(tmp_path / "c"))
    assert os.path.samefile(tmp_path / "a/b/x", tmp_path / "c/b/x")

    def refused(*paths):
        raise OSError

    monkeypatch.setattr(os, "link", refused)
    link(str(tmp_path / "a"), str(tmp_path / "c"))
    assert not os.path.samefile(tmp_path / "a/b/x", tmp_path / "c/b/x")
    assert (tmp_path / "c/b/x").read_text() == "one"
