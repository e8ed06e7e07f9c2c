"""Genetic relationship matrix (GRM) of the samples.

centred: the mean over variants of (g - mean)(g - mean)', GEMMA's -gk 1; standardised: the same
with every variant divided by its standard deviation, -gk 2. A missing genotype is set to the
variant's mean.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from gemcont._numba import njit
from gemcont.errors import GemcontError
from gemcont.genotype.kernels.packed import moments
from gemcont.genotype.source import Block, GenotypeSource

KINSHIP_KINDS = ("centred", "standardised")
MOST_MISSING = 0.05  # share above which a variant stays out of a GRM, as in GEMMA
_BLOCK_BYTES = 64 << 20  # of centred genotypes
_TURNED_BYTES, _TILE = 32 << 20, 64  # a tile has more rows than any BLAS kernel takes at once


class Relationship(NamedTuple):
    """Relationship of samples by some variants.

    Subtracting that of one chromosome from that of all leaves the relationship by the others.

    Attributes:
        mean: float64 (N, N), mean over variants of products of genotypes
        n_variants: number of variants
        left_out: number of excluded variants, by reason
    """

    mean: np.ndarray
    n_variants: int
    left_out: dict[str, int]

    @property
    def matrix(self) -> np.ndarray:
        """Genetic relationship matrix (N, N); GemcontError if there is no variant."""
        if not self.n_variants:
            raise GemcontError("kinship: no variant is left for the GRM")
        return self.mean

    def without(self, other: "Relationship") -> "Relationship":
        """Return the relationship by the variants that are not in ``other``."""
        left = self.n_variants - other.n_variants
        mean = self.mean * (self.n_variants / max(left, 1))
        # (n mean - n' mean') / left, in place: such matrices fill the memory.
        mean -= other.mean * (other.n_variants / max(left, 1))
        return Relationship(mean, left, {})


def relationship(
    source: GenotypeSource,
    variants: np.ndarray | None,
    samples: np.ndarray | None = None,
    *,
    kind: str = "centred",
    maf: float = 0.01,
    progress: Callable[[int], object] | None = None,
) -> Relationship:
    """Return the ``Relationship`` of samples by variants of a source.

    Variants below ``maf``, missing in more than 5 % of the samples, or without variance are
    excluded.

    Args:
        source: of the genotypes.
        variants: ascending indices; None = all.
        samples: ascending indices; None = all.
        kind: one of ``KINSHIP_KINDS``.
        maf: smallest minor allele frequency.
        progress: called with the number of variants just read.

    Raises:
        GemcontError: an unknown kind.
    """
    if kind not in KINSHIP_KINDS:
        raise GemcontError(f"--kinship-type: {kind!r} is not one of {', '.join(KINSHIP_KINDS)}")
    n = source.n_samples if samples is None else len(samples)
    total, used = np.zeros((n, n)), 0
    left_out = {"--kinship-maf": 0, f"missing above {MOST_MISSING:.0%}": 0, "no variance": 0}
    for block in source.blocks(variants, samples, size=block_size(n)):
        block_moments = moments(block)
        kept = _usable(block_moments, n, maf, left_out)
        scale = np.ones(len(kept))
        if kind == "standardised":
            # (kept,): 1 / standard deviation
            scale = np.sqrt(n / block_moments.sum_of_squares[kept])
        centred = centred_dosages(block.take(kept), block_moments.mean[kept], scale)  # (kept, N)
        total += centred.T @ centred  # one operand: BLAS computes half of it
        used += len(kept)
        if progress is not None:
            progress(block.count)
    total /= max(used, 1)  # in place: the matrix is what fills the memory
    return Relationship(total, used, left_out)


def block_size(n_samples: int) -> int:
    """Return the number of variants whose centred genotypes are held at once."""
    return int(np.clip(_BLOCK_BYTES // (4 * n_samples), 128, 4096))


def _usable(block_moments, n_samples, maf, left_out):
    """Return the positions of the variants that enter; count the others by reason."""
    frequency = block_moments.mean / 2  # (variants,), 0 where nobody is called
    rare = ~(np.minimum(frequency, 1 - frequency) >= maf * (1 - 1e-12))
    missing = block_moments.n < (1 - MOST_MISSING) * n_samples
    constant = ~(block_moments.sum_of_squares > 1e-12 * n_samples)
    fails = rare, missing & ~rare, constant & ~rare & ~missing
    for reason, these in zip(left_out, fails, strict=True):
        left_out[reason] += int(these.sum())
    return np.flatnonzero(~(rare | missing | constant))


def centred_dosages(block: Block, mean: np.ndarray, scale: np.ndarray | None = None) -> np.ndarray:
    """Return (g - mean) * scale as float32 (variants, samples), 0 where missing.

    mean, scale: (variants,); scale None = 1.
    """
    centred = np.empty((block.count, block.n_samples), dtype=np.float32)
    scale = np.ones(block.count) if scale is None else scale
    if block.packed is None:
        _centre(block.dosage, mean, scale, centred)
    else:
        _centre_packed(block.packed, mean, scale, centred)
    return centred


def turned_at_once(n_samples: int) -> int:
    """Return the number of variants that are multiplied by a matrix at once."""
    return int(np.clip(_TURNED_BYTES // (8 * n_samples) // _TILE * _TILE, _TILE, 1024))


def turned_dosages(
    block: Block, mean: np.ndarray, turn: Callable[[np.ndarray], np.ndarray]
) -> np.ndarray:
    """Return centred dosages as ``turn`` transforms them: float64 (variants, samples).

    Args:
        block: of genotypes.
        mean: (variants,), mean dosages.
        turn: linear function of rows of float32, (variants, samples).
    """
    # Rows of zeros fill up to whole tiles, so that a variant's digits do not depend on how many
    # others are in the block.
    rows = np.zeros((block.count + -block.count % _TILE, block.n_samples), dtype=np.float32)
    rows[: block.count] = centred_dosages(block, mean)
    return turn(rows)[: block.count].astype(np.float64)


@njit
def _centre(dosage, mean, scale, out):
    for v in range(dosage.shape[0]):
        for i in range(dosage.shape[1]):
            value = np.float32((dosage[v, i] - mean[v]) * scale[v])
            out[v, i] = np.float32(0) if np.isnan(value) else value


@njit
def _centre_packed(packed, mean, scale, out):
    n = out.shape[1]
    values = np.zeros(4, dtype=np.float32)  # by the codes of a .bed: 01 is missing
    for v in range(packed.shape[0]):
        values[0] = (2 - mean[v]) * scale[v]
        values[2] = (1 - mean[v]) * scale[v]
        values[3] = -mean[v] * scale[v]  # values[1] stays 0: a missing genotype is the mean
        for b in range(n // 4):
            byte = packed[v, b]
            for j in range(4):
                out[v, 4 * b + j] = values[(byte >> np.uint8(2 * j)) & np.uint8(3)]
        for i in range(4 * (n // 4), n):
            out[v, i] = values[(packed[v, i >> 2] >> np.uint8(2 * (i & 3))) & np.uint8(3)]
