"""The design: columns of tables, formulas, variants conditioned on."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from conftest import random_dosages
from reference.joint import joint_test

from gemcont import ArraySource, GemcontError, run_gwas
from gemcont.settings.gwas import GwasSettings
from gemcont.tables.sample_frames import from_frame
from gemcont.workflows.gwas.covariates import (
    Conditioned,
    conditioned_on,
    covariate_terms,
    design_of,
)

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


TABLE = pl.DataFrame(
    {
        "IID": [f"s{i}" for i in range(8)],
        "age": [20.0, 30, 40, 50, 60, 70, 80, 90],
        "site": ["york", "bath", "york", "leeds"] * 2,
    }
)
IDS = TABLE["IID"].to_list()
NOTHING = Conditioned(np.empty((8, 0)), [])


def terms_of(**settings):
    return covariate_terms(from_frame(TABLE, "the covariates"), GwasSettings(**settings))


def test_covariates_are_all_columns_or_those_that_are_named():
    assert [term.name for term in terms_of()] == ["age", "site"]
    assert [term.name for term in terms_of(covariate_names=["site"])] == ["site"]
    formula = terms_of(covar_formula="I(age**2)")
    assert [term.name for term in formula] == ["age"]
    assert covariate_terms(None, GwasSettings()) == []


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"covariate_names": ["age"]}, "--covar-name: there is no --covar file"),
        ({"covar_formula": "age"}, "--covar-formula: there is no --covar file"),
    ],
)
def test_names_need_a_table(settings, message):
    with pytest.raises(GemcontError, match=message):
        covariate_terms(None, GwasSettings(**settings))


def test_a_formula_and_names_exclude_each_other():
    with pytest.raises(GemcontError, match="--covar-formula and --covar-name exclude each other"):
        terms_of(covariate_names=["age"], covar_formula="age")


def test_the_design_has_a_column_a_number_and_one_a_category_but_the_first(caplog):
    samples = np.array([0, 1, 3, 6])
    with caplog.at_level("INFO", "gemcont"):
        design, names = design_of(terms_of(), NOTHING, samples, formula=None, iid=IDS)
    assert names == ["age", "site=leeds", "site=york"]
    expected = [[20, 0, 1], [30, 0, 0], [50, 1, 0], [80, 0, 1]]
    np.testing.assert_array_equal(design, expected)
    assert "covariate site is categorical, 3 levels" in caplog.text


def test_a_formula_makes_its_own_columns():
    samples = np.arange(8)
    design, names = design_of(
        terms_of(covar_formula="I(age**2)"), NOTHING, samples, formula="I(age**2)", iid=IDS
    )
    assert design.shape == (8, 1)
    np.testing.assert_allclose(design[:, 0], TABLE["age"].to_numpy() ** 2)
    assert len(names) == 1


def test_missing_dosages_of_conditioned_variants_are_the_analysed_samples_mean(caplog):
    dosages = np.array([[0, 1, 2, np.nan, 2, 2, 2, 2.0]]).T
    with caplog.at_level("INFO", "gemcont"):
        design, names = design_of(
            [], Conditioned(dosages, ["rs1"]), np.arange(4), formula=None, iid=IDS
        )
    assert names == ["rs1"]
    assert design[:, 0].tolist() == [0, 1, 2, 1]
    assert "--condition rs1: 1 of 4 genotypes missing, taken as the mean" in caplog.text


def test_conditioned_variants_are_named_once(tmp_path):
    rng = np.random.default_rng(1)
    dosages = random_dosages(rng, 4, 8)
    source = ArraySource(dosages, samples=IDS)
    (tmp_path / "list").write_text("2\n0\n")
    settings = GwasSettings(
        autosomes=22, condition=["0", "3"], condition_list=str(tmp_path / "list")
    )
    found = conditioned_on(source, settings)
    assert found.ids == ["0", "3", "2"]
    np.testing.assert_array_equal(found.dosages, dosages[[0, 3, 2]].T)
    assert conditioned_on(source, GwasSettings()).dosages.shape == (8, 0)
    (tmp_path / "empty").write_text("")
    with pytest.raises(GemcontError, match="--condition-list: .*empty names no variant"):
        conditioned_on(source, GwasSettings(condition_list=str(tmp_path / "empty")))
