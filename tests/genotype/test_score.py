"""Weighted sums of genotypes."""

import numpy as np
from conftest import named_samples, named_variants, random_dosages
from reference.packed import write_fileset

from gemcont import ArraySource, open_genotypes
from gemcont.genotype.score import scores


def test_scores_of_files_and_arrays(tmp_path):
    rng = np.random.default_rng(3)
    dosages = random_dosages(rng, 700, 40, missing=0.1)
    write_fileset(str(tmp_path / "g"), dosages, named_samples(40), named_variants(700))
    mean = np.nanmean(dosages, axis=1, keepdims=True)
    filled = np.where(np.isnan(dosages), mean, dosages)
    chosen = rng.permutation(700)[:500]
    weights = rng.normal(size=(500, 2))
    expected = filled[chosen].T @ weights
    for source in (open_genotypes(str(tmp_path / "g")), ArraySource(dosages)):
        np.testing.assert_allclose(scores(source, chosen, weights).total, expected, atol=1e-5)
        one = scores(source, chosen, weights[:, 0]).total
        np.testing.assert_allclose(one, expected[:, 0], atol=1e-5)
    some = np.arange(1, 40, 2)
    np.testing.assert_allclose(  # a missing genotype is everyone's mean, whoever is scored
        scores(ArraySource(dosages), chosen, weights, some).total, expected[some], atol=1e-5
    )


def test_few_people_take_the_mean_from_elsewhere():
    rng = np.random.default_rng(4)
    for n, own in ((60, True), (40, False)):
        dosages = random_dosages(rng, 30, n, missing=0.05)
        dosages[3] = np.nan
        expected = rng.uniform(0, 2, 30)
        expected[[3, 4]] = np.nan
        found = scores(ArraySource(dosages), np.arange(30), np.eye(30), expected=expected)
        mean = np.nansum(dosages, axis=1) / np.maximum((~np.isnan(dosages)).sum(axis=1), 1)
        mean = np.where(own | np.isnan(expected), mean, expected)
        filled = np.where(np.isnan(dosages), mean[:, None], dosages)
        filled[3] = 0
        np.testing.assert_allclose(found.total, filled.T, atol=1e-6)
        np.testing.assert_array_equal(found.n_called, (~np.isnan(dosages)).sum(axis=0))
        np.testing.assert_array_equal(np.flatnonzero(found.unknown), [3])
