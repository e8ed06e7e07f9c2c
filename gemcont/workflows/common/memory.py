"""Whether a matrix over all samples fits this machine, and how long it takes."""

import logging
from pathlib import Path

import numpy as np

from gemcont._numba import available_threads
from gemcont.errors import GemcontError

log = logging.getLogger(__name__)

_LP64_LARGEST = 32_766  # people above which a LAPACK of 32-bit integers overflows
# Measured at 3,000 and 6,000 samples: bytes of a decomposition over N^2 (40), and what the models
# of chromosomes hold beside it (19); at 4,000 to 20,000, seconds over N^3 on one thread, and how
# they fall with more.
_BYTES, _LOCO_BYTES, _SECONDS, _THREADS_POWER = 42, 20, 2e-10, 0.7


def refuse_too_many(n_samples, *, threads=None, loco=False):
    """Log what a decomposition needs; GemcontError where memory does not hold it."""
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


def side_by_side(n_samples, threads):
    """How many decompositions are made at a time: one a thread, as far as memory holds them.

    Each on one thread is faster than one after another on all: LAPACK's share too little.
    """
    free = available_memory()
    if free is None:
        return threads
    return int(np.clip((free / n_samples**2 - _LOCO_BYTES) // _BYTES, 1, threads))


def available_memory():
    """Bytes that are free for this process, None where the system does not say."""
    found = []
    try:
        lines = Path("/proc/meminfo").read_text().splitlines()
        found += [1024 * int(line.split()[1]) for line in lines if line.startswith("MemAvailable")]
        limit = Path("/sys/fs/cgroup/memory.max").read_text().strip()
        used = Path("/sys/fs/cgroup/memory.current").read_text()
        found += [int(limit) - int(used)] if limit != "max" else []
    except OSError:  # another system, or no limit
        pass
    return min(found, default=None)


def lapack_is_64_bit():
    """Whether numpy's LAPACK counts in 64 bits, as that of its wheels does."""
    built = np.show_config(mode="dicts")["Build Dependencies"]["lapack"]
    facts = f"{built.get('name', '')} {built.get('openblas configuration', '')}".lower()
    return "64" in built.get("name", "") or "use64bitint" in facts or "ilp64" in facts
