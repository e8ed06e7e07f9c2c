"""Every trait alone, effects of the joint test, conditioning, bounds on what is written."""

import logging

import numpy as np
import pandas as pd
import pytest
from conftest import BUNDLED, random_dosages
from reference.joint import single_trait

from gemcont import ArraySource, GemcontError, run_each_trait, run_gwas

N = 150


def expected_rows(dosages, traits, covariates, trait, people):
    found = single_trait(
        dosages[:, people], traits[trait].to_numpy()[people], covariates.to_numpy()[people]
    )
    return pd.DataFrame(
        {k: found[k] for k in ("beta", "standard_error", "t_statistic", "neg_log_10_p", "dof")}
    )


@pytest.mark.parametrize("samples", ["joint", "own"])
def test_each_trait_equals_least_squares(cohort, samples):
    dosages, traits, covariates = cohort
    found = run_each_trait(dosages, traits, covariates, each_trait_samples=samples, block_size=7)
    assert found.trait.to_list() == [t for t in "abcd" for _ in range(30)]
    everyone = traits.notna().all(axis=1).to_numpy()
    for trait in "abcd":
        people = everyone if samples == "joint" else traits[trait].notna().to_numpy()
        expected = expected_rows(dosages, traits, covariates, trait, people)
        here = found[found.trait == trait].reset_index(drop=True)
        for name in ("beta", "standard_error", "t_statistic", "dof"):
            np.testing.assert_allclose(here[name], expected[name], rtol=1e-7)
        np.testing.assert_allclose(here.neg_log_10_p_value, expected.neg_log_10_p, rtol=1e-7)
        assert here.n.to_list() == (~np.isnan(dosages[:, people])).sum(axis=1).tolist()
        assert here.variant_id.to_list() == [str(i) for i in range(30)]


def test_bounds_keep_exactly_the_rows_beyond(cohort):
    dosages, traits, covariates = cohort
    every = run_each_trait(dosages, traits, covariates)
    some = run_each_trait(dosages, traits, covariates, neg_log10_p_min=1.0)
    expected = every[every.neg_log_10_p_value >= 1.0].reset_index(drop=True)
    assert 0 < len(some) < len(every)
    pd.testing.assert_frame_equal(some, expected)
    least = float(every.neg_log_10_p_value.iloc[7])  # a bound that is a row's own value keeps it
    kept = run_each_trait(dosages, traits, covariates, neg_log10_p_min=least)
    assert least in kept.neg_log_10_p_value.to_list()
    joint = run_gwas(dosages, traits, covariates)
    few = run_gwas(dosages, traits, covariates, neg_log10_p_min=0.5)
    assert few.variant_id.to_list() == joint.variant_id[joint.neg_log_10_p_value >= 0.5].to_list()


def test_collinear_many_and_constant_traits_are_no_errors(cohort, caplog):
    dosages, traits, _ = cohort
    small = traits.iloc[40:60].assign(e=lambda t: t.a + t.c, f=3.0)
    many = pd.DataFrame(
        np.random.default_rng(1).standard_normal((20, 30)), index=small.index
    ).rename(columns=lambda c: f"m{c}")
    source = ArraySource(dosages, samples=list(traits.index))
    with caplog.at_level(logging.WARNING, "gemcont"):
        found = run_each_trait(source, pd.concat([small, many], axis=1))
    assert "trait f is left out: it is constant" in caplog.text
    assert list(dict.fromkeys(found.trait)) == [*"abcde", *many.columns]
    with pytest.raises(GemcontError, match="no trait can be tested"):
        run_each_trait(source, small[["f"]])
    with pytest.raises(GemcontError, match="20 samples are too few for 35 traits"):
        run_gwas(source, pd.concat([small, many], axis=1).drop(columns="f"))


def test_above_200_traits_the_joint_test_is_asked_for(caplog):
    rng = np.random.default_rng(2)
    dosages = random_dosages(rng, 5, 300)
    traits = pd.DataFrame(rng.standard_normal((300, 201)))
    with caplog.at_level(logging.INFO, "gemcont"):
        found = run_each_trait(dosages, traits, joint=None, neg_log10_p_min=0)
    assert "201 traits: each is tested alone, without the joint test" in caplog.text
    assert len(found) == 5 * 201
    assert run_gwas(dosages, traits).dof.iloc[0] == 201


def test_maize_traits_on_their_own_lines():
    table = pd.read_csv(BUNDLED / "maize.pheno", sep="\t", dtype={"IID": str, "FID": str})
    traits = table.set_index("IID")[["EarHT", "dpoll", "EarDia"]]
    from gemcont import open_genotypes
    from gemcont.genotype.kernels.packed import decode

    source = open_genotypes(str(BUNDLED / "maize"))
    found = run_each_trait(source, traits, each_trait_samples="own")
    ids = source.samples["iid"].to_list()
    sizes = set()
    for trait in traits:
        values = traits[trait].reindex(ids).to_numpy()
        rows = np.flatnonzero(~np.isnan(values))
        sizes.add(len(rows))
        expected = single_trait(decode(source.read(np.arange(400), rows)), values[rows])
        here = found[found.trait == trait].iloc[:400]
        np.testing.assert_allclose(here.beta, expected["beta"], rtol=1e-7)
        np.testing.assert_allclose(here.standard_error, expected["standard_error"], rtol=1e-7)
    assert len(sizes) == 3


def test_settings_that_contradict():
    with pytest.raises(GemcontError, match="'mine' is not one of joint, own"):
        run_each_trait(
            np.zeros((1, 3)), pd.DataFrame({"a": [1.0, 2, 4]}), each_trait_samples="mine"
        )
    with pytest.raises(GemcontError, match="--pcs needs one sample for all traits"):
        run_each_trait(
            np.zeros((1, 3)), pd.DataFrame({"a": [1.0, 2, 4]}), each_trait_samples="own", pcs=1
        )
    with pytest.raises(GemcontError, match="--effects are those of the joint test"):
        run_each_trait(np.zeros((1, 3)), pd.DataFrame({"a": [1.0, 2, 4]}), effects=True)
