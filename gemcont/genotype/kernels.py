"""Numba kernels on packed 2-bit genotypes: repack, counts, decode, genotypes x columns.

Codes of a .bed, first sample in the lowest bits: 00 two effect alleles, 01 missing, 10 one,
11 none. Inside a ``Block`` rows are padded with 11 to whole 64-bit words: padding carries no
effect allele and is never missing, so only the number of samples has to be known beside it.
"""

from typing import NamedTuple

import numpy as np

from gemcont._numba import njit, popcount

_WORD = 8  # bytes
_EVEN = np.uint64(0x5555555555555555)
_ONE = np.uint64(1)
# Tiles of the product. A float32 tile of 128 x 4,096 is 2 MB and stays near the processor;
# 4,096 samples is also how far float32 sums run before they are folded into float64.
TILE_VARIANTS = 128
TILE_SAMPLES = 4096


class Moments(NamedTuple):
    """Per variant, over its called samples: arrays (variants,) of float64.

    n: number of called samples; mean: effect alleles per sample; sum_of_squares: of the dosages
    about their mean, from exact integer counts where the genotypes are packed.
    """

    n: np.ndarray
    mean: np.ndarray
    sum_of_squares: np.ndarray


def repack(rows, n_file_samples, samples=None):
    """Rows of a .bed -> the padded rows of a ``Block``, in the given samples (ascending indices).

    rows: uint8 (variants, ceil(n_file_samples / 4)); whatever the padding bits of the file hold is
    overwritten. Returns uint8 (variants, a multiple of 8).
    """
    count = n_file_samples if samples is None else len(samples)
    width = -(-count // (4 * _WORD)) * _WORD
    packed = np.full((len(rows), width), 0xFF, dtype=np.uint8)
    if samples is not None:
        _gather(rows, np.ascontiguousarray(samples, dtype=np.int64), packed)
        return packed
    packed[:, : rows.shape[1]] = rows
    if count % 4:
        packed[:, count // 4] |= np.uint8(0xFF << 2 * (count % 4) & 0xFF)
    return packed


@njit
def _gather(rows, samples, packed):
    whole = len(samples) // 4
    for v in range(rows.shape[0]):
        row, out = rows[v], packed[v]
        for b in range(whole):
            byte = 0
            for i in range(4):
                s = samples[4 * b + i]
                byte |= ((row[s >> 2] >> (2 * (s & 3))) & 3) << (2 * i)
            out[b] = byte
        for i in range(len(samples) - 4 * whole):
            s = samples[4 * whole + i]
            code = (row[s >> 2] >> (2 * (s & 3))) & 3
            out[whole] = (out[whole] & ~(3 << (2 * i))) | (code << (2 * i))


def counts(block):
    """Genotype counts of a packed block: int64 (variants, 4).

    Columns: two effect alleles, one, none, missing.
    """
    out = np.empty((block.count, 4), dtype=np.int64)
    _counts(block.packed.view(np.uint64), block.n_samples, out)
    return out


@njit
def _counts(words, n_samples, out):
    for v in range(words.shape[0]):
        low = high = both = 0
        for w in words[v]:
            odd = (w >> _ONE) & _EVEN
            even = w & _EVEN
            low += popcount(even)
            high += popcount(odd)
            both += popcount(even & odd)
        padding = 32 * words.shape[1] - n_samples
        missing, one, none = low - both, high - both, both - padding
        out[v, 0] = n_samples - missing - one - none
        out[v, 1] = one
        out[v, 2] = none
        out[v, 3] = missing


def moments(block):
    """``Moments`` of every variant of a block, packed or dosages."""
    if block.packed is None:
        return _dosage_moments(block.dosage)
    two, one, _, missing = counts(block).T.astype(np.float64)
    n = block.n_samples - missing
    total = 2 * two + one
    called = np.maximum(n, 1)
    return Moments(n, total / called, (4 * two + one) - total * total / called)


def _dosage_moments(dosage):
    n = np.empty(len(dosage))
    mean, sum_of_squares = np.empty_like(n), np.empty_like(n)
    _sum_dosages(dosage, n, mean, sum_of_squares)
    return Moments(n, mean, sum_of_squares)


@njit
def _sum_dosages(dosage, n, mean, sum_of_squares):
    for v in range(dosage.shape[0]):
        called = 0
        total = 0.0
        for x in dosage[v]:
            if not np.isnan(x):
                called += 1
                total += np.float64(x)
        average = total / max(called, 1)
        squares = 0.0
        for x in dosage[v]:
            if not np.isnan(x):
                squares += (np.float64(x) - average) ** 2
        n[v] = called
        mean[v] = average
        sum_of_squares[v] = squares


def decode(block, variants=slice(None)):
    """Dosages of chosen variants of a block: float64 (variants, samples), NaN missing."""
    if block.packed is None:
        return block.dosage[variants].astype(np.float64)
    codes = block.packed[variants][:, :, None] >> np.array([0, 2, 4, 6], dtype=np.uint8) & 3
    dosage = np.array([2.0, np.nan, 1.0, 0.0])[codes.reshape(len(codes), -1)]
    return dosage[:, : block.n_samples]


def product(block, means, columns):
    """Centred genotypes of a block times columns: float64 (variants, columns).

    A missing genotype is the variant's mean, so it adds nothing. means: effect alleles per
    sample (variants,), as ``moments`` gives them; columns: float32 or float64 (samples, columns).

    Products of one tile of 4,096 samples are made by BLAS (one thread) in the columns' own
    precision, their sum over tiles, in file order, in float64. Every call of BLAS has the same
    shape, the last variants of a block being padded, so that neither block size nor threads
    change a bit of the result.
    """
    out = np.zeros((block.count, columns.shape[1]))
    tile = np.empty((TILE_VARIANTS, TILE_SAMPLES), dtype=columns.dtype)
    for first in range(0, block.count, TILE_VARIANTS):
        rows = slice(first, min(first + TILE_VARIANTS, block.count))
        for start in range(0, block.n_samples, TILE_SAMPLES):
            stop = min(start + TILE_SAMPLES, block.n_samples)
            _fill_tile(block, means, rows, start, stop, tile)
            partial = tile[:, : stop - start] @ columns[start:stop]
            out[rows] += partial[: rows.stop - rows.start]
    return out


def _fill_tile(block, means, rows, start, stop, tile):
    tile[rows.stop - rows.start :] = 0
    if block.packed is None:
        _centre(block.dosage[rows, start:stop], means[rows], tile)
    else:
        last = -(-stop // 4)
        _decode_centred(block.packed[rows, start // 4 : last], means[rows], tile)


@njit
def _centre(dosage, means, tile):
    for v in range(dosage.shape[0]):
        for s in range(dosage.shape[1]):
            x = np.float64(dosage[v, s])
            tile[v, s] = 0.0 if np.isnan(x) else x - means[v]


@njit
def _decode_centred(packed, means, tile):
    # A table of 16 pairs of genotypes: two look-ups a byte instead of four.
    pairs = np.empty((16, 2), dtype=tile.dtype)
    for v in range(packed.shape[0]):
        mean = means[v]
        values = (2 - mean, 0.0, 1 - mean, -mean)
        for code in range(16):
            pairs[code, 0] = values[code & 3]
            pairs[code, 1] = values[code >> 2]
        out = tile[v]
        for b in range(packed.shape[1]):
            byte = packed[v, b]
            out[4 * b] = pairs[byte & 15, 0]
            out[4 * b + 1] = pairs[byte & 15, 1]
            out[4 * b + 2] = pairs[byte >> 4, 0]
            out[4 * b + 3] = pairs[byte >> 4, 1]
