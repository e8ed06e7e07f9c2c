"""What every command shares: one-line errors, the log file, exit codes, signals."""

import argparse
import fcntl
import logging
import math
import os
import re
import shlex
import signal
import sys
import time
import traceback
from contextlib import suppress
from pathlib import Path

import gemcont
from gemcont.errors import GemcontError

log = logging.getLogger("gemcont")

USER_ERROR, OUR_BUG, INTERRUPTED = 2, 1, 130


class Parser(argparse.ArgumentParser):
    """argparse with whole flags only and one-line errors."""

    def __init__(self, **options):
        super().__init__(
            allow_abbrev=False,
            formatter_class=argparse.RawDescriptionHelpFormatter,
            **options,
        )
        self.add_argument("--version", action="version", version=f"gemcont {gemcont.__version__}")

    def parse_args(self, args=None, namespace=None):
        """As argparse, but --missing-code takes a list that begins with a minus, as PLINK's."""
        args = list(sys.argv[1:] if args is None else args)
        for i in range(len(args) - 1, 0, -1):
            if args[i - 1] == "--missing-code" and re.match(r"-[\d.]", args[i]):
                args[i - 1 : i + 1] = [f"--missing-code={args[i]}"]
        arguments = super().parse_args(args, namespace)
        for action in self._actions:
            if getattr(arguments, action.dest, None) == "":
                self.error(f"{action.option_strings[0]}: the value is empty")
        return arguments

    def error(self, message):
        """One line on stderr, exit 2."""
        self.exit(USER_ERROR, f"{self.prog}: error: {message} (see {self.prog} --help)\n")


def comma_list(text):
    """'a,b,c' -> ['a', 'b', 'c']."""
    parts = [part for part in (part.strip() for part in text.split(",")) if part]
    if not parts:
        raise argparse.ArgumentTypeError(f"{text!r} names nothing")
    return parts


def number(kind, low, high=None):
    """An argparse type: an int or float within [low, high], said plainly when it is not."""

    def parse(text):
        try:
            value = None if "_" in text else kind(text)  # 1_0, a slip, is ten to Python
        except ValueError:
            value = None
        if value is None or not low <= value < math.inf or (high is not None and value > high):
            what = "a whole number" if kind is int else "a number"
            bounds = f"from {low:g}" + (f" to {high:g}" if high is not None else " up")
            raise argparse.ArgumentTypeError(f"{text!r} is not {what} {bounds}")
        return value

    return parse


def role_columns(text):
    """Read 'beta=EFFECT,b.tsv:n=NEFF' as {'beta': 'EFFECT', 'b.tsv:n': 'NEFF'}."""
    from gemcont.tables.sumstats.dialects import ROLES

    columns = {}
    for part in comma_list(text):
        key, sign, name = part.partition("=")
        file, _, role = key.rpartition(":")
        if not sign or not name or role not in ROLES or key.startswith(":"):
            known = ", ".join(ROLES)
            raise argparse.ArgumentTypeError(
                f"{part!r} is not ROLE=NAME or FILE:ROLE=NAME; roles are {known}"
            )
        taken = [n for k, n in columns.items() if k.rpartition(":")[0] == file]
        if key in columns or name in taken:
            raise argparse.ArgumentTypeError(f"{part!r} names a role or a column a second time")
        columns[key] = name
    return columns


class AddColumns(argparse.Action):
    """Collect several ``--columns``."""

    def __call__(self, parser, namespace, values, option_string=None):
        found = dict(getattr(namespace, self.dest) or {})
        twice = next((key for key in values if key in found), None)
        if twice is not None:
            raise argparse.ArgumentError(self, f"{twice} is named a second time")
        setattr(namespace, self.dest, found | values)


def add_flags(group, flags):
    """Add (flag, metavar, help, options) to a group."""
    for flag, metavar, text, options in flags:
        group.add_argument(flag, metavar=metavar, help=text, **options)


