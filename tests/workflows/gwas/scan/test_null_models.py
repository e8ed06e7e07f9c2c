"""Null models of traits on each kind of chromosome."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from conftest import random_dosages

from gemcont import ArraySource, GemcontError, fit_null, run_gwas


def test_x_without_a_known_sex_is_an_error_not_a_number():
    dosage = random_dosages(np.random.default_rng(2), 6, 50)
    variants = ArraySource(dosage).variants.with_columns(
        chromosome=pl.Series(["X"] * 6, dtype=pl.Categorical)
    )
    ids = [str(i) for i in range(50)]
    source = ArraySource(dosage, samples=ids, variants=variants)
    traits = pd.DataFrame({"a": np.random.default_rng(3).standard_normal(50)}, index=ids)
    with pytest.raises(GemcontError, match="no variant can be tested"):
        run_gwas(source, traits)
    assert run_gwas(source, traits, x_sex=False)["beta"].notna().all()


def test_powers_of_a_year_are_kept_and_sums_are_not():
    rng = np.random.default_rng(2)
    yob = rng.integers(1937, 1970, 500).astype(float)
    powers = np.column_stack([yob, yob**2, yob**3])
    null = fit_null(rng.standard_normal((500, 1)), powers)
    assert list(null.kept_covariates) == [0, 1, 2]
    null = fit_null(rng.standard_normal((500, 1)), np.column_stack([yob, 2 * yob + 3]))
    assert list(null.kept_covariates) == [0]
