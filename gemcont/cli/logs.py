"""The log of a command: PREFIX.log, one run at a time, and the terminal."""

import fcntl
import logging
import os
import shlex
import sys
import time
from collections.abc import Sequence
from pathlib import Path

import gemcont
from gemcont.errors import GemcontError

log = logging.getLogger("gemcont")


def open_log(program: str, prefix: str, words: Sequence[str], *, verbose: bool) -> None:
    """Log to ``PREFIX.log``, and to the terminal's stdout at INFO or, if verbose, at DEBUG."""
    path = f"{prefix}.log"
    if not os.path.basename(prefix) or os.path.isdir(prefix):
        raise GemcontError(f"--out: {prefix!r} is a folder; give a prefix for the files")
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        file = _LockedLog(path, mode="a", encoding="utf-8")
    except BlockingIOError:
        raise GemcontError(f"--out: another run is writing {path}; choose another prefix") from None
    except OSError as error:
        raise GemcontError(f"--out: {path} cannot be written ({error.strerror})") from None
    file.setFormatter(logging.Formatter("%(asctime)s %(warning)s%(message)s", "%H:%M:%S"))
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")
    terminal = _Terminal(sys.stdout)
    terminal.setLevel(logging.DEBUG if verbose else logging.INFO)
    terminal.setFormatter(logging.Formatter("%(warning)s%(message)s"))
    for handler in (file, terminal):
        handler.addFilter(_mark_warnings)
    logging.raiseExceptions = False  # a full disk under the log is no reason to stop
    log.setLevel(logging.DEBUG)
    log.propagate = False
    log.handlers = [file, terminal]
    log.info("gemcont %s, %s", gemcont.__version__, time.strftime("%Y-%m-%d %H:%M:%S %z"))
    log.info("%s %s", program, shlex.join(words))


def close_log() -> None:
    """Close and forget the handlers, so that a second command in the process starts afresh."""
    for handler in log.handlers:
        handler.close()
    log.handlers = []


def _mark_warnings(record):
    """Give every record the word that stands before its message."""
    record.warning = "Warning: " if record.levelno == logging.WARNING else ""
    return True


class _LockedLog(logging.FileHandler):
    """A log file of one run at a time: locked while it is open, emptied once it is ours."""

    def _open(self):
        stream = super()._open()
        try:
            fcntl.flock(stream, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            stream.close()
            raise
        stream.truncate(0)
        return stream


class _Terminal(logging.StreamHandler):
    """A handler that writes above a progress bar, and goes quiet when a pipe's reader has gone."""

    def emit(self, record: logging.LogRecord) -> None:
        """Write a record."""
        try:
            from tqdm import tqdm

            tqdm.write(self.format(record), file=self.stream)
            self.flush()
        except OSError:  # a closed pipe, a full disk
            self.stream = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
            os.dup2(self.stream.fileno(), sys.stdout.fileno())
