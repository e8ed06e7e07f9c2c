"""The LLVM loops of the product, called by themselves, against sums of decoded genotypes."""

import numpy as np
import pytest

from gemcont._numba import njit
from gemcont.genotype.kernels.partial_sums import (
    ROWS,
    SAMPLES,
    add_partial_sums,
    add_rows,
    fill_tables,
)

DOSAGES = np.array([2, 0, 1, 0])  # by the codes of a .bed; 01 is missing and adds nothing


@njit
def tabled_8(word, limbs, tables, sums):
    fill_tables(limbs.ctypes.data, limbs.strides[0], tables.ctypes.data, 8)
    add_partial_sums(word, tables.ctypes.data, sums.ctypes.data, 8)


@njit
def tabled_24(word, limbs, tables, sums):
    fill_tables(limbs.ctypes.data, limbs.strides[0], tables.ctypes.data, 24)
    add_partial_sums(word, tables.ctypes.data, sums.ctypes.data, 24)


@njit
def listed_16(limbs, listed, count, sums):
    add_rows(
        limbs.ctypes.data, limbs.strides[0], listed.ctypes.data, count, sums.ctypes.data, lanes=16
    )


def aligned(count):
    room = np.zeros(count + 16, dtype=np.int32)
    start = -room.ctypes.data % 64 // 4
    return room[start : start + count]


@pytest.mark.parametrize(("tabled", "lanes"), [(tabled_8, 8), (tabled_24, 24)])
def test_a_word_adds_its_dosages_times_the_rows(tabled, lanes):
    rng = np.random.default_rng(lanes)
    limbs = rng.integers(-(2**20), 2**20, (SAMPLES, lanes), dtype=np.int32)
    tables, sums = aligned(ROWS * lanes), aligned(lanes)
    expected = np.zeros(lanes, dtype=np.int64)
    for codes in [rng.integers(0, 4, SAMPLES) for _ in range(20)]:
        word = sum(int(code) << 2 * i for i, code in enumerate(codes))
        tabled(np.uint64(word), limbs, tables, sums)
        expected += DOSAGES[codes] @ limbs.astype(np.int64)
        np.testing.assert_array_equal(sums, expected)


@pytest.mark.parametrize("count", [0, 1, 7])
def test_listed_rows_are_added(count):
    rng = np.random.default_rng(count)
    wide = rng.integers(-100, 100, (50, 40), dtype=np.int32)
    limbs = wide[:, 8:24]  # rows need not lie together
    listed = rng.integers(0, 50, max(count, 1), dtype=np.int32)
    sums = aligned(16)
    sums[:] = 5
    listed_16(limbs, listed, count, sums)
    np.testing.assert_array_equal(sums, 5 + limbs[listed[:count]].sum(axis=0))
