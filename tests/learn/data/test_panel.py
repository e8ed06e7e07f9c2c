"""The coding of the panel's dosages."""

import numpy as np
import pytest
from conftest import random_dosages

from gemcont.genotype.readers.arrays import ArraySource
from gemcont.learn.data.panel import PanelCoding, panel_dosages
from gemcont.workflows.panel import PanelMatch


@pytest.mark.parametrize("k", [0, 1, 3])
@pytest.mark.parametrize("missing", [0, 0.2])
def test_the_panel_is_centred_and_free_of_covariates_in_training_people(k, missing):
    rng = np.random.default_rng(1)
    dosages = random_dosages(rng, 5, 300, missing=missing).T.astype(np.float32)
    covariates = rng.standard_normal((300, k)) if k else None
    coding = PanelCoding.fit(dosages[:200], None if k == 0 else covariates[:200])
    coded = coding.apply(dosages, covariates).astype(np.float64)
    np.testing.assert_allclose(coded[:200].mean(axis=0), 0, atol=1e-6)
    if k:
        centred = covariates[:200] - covariates[:200].mean(axis=0)
        np.testing.assert_allclose(centred.T @ coded[:200], 0, atol=1e-3)
    else:
        mean = np.nanmean(dosages[:200], axis=0)
        np.testing.assert_allclose(coded, np.nan_to_num(dosages - mean), atol=1e-6)
    other = PanelCoding.fit(dosages[:200], None if k == 0 else covariates[:200])
    np.testing.assert_array_equal(other.apply(dosages[250:], None if k == 0 else covariates[250:]),
                                  coding.apply(dosages, covariates)[250:])  # fmt: skip


@pytest.mark.parametrize("block", [1, 3, 256])
def test_dosages_are_of_the_panels_effect_alleles_in_its_order(monkeypatch, block):
    monkeypatch.setattr("gemcont.learn.data.panel._BLOCK", block)
    rng = np.random.default_rng(2)
    dosages = random_dosages(rng, 9, 40, missing=0.1)
    source = ArraySource(dosages)
    variants, sign = np.array([7, 0, 3, 8]), np.array([1.0, -1.0, -1.0, 1.0])
    panel = PanelMatch(variants, np.ones(4), sign, np.full(4, 0.5))
    samples = np.array([5, 2, 30])
    expected = dosages[variants][:, samples].T
    expected = np.where(sign < 0, 2 - expected, expected)
    np.testing.assert_array_equal(panel_dosages(source, panel, samples), expected)
