"""Numba's settings, in one place: defaults of ``njit``, the cache, threads, popcount."""

import os
import sys
from collections.abc import Callable
from pathlib import Path
from typing import Any

import numba
from numba.core import config, types
from numba.extending import intrinsic

from gemcont import __version__


def _cache_folder():
    """Return the folder of compiled kernels: never inside the package, where it would outlive it.

    pip leaves files that it did not install, and a folder left behind hides the next installation.
    """
    base = os.environ.get("XDG_CACHE_HOME") or Path.home() / ".cache"
    python = f"{sys.version_info.major}.{sys.version_info.minor}"
    return str(Path(base) / "gemcont" / f"{__version__}-numba{numba.__version__}-python{python}")


if not getattr(config, "CACHE_DIR"):  # noqa: B009 - NUMBA_CACHE_DIR, made at run time
    setattr(config, "CACHE_DIR", _cache_folder())  # noqa: B010


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
