"""Weighted sums of genotypes."""

import numpy as np
import pytest
from conftest import named_samples, named_variants, random_dosages
from reference.packed import write_fileset

from gemcont import ArraySource, open_genotypes
from gemcont.genotype.score import score


def filled(dosages):
    """Dosages (variants, samples), a missing one being its variant's mean over everyone."""
    mean = np.nanmean(dosages, axis=1, keepdims=True)
    return np.where(np.isnan(dosages), mean, dosages)


def test_scores_of_files_and_arrays(tmp_path):
    rng = np.random.default_rng(3)
    dosages = random_dosages(rng, 700, 40, missing=0.1)
    write_fileset(str(tmp_path / "g"), dosages, named_samples(40), named_variants(700))
    chosen = rng.permutation(700)[:500]
    weights = rng.normal(size=(500, 2))
    expected = filled(dosages)[chosen].T @ weights
    for source in (open_genotypes(str(tmp_path / "g")), ArraySource(dosages)):
        total, called = score(source, chosen, weights)
        np.testing.assert_allclose(total, expected, atol=1e-5)
        np.testing.assert_array_equal(called, 2 * (~np.isnan(dosages[chosen])).sum(axis=0))
        one, _ = score(source, chosen, weights[:, 0])
        np.testing.assert_allclose(one, expected[:, 0], atol=1e-5)


@pytest.mark.parametrize("samples", [[0], [3, 17], list(range(1, 40, 2))])
def test_a_score_does_not_depend_on_who_else_is_kept(samples):
    rng = np.random.default_rng(4)
    dosages = random_dosages(rng, 50, 40, missing=0.3)
    source, weights = ArraySource(dosages), rng.normal(size=50)
    whole, called = score(source, np.arange(50), weights)
    some, of_some = score(source, np.arange(50), weights, np.array(samples))
    np.testing.assert_allclose(some, whole[samples], rtol=1e-12)
    np.testing.assert_array_equal(of_some, called[samples])


def test_where_nobody_is_called_the_given_frequency_counts():
    dosages = np.array([[np.nan, np.nan], [np.nan, np.nan], [2.0, np.nan]])
    source, weights = ArraySource(dosages), np.array([1.0, 10.0, 100.0])
    total, called = score(source, np.array([2, 0, 1]), weights[[2, 0, 1]], None,
                          np.array([0.1, 0.9, np.nan]))  # fmt: skip
    np.testing.assert_allclose(total, [2 * 0.9 + 200, 2 * 0.9 + 200])
    np.testing.assert_array_equal(called, [2, 0])
