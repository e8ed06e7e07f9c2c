"""The coding of the panel's dosages."""

import numpy as np
import pytest
from conftest import random_dosages

from gemcont.learn.data.panel import PanelCoding


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
