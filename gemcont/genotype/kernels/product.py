"""Packed genotypes x columns without decoding: exact sums of fixed-point numbers.

Columns are whole numbers of a unit of their own (``fixed_point``); sums over a fold of 2,048
samples fit in int32, folds are added in int64. Sums of integers have no rounding and no order:
block size, threads, processor and the way a variant is summed change not one bit.

Two ways of summing, by what is cheaper for a variant:

- tabled: partial sums of three samples looked up by their bits (``partial_sums``)
- listed: the rows of the samples whose genotype is not the commonest, for rare variants and for
  missing genotypes
"""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np

from gemcont._numba import njit, popcount
from gemcont.genotype.kernels.fixed_point import FOLD, SECOND_UNIT
from gemcont.genotype.kernels.packed import counts
from gemcont.genotype.kernels.partial_sums import (
    ROWS,
    SAMPLES,
    add_partial_sums,
    add_rows,
    fill_tables,
)

# Share of other genotypes below which listing them is cheaper than tables. Measured at 10,000 and
# 100,000 samples: 0.008 with 8 columns, 0.025 with 24, 0.065 with 40, 0.1 with 52 and more.
_LISTED, _MOST_LISTED = 0.0018, 0.1
_VARIANTS = 2048  # at a time: their sums stay near the processor
# Tiles of the products of dosages. A float32 tile of 128 x 4,096 is 2 MB; 4,096 samples is also
# how far float32 sums run before they are folded into float64.
TILE_VARIANTS = 128
TILE_SAMPLES = 4096


def product(block, means, columns, *, threads=1):
    """Centred genotypes of a block times ``FixedPoint``: float64 (variants, C).

    A missing genotype is the variant's mean, so it adds nothing. means: effect alleles per
    sample (variants,), as ``moments`` gives them. threads: that share the columns of packed
    genotypes; worth it where there are too few variants to give each thread a block.
    """
    if block.packed is None:
        return _dosage_product(block.dosage, means, columns.values)
    out = np.zeros((block.count, columns.count))
    second = columns.count if columns.exact else 0
    for first in range(0, block.count, _VARIANTS):
        rows = slice(first, first + _VARIANTS)
        mean, here = means[rows], out[rows]
        sums, unknown, missing = genotype_sums(block.slice(rows), columns.limbs, threads)
        every = np.arange(len(sums))
        _add_units(sums, every, np.ones(len(sums)), columns.units, second, here)
        _add_units(columns.sums[None], every, -mean, columns.units, second, here)
        _add_units(missing, unknown, mean[unknown], columns.units, second, here)
    return out


@njit
def _add_units(sums, rows, factors, units, second, out):
    """Add sums of limbs times a factor to rows of ``out``, in the columns' own units.

    sums: int64 (rows or 1, C or 2 C and padding); second: where the second limbs begin, 0 = none
    """
    for i in range(np.uint64(len(rows))):
        v = np.uint64(rows[i])
        s = i if len(sums) > 1 else np.uint64(0)
        for c in range(np.uint64(len(units))):
            value = np.float64(sums[s, c])
            if second:
                value += np.float64(sums[s, np.uint64(second) + c]) * SECOND_UNIT
            out[v, c] += factors[i] * value * units[c]


def genotype_sums(block, limbs, threads=1):
    """Exact sums of packed genotypes x integers, and of the integers where genotypes are missing.

    limbs: int32 (whole folds, columns), see ``FixedPoint``. Returns the sums, int64 (variants,
    columns), a missing genotype taken as 0; the positions of the variants that miss any; and for
    those the sums over the missing, int64 (positions, columns).
    """
    two, one, none, unknown = counts(block).T
    words = block.packed.view(np.uint64)
    others = np.minimum(two, none) + one + unknown
    sums = _sums(words, others, none >= two, block.n_samples, limbs, threads)
    rows = np.flatnonzero(unknown)
    if len(rows) == 0:
        return sums, rows, np.empty((0, limbs.shape[1]), dtype=np.int64)
    marked = np.empty((len(rows), words.shape[1]), dtype=np.uint64)
    _mark_missing(words, rows, marked)
    none_first = np.ones(len(rows), dtype=bool)
    of_missing = _sums(marked, unknown[rows], none_first, block.n_samples, limbs, threads)
    return sums, rows, of_missing


def _sums(words, others, none_first, n_samples, limbs, threads):
    """int64 (variants, columns): listed where the other genotypes are few, else by tables.

    others: how many genotypes are not the commonest homozygote; none_first: whether that one has
    no effect allele (else two).
    """
    out = np.zeros((len(words), limbs.shape[1]), dtype=np.int64)
    share = min(_LISTED * (limbs.shape[1] - 3), _MOST_LISTED)
    few = others < share * n_samples
    listed, dense = np.flatnonzero(few), np.flatnonzero(~few)
    work = []
    if len(listed):  # lists are made once a variant, so variants are shared out
        shares = np.array_split(listed, min(threads, len(listed)))
        work += [partial(_add_listed, words, rows, none_first, limbs, out) for rows in shares]
    if len(dense):  # tables are filled once a column, so columns are shared out
        tiles = _tiles(limbs.shape[1])
        shares = [tiles[i::threads] for i in range(min(threads, len(tiles)))]
        work += [partial(_add_tabled, words, dense, limbs, share, out) for share in shares]
    _run(work, threads)
    return out


