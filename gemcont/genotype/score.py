"""Sums of genotypes with a weight per variant: polygenic scores."""

from typing import NamedTuple

import numpy as np

from gemcont.genotype.kernels.packed import decode

FEWEST_CALLED = 50  # people: fewer say little of a variant's mean, as plink2 has it
_BLOCK = 256  # variants


class Scores(NamedTuple):
    """Scores of people.

    total: weighted sums, float64 (samples,) or (samples, k); n_called: int64 (samples,), variants
    with a genotype; unknown: bool (variants,), which count as 0 because nobody has a genotype
    """

    total: np.ndarray
    n_called: np.ndarray
    unknown: np.ndarray


def scores(source, variants, weights, samples=None, expected=None):
    """Return the ``Scores``: weighted sums of effect alleles.

    variants: indices into the source, in any order; weights: float64 (variants,) per effect
    allele, or (variants, k) for k scores at once; samples: ascending indices, None = all;
    expected: float64 (variants,), mean dosages from elsewhere, NaN unknown.

    A missing genotype counts as the variant's mean over everyone in the source, whoever is scored;
    where fewer than 50 are called, as ``expected``, if that is known.
    """
    order = np.argsort(variants, kind="stable")
    variants, weights = np.asarray(variants)[order], np.asarray(weights, dtype=np.float64)[order]
    expected = np.full(len(order), np.nan) if expected is None else np.asarray(expected)[order]
    n_samples = source.n_samples if samples is None else len(samples)
    total = np.zeros((n_samples, *weights.shape[1:]))
    n_called = np.zeros(n_samples, dtype=np.int64)
    unknown = np.zeros(len(order), dtype=bool)
    for block in source.blocks(variants, size=_BLOCK):
        here = slice(block.first, block.first + block.count)
        dosage = decode(block)
        known = ~np.isnan(dosage)
        mean = _means(dosage, known, expected[here])
        if samples is not None:
            dosage, known = dosage[:, samples], known[:, samples]
        dosage = np.where(known, dosage, np.nan_to_num(mean)[:, None])
        total += dosage.T @ weights[here]
        n_called += known.sum(axis=0)
        unknown[order[here]] = np.isnan(mean)
    return Scores(total, n_called, unknown)


def _means(dosage, known, expected):
    """Mean dosages (variants,), NaN where nothing is known."""
    count = known.sum(axis=1)
    mean = np.where(known, dosage, 0).sum(axis=1) / np.maximum(count, 1)
    mean = np.where(count > 0, mean, np.nan)
    few = (count < FEWEST_CALLED) & ~np.isnan(expected)
    return np.where(few, expected, mean)
