"""Sums of genotypes with a weight per variant: polygenic scores."""

import numpy as np

from gemcont.genotype.kernels import decode

_BLOCK = 256  # variants


def score(source, variants, weights, samples=None, frequency=None):
    """Return the weighted sum of effect alleles (samples,) and how many alleles were called.

    A missing genotype is the variant's mean over the whole file, so that who else is scored
    changes nobody's score; where nobody is called, twice its ``frequency``, and where that is
    unknown the variant counts for nothing.

    variants: indices into the source, in any order; weights: float64 (variants,) per effect
    allele, or (variants, k) for k scores at once; samples: ascending indices, None = all;
    frequency: float64 (variants,) of the effect allele, NaN unknown. The second array is int64
    (samples,), two for each called genotype.
    """
    frequency = np.full(len(variants), np.nan) if frequency is None else np.asarray(frequency)
    order = np.argsort(variants, kind="stable")
    variants, weights = np.asarray(variants)[order], np.asarray(weights, dtype=np.float64)[order]
    frequency = frequency[order]
    n_samples = source.n_samples if samples is None else len(samples)
    total, called = np.zeros((n_samples, *weights.shape[1:])), np.zeros(n_samples, dtype=np.int64)
    for block in source.blocks(variants, size=_BLOCK):
        dosage = decode(block)
        known = ~np.isnan(dosage)
        count = known.sum(axis=1)
        mean = np.where(known, dosage, 0).sum(axis=1) / np.maximum(count, 1)
        elsewhere = 2 * np.nan_to_num(frequency[block.first : block.first + block.count])
        mean = np.where(count > 0, mean, elsewhere)
        dosage = np.where(known, dosage, mean[:, None])
        chosen = slice(None) if samples is None else samples
        total += dosage[:, chosen].T @ weights[block.first : block.first + block.count]
        called += 2 * known[:, chosen].sum(axis=0)
    return total, called
