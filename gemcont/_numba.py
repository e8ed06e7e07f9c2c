"""Numba's settings, in one place: defaults of ``njit``, the cache, threads, popcount."""

import hashlib
import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
from numba.core import config, types
from numba.extending import intrinsic

from gemcont import __version__

# Modules whose kernels are compiled into those of others, which Numba does not notice to change.
_CALLED_BY_OTHERS = ("genotype/kernels/*.py", "stats/special.py")


def _cache_folder():
    """Return the folder of compiled kernels: never inside the package, where it would outlive it.

    pip leaves files that it did not install, and a folder left behind hides the next installation.
    """
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    name = f"{__version__}-{_digest_of_kernels()}-numba{numba.__version__}-python{python}"
    return str(Path(base) / "gemcont" / name)


def _digest_of_kernels():
    """Return eight letters that change with the kernels that others call."""
    package = Path(__file__).parent
    files = sorted(path for pattern in _CALLED_BY_OTHERS for path in package.glob(pattern))
    stamps = [(path.name, path.stat().st_size, path.stat().st_mtime_ns) for path in files]
    return hashlib.blake2b(repr(stamps).encode(), digest_size=4).hexdigest()


if not config.CACHE_DIR:  # type: ignore[attr-defined]  # NUMBA_CACHE_DIR
    config.CACHE_DIR = _cache_folder()  # type: ignore[attr-defined]


def njit(function: Callable) -> Any:
    """Compile on first use, without the GIL, cached on disk if the disk allows it.

    Kernels run in plain threads (one block of variants each), so none is ``parallel``. No fastmath:
    sums keep their order, and NaN keeps its meaning.
    """
    options: dict[str, Any] = {"nogil": True, "error_model": "numpy"}
    try:
        return numba.njit(cache=True, **options)(function)
    except RuntimeError:  # the cache folder cannot be written
        return numba.njit(**options)(function)


@intrinsic
def popcount(typing_context: Any, word: Any) -> Any:
    """Return the number of set bits of a uint64, one instruction on current processors."""
    if word != types.uint64:
        return None

    def _generate(context, builder, signature, arguments):
        return builder.ctpop(arguments[0])

    return types.uint64(types.uint64), _generate


def available_threads() -> int:
    """Return the number of processors that this process may use."""
    if hasattr(os, "sched_getaffinity"):
        return len(os.sched_getaffinity(0))
    return os.cpu_count() or 1
