"""What every command shares."""

import os
import signal

import pytest

from gemcont.cli.common import Parser, run_command


def parser():
    found = Parser(prog="x")
    found.add_argument("--out")
    found.add_argument("-v", "--verbose", action="store_true")
    return found


def test_an_interrupt_that_a_library_swallows_still_ends_in_130(tmp_path, capsys):
    def job(arguments):
        try:
            os.kill(os.getpid(), signal.SIGINT)
            signal.sigtimedwait([], 0.1)
        except KeyboardInterrupt:
            pass

    assert run_command("x", parser(), lambda a: None, job, ["--out", str(tmp_path / "o")]) == 130
    assert "interrupted" in capsys.readouterr().err
    assert run_command("x", parser(), lambda a: None, id, ["--out", str(tmp_path / "o")]) == 0


def test_an_empty_value_is_named(capsys):
    with pytest.raises(SystemExit):
        parser().parse_args(["--out", ""])
    assert "--out: the value is empty" in capsys.readouterr().err
