"""Weighted sums of genotypes."""

import numpy as np
from conftest import named_samples, named_variants, random_dosages
from reference.packed import write_fileset

from gemcont import ArraySource, open_genotypes
from gemcont.genotype.score import score


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
        np.testing.assert_allclose(score(source, chosen, weights), expected, atol=1e-5)
        one = score(source, chosen, weights[:, 0])
        np.testing.assert_allclose(one, expected[:, 0], atol=1e-5)
    some = np.arange(1, 40, 2)
    mean = np.nanmean(dosages[:, some], axis=1)
    few = dosages[:, some].copy()
    few = np.where(np.isnan(few), np.nan_to_num(mean)[:, None], few)
    np.testing.assert_allclose(
        score(ArraySource(dosages), chosen, weights, some), few[chosen].T @ weights, atol=1e-5
    )