def add_genotypes(group, *, required=True):
    """The flags of a genotype file: one of three formats, its .sample, the species."""
    which = group.add_mutually_exclusive_group(required=required)
    which.add_argument("--bfile", metavar="PREFIX", help="PLINK 1 fileset: .bed, .bim and .fam")
    which.add_argument(
        "--pfile", metavar="PREFIX", help="PLINK 2 fileset: .pgen, .pvar[.zst], .psam"
    )
    which.add_argument("--bgen", metavar="FILE", help="BGEN 1.2 file")
    group.add_argument("--sample", metavar="FILE", help="sample ids of a .bgen")
    add_species(group)


def add_min_found(group):
    """--min-found, the share of a panel without which a score is another one."""
    group.add_argument(
        "--min-found",
        type=number(float, 0, 1),
        default=0.75,
        metavar="SHARE",
        help="least share of the panel that has to be in the genotypes (0.75)",
    )


def add_species(group):
    """--chr-set, the number of autosomes."""
    group.add_argument(
        "--chr-set",
        type=number(int, 1, 999),
        metavar="N",
        help="autosomes of the species (default: what a .pvar states, else 22)",
    )


def add_r2_type(group):
    """--r2-type, the kind of linkage."""
    group.add_argument(
        "--r2-type",
        choices=("phased", "unphased"),
        default="phased",
        help="r2 of haplotypes (default) or of dosages",
    )


def add_work(group, *, memory=True):
    """--threads, --memory and --verbose."""
    group.add_argument(
        "--threads", type=number(int, 1, 1024), metavar="N", help="default: all processors"
    )
    if memory:
        group.add_argument(
            "--memory",
            type=number(int, 16),
            default=512,
            metavar="MiB",
            help="for genotypes in flight (default: 512)",
        )
    group.add_argument("-v", "--verbose", action="store_true", help="more on the terminal")


def limit_threads(arguments):
    """Say --threads to polars, which reads it when it is first imported."""
    if arguments.threads is not None:
        os.environ.setdefault("POLARS_MAX_THREADS", str(arguments.threads))


def genotype_path(arguments):
    """The path that ``open_genotypes`` takes: its suffix says the format, as the flag does."""
    if arguments.sample is not None and arguments.bgen is None:
        raise GemcontError("--sample goes with --bgen; a fileset has its own sample ids")
    for flag, suffix in (("bfile", ".bed"), ("pfile", ".pgen"), ("bgen", ".bgen")):
        path = getattr(arguments, flag)
        if path is None:
            continue
        wrong = next((s for s in (".bed", ".pgen", ".bgen") if path.endswith(s)), suffix)
        if wrong != suffix:
            raise GemcontError(f"--{flag}: {path} is a {wrong}; give it by the flag of its format")
        return path.removesuffix(suffix) + suffix


def genotype_files(arguments):
    """Every file that the genotype flags may read."""
    suffixes = {
        "bfile": (".bed", ".bim", ".fam", ".bim.gz", ".fam.gz"),
        "pfile": (".pgen", ".pvar", ".pvar.zst", ".psam"),
    }
    files = [
        getattr(arguments, flag).removesuffix(found[0]) + suffix
        for flag, found in suffixes.items()
        if getattr(arguments, flag) is not None
        for suffix in found
    ]
    return files + [p for p in (arguments.bgen, arguments.sample) if p is not None]


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


def run_command(program, parser, check, job, argv):
    """Parse, ``check(arguments)``, open the log, ``job(arguments)``; return the exit code.

    ``check`` raises GemcontError before any file is touched. Without ``argv``, as a command, the
    process ends here.
    """
    code = _run(program, parser, check, job, argv)
    return _leave(code) if argv is None else code


def _leave(code):
    """End the process at once: all files are closed, and taking modules apart takes 0.2 s."""
    for stream in (sys.stdout, sys.stderr):
        with suppress(OSError, ValueError):  # a pipe whose reader has gone
            stream.flush()
    os._exit(code)


