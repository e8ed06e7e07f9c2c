"""The files that a command writes under a prefix: refusals, and what an earlier run has left."""

import logging

import pytest

from gemcont import GemcontError
from gemcont.tables.outputs import OutputFiles


def test_names_stand_under_the_prefix_once_and_the_log_is_among_them():
    files = OutputFiles("a/r", ["x.tsv", "y.png", "x.tsv"])
    assert files.names == ("x.tsv", "y.png", "log")
    assert files.path("x.tsv") == "a/r.x.tsv"


@pytest.mark.parametrize("name", ["r.x.tsv", "r.log", "r.x.tsv.tmp", "./r.log"])
def test_an_input_that_would_be_written_over_is_refused(tmp_path, name, monkeypatch):
    monkeypatch.chdir(tmp_path)
    (tmp_path / name).write_text("mine")
    files = OutputFiles(str(tmp_path / "r"), ["x.tsv"])
    with pytest.raises(GemcontError, match="is also an input"):
        files.refuse_inputs(["other", name])
    assert (tmp_path / name).read_text() == "mine"


def test_inputs_beside_the_outputs_pass(tmp_path):
    (tmp_path / "r.y.tsv").write_text("mine")
    OutputFiles(str(tmp_path / "r"), ["x.tsv"]).refuse_inputs([str(tmp_path / "r.y.tsv")])


def test_files_of_an_earlier_run_go_and_are_said(tmp_path, caplog):
    for name in ("r.x.tsv", "r.y.png", "r.log", "r.foreign", "r2.x.tsv"):
        (tmp_path / name).write_text("old")
    files = OutputFiles(str(tmp_path / "r"), ["x.tsv", "y.png", "z.tsv"])
    with caplog.at_level(logging.INFO, "gemcont"):
        files.remove_stale({"x.tsv"})
    left = sorted(path.name for path in tmp_path.iterdir())
    assert left == ["r.foreign", "r.log", "r.x.tsv", "r2.x.tsv"]
    assert caplog.messages == [f"{tmp_path}/r.y.png of an earlier run removed"]


def test_a_folder_of_that_name_stays(tmp_path):
    (tmp_path / "r.x.tsv").mkdir()
    OutputFiles(str(tmp_path / "r"), ["x.tsv"]).remove_stale(())
    assert (tmp_path / "r.x.tsv").is_dir()
