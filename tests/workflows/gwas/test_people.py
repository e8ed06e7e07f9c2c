"""Who is analysed, and with which traits."""

import logging

import numpy as np
import pandas as pd
import pytest
from conftest import random_dosages

from gemcont import GemcontError, run_each_trait, run_gwas


def test_own_samples_leave_out_an_empty_trait(caplog):
    dosage = random_dosages(np.random.default_rng(2), 6, 50)
    traits = pd.DataFrame(np.random.default_rng(3).standard_normal((50, 2)), columns=["a", "b"])
    traits["b"] = np.nan
    caplog.set_level("INFO")
    found = run_each_trait(dosage, traits, each_trait_samples="own")
    assert set(found["trait"]) == {"a"}
    assert "trait b is left out: no sample has a value" in caplog.text
    with pytest.raises(GemcontError, match="trait b has no value in the 50 samples left"):
        run_each_trait(dosage, traits)


@pytest.mark.parametrize("code", [-9, -99, 99, -999, 9999])
@pytest.mark.parametrize("apart", [True, False])
def test_codes_that_lie_apart_are_suspected(related, code, apart, caplog):
    traits = related.traits[["a"]].copy()
    if not apart:
        traits["a"] = np.linspace(code - 100, code + 100, len(traits))
    traits.iloc[:4, 0] = code
    with caplog.at_level(logging.WARNING, "gemcont"):
        run_gwas(related.source, traits)
    said = f"trait a: {code} is taken as a value (4 samples), though it lies apart" in caplog.text
    assert said == apart
    assert f"fewer than {len(traits) + 1} minor" not in caplog.text  # nobody has so many