def _run(program, parser, check, job, argv):
    arguments = parser.parse_args(argv)
    signals = (signal.SIGINT, signal.SIGTERM, signal.SIGHUP)
    _INTERRUPTED.clear()
    before = [signal.signal(number, _interrupt) for number in signals]
    try:
        check(arguments)
        open_log(program, arguments, sys.argv[1:] if argv is None else argv)
        if argv is None:
            _leave_blas_out()
        job(arguments)
        if _INTERRUPTED:  # where a library caught it and went on
            raise KeyboardInterrupt
    except GemcontError as error:
        return _fail(program, str(error), USER_ERROR)
    except KeyboardInterrupt:
        return _fail(program, _STOPPED, INTERRUPTED)
    except MemoryError:
        return _fail(program, "out of memory; lower --memory or --threads", USER_ERROR)
    except Exception:  # noqa: BLE001 - the last line of defence: a bug of ours, said as such
        if _INTERRUPTED:  # a library took it for a fault of its own
            return _fail(program, _STOPPED, INTERRUPTED)
        log.debug("%s", traceback.format_exc())
        where = f"; the details are in {arguments.out}.log" if log.handlers else ""
        return _fail(program, f"internal error, please report it{where}", OUR_BUG)
    finally:
        for number, handler in zip(signals, before, strict=True):
            signal.signal(number, handler)
        close_log()
    return 0


_INTERRUPTED = []  # signals that came
_STOPPED = "interrupted; files that were not whole yet are not written"


def _interrupt(number, frame):
    _INTERRUPTED.append(number)
    for further in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
        signal.signal(further, signal.SIG_IGN)  # let the first one clean up
    raise KeyboardInterrupt


def _fail(program, message, code):
    log.debug("Error: %s", message)  # into the log file; the terminal gets the line below
    sys.stderr.write(f"{program}: error: {message}\n")
    return code


def open_log(program, arguments, argv):
    """Log to ``PREFIX.log`` and, at INFO or with -v at DEBUG, to the terminal's stdout."""
    path = f"{arguments.out}.log"
    if not os.path.basename(arguments.out) or os.path.isdir(arguments.out):
        raise GemcontError(f"--out: {arguments.out!r} is a folder; give a prefix for the files")
    try:
        Path(path).parent.mkdir(parents=True, exist_ok=True)
        file = _LockedLog(path, mode="a", encoding="utf-8")
    except BlockingIOError:
        raise GemcontError(f"--out: another run is writing {path}; choose another prefix") from None
    except OSError as error:
        raise GemcontError(f"--out: {path} cannot be written ({error.strerror})") from None
    file.setFormatter(_Formatter("%(asctime)s %(message)s", "%H:%M:%S"))
    if hasattr(sys.stdout, "reconfigure"):
        sys.stdout.reconfigure(errors="backslashreplace")
    terminal = _Terminal(sys.stdout)
    terminal.setLevel(logging.DEBUG if arguments.verbose else logging.INFO)
    terminal.setFormatter(_Formatter("%(message)s"))
    logging.raiseExceptions = False  # a full disk under the log is no reason to stop
    log.setLevel(logging.DEBUG)
    log.propagate = False
    log.handlers = [file, terminal]
    log.info("gemcont %s, %s", gemcont.__version__, time.strftime("%Y-%m-%d %H:%M:%S %z"))
    log.info("%s %s", program, shlex.join(argv))


def close_log():
    """Close and forget the handlers, so that a second command in the process starts afresh."""
    for handler in log.handlers:
        handler.close()
    log.handlers = []


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


class _Formatter(logging.Formatter):
    def format(self, record):
        text = super().format(record)
        return (
            text.replace(record.message, f"Warning: {record.message}", 1)
            if (record.levelno == logging.WARNING)
            else text
        )


class _Terminal(logging.StreamHandler):
    """Writes above a progress bar, and goes quiet when the reader of a pipe has gone."""

    def emit(self, record):
        try:
            from tqdm import tqdm

            tqdm.write(self.format(record), file=self.stream)
            self.flush()
        except OSError:  # a closed pipe, a full disk
            self.stream = open(os.devnull, "w", encoding="utf-8")  # noqa: SIM115
            os.dup2(self.stream.fileno(), sys.stdout.fileno())
