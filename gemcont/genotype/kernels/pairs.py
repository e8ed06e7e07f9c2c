"""Sums over pairs of variants, exact in integers, that every measure of linkage is made of.

Hard calls are kept as three bit planes of a variant (heterozygous, two effect alleles, called),
64 samples to a word, so that a pair costs a few AND and popcount instructions a word. Dosages are
kept as 16-bit integers in steps of 2^-14, the steps of a .pgen, 65535 where missing. Both give
the same sums over the samples in which both variants are called.

Samples form two segments: the diploid ones, and those that carry one chromosome and count half
(males on X). The second is empty on other chromosomes.
"""

from typing import NamedTuple

import numpy as np
from numba.extending import overload

from gemcont._numba import njit, popcount
from gemcont.genotype.kernels.packed import GenotypeBlock

_EVEN = np.uint64(0x5555555555555555)
_ONE = np.uint64(1)
_HALF = np.uint64(32)
STEPS = 1 << 14  # of one effect allele
MISSING = np.uint16(65535)


class Rows(NamedTuple):
    """Variants made ready for pairing.

    Attributes:
        values: uint64 (variants, 3 planes, words), or uint16 (variants, samples) of dosages
        margins: int64 (variants, 2 segments, 3): of hard calls, the samples called, heterozygous
            and with two effect alleles; of dosages, called, sum and sum of squares
        complete: bool (variants,), nothing missing
        split: first word or sample of the second segment
    """

    values: np.ndarray
    margins: np.ndarray
    complete: np.ndarray
    split: int

    @property
    def arrays(self) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Parts that have a row per variant."""
        return self.values, self.margins, self.complete

    def __len__(self) -> int:
        return len(self.values)


def make_rows(
    diploid: GenotypeBlock, single: GenotypeBlock | None, *, haploid: bool = False
) -> Rows:
    """Make the ``Rows`` of a block of variants.

    Args:
        diploid: samples of the first segment.
        single: the same variants in the samples of the second segment, or None.
        haploid: whether the first segment carries one chromosome too. A heterozygous call of a
            sample with one chromosome is an error and set missing.
    """
    segments = [(diploid, haploid)] + ([(single, True)] if single is not None else [])
    segments = [(block, one) for block, one in segments if block.n_samples] or segments[:1]
    make = _planes if diploid.packed is not None else _steps
    parts = [make(block, one) for block, one in segments]
    values = parts[0][0]
    if len(parts) > 1:
        values = np.concatenate([values for values, _ in parts], axis=-1)  # segments side by side
    margins = np.zeros((len(values), 2, 3), dtype=np.int64)
    at = 1 if segments[0][0] is single else 0
    for i, (_, of_segment) in enumerate(parts):
        margins[:, at + i] = of_segment
    n_samples = sum(block.n_samples for block, _ in segments)
    split = 0 if at else parts[0][0].shape[-1]
    return Rows(values, margins, margins[:, :, 0].sum(axis=1) == n_samples, split)


def _planes(block, haploid):
    """Return the bit planes of a packed block and their margins."""
    if block.n_samples == 0:  # Y among women: no pair has a sample in common
        return np.zeros((block.count, 3, 1), np.uint64), np.zeros((block.count, 3), np.int64)
    words = block.packed.view(np.uint64)
    n_words = -(-block.n_samples // 64)
    planes = np.empty((block.count, 3, n_words), dtype=np.uint64)
    margins = np.empty((block.count, 3), dtype=np.int64)
    _fill_planes(words, block.n_samples, haploid, planes, margins)
    return planes, margins


@njit
def _fill_planes(words, n_samples, haploid, planes, margins):
    tail = np.uint64(n_samples & 63)
    last = (_ONE << tail) - _ONE if tail else ~np.uint64(0)  # the samples of the last word
    for v in range(words.shape[0]):
        het, two, called = planes[v, 0], planes[v, 1], planes[v, 2]
        _split_planes(words[v], haploid, het, two, called)
        for plane in (het, two, called):
            plane[-1] &= last
        margins[v, 0] = _bits_of(called)
        margins[v, 1] = _bits_of(het)
        margins[v, 2] = _bits_of(two)


@njit
def _split_planes(words, haploid, het, two, called):
    for w in range(np.uint64(len(het))):
        first = words[2 * w]
        # An odd number of words ends in the middle of a plane's word; the rest is masked later.
        second = words[2 * w + 1] if 2 * w + 1 < len(words) else first
        low = _evens(first) | _evens(second) << _HALF  # 32 samples a .bed word, 64 a plane's word
        high = _evens(first >> _ONE) | _evens(second >> _ONE) << _HALF
        one = high & ~low  # code 10
        two[w] = ~(low | high)  # code 00
        het[w] = np.uint64(0) if haploid else one
        called[w] = (high | ~low) & ~one if haploid else high | ~low


@njit
def _bits_of(plane):
    total = np.uint64(0)
    for word in plane:
        total += popcount(word)
    return np.int64(total)


@njit
def _evens(word):
    """Return the 32 even bits of a word, moved together."""
    x = word & _EVEN
    x = (x | (x >> np.uint64(1))) & np.uint64(0x3333333333333333)
    x = (x | (x >> np.uint64(2))) & np.uint64(0x0F0F0F0F0F0F0F0F)
    x = (x | (x >> np.uint64(4))) & np.uint64(0x00FF00FF00FF00FF)
    x = (x | (x >> np.uint64(8))) & np.uint64(0x0000FFFF0000FFFF)
    return (x | (x >> np.uint64(16))) & np.uint64(0x00000000FFFFFFFF)


def _steps(block, haploid):
    """Return dosages in steps and their margins; a haploid's 0.5 to 1.5 is missing."""
    dosage = block.dosage
    known = ~np.isnan(dosage)
    if haploid:
        known &= np.abs(dosage - 1) >= 0.5
    steps = np.where(known, np.rint(np.where(known, dosage, 0) * STEPS), MISSING).astype(np.uint16)
    whole = np.where(known, steps, 0).astype(np.int64)  # (variants, samples)
    margins = np.column_stack([known.sum(axis=1), whole.sum(axis=1), (whole * whole).sum(axis=1)])
    return steps, margins


