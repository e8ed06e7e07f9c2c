"""Defaults of compiling: where kernels are cached, popcount, threads."""

import os
import subprocess
import sys
from pathlib import Path

import numpy as np
import pytest

import gemcont
from gemcont import _numba
from gemcont._numba import available_threads, njit, popcount


@njit
def count_bits(word):
    return popcount(word)


@pytest.mark.parametrize("word", [0, 1, 0x5555555555555555, 2**64 - 1, 2**63])
def test_popcount_is_of_64_bits(word):
    assert count_bits(np.uint64(word)) == bin(word).count("1")


def test_popcount_takes_words_only():
    with pytest.raises(Exception, match="No implementation of function"):
        count_bits(1.5)


def cache_of(**environment):
    code = "from gemcont import _numba; print(_numba.config.CACHE_DIR)"
    environment = {**os.environ, "NUMBA_CACHE_DIR": "", **environment}
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True,
                         check=True, env=environment)  # fmt: skip
    return Path(run.stdout.strip())


def test_kernels_are_cached_outside_the_package_by_version(tmp_path):
    folder = cache_of(XDG_CACHE_HOME=str(tmp_path))
    assert folder.parent == tmp_path / "gemcont"
    assert gemcont.__version__ in folder.name
    assert cache_of(NUMBA_CACHE_DIR=str(tmp_path / "mine")) == tmp_path / "mine"


def test_division_by_zero_is_that_of_numpy_and_the_order_of_sums_is_kept():
    @njit
    def total(values):
        sum_ = 0.0
        for value in values:
            sum_ += value
        return sum_, values[0] / 0.0

    found = total(np.array([1e16, 1.0, -1e16, 1.0]))
    assert found == (1.0, np.inf)


def test_threads_are_those_of_the_process():
    assert 1 <= available_threads() <= os.cpu_count()


def test_a_changed_kernel_has_a_cache_of_its_own(tmp_path, monkeypatch):
    (tmp_path / "genotype" / "kernels").mkdir(parents=True)
    (tmp_path / "stats").mkdir()
    for name in ("genotype/kernels/pairs.py", "stats/special.py", "stats/meta.py"):
        (tmp_path / name).write_text("first")
    monkeypatch.setattr(_numba, "__file__", str(tmp_path / "_numba.py"))
    before = _numba._cache_folder()
    (tmp_path / "stats" / "meta.py").write_text("second")  # no other module calls its kernels
    assert _numba._cache_folder() == before
    (tmp_path / "stats" / "special.py").write_text("second")
    assert _numba._cache_folder() != before
