"""Sums of genotypes with a weight per variant: polygenic scores."""

import numpy as np

from gemcont.genotype.kernels import decode

_BLOCK = 256  # variants


def score(source, variants, weights, samples=None):
    """Weighted sum of effect alleles (samples,), a missing genotype being the variant's mean.

    variants: indices into the source, in any order; weights: float64 (variants,) per effect
    allele, or (variants, k) for k scores at once; samples: ascending indices, None = all.
    """
    order = np.argsort(variants, kind="stable")
    variants, weights = np.asarray(variants)[order], np.asarray(weights, dtype=np.float64)[order]
    n_samples = source.n_samples if samples is None else len(samples)
    total = np.zeros((n_samples, *weights.shape[1:]))
    for block in source.blocks(variants, samples, size=_BLOCK):
        dosage = decode(block)
        known = ~np.isnan(dosage)
        mean = np.where(known, dosage, 0).sum(axis=1) / np.maximum(known.sum(axis=1), 1)
        dosage = np.where(known, dosage, mean[:, None])
        total += dosage.T @ weights[block.first : block.first + block.count]
    return total