@njit
def pair_sums(rows: Rows, i: int, others: Rows, j: int) -> tuple:
    """Return sums over the samples with both variants called, the second segment's halved.

    rows, others: ``Rows``; i, j: which of their variants. The sums are float64 (n, x, y, xx, yy,
    xy, uncertain) of dosages x and y of effect alleles; uncertain is the number of samples (a
    dosage's part) that could carry both effect alleles on one chromosome or on two.
    """
    first = _segment_sums(rows, i, others, j, 0)
    if rows.split == rows.values.shape[-1]:
        return first
    second = _segment_sums(rows, i, others, j, 1)
    n, x, y, xx, yy, xy, both = first
    n2, x2, y2, xx2, yy2, xy2, both2 = second
    return (
        n + 0.5 * n2,
        x + 0.5 * x2,
        y + 0.5 * y2,
        xx + 0.5 * xx2,
        yy + 0.5 * yy2,
        xy + 0.5 * xy2,
        both + 0.5 * both2,
    )


@njit
def _segment_sums(rows, i, others, j, segment):
    # Unsigned, so that an index is known not to count from the end, which halts vectorisation.
    start = np.uint64(rows.split if segment else 0)
    stop = np.uint64(rows.values.shape[-1] if segment else rows.split)
    a, b = rows.values[i], others.values[j]
    if rows.complete[i] and others.complete[j]:
        margins = (
            rows.margins[i, segment, 0],
            rows.margins[i, segment, 1],
            rows.margins[i, segment, 2],
            others.margins[j, segment, 1],
            others.margins[j, segment, 2],
        )
        return _sums_of_complete(a, b, start, stop, margins)
    return _sums(a, b, start, stop)


def _sums(a, b, start, stop):
    """Return the sums of two variants of either kind, chosen when a kernel is compiled."""
    return (_sums_of_bits if a.ndim == 2 else _sums_of_steps)(a, b, start, stop)


def _sums_of_complete(a, b, start, stop, margins):
    """Return the sums as ``_sums``, if nothing is missing.

    margins: (n, two of the first variant's, two of the second's), as in ``Rows.margins``.
    """
    kernel = _sums_of_complete_bits if a.ndim == 2 else _sums_of_complete_steps
    return kernel(a, b, start, stop, margins)


