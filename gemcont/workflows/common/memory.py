"""Memory and time that a matrix over all samples takes on this machine."""

import logging
from pathlib import Path

import numpy as np

from gemcont._numba import available_threads
from gemcont.errors import GemcontError

log = logging.getLogger(__name__)

_LP64_LARGEST = 32_766  # samples above which a LAPACK of 32-bit integers overflows
# Measured at 3,000 and 6,000 samples: bytes of a decomposition over N^2 (40), and of the models of
# the chromosomes in addition (19); at 4,000 to 20,000 samples: seconds over N^3 on one thread, and
# the power of the threads by which they fall.
_BYTES, _LOCO_BYTES, _SECONDS, _THREADS_POWER = 42, 20, 2e-10, 0.7


def refuse_too_many(n_samples: int, *, threads: int | None = None, loco: bool = False) -> None:
    """Log the memory and time of a decomposition; raise GemcontError where memory is too small.

    Args:
        n_samples: size of the matrix.
        threads: number of threads, None = all there are.
        loco: whether chromosomes are left out in turn, whose models are held too.
    """
    if n_samples > _LP64_LARGEST and not lapack_is_64_bit():
        raise GemcontError(
            f"--kinship: {n_samples} samples need a 64-bit LAPACK, and this numpy has none; "
            "install numpy from PyPI"
        )
    each = _BYTES + _LOCO_BYTES * loco
    need = each * n_samples**2
    free = available_memory()
    seconds = _SECONDS * n_samples**3 / (threads or available_threads()) ** _THREADS_POWER
    if seconds >= 1:
        log.info(
            "kinship of %d samples: about %.1f GiB of memory, %s for a decomposition",
            n_samples,
            need / 2**30,
            f"{seconds:.0f} s" if seconds < 100 else f"{seconds / 60:.0f} minutes",
        )
    if free is not None and need > free:
        raise GemcontError(
            f"--kinship: {n_samples} samples need about {need / 2**30:.1f} GiB of memory, "
            f"{free / 2**30:.1f} are free: enough for {int(np.sqrt(free / each))}; "
            "for more, --pred takes REGENIE's predictions"
        )


def side_by_side(n_samples: int, threads: int) -> int:
    """Return the number of decompositions to make at a time: one a thread, as memory allows.

    Several on one thread each are faster than one after another on all threads, since little of
    LAPACK's work runs in parallel.
    """
    free = available_memory()
    if free is None:
        return threads
    return int(np.clip((free / n_samples**2 - _LOCO_BYTES) // _BYTES, 1, threads))


def available_memory() -> int | None:
    """Return the bytes of memory free for this process, None where the system does not say."""
    limits: list[int] = []
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        limits += [1024 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable")]
        limit = Path("/sys/fs/cgroup/memory.max").read_text().strip()
        used = Path("/sys/fs/cgroup/memory.current").read_text()
        limits += [int(limit) - int(used)] if limit != "max" else []
    except OSError:  # another system, or no limit
        pass
    return min(limits, default=None)


def lapack_is_64_bit() -> bool:
    """Return whether numpy's LAPACK has 64-bit integers, as that of its wheels does."""
    built = np.show_config(mode="dicts")["Build Dependencies"]["lapack"]
    facts = f"{built.get('name', '')} {built.get('openblas configuration', '')}".lower()
    return "64" in built.get("name", "") or "use64bitint" in facts or "ilp64" in facts
