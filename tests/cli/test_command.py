"""How a command runs: interrupts, exit codes, and what its parser says of mistakes."""

import os
import signal
import subprocess
import sys
from dataclasses import dataclass

import pytest

from gemcont.cli.command import Command
from gemcont.settings.flags import flag
from gemcont.settings.shared import Output, Threads


@dataclass(frozen=True, kw_only=True)
class Settings(Threads, Output):
    share: float = flag(0.5, "a share", low=0, high=1)
    kind: str = flag("a", "a kind", choices=("a", "b"))


def command(job=lambda settings: None, check=lambda settings, given: settings):
    return Command(program="x", settings=Settings, description="X.", job=job, check=check)


def test_an_interrupt_that_a_library_swallows_still_ends_in_130(tmp_path, capsys):
    def job(settings):
        try:
            os.kill(os.getpid(), signal.SIGINT)
            signal.sigtimedwait([], 0.1)
        except KeyboardInterrupt:
            pass

    assert command(job).run(["--out", str(tmp_path / "o")]) == 130
    assert "interrupted" in capsys.readouterr().err
    assert command().run(["--out", str(tmp_path / "o")]) == 0


@pytest.mark.parametrize(
    ("words", "message"),
    [
        (["--out", ""], "--out: the value is empty"),
        ([], "the following arguments are required: --out"),
        (["--out", "o", "--share", "2"], "argument --share: '2' is not a number from 0 to 1"),
        (["--out", "o", "--share", "nan"], "argument --share: 'nan' is not a number from 0 to 1"),
        (["--out", "o", "--threads", "1_0"], "'1_0' is not a whole number from 1 to 1024"),
        (["--out", "o", "--kind", "c"], "argument --kind: invalid choice: 'c'"),
        (["--out", "o", "--sha", "1"], "unrecognized arguments: --sha 1"),
    ],
)
def test_a_mistake_is_one_line(words, message, capsys):
    with pytest.raises(SystemExit, match="2"):
        command().run(words)
    error = capsys.readouterr().err
    assert message in error
    assert error.count("\n") == 1


def test_the_fields_that_were_given_are_known(tmp_path):
    seen = []

    def check(settings, given):
        seen.append((settings, given))
        return settings

    assert command(check=check).run(["--out", str(tmp_path / "o"), "--kind", "a"]) == 0
    assert seen[0][1] == {"out", "kind"}
    assert (seen[0][0].share, seen[0][0].kind) == (0.5, "a")


def test_a_signal_that_is_ignored_stays_so():
    """As under nohup: a hangup is not for us."""
    code = (
        "import os, signal, sys\n"
        "signal.signal(signal.SIGHUP, signal.SIG_IGN)\n"
        "from gemcont.cli.command import _interruptible\n"
        "with _interruptible() as came:\n"
        "    os.kill(os.getpid(), signal.SIGHUP)\n"
        "print(came, signal.getsignal(signal.SIGHUP) is signal.SIG_IGN)\n"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert run.stdout == "[] True\n"