@overload(_sums)
def _choose_sums(a, b, start, stop):
    kernel = _sums_of_bits if a.ndim == 2 else _sums_of_steps
    return lambda a, b, start, stop: kernel(a, b, start, stop)


@overload(_sums_of_complete)
def _choose_sums_of_complete(a, b, start, stop, margins):
    kernel = _sums_of_complete_bits if a.ndim == 2 else _sums_of_complete_steps
    return lambda a, b, start, stop, margins: kernel(a, b, start, stop, margins)


@njit
def _sums_of_complete_bits(a, b, start, stop, margins):
    """Two popcounts a word: pairs of heterozygotes, and opposite homozygotes."""
    both = opposite = np.uint64(0)
    for w in range(start, stop):
        het_a, het_b = a[0, w], b[0, w]
        both += popcount(het_a & het_b)
        opposite += popcount((a[1, w] ^ b[1, w]) & ~(het_a | het_b))  # 2 against 0
    return _from_counts(margins, np.int64(both), np.int64(opposite))


@njit
def _sums_of_bits(a, b, start, stop):
    n = x1 = x2 = y1 = y2 = both = opposite = np.uint64(0)
    for w in range(start, stop):
        het_a, two_a, called_a = a[0, w], a[1, w], a[2, w]
        het_b, two_b, called_b = b[0, w], b[1, w], b[2, w]
        n += popcount(called_a & called_b)
        x1 += popcount(het_a & called_b)
        x2 += popcount(two_a & called_b)
        y1 += popcount(het_b & called_a)
        y2 += popcount(two_b & called_a)
        both += popcount(het_a & het_b)
        homozygous = called_a & called_b & ~(het_a | het_b)  # both called, neither heterozygous
        opposite += popcount((two_a ^ two_b) & homozygous)
    margins = (np.int64(n), np.int64(x1), np.int64(x2), np.int64(y1), np.int64(y2))
    return _from_counts(margins, np.int64(both), np.int64(opposite))


@njit
def _from_counts(margins, both, opposite):
    n, het_a, two_a, het_b, two_b = margins
    x, y = 2 * two_a + het_a, 2 * two_b + het_b
    # Dosages less one are -1, 0, 1: their products add up to alike less opposite homozygotes.
    alike = n - het_a - het_b + both - opposite
    xy = alike - opposite + x + y - n
    return (
        np.float64(n),
        np.float64(x),
        np.float64(y),
        np.float64(4 * two_a + het_a),  # sum of squares: 2^2, 1^2
        np.float64(4 * two_b + het_b),
        np.float64(xy),
        np.float64(both),
    )


@njit
def _sums_of_complete_steps(a, b, start, stop, margins):
    xy = both = np.uint64(0)
    for s in range(start, stop):
        here, there = np.uint32(a[s]), np.uint32(b[s])
        xy += here * there  # below 2^30 each: 2^34 samples fit in 64 bits
        both += _half(here) * _half(there)
    return _from_steps(margins, xy, both)


@njit
def _sums_of_steps(a, b, start, stop):
    n = np.uint64(0)
    total_x = total_y = xx = yy = xy = both = np.uint64(0)
    for s in range(start, stop):
        if a[s] != MISSING and b[s] != MISSING:
            x, y = np.uint32(a[s]), np.uint32(b[s])
            n += 1
            total_x += x
            total_y += y
            xx += x * x
            yy += y * y
            xy += x * y
            both += _half(x) * _half(y)
    return _from_steps((n, total_x, xx, total_y, yy), xy, both)


@njit
def _half(x):
    """Return a dosage's distance from the nearer homozygote, the heterozygous part of it."""
    return np.uint32(min(x, np.uint32(2 * STEPS) - x))


@njit
def _from_steps(margins, xy, both):
    n, x, xx, y, yy = margins
    one, two = 1.0 / STEPS, 1.0 / STEPS**2  # powers of two: exact
    return (
        np.float64(n),
        x * one,
        y * one,
        xx * two,
        yy * two,
        xy * two,
        both * two,
    )
