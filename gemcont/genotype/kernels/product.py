"""Products of packed genotypes and columns without decoding: exact sums of fixed-point numbers.

Columns are whole numbers of a unit of their own (``fixed_point``); sums over a fold of 2,048
samples fit in int32, folds are added in int64. Sums of integers have no rounding and no order, so
the result does not change by a bit with block size, threads, processor or the way of summing.

A variant is summed in the cheaper of two ways:

- tabled: partial sums of three samples looked up by their bits (``partial_sums``)
- listed: the rows of the samples whose genotype is not the commonest, for rare variants and for
  missing genotypes
"""

from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np

from gemcont._numba import njit, popcount
from gemcont.genotype.kernels.fixed_point import FOLD, SECOND_UNIT, FixedPoint
from gemcont.genotype.kernels.packed import GenotypeBlock, counts
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


def product(
    block: GenotypeBlock, means: np.ndarray, columns: FixedPoint, *, threads: int = 1
) -> np.ndarray:
    """Multiply centred genotypes of a block by columns: float64 (variants, C).

    A missing genotype is set to the variant's mean, so it adds nothing.

    Args:
        block: packed genotypes or dosages.
        means: effect alleles per sample (variants,), as ``moments`` returns them.
        columns: C of them, over the block's samples.
        threads: share the columns of packed genotypes; worth it if there are too few variants to
            give each thread a block.
    """
    if block.packed is None:
        return _dosage_product(block.dosage, means, columns.values)
    out = np.zeros((block.count, columns.count))
    second = columns.count if columns.exact else 0
    for first in range(0, block.count, _VARIANTS):
        rows = slice(first, first + _VARIANTS)
        mean, here = means[rows], out[rows]
        sums, unknown, missing = genotype_sums(block.slice(rows), columns.limbs, threads)
        every, units = np.arange(len(sums)), (columns.units, second)
        _add_units(sums, every, np.ones(len(sums)), units, here)  # g'x
        _add_units(columns.sums[None], every, -mean, units, here)  # less mean times 1'x
        _add_units(missing, unknown, mean[unknown], units, here)  # the missing have the mean
    return out


@njit
def _add_units(sums, rows, factors, units_and_second, out):
    """Add sums of limbs times a factor to rows of ``out``, in the columns' own units.

    sums: int64 (rows or 1, C or 2 C and padding); units_and_second: units (C,), and the first of
    the second limbs, 0 = none.
    """
    units, second = units_and_second
    for i in range(np.uint64(len(rows))):
        v = np.uint64(rows[i])
        s = i if len(sums) > 1 else np.uint64(0)
        for c in range(np.uint64(len(units))):
            value = np.float64(sums[s, c])
            if second:
                value += np.float64(sums[s, np.uint64(second) + c]) * SECOND_UNIT
            out[v, c] += factors[i] * value * units[c]


