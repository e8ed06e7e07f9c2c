"""Allele counts by ploidy: chromosomes and effect alleles that a sample carries.

Dosages are 0 to 2 in every file, also where a sample carries one chromosome: a haploid with the
effect allele is 2. On X a male counts once in allele counts and frequencies, though the test codes
his genotype as 0 or 2, as plink2 does; on Y, MT and other haploid chromosomes every sample counts
once.
"""

from typing import NamedTuple

import numpy as np

from gemcont.genotype.chromosomes import Ploidy
from gemcont.genotype.kernels.packed import Moments, moments
from gemcont.genotype.source import Block

HAPLOID = (Ploidy.Y, Ploidy.MT)


class AlleleCounts(NamedTuple):
    """Allele counts of the called samples.

    Attributes:
        effect: float64 (variants,), effect alleles
        total: float64 (variants,), chromosomes
    """

    effect: np.ndarray
    total: np.ndarray

    @property
    def frequency(self) -> np.ndarray:
        """Effect allele frequency (variants,), NaN where no sample is called."""
        return np.where(self.total > 0, self.effect / np.maximum(self.total, 1), np.nan)

    @property
    def minor_count(self) -> np.ndarray:
        """Copies of the rarer allele (variants,)."""
        return np.minimum(self.effect, self.total - self.effect)


def allele_counts(
    block: Block, block_moments: Moments, ploidy: int, males: np.ndarray | None = None
) -> AlleleCounts:
    """Return the ``AlleleCounts`` of a block on chromosomes of one ploidy.

    Args:
        block: of genotypes.
        block_moments: its ``Moments``.
        ploidy: a ``Ploidy``.
        males: bool (samples,), needed on X.
    """
    dosage = block_moments.total
    if ploidy in HAPLOID:
        return AlleleCounts(dosage / 2, block_moments.n)  # a haploid's 2 is one allele
    if ploidy == Ploidy.X and males is not None and males.any():
        male = moments(block, males)
        # A male has one X.
        return AlleleCounts(dosage - male.total / 2, 2 * block_moments.n - male.n)
    return AlleleCounts(dosage, 2 * block_moments.n)


def group_name(kind: int) -> str:
    """Return the name in the files of a group of chromosomes.

    Autosomes and XY, which is tested as they are, share one.
    """
    names = {Ploidy.AUTOSOME: "autosomes", Ploidy.XY: "autosomes", Ploidy.MT: "haploid"}
    return names.get(Ploidy(kind), Ploidy(kind).name)
