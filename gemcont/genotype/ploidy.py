"""Allele counts by ploidy: how many chromosomes a sample carries, and how many effect alleles.

Dosages are 0 to 2 in every file, also where a sample carries one chromosome: a haploid with the
effect allele is 2. On X a male counts once in allele counts and frequencies, though the test sees
him as 0 or 2, as plink2's; Y, MT and other haploids count every sample once.
"""

from typing import NamedTuple

import numpy as np

from gemcont.genotype.chromosomes import Ploidy
from gemcont.genotype.kernels.packed import moments

HAPLOID = (Ploidy.Y, Ploidy.MT)


class AlleleCounts(NamedTuple):
    """Effect alleles and chromosomes among the called samples, float64 (variants,) each."""

    effect: np.ndarray
    total: np.ndarray

    @property
    def frequency(self):
        """Effect allele frequency, NaN where nothing is called."""
        return np.where(self.total > 0, self.effect / np.maximum(self.total, 1), np.nan)

    @property
    def minor_count(self):
        """Copies of the rarer allele."""
        return np.minimum(self.effect, self.total - self.effect)


def allele_counts(block, found, ploidy, males=None):
    """``AlleleCounts`` of a block on chromosomes of one ploidy.

    found: the block's ``Moments``; males: bool (samples,), needed on X.
    """
    dosage = found.total
    if ploidy in HAPLOID:
        return AlleleCounts(dosage / 2, found.n)
    if ploidy == Ploidy.X and males is not None and males.any():
        male = moments(block, males)
        return AlleleCounts(dosage - male.total / 2, 2 * found.n - male.n)
    return AlleleCounts(dosage, 2 * found.n)


def group_name(kind):
    """What a group of chromosomes is called in the files: those of the autosomes' null share one.

    XY is tested as the autosomes are.
    """
    names = {Ploidy.AUTOSOME: "autosomes", Ploidy.XY: "autosomes", Ploidy.MT: "haploid"}
    return names.get(Ploidy(kind), Ploidy(kind).name)