def _run(work, threads):
    """Call the functions, in as many threads as given."""
    if threads == 1:
        for function in work:
            function()
        return
    with ThreadPoolExecutor(threads) as pool:
        for future in [pool.submit(function) for function in work]:
            future.result()


@njit
def _mark_missing(words, rows, marked):
    """Codes with one effect allele where a genotype is missing, none elsewhere."""
    low = np.uint64(0x5555555555555555)
    for i in range(np.uint64(len(rows))):
        for w in range(np.uint64(words.shape[1])):
            word = words[rows[i], w]
            marked[i, w] = ~(word & low & ~(word >> np.uint64(1)))


def _add_listed(words, rows, none_first, limbs, out):
    """Sums over the samples whose genotype is not the commonest, fold by fold."""
    sums = _aligned(limbs.shape[1])
    ones, twos = np.empty(FOLD, dtype=np.int32), np.empty(FOLD, dtype=np.int32)
    for first in range(0, words.shape[1], FOLD // SAMPLES):
        part = words[:, first : first + FOLD // SAMPLES]
        rows_of_fold = limbs[SAMPLES * first : SAMPLES * first + FOLD]
        _list_fold(part, rows, none_first, rows_of_fold, ones, twos, sums, out)


@njit
def _list_fold(words, rows, none_first, limbs, ones, twos, sums, out):
    n_columns = np.uint64(limbs.shape[1])
    base = limbs.sum(axis=0)  # int64
    for i in range(np.uint64(len(rows))):
        v = np.uint64(rows[i])
        flip = ~np.uint64(0) if none_first[v] else np.uint64(0)
        n_ones, n_twos = _list_others(words, v, flip, ones, twos)
        sums[:] = 0
        _sum_rows(limbs, twos, n_twos, sums)
        for c in range(n_columns):
            sums[c] += sums[c]
        _sum_rows(limbs, ones, n_ones, sums)
        if none_first[v]:
            for c in range(n_columns):
                out[v, c] += sums[c]
        else:  # 2 - g was summed
            for c in range(n_columns):
                out[v, c] += 2 * base[c] - sums[c]


@njit
def _list_others(words, v, flip, ones, twos):
    """Samples whose genotype is not the commonest: those who add one and two times their row.

    What adds is g where the commonest code is 11, 2 - g where it is 00; missing has g = 0.
    """
    low, one, n_ones, n_twos = np.uint64(0x5555555555555555), np.uint64(1), 0, 0
    for w in range(np.uint64(words.shape[1])):
        word = words[v, w]
        if word == flip:
            continue
        different = word ^ flip
        heterozygous = (word >> one) & ~word & low
        double = (different | (different >> one)) & low & ~heterozygous
        if flip:
            double &= ~word  # missing, 01, adds nothing
        n_ones = _list_bits(heterozygous, np.uint64(SAMPLES) * w, ones, n_ones)
        n_twos = _list_bits(double, np.uint64(SAMPLES) * w, twos, n_twos)
    return n_ones, n_twos


@njit
def _list_bits(lanes, first, listed, count):
    """Append the samples of the lanes' set bits; the number listed so far."""
    while lanes:
        lowest = lanes & (~lanes + np.uint64(1))
        listed[count] = first + (popcount(lowest - np.uint64(1)) >> np.uint64(1))
        lanes ^= lowest
        count += 1
    return count


@njit
def _sum_rows(limbs, listed, count, sums):
    """Add the listed rows of ``limbs``, 16 columns at a time, the last 8 where so many are left."""
    place, total = limbs.ctypes.data, sums.ctypes.data
    for _ in range(limbs.shape[1] // 16):
        add_rows(place, limbs.strides[0], listed.ctypes.data, count, total, 16)
        place += 4 * 16
        total += 4 * 16
    if limbs.shape[1] % 16:
        add_rows(place, limbs.strides[0], listed.ctypes.data, count, total, 8)


def _add_tabled(words, rows, limbs, tiles, out):
    """Dense sums of some tiles of columns: fold by fold, tile by tile, 32 samples at a time."""
    n_columns, per_fold = limbs.shape[1], FOLD // SAMPLES
    codes = np.empty((per_fold, len(rows)), dtype=np.uint64)
    tables, sums = _aligned(ROWS * 24), _aligned(len(rows) * 24)
    totals = np.zeros(n_columns * len(rows), dtype=np.int64)  # tile by tile, each (rows, lanes)
    for first in range(0, words.shape[1], per_fold):
        n_words = min(per_fold, words.shape[1] - first)
        _transpose(words, rows, first, n_words, codes)
        for column, lanes in tiles:
            _sum_fold(codes[:n_words], limbs, first, column, lanes, tables, sums)
            _add_to(totals[column * len(rows) :], sums, lanes * len(rows))
    for column, lanes in tiles:
        part = totals[column * len(rows) : (column + lanes) * len(rows)]
        _scatter(part.reshape(len(rows), lanes), rows, column, out)


def _tiles(n_columns):
    """(first column, columns) of the tiles that a multiple of 8 columns falls into.

    Of 8, 16 or 24: measured (one thread of Zen 4, GF/s of multiply-adds), 8 give 174, 16 243, 24
    245, 32 243, 12 128.
    """
    tiles, column = [], 0
    while column < n_columns:
        left = n_columns - column
        lanes = 8 if left == 8 else 16 if left % 16 == 0 else 24
        tiles.append((column, lanes))
        column += lanes
    return tiles


def _aligned(count):
    """int32 (count,) whose first byte lies at a multiple of 64."""
    room = np.empty(count + 16, dtype=np.int32)
    start = -room.ctypes.data % 64 // 4
    return room[start : start + count]


@njit
def _transpose(words, rows, first, n_words, codes):
    """Some words of the rows as (words, variants)."""
    line = np.uint64(8)  # words of a row that lie together in the cache
    for start in range(np.uint64(0), np.uint64(n_words), line):
        stop = min(start + line, np.uint64(n_words))
        for i in range(np.uint64(len(rows))):
            v = np.uint64(rows[i])
            for w in range(start, stop):
                codes[w, i] = words[v, np.uint64(first) + w]


@njit
def _sum_fold(codes, limbs, first, column, lanes, tables, sums):
    """Sums (variants, lanes) over the words of a fold; ``first`` is the fold's first word."""
    sums[: codes.shape[1] * lanes] = 0
    for w in range(codes.shape[0]):
        place = limbs[SAMPLES * (first + w), column:].ctypes.data
        if lanes == 8:
            fill_tables(place, limbs.strides[0], tables.ctypes.data, 8)
            _add_row_8(codes[w], tables, sums)
        elif lanes == 16:
            fill_tables(place, limbs.strides[0], tables.ctypes.data, 16)
            _add_row_16(codes[w], tables, sums)
        else:
            fill_tables(place, limbs.strides[0], tables.ctypes.data, 24)
            _add_row_24(codes[w], tables, sums)


# One function for each number of lanes: ``add_partial_sums`` is written for a literal.
@njit
def _add_row_8(codes, tables, sums):
    table, place = tables.ctypes.data, sums.ctypes.data
    for i in range(np.uint64(len(codes))):
        add_partial_sums(codes[i], table, place, 8)
        place += 4 * 8


@njit
def _add_row_16(codes, tables, sums):
    table, place = tables.ctypes.data, sums.ctypes.data
    for i in range(np.uint64(len(codes))):
        add_partial_sums(codes[i], table, place, 16)
        place += 4 * 16


@njit
def _add_row_24(codes, tables, sums):
    table, place = tables.ctypes.data, sums.ctypes.data
    for i in range(np.uint64(len(codes))):
        add_partial_sums(codes[i], table, place, 24)
        place += 4 * 24


@njit
def _add_to(totals, sums, count):
    for i in range(np.uint64(count)):
        totals[i] += sums[i]


@njit
def _scatter(part, rows, column, out):
    for i in range(np.uint64(len(rows))):
        for c in range(np.uint64(part.shape[1])):
            out[rows[i], np.uint64(column) + c] = part[i, c]


def _dosage_product(dosage, means, columns):
    """Centred dosages x float columns: BLAS on tiles of 4,096 samples, float64 between tiles.

    Every call of BLAS has the same shape, the last variants of a block being padded, so that
    neither block size nor threads change a bit of the result.
    """
    out = np.zeros((len(dosage), columns.shape[1]))
    tile = np.empty((TILE_VARIANTS, TILE_SAMPLES), dtype=columns.dtype)
    for first in range(0, len(dosage), TILE_VARIANTS):
        rows = slice(first, min(first + TILE_VARIANTS, len(dosage)))
        for start in range(0, dosage.shape[1], TILE_SAMPLES):
            stop = min(start + TILE_SAMPLES, dosage.shape[1])
            tile[rows.stop - rows.start :] = 0
            _centre(dosage[rows, start:stop], means[rows], tile)
            partial = tile[:, : stop - start] @ columns[start:stop]
            out[rows] += partial[: rows.stop - rows.start]
    return out


@njit
def _centre(dosage, means, tile):
    for v in range(dosage.shape[0]):
        for s in range(dosage.shape[1]):
            x = np.float64(dosage[v, s])
            tile[v, s] = 0.0 if np.isnan(x) else x - means[v]
