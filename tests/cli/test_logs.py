"""The log of a command: one run at a time, warnings marked, whole in the file."""

import logging

import pytest

import gemcont
from gemcont import GemcontError
from gemcont.cli.logs import close_log, open_log

log = logging.getLogger("gemcont.somewhere")


@pytest.fixture(autouse=True)
def closed():
    """The package's logger as the tests before left it."""
    package = logging.getLogger("gemcont")
    before = package.level, package.propagate, logging.raiseExceptions
    yield
    close_log()
    package.setLevel(before[0])
    package.propagate, logging.raiseExceptions = before[1:]


def test_the_log_begins_with_the_version_and_the_command_line(tmp_path):
    open_log("gemcont-x", str(tmp_path / "r"), ["--out", "two words"], verbose=False)
    lines = (tmp_path / "r.log").read_text().splitlines()
    assert f"gemcont {gemcont.__version__}, " in lines[0]
    assert lines[1].endswith("gemcont-x --out 'two words'")


@pytest.mark.parametrize("verbose", [False, True])
def test_warnings_are_marked_and_details_are_for_the_file(tmp_path, capsys, verbose):
    open_log("gemcont-x", str(tmp_path / "r"), [], verbose=verbose)
    log.debug("a detail")
    log.info("a fact")
    log.warning("a %s", "danger")
    text, shown = (tmp_path / "r.log").read_text(), capsys.readouterr().out
    assert "a detail\n" in text
    assert "Warning: a danger\n" in text
    assert "Warning: a fact" not in text
    assert "a fact\nWarning: a danger\n" in shown
    assert ("a detail" in shown) == verbose


def test_a_second_run_waits_for_no_lock_and_leaves_the_log_alone(tmp_path):
    open_log("gemcont-x", str(tmp_path / "r"), [], verbose=False)
    log.info("of the first")
    handlers = logging.getLogger("gemcont").handlers
    with pytest.raises(GemcontError, match=r"^--out: another run is writing .*r\.log"):
        open_log("gemcont-x", str(tmp_path / "r"), [], verbose=False)
    assert "of the first" in (tmp_path / "r.log").read_text()
    assert logging.getLogger("gemcont").handlers == handlers
    close_log()
    open_log("gemcont-x", str(tmp_path / "r"), [], verbose=False)
    assert "of the first" not in (tmp_path / "r.log").read_text()  # a run's log is its own


def test_missing_folders_are_made(tmp_path):
    open_log("gemcont-x", str(tmp_path / "a" / "b" / "r"), [], verbose=False)
    assert (tmp_path / "a" / "b" / "r.log").exists()


def test_a_prefix_that_is_none(tmp_path):
    for prefix in (str(tmp_path), f"{tmp_path}/"):
        with pytest.raises(GemcontError, match="is a folder; give a prefix for the files"):
            open_log("gemcont-x", prefix, [], verbose=False)
    (tmp_path / "file").write_text("")
    with pytest.raises(GemcontError, match=r"cannot be written \(\w+"):
        open_log("gemcont-x", str(tmp_path / "file" / "r"), [], verbose=False)
    (tmp_path / "r.log").mkdir()
    with pytest.raises(GemcontError, match=r"r\.log cannot be written"):
        open_log("gemcont-x", str(tmp_path / "r"), [], verbose=False)


def test_a_closed_log_says_nothing_more(tmp_path):
    open_log("gemcont-x", str(tmp_path / "r"), [], verbose=False)
    close_log()
    log.info("too late")
    assert logging.getLogger("gemcont").handlers == []
    assert "too late" not in (tmp_path / "r.log").read_text()
