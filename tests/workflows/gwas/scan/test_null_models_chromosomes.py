"""X, Y, MT and other haploids: people, coding, frequencies, against ordinary least squares."""

import logging

import numpy as np
import pandas as pd
import polars as pl
import pytest
from conftest import random_dosages
from reference.chromosomes import allele_frequency, single_trait_on
from reference.packed import write_fileset

from gemcont import ArraySource, open_genotypes, run_gwas

CHROMOSOMES = {"2": "autosome", "X": "X", "MT": "MT", "Y": "Y", "25": "autosome"}


EACH = 6


@pytest.fixture(scope="module")
def families(tmp_path_factory):
    """A fileset of all kinds of chromosomes, in no order, with the arrays behind it."""
    rng = np.random.default_rng(31)
    n = 240
    sex = rng.integers(0, 3, n)
    dosages, names = [], []
    for name, kind in CHROMOSOMES.items():
        g = random_dosages(rng, EACH, n, missing=0.03, low=0.2, high=0.8)
        if kind in ("Y", "MT"):
            g[: EACH - 1] = 2 * np.round(g[: EACH - 1] / 2)  # the last keeps heterozygotes
        if kind == "X":
            g[: EACH - 1, sex == 1] = 2 * np.round(g[: EACH - 1, sex == 1] / 2)
        dosages.append(g)
        names += [name] * EACH
    dosages, names = np.vstack(dosages), np.array(names)
    order = rng.permutation(len(names))
    dosages, names = dosages[order], names[order]
    samples = [(f"f{i}", f"s{i}", sex[i]) for i in range(n)]
    variants = [(names[i], f"rs{i}", 10 + i, "A", "G") for i in range(len(names))]
    prefix = str(tmp_path_factory.mktemp("x") / "families")
    write_fileset(prefix, dosages, samples, variants)
    index = [s for _, s, _ in samples]
    traits = pd.DataFrame({"y": rng.standard_normal(n)}, index=index)
    covariates = pd.DataFrame(
        {"a": rng.standard_normal(n), "b": rng.standard_normal(n)}, index=index
    )
    return prefix, dosages, names, sex, traits, covariates


@pytest.mark.parametrize("kind", ["packed", "dosage"])
@pytest.mark.parametrize("k", [0, 1, 2])
def test_every_chromosome_equals_least_squares(families, k, kind):
    prefix, dosages, names, sex, traits, covariates = families
    source = open_genotypes(prefix)
    if kind == "dosage":
        source = ArraySource(dosages, samples=source.samples, variants=source.variants)
    columns = covariates.iloc[:, :k]
    found = run_gwas(source, traits, columns if k else None, test="f", block_size=7)
    assert found.variant_id.to_list() == [f"rs{i}" for i in range(len(names))]
    for name, what in CHROMOSOMES.items():
        rows = np.flatnonzero(names == name)
        expected = single_trait_on(
            what, dosages[rows], traits.y.to_numpy(), columns.to_numpy(), sex
        )
        here = found.iloc[rows]
        np.testing.assert_allclose(here.beta, expected["beta"], rtol=1e-6, err_msg=name)
        np.testing.assert_allclose(here.standard_error, expected["standard_error"], rtol=1e-6)
        np.testing.assert_allclose(here.neg_log_10_p_value, expected["neg_log_10_p"], rtol=1e-6)
        frequency = allele_frequency(what, dosages[rows], sex)
        np.testing.assert_allclose(here.effect_allele_frequency, frequency, rtol=1e-6)


def test_sex_can_be_left_out_on_x(families):
    prefix, dosages, names, sex, traits, _ = families
    found = run_gwas(prefix, traits, test="f", x_sex=False, chromosomes="X")
    rows = np.flatnonzero(names == "X")
    expected = single_trait_on(
        "autosome", dosages[rows], traits.y.to_numpy(), np.empty((240, 0)), sex
    )
    np.testing.assert_allclose(found.beta, expected["beta"], rtol=1e-6)


def test_sex_that_is_already_a_covariate_is_not_counted_twice(families):
    prefix, _, _, sex, traits, _ = families
    table = pd.DataFrame({"sex": sex}, index=traits.index)
    plain = run_gwas(prefix, traits[sex > 0], test="f", chromosomes="X")
    given = run_gwas(prefix, traits[sex > 0], table[sex > 0], test="f", chromosomes="X")
    np.testing.assert_allclose(given.f_statistic, plain.f_statistic, rtol=1e-9)
    assert (given.dof2 == plain.dof2).all()


def test_a_chromosome_without_a_null_model_is_na_and_said(families, caplog):
    prefix, dosages, names, sex, traits, _ = families
    women = traits[sex == 2]
    with caplog.at_level(logging.WARNING, "gemcont"):
        found = run_gwas(prefix, women)
    assert "chromosome Y is not tested (NA)" in caplog.text
    assert found.beta[names == "Y"].isna().all()
    assert found.beta[names != "Y"].notna().all()
    assert len(found) == len(names)
    assert run_gwas(prefix, women, neg_log10_p_min=1e-12).shape[0] == (names != "Y").sum()


def test_filters_count_chromosomes_not_dosages(families):
    prefix, dosages, names, sex, traits, _ = families
    found = run_gwas(prefix, traits, mac=60)
    kept = set(found.variant_id)
    for name, what in CHROMOSOMES.items():
        for row in np.flatnonzero(names == name):
            people = {"X": sex > 0, "Y": sex == 1}.get(what, sex >= 0)
            g = dosages[row, people]
            once = {"X": sex[people] == 1, "Y": True, "MT": True}.get(what, False)
            weight = np.where(once, 0.5, 1.0) * ~np.isnan(g)
            count = np.nansum(weight * g)
            assert (min(count, 2 * weight.sum() - count) >= 60) == (f"rs{row}" in kept)


def test_other_species_have_other_codes(families):
    prefix, _, names, _, traits, _ = families
    source = open_genotypes(prefix)
    variants = source.variants.with_columns(
        pl.col("chromosome").cast(pl.String).replace({"X": "30"}).cast(pl.Categorical)
    )
    renamed = ArraySource(
        np.nan_to_num(families[1], nan=np.nan), samples=source.samples, variants=variants
    )
    cattle = run_gwas(renamed, traits, autosomes=29, chromosomes="X", test="f")
    human = run_gwas(prefix, traits, chromosomes="X", test="f")
    np.testing.assert_allclose(cattle.f_statistic, human.f_statistic, rtol=1e-6)
