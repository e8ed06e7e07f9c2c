"""The design: columns of tables, formulas, variants conditioned on."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from conftest import random_dosages
from reference.joint import joint_test

from gemcont import ArraySource, GemcontError, run_gwas

N = 150


def test_conditioning_is_a_covariate(cohort):
    dosages, traits, covariates = cohort
    complete = dosages.copy()
    complete[[5, 8]] = np.nan_to_num(complete[[5, 8]], nan=1.0)
    found = run_gwas(complete, traits[["a", "c"]], covariates, condition=["5", "8"])
    design = np.column_stack([covariates, complete[5], complete[8]])
    expected = joint_test(complete, traits[["a", "c"]].to_numpy(), design)
    np.testing.assert_allclose(found.chi2, expected["statistic"], rtol=1e-7)
    assert np.isnan(found.chi2[[5, 8]]).all()
    for wrong, message in ((["x"], "x is not in the genotypes"),):
        with pytest.raises(GemcontError, match=message):
            run_gwas(complete, traits, condition=wrong)
    twice = ArraySource(complete, samples=list(traits.index), variants=["v"] * 30)
    with pytest.raises(GemcontError, match="id v stands for 30 variants"):
        run_gwas(twice, traits, condition=["v"])


def test_conditioning_on_y_and_missing_genotypes(caplog):
    dosage = random_dosages(np.random.default_rng(2), 6, 50)
    dosage[1, :5] = np.nan
    ids = [str(i) for i in range(50)]
    traits = pd.DataFrame({"a": np.random.default_rng(3).standard_normal(50)}, index=ids)
    variants = ArraySource(dosage).variants.with_columns(
        chromosome=pl.Series(["1"] * 5 + ["Y"], dtype=pl.Categorical)
    )
    source = ArraySource(dosage, samples=[str(i) for i in range(50)], variants=variants)
    caplog.set_level("INFO")
    run_gwas(source, traits, condition=["1"], chromosomes="1")
    assert "--condition 1: 5 of 50 genotypes missing" in caplog.text
    with pytest.raises(GemcontError, match="variant 5 lies on Y"):
        run_gwas(source, traits, condition=["5"])
