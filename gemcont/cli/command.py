"""How a command runs: its parser, its log, one-line errors, exit codes, signals."""

import logging
import os
import signal
import sys
import traceback
from collections.abc import Callable, Iterator, Sequence
from contextlib import contextmanager, suppress
from dataclasses import dataclass

from gemcont.cli.logs import close_log, open_log
from gemcont.cli.parser import USER_ERROR, Parser
from gemcont.errors import GemcontError
from gemcont.settings.flags import flags_in

log = logging.getLogger("gemcont")

OUR_BUG, INTERRUPTED = 1, 130
_SIGNALS = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
_STOPPED = "interrupted; files that were not whole yet are not written"


def _nothing(command, given):
    return command


@dataclass(frozen=True, kw_only=True)
class Command:
    """One command of the command line.

    Attributes:
        program: its name
        settings: the dataclass of all its flags
        description, epilog: what ``--help`` says before and after the flags
        job: function of the settings that does the work
        check: function of the settings and of the fields that were given, which raises GemcontError
            before any file is touched, and returns the settings to run with
    """

    program: str
    settings: type
    description: str
    job: Callable
    check: Callable = _nothing
    epilog: str | None = None

    def parser(self) -> Parser:
        """Return the command's parser."""
        return Parser(
            self.settings, prog=self.program, description=self.description, epilog=self.epilog
        )

    def run(self, words: Sequence[str] | None = None) -> int:
        """Run the command and return its exit code: 0 done, 2 the user's mistake, 1 our bug.

        words: the command line; without them, as a command, the process ends here.
        """
        code = self._run(words)
        return _leave(code) if words is None else code

    def _run(self, words):
        parser, prefix = self.parser(), None
        with _interruptible() as interrupted:
            try:
                settings, given = parser.read(words)
                _limit_threads(settings)
                settings = self.check(settings, given)
                prefix = settings.log_prefix
                words_said = sys.argv[1:] if words is None else words
                open_log(self.program, prefix, words_said, verbose=settings.verbose)
                if words is None:
                    _leave_blas_out()
                self.job(settings)
                if interrupted:  # where a library caught it and went on
                    raise KeyboardInterrupt
            except GemcontError as error:
                return self._fail(self._with_flag(str(error)), USER_ERROR)
            except KeyboardInterrupt:
                return self._fail(_STOPPED, INTERRUPTED)
            except MemoryError:
                return self._fail("out of memory; lower --memory or --threads", USER_ERROR)
            except Exception:  # noqa: BLE001 - the last line of defence: a bug of ours, said as such
                if interrupted:  # a library took it for a fault of its own
                    return self._fail(_STOPPED, INTERRUPTED)
                log.debug("%s", traceback.format_exc())
                where = f"; the details are in {prefix}.log" if log.handlers else ""
                return self._fail(f"internal error, please report it{where}", OUR_BUG)
            finally:
                close_log()
        return 0

    def _with_flag(self, message):
        """Return a message that begins with a setting's name with that of its flag.

        What is below knows no command line: it says "pcs: ...".
        """
        name, colon, rest = message.partition(":")
        known = {field.name: names[0] for field, _, names in flags_in(self.settings)}
        return f"{known[name]}:{rest}" if colon and name in known else message

    def _fail(self, message, code):
        log.debug("Error: %s", message)  # into the log file; the terminal gets the line below
        sys.stderr.write(f"{self.program}: error: {message}\n")
        return code


@contextmanager
def _interruptible() -> Iterator[list[int]]:
    """Raise KeyboardInterrupt at the first signal and ignore further ones; yield those that came.

    A signal that is ignored already stays so: nohup's SIGHUP. What was before comes back.
    """
    came: list[int] = []

    def interrupt(number: int, frame: object) -> None:
        """Note the signal, ignore further ones, and interrupt."""
        came.append(number)
        for further in before:
            signal.signal(further, signal.SIG_IGN)  # let the first one clean up
        raise KeyboardInterrupt

    heeded = [s for s in _SIGNALS if signal.getsignal(s) is not signal.SIG_IGN]
    before = {number: signal.signal(number, interrupt) for number in heeded}
    try:
        yield came
    finally:
        for number, handler in before.items():
            signal.signal(number, handler)


def _limit_threads(settings):
    """Say --threads to polars, which reads it when it is first imported."""
    threads = getattr(settings, "threads", None)
    if threads is not None:
        os.environ.setdefault("POLARS_MAX_THREADS", str(threads))


def _leave_blas_out():
    """Spare a command the search for BLAS, which Numba makes, through scipy, at its first kernel.

    It takes 0.2 s and no kernel here multiplies matrices. For commands only: in a user's own
    process Numba stays as it is.
    """
    if "scipy.linalg" in sys.modules or "numba.np.arraymath" in sys.modules:
        return
    sys.modules["scipy.linalg"] = None  # an import of it fails at once
    try:
        import numba.np.arraymath  # noqa: F401
    finally:
        del sys.modules["scipy.linalg"]


def _leave(code):
    """End the process at once: all files are closed, and taking modules apart takes 0.2 s."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # a pipe whose reader has gone
            stream.flush()
    os._exit(code)
