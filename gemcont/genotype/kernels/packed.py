"""Numba kernels on packed 2-bit genotypes: repack, counts, moments, decode.

Codes of a .bed, first sample in the lowest bits: 00 two effect alleles, 01 missing, 10 one,
11 none. Inside a ``Block`` rows are padded with 11 to whole 64-bit words: padding carries no
effect allele and is never missing, so that only the number of samples must be known.
"""

import builtins
from typing import Any, NamedTuple, Protocol

import numpy as np

from gemcont._numba import njit, popcount

_WORD = 8  # bytes
_ONE = np.uint64(1)
_SPARSE = 0.3  # share of the file's samples below which they are gathered one by one
_HARD_CALL = 0.1  # largest distance of a dosage from the genotype it is called as


class GenotypeBlock(Protocol):
    """Part of a ``Block`` that kernels need: one of packed and dosage is there."""

    @property
    def count(self) -> int:
        """Number of variants."""

    @property
    def n_samples(self) -> int:
        """Number of samples."""

    @property
    def packed(self) -> Any:
        """Packed genotypes, uint8 (variants, bytes); or None."""

    @property
    def dosage(self) -> Any:
        """Dosages, float32 (variants, samples), NaN missing; or None."""

    def slice(self, rows: builtins.slice) -> "GenotypeBlock":
        """Return the block of consecutive variants."""


class Moments(NamedTuple):
    """Moments of each variant's dosage over its called samples, float64 (variants,) each.

    They come from exact integer counts if the genotypes are packed.

    Attributes:
        n: number of called samples
        total: effect alleles, in dosage units
        mean: total / n, 0 if none is called
        sum_of_squares: of the dosages about their mean
    """

    n: np.ndarray
    total: np.ndarray
    mean: np.ndarray
    sum_of_squares: np.ndarray


