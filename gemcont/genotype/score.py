"""Polygenic scores: sums of genotypes with a weight per variant."""

from collections.abc import Sequence
from typing import NamedTuple

import numpy as np

from gemcont.genotype.kernels.packed import decode
from gemcont.genotype.source import GenotypeSource

FEWEST_CALLED = 50  # people: fewer say little of a variant's mean, as plink2 has it
_BLOCK = 256  # variants


class Scores(NamedTuple):
    """Polygenic scores of samples.

    Attributes:
        total: float64 (samples,) or (samples, k), weighted sums
        n_called: int64 (samples,), variants with a genotype
        unknown: bool (variants,), variants that count as 0 because no sample has a genotype
    """

    total: np.ndarray
    n_called: np.ndarray
    unknown: np.ndarray


def scores(
    source: GenotypeSource,
    variants: Sequence[int] | np.ndarray,
    weights: Sequence[float] | np.ndarray,
    samples: np.ndarray | None = None,
    expected: np.ndarray | None = None,
) -> Scores:
    """Return the ``Scores``: weighted sums of effect alleles.

    A missing genotype counts as the variant's mean over all samples of the source, whichever are
    scored; if fewer than 50 are called, as ``expected``, if that is known.

    Args:
        source: of the genotypes.
        variants: indices into the source, in any order.
        weights: float64 (variants,) per effect allele, or (variants, k) for k scores at once.
        samples: ascending indices; None = all.
        expected: float64 (variants,), mean dosages from elsewhere, NaN unknown.
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
        dosage = np.where(known, dosage, np.nan_to_num(mean)[:, None])  # (variants, samples)
        total += dosage.T @ weights[here]  # (samples,) or (samples, k)
        n_called += known.sum(axis=0)
        unknown[order[here]] = np.isnan(mean)
    return Scores(total, n_called, unknown)


def _means(dosage, known, expected):
    """Return mean dosages (variants,), NaN where nothing is known."""
    count = known.sum(axis=1)
    mean = np.where(known, dosage, 0).sum(axis=1) / np.maximum(count, 1)
    mean = np.where(count > 0, mean, np.nan)
    few = (count < FEWEST_CALLED) & ~np.isnan(expected)
    return np.where(few, expected, mean)
