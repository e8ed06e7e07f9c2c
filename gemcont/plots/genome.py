"""Lay chromosomes end to end along one horizontal axis."""

from typing import NamedTuple

import numpy as np

_CHUNK = 1 << 19
_NARROWEST = 1e-3  # Mb: a chromosome with a single position still gets a place of its own
_GAP, _ALL_GAPS = 0.004, 0.1  # of the whole: between neighbours, and all gaps together


class GenomeAxis(NamedTuple):
    """Places of the chromosomes on the horizontal axis, in Mb.

    Attributes:
        present: (chromosomes,) codes of the chromosomes that are drawn, ascending.
        start: (chromosomes,) left end of each.
        end: (chromosomes,) right end of each.
        offset: (names,) what to add to a position in Mb, by code; NaN where nothing is drawn.
    """

    present: np.ndarray
    start: np.ndarray
    end: np.ndarray
    offset: np.ndarray

    def x(self, chromosome: np.ndarray, position: np.ndarray) -> np.ndarray:
        """Return the place of each variant on the axis: (variants,) Mb, NaN where not drawn."""
        x = np.multiply(position, 1e-6)
        x += self.offset[chromosome]
        return x


def genome_axis(
    chromosome: np.ndarray, position: np.ndarray, tested: np.ndarray, n_names: int
) -> GenomeAxis:
    """Lay out the stretch of each chromosome that holds tested variants, with gaps between.

    A single chromosome keeps its own coordinates, so that the axis can be read in Mb.

    Args:
        chromosome: (variants,) integer codes from 0 to n_names - 1, in the order of drawing.
        position: (variants,) base pairs, in any order.
        tested: (variants,) bool; chromosomes without a tested variant get no place.
        n_names: number of chromosome names.

    Returns:
        GenomeAxis

    Raises:
        ValueError: a code lies outside 0 to n_names - 1.
    """
    if len(chromosome) and not (0 <= chromosome.min() and chromosome.max() < n_names):
        raise ValueError(f"chromosome codes must lie between 0 and {n_names - 1}")
    first, last = _ranges(chromosome, position, tested, n_names)
    present = np.flatnonzero(first <= last)
    span = last[present] - first[present]
    width = np.maximum(span, _NARROWEST)
    left = first[present] - (width - span) / 2  # a single position stands in the middle
    if len(present) == 1:
        start = left
    else:
        gap = width.sum() * min(_GAP, _ALL_GAPS / max(len(present), 1))
        start = np.cumsum(width + gap) - (width + gap)
    offset = np.full(n_names, np.nan)
    offset[present] = start - left
    return GenomeAxis(present, start, start + width, offset)


def _ranges(chromosome, position, tested, n_names):
    """Find the first and last tested position of each chromosome in Mb; inf, -inf if none."""
    first, last = np.full(n_names, np.inf), np.full(n_names, -np.inf)
    for start in range(0, len(chromosome), _CHUNK):
        chunk = slice(start, start + _CHUNK)
        code = chromosome[chunk][tested[chunk]]
        megabase = np.multiply(position[chunk][tested[chunk]], 1e-6)
        np.minimum.at(first, code, megabase)
        np.maximum.at(last, code, megabase)
    return first, last
