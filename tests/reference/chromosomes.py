"""Sex chromosomes and haploids, one variant at a time by ordinary least squares.

As plink2 --glm: X keeps people of known sex, sex is a covariate, a male is 0 or 2 (1 where he is
called heterozygous); Y keeps males; Y, MT and other haploids are 0 or 1 per allele.
"""

import numpy as np

from .joint import single_trait


def single_trait_on(kind, genotypes, trait, covariates, sex):
    """Dict of ``single_trait`` for genotypes (variants, samples) of 0 to 2 on chromosome ``kind``.

    kind: "autosome", "X", "Y" or "MT"; sex (samples,): 1 male, 2 female, 0 unknown.
    """
    people = {"X": sex > 0, "Y": sex == 1}.get(kind, np.ones(len(sex), dtype=bool))
    covariates = covariates[people]
    if kind == "X":
        covariates = np.column_stack([covariates, sex[people] == 1])
    scale = 0.5 if kind in ("Y", "MT") else 1.0
    return single_trait(scale * genotypes[:, people], trait[people], covariates)


def allele_frequency(kind, genotypes, sex):
    """Effect allele frequency (variants,): a male counts once on X, everyone once on Y and MT."""
    people = {"X": sex > 0, "Y": sex == 1}.get(kind, np.ones(len(sex), dtype=bool))
    genotypes, sex = genotypes[:, people], sex[people]
    once = (sex == 1) if kind == "X" else np.full(len(sex), kind in ("Y", "MT"))
    copies = np.where(once, genotypes / 2, genotypes)
    chromosomes = np.where(np.isnan(genotypes), np.nan, np.where(once, 1.0, 2.0))
    return np.nansum(copies, axis=1) / np.nansum(chromosomes, axis=1)