def row_bytes(n_samples: int) -> int:
    """Return the bytes of a row of a ``Block``."""
    return -(-n_samples // (4 * _WORD)) * _WORD


def repack(
    rows: np.ndarray,
    n_file_samples: int,
    samples: np.ndarray | None = None,
    packed: np.ndarray | None = None,
) -> np.ndarray:
    """Turn rows of a .bed into the padded rows of a ``Block``.

    Args:
        rows: uint8 (variants, ceil(n_file_samples / 4)); the padding bits of the file are ignored.
        n_file_samples: number of samples in the file.
        samples: ascending indices; None = all.
        packed: uint8 (variants, ``row_bytes``), memory for the result; made if None.
    """
    count = n_file_samples if samples is None else len(samples)
    if packed is None:
        packed = np.empty((len(rows), row_bytes(count)), dtype=np.uint8)
    if samples is None:
        packed[:, : rows.shape[1]] = rows
        packed[:, rows.shape[1] :] = 0xFF
        if count % 4:
            packed[:, count // 4] |= np.uint8(0xFF << 2 * (count % 4) & 0xFF)
        return packed
    packed[:] = 0xFF
    if count < _SPARSE * n_file_samples:
        _gather(rows, np.ascontiguousarray(samples, dtype=np.int64), packed)
        return packed
    kept = np.zeros(4 * rows.shape[1], dtype=bool)  # (samples and padding,)
    kept[samples] = True
    # (bytes,): four samples each
    masks = np.packbits(kept.reshape(-1, 4), axis=1, bitorder="little")[:, 0]
    _squeeze(rows, masks, _SQUEEZED, packed.view(np.uint64))
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


def _squeeze_table():
    """Return uint8 (16 masks, 256 bytes): the genotypes of a byte that a mask keeps, packed."""
    table = np.zeros((16, 256), dtype=np.uint8)
    codes = np.arange(256)
    for mask in range(16):
        kept = [i for i in range(4) if mask >> i & 1]
        for slot, i in enumerate(kept):
            table[mask] |= ((codes >> 2 * i & 3) << 2 * slot).astype(np.uint8)
    return table


_SQUEEZED = _squeeze_table()


@njit
def _squeeze(rows, masks, table, out):
    """Keep the masked samples of every row, in order; a word of which all are kept at once.

    rows: uint8 (variants, bytes); masks: uint8 (bytes,), a bit per sample; out: uint64 words whose
    bits are all set.
    """
    width = np.empty(16, dtype=np.uint64)  # bits that a mask keeps
    for mask in range(16):
        width[mask] = 2 * popcount(np.uint64(mask))
    whole = np.zeros(len(masks) // 8, dtype=np.bool_)
    for w in range(len(whole)):
        whole[w] = np.all(masks[8 * w : 8 * w + 8] == 15)
    plan = masks, whole, table, width
    for v in range(rows.shape[0]):
        _squeeze_row(rows[v], plan, out[v])


@njit
def _squeeze_row(row, plan, words):
    masks, whole, table, width = plan
    pending, bits, at = np.uint64(0), np.uint64(0), 0  # the word being filled, its bits, its index
    for w in range(np.uint64(-(-len(masks) // 8))):
        first = np.uint64(8) * w
        if w < len(whole) and whole[w]:
            word = np.uint64(0)
            for b in range(np.uint64(8)):
                word |= np.uint64(row[first + b]) << (np.uint64(8) * b)
            words[at] = pending | (word << bits)
            pending = word >> (np.uint64(64) - bits) if bits else np.uint64(0)
            at += 1
            continue
        for b in range(first, min(first + np.uint64(8), np.uint64(len(masks)))):
            mask = masks[b]
            if mask:
                value = np.uint64(table[mask, row[b]])
                pending |= value << bits
                bits += width[mask]
                if bits >= 64:
                    words[at] = pending
                    at += 1
                    bits -= np.uint64(64)
                    pending = value >> (width[mask] - bits)
    if bits:
        words[at] = pending | (~np.uint64(0) << bits)


def pack_hardcalls(values: np.ndarray) -> np.ndarray:
    """Pack hard calls into the rows of a ``Block``.

    values: int8 (variants, samples) effect allele counts, negative missing.
    """
    packed = np.full((len(values), row_bytes(values.shape[1])), 0xFF, dtype=np.uint8)
    _pack(values, packed)
    return packed


@njit
def _pack(values, packed):
    for v in range(values.shape[0]):
        for s in range(values.shape[1]):
            x = values[v, s]
            code = 1 if x < 0 else 3 if x == 0 else 2 if x == 1 else 0  # of a .bed
            shift = 2 * (s & 3)
            packed[v, s >> 2] = (packed[v, s >> 2] & ~(3 << shift)) | (code << shift)


def counts(block: GenotypeBlock, selected: np.ndarray | None = None) -> np.ndarray:
    """Count the genotypes of a packed block: int64 (variants, 4).

    Columns: two effect alleles, one, none, missing. selected: bool (samples,), None = all.
    """
    words = block.packed.view(np.uint64)
    selected = np.ones(block.n_samples, dtype=bool) if selected is None else selected
    out = np.empty((block.count, 4), dtype=np.int64)
    _counts(words, _lanes(selected, words.shape[1]), int(selected.sum()), out)
    return out


def _lanes(selected, n_words):
    """Return uint64 (n_words,) with the low bit set of every selected sample's pair of bits."""
    pairs = np.zeros((32 * n_words, 2), dtype=bool)
    pairs[: len(selected), 0] = selected
    return np.packbits(pairs.ravel(), bitorder="little").view(np.uint64)


@njit
def _counts(words, lanes, n_selected, out):
    for v in range(words.shape[0]):
        low = high = both = 0  # samples with the low bit set, the high bit, both: 01, 10, 11
        for i in range(len(lanes)):
            even = words[v, i] & lanes[i]
            odd = (words[v, i] >> _ONE) & lanes[i]
            low += popcount(even)
            high += popcount(odd)
            both += popcount(even & odd)
        missing, one = low - both, high - both  # 01, 10
        out[v, 0] = n_selected - missing - one - both
        out[v, 1] = one
        out[v, 2] = both
        out[v, 3] = missing


def hard_counts(block: GenotypeBlock, selected: np.ndarray | None = None) -> np.ndarray:
    """Count genotypes as ``counts``, of dosages too.

    A dosage within 0.1 of a whole number is called, any other is missing, as in PLINK.
    """
    if block.packed is not None:
        return counts(block, selected)
    dosage = block.dosage if selected is None else block.dosage[:, selected]
    whole = np.round(dosage)
    near = np.abs(dosage - whole) <= _HARD_CALL  # NaN is near nothing
    columns = [(near & (whole == value)).sum(axis=1) for value in (2, 1, 0)]
    return np.column_stack([*columns, dosage.shape[1] - sum(columns)])


def missing_per_sample(block: GenotypeBlock, missing: np.ndarray) -> None:
    """Add each sample's missing genotypes in the block to ``missing``, int64 (samples,)."""
    if block.packed is None:
        missing += np.isnan(block.dosage).sum(axis=0)
    else:
        _missing_per_sample(block.packed, missing)


@njit
def _missing_per_sample(packed, missing):
    for v in range(packed.shape[0]):
        for b in range((len(missing) + 3) // 4):
            byte = packed[v, b]
            if byte & 0x55 & ~(byte >> 1):  # some genotype of the four is 01
                for i in range(min(4, len(missing) - 4 * b)):
                    missing[4 * b + i] += (byte >> (2 * i)) & 3 == 1


def moments(block: GenotypeBlock, selected: np.ndarray | None = None) -> Moments:
    """Return the ``Moments`` of a block over the selected samples, bool (samples,), None = all."""
    if block.packed is None:
        return _dosage_moments(block.dosage if selected is None else block.dosage[:, selected])
    two, one, none, _ = counts(block, selected).T.astype(np.float64)
    n = two + one + none
    total = 2 * two + one
    called = np.maximum(n, 1)  # 0 / 1 where none is called
    return Moments(n, total, total / called, (4 * two + one) - total * total / called)


def _dosage_moments(dosage):
    n = np.empty(len(dosage))
    total, mean, sum_of_squares = (np.empty_like(n) for _ in range(3))
    _sum_dosages(dosage, n, total, mean, sum_of_squares)
    return Moments(n, total, mean, sum_of_squares)


@njit
def _sum_dosages(dosage, n, total_of, mean, sum_of_squares):
    for v in range(dosage.shape[0]):
        called = 0
        total = 0.0
        for x in dosage[v]:
            if not np.isnan(x):
                called += 1
                total += np.float64(x)
        average = total / max(called, 1)
        squares = 0.0  # in a second pass, about the mean: no cancellation
        for x in dosage[v]:
            if not np.isnan(x):
                squares += (np.float64(x) - average) ** 2
        n[v] = called
        total_of[v] = total
        mean[v] = average
        sum_of_squares[v] = squares


def decode(block: GenotypeBlock, variants: slice | np.ndarray = slice(None)) -> np.ndarray:
    """Return dosages of chosen variants of a block: float64 (variants, samples), NaN missing."""
    if block.packed is None:
        return block.dosage[variants].astype(np.float64)
    # (variants, bytes, 4)
    codes = block.packed[variants][:, :, None] >> np.array([0, 2, 4, 6], dtype=np.uint8) & 3
    dosage = np.array([2.0, np.nan, 1.0, 0.0])[codes.reshape(len(codes), -1)]
    return dosage[:, : block.n_samples]