def genotype_sums(
    block: GenotypeBlock, limbs: np.ndarray, threads: int = 1
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return exact sums of packed genotypes x integers, and of the integers where they are missing.

    Args:
        block: packed genotypes.
        limbs: int32 (whole folds, columns), see ``FixedPoint``.
        threads: number of threads.

    Returns:
        sums: int64 (variants, columns), a missing genotype counted as 0.
        rows: positions of the variants that have missing genotypes.
        of_missing: int64 (rows, columns), sums over the samples in which they are missing.
    """
    two, one, none, unknown = counts(block).T
    words = block.packed.view(np.uint64)
    others = np.minimum(two, none) + one + unknown  # (variants,): not the commonest homozygote
    work = (block.n_samples, threads)
    sums = _sums(words, (others, none >= two), limbs, *work)
    rows = np.flatnonzero(unknown)
    if len(rows) == 0:
        return sums, rows, np.empty((0, limbs.shape[1]), dtype=np.int64)
    # Missing genotypes as heterozygotes.
    marked = np.empty((len(rows), words.shape[1]), dtype=np.uint64)
    _mark_missing(words, rows, marked)
    none_first = np.ones(len(rows), dtype=bool)
    of_missing = _sums(marked, (unknown[rows], none_first), limbs, *work)
    return sums, rows, of_missing


def _sums(words, commonest, limbs, n_samples, threads):
    """Return int64 (variants, columns): listed if the other genotypes are few, else by tables.

    commonest: number of genotypes that are not the commonest homozygote (variants,), and whether
    that one has no effect allele, else two (variants,).
    """
    others, none_first = commonest
    out = np.zeros((len(words), limbs.shape[1]), dtype=np.int64)
    share = min(_LISTED * (limbs.shape[1] - 3), _MOST_LISTED)
    few = others < share * n_samples
    listed, dense = np.flatnonzero(few), np.flatnonzero(~few)
    work = []
    if len(listed):  # lists are made once a variant, so variants are shared out
        shares = np.array_split(listed, min(threads, len(listed)))
        add = partial(_add_listed, words, none_first=none_first, limbs=limbs, out=out)
        work += [partial(add, rows) for rows in shares]
    if len(dense):  # tables are filled once a column, so columns are shared out
        tiles = _tiles(limbs.shape[1])
        shares = [tiles[i::threads] for i in range(min(threads, len(tiles)))]
        add = partial(_add_tabled, words, dense, limbs, out=out)
        work += [partial(add, tiles) for tiles in shares]
    _run(work, threads)
    return out


def _run(work, threads):
    """Call functions in the given number of threads."""
    if threads == 1:
        for function in work:
            function()
        return
    with ThreadPoolExecutor(threads) as pool:
        for future in [pool.submit(function) for function in work]:
            future.result()


@njit
def _mark_missing(words, rows, marked):
    """Write codes with one effect allele where a genotype is missing, none elsewhere."""
    low = np.uint64(0x5555555555555555)
    for i in range(np.uint64(len(rows))):
        for w in range(np.uint64(words.shape[1])):
            word = words[rows[i], w]
            marked[i, w] = ~(word & low & ~(word >> np.uint64(1)))


def _add_listed(words, rows, none_first, limbs, out):
    """Add sums over the samples whose genotype is not the commonest, fold by fold."""
    lists = np.empty(FOLD, dtype=np.int32), np.empty(FOLD, dtype=np.int32)  # ones, twos
    room = *lists, _aligned(limbs.shape[1])
    for first in range(0, words.shape[1], FOLD // SAMPLES):
        part = words[:, first : first + FOLD // SAMPLES]
        rows_of_fold = limbs[SAMPLES * first : SAMPLES * first + FOLD]
        _list_fold(part, (rows, none_first), rows_of_fold, room, out)


@njit
def _list_fold(words, variants, limbs, room, out):
    rows, none_first = variants
    ones, twos, sums = room
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
    """List the samples of other than the commonest genotype, by whether they add their row twice.

    What adds is g if the commonest code is 11, 2 - g if it is 00; missing has g = 0.
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
    """Append the samples of the lanes' set bits; return the number listed so far."""
    while lanes:
        lowest = lanes & (~lanes + np.uint64(1))
        listed[count] = first + (popcount(lowest - np.uint64(1)) >> np.uint64(1))
        lanes ^= lowest
        count += 1
    return count


@njit
def _sum_rows(limbs, listed, count, sums):
    """Add the listed rows of ``limbs``, 16 columns at a time, and 8 if so many are left."""
    address, total = limbs.ctypes.data, sums.ctypes.data
    for _ in range(limbs.shape[1] // 16):
        add_rows(address, limbs.strides[0], listed.ctypes.data, count, total, lanes=16)
        address += 4 * 16
        total += 4 * 16
    if limbs.shape[1] % 16:
        add_rows(address, limbs.strides[0], listed.ctypes.data, count, total, lanes=8)


def _add_tabled(words, rows, limbs, tiles, out):
    """Write dense sums of some tiles of columns, fold by fold, tile by tile, word by word."""
    n_columns, per_fold = limbs.shape[1], FOLD // SAMPLES
    codes = np.empty((per_fold, len(rows)), dtype=np.uint64)
    tables, sums = _aligned(ROWS * 24), _aligned(len(rows) * 24)
    totals = np.zeros(n_columns * len(rows), dtype=np.int64)  # tile by tile, each (rows, lanes)
    for first in range(0, words.shape[1], per_fold):
        n_words = min(per_fold, words.shape[1] - first)
        _transpose(words, rows, first, n_words, codes)
        for column, lanes in tiles:
            _sum_fold(codes[:n_words], limbs, first, (column, lanes), (tables, sums))
            _add_to(totals[column * len(rows) :], sums, lanes * len(rows))
    for column, lanes in tiles:
        part = totals[column * len(rows) : (column + lanes) * len(rows)]
        _scatter(part.reshape(len(rows), lanes), rows, column, out)


def _tiles(n_columns):
    """Return (first column, columns) of the tiles that a multiple of 8 columns falls into.

    Tiles of 8, 16 or 24: measured (one thread of Zen 4, GF/s of multiply-adds), 8 give 174, 16 243,
    24 245, 32 243, 12 128.
    """
    tiles, column = [], 0
    while column < n_columns:
        left = n_columns - column
        lanes = 8 if left == 8 else 16 if left % 16 == 0 else 24
        tiles.append((column, lanes))
        column += lanes
    return tiles


def _aligned(count):
    """Return int32 (count,) whose first byte is at a multiple of 64."""
    room = np.empty(count + 16, dtype=np.int32)
    start = -room.ctypes.data % 64 // 4
    return room[start : start + count]


@njit
def _transpose(words, rows, first, n_words, codes):
    """Write some words of the rows as (words, variants)."""
    line = np.uint64(8)  # words of a row that lie together in the cache
    for start in range(np.uint64(0), np.uint64(n_words), line):
        stop = min(start + line, np.uint64(n_words))
        for i in range(np.uint64(len(rows))):
            v = np.uint64(rows[i])
            for w in range(start, stop):
                codes[w, i] = words[v, np.uint64(first) + w]


@njit
def _sum_fold(codes, limbs, first, tile, room):
    """Fill sums (variants, lanes) over the words of a fold; ``first`` is the fold's first word."""
    column, lanes = tile
    tables, sums = room
    sums[: codes.shape[1] * lanes] = 0
    for w in range(codes.shape[0]):
        address = limbs[SAMPLES * (first + w), column:].ctypes.data
        if lanes == 8:
            fill_tables(address, limbs.strides[0], tables.ctypes.data, 8)
            _add_row_8(codes[w], tables, sums)
        elif lanes == 16:
            fill_tables(address, limbs.strides[0], tables.ctypes.data, 16)
            _add_row_16(codes[w], tables, sums)
        else:
            fill_tables(address, limbs.strides[0], tables.ctypes.data, 24)
            _add_row_24(codes[w], tables, sums)


# One function for each number of lanes: ``add_partial_sums`` is written for a literal.
@njit
def _add_row_8(codes, tables, sums):
    table, address = tables.ctypes.data, sums.ctypes.data
    for i in range(np.uint64(len(codes))):
        add_partial_sums(codes[i], table, address, 8)
        address += 4 * 8


@njit
def _add_row_16(codes, tables, sums):
    table, address = tables.ctypes.data, sums.ctypes.data
    for i in range(np.uint64(len(codes))):
        add_partial_sums(codes[i], table, address, 16)
        address += 4 * 16


@njit
def _add_row_24(codes, tables, sums):
    table, address = tables.ctypes.data, sums.ctypes.data
    for i in range(np.uint64(len(codes))):
        add_partial_sums(codes[i], table, address, 24)
        address += 4 * 24


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
    """Multiply centred dosages by float columns.

    BLAS on tiles of 4,096 samples, float64 between tiles. Every call of BLAS has the same shape,
    the last variants of a block being padded, so that neither block size nor threads change a bit
    of the result.
    """
    out = np.zeros((len(dosage), columns.shape[1]))
    tile = np.empty((TILE_VARIANTS, TILE_SAMPLES), dtype=columns.dtype)
    for first in range(0, len(dosage), TILE_VARIANTS):
        rows = slice(first, min(first + TILE_VARIANTS, len(dosage)))
        for start in range(0, dosage.shape[1], TILE_SAMPLES):
            stop = min(start + TILE_SAMPLES, dosage.shape[1])
            tile[rows.stop - rows.start :] = 0
            _centre(dosage[rows, start:stop], means[rows], tile)
            of_tile = tile[:, : stop - start] @ columns[start:stop]  # (128, C)
            out[rows] += of_tile[: rows.stop - rows.start]
    return out


@njit
def _centre(dosage, means, tile):
    for v in range(dosage.shape[0]):
        for s in range(dosage.shape[1]):
            x = np.float64(dosage[v, s])
            tile[v, s] = 0.0 if np.isnan(x) else x - means[v]
