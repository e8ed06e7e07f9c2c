"""Scans of relatives by a kinship matrix, against ``stats.mixed``."""

import logging

import numpy as np
import pandas as pd
import pytest
from conftest import BUNDLED, write_table
from reference.packed import write_fileset
from reference.relatives import N, design_of, families, refused, same, some_covariates
from scipy import stats

from gemcont import ArraySource, open_genotypes, run_each_trait, run_gwas
from gemcont.stats.calibration import lambda_gc
from gemcont.stats.mixed import model as mixed
from gemcont.workflows.gwas.files.inputs import Files
from gemcont.workflows.gwas.files.outputs import Outputs
from gemcont.workflows.gwas.files.write import write_gwas


@pytest.fixture(scope="module")
def study():
    return families()


@pytest.mark.parametrize("method", ["ml", "reml"])
@pytest.mark.parametrize("missing", [0, 0.03])
@pytest.mark.parametrize(("d", "k"), [(1, 0), (1, 3), (3, 0), (3, 1), (3, 3)])
def test_joint_test_is_that_of_the_arrays(d, k, missing, method):
    study = families(missing=missing, seed=6)
    traits = study.traits.iloc[:, :d]
    found = run_gwas(
        study.source, traits, some_covariates(study, k), kinship=study.kinship,
        reml=method == "reml", refit=0,
    )  # fmt: skip
    null = mixed.fit_null(traits.to_numpy(), design_of(study, k), study.kinship, method=method)
    expected = mixed.scan(null, study.dosages)
    same(found, expected.chi2)
    same(found, expected.neg_log_10_p, column="neg_log_10_p_value")
    same(found, expected.r2, column="r2")
    assert (found.dof == d).all()
    assert found.n.to_list() == (~np.isnan(study.dosages)).sum(axis=1).tolist()
    if d == 1:
        largest = np.abs(expected.effects).max()
        np.testing.assert_allclose(found.beta, expected.effects[:, 0], atol=1e-4 * largest)
        same(found, expected.standard_errors[:, 0], column="standard_error")


def test_it_is_not_the_ordinary_test(study):
    """Else nothing above would say that the kinship counts."""
    related = run_gwas(study.source, study.traits, kinship=study.kinship, refit=0)
    ordinary = run_gwas(study.source, study.traits)
    assert np.abs(related.chi2 / ordinary.chi2 - 1).median() > 0.05
    assert related.chi2[4] > 10


def test_rank_of_the_genetic_covariance(study):
    found = run_gwas(study.source, study.traits, kinship=study.kinship, kinship_rank=1, refit=0)
    null = mixed.fit_null(study.traits.to_numpy(), design_of(study, 0), study.kinship, rank=1)
    same(found, mixed.scan(null, study.dosages).chi2, rtol=1e-3)
    refused(
        "--kinship-rank 4: the traits are only 3", study.source, study.traits,
        kinship=study.kinship, kinship_rank=4,
    )  # fmt: skip


def test_blocks_and_threads_change_nothing(study):
    first = None
    for settings in ({}, {"block_size": 7, "threads": 1}, {"block_size": 50, "threads": 3}):
        found = run_gwas(
            study.source, study.traits, study.covariates, kinship=study.kinship, **settings
        )
        first = found if first is None else first
        pd.testing.assert_frame_equal(found, first, rtol=1e-5)  # float32 rotation


@pytest.mark.parametrize("kinship", ["array", "grm"])
def test_order_of_samples_changes_nothing(study, kinship):
    order = np.random.default_rng(1).permutation(N)
    moved = ArraySource(study.dosages[:, order], study.samples[order], study.variants)
    matrices = [study.kinship, study.kinship[np.ix_(order, order)]]
    one, two = matrices if kinship == "array" else ("grm", "grm")
    plain = run_gwas(study.source, study.traits, study.covariates, kinship=one, refit=0)
    found = run_gwas(moved, study.traits, study.covariates, kinship=two, refit=0)
    pd.testing.assert_frame_equal(found, plain, rtol=2e-3, atol=2e-3)
    again = run_gwas(
        study.source, study.traits.sample(frac=1, random_state=2), study.covariates[::-1],
        kinship=one, refit=0,
    )  # fmt: skip
    pd.testing.assert_frame_equal(again, plain)


def test_allele_flip_turns_effect_and_frequency_over(study):
    settings = {"kinship": study.kinship, "refit": 0}
    plain = run_gwas(study.source, study.traits[["a"]], **settings)
    flipped = ArraySource(2 - study.dosages, study.samples, study.variants)
    found = run_gwas(flipped, study.traits[["a"]], **settings)
    np.testing.assert_allclose(found.beta, -plain.beta, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(found.chi2, plain.chi2, rtol=1e-4, atol=1e-6)
    np.testing.assert_allclose(
        found.effect_allele_frequency, 1 - plain.effect_allele_frequency, rtol=1e-6
    )


def test_the_matrix_may_come_as_array_file_or_be_made(study, tmp_path):
    settings = {"refit": 0}
    array = run_gwas(study.source, study.traits, kinship=study.kinship, **settings)
    np.save(tmp_path / "K.npy", study.kinship)
    ids = zip(study.samples["fid"], study.samples["iid"], strict=True)
    (tmp_path / "K.id").write_text("".join(f"{f}\t{i}\n" for f, i in ids))
    file = run_gwas(study.source, study.traits, kinship=str(tmp_path / "K.npy"), **settings)
    made = run_gwas(study.source, study.traits, kinship="grm", **settings)
    pd.testing.assert_frame_equal(array, file)
    pd.testing.assert_frame_equal(array, made, rtol=1e-3, atol=1e-4)


def test_a_file_without_ids_is_of_the_samples_in_order(study, tmp_path):
    array = run_gwas(study.source, study.traits, kinship=study.kinship)
    np.savetxt(tmp_path / "K.txt", study.kinship)
    file = run_gwas(study.source, study.traits, kinship=str(tmp_path / "K.txt"))
    pd.testing.assert_frame_equal(array, file, rtol=1e-6)
    np.savetxt(tmp_path / "K.txt", study.kinship[1:, 1:])
    refused(
        rf"K\.txt: has {N - 1} rows and no ids, .* has {N} samples; put the ids",
        study.source, study.traits, kinship=str(tmp_path / "K.txt"),
    )  # fmt: skip


def test_packed_genotypes_too(study, tmp_path):
    samples = list(study.samples.iter_rows())
    variants = [(v[0], v[1], v[2], "A", "G") for v in study.variants.iter_rows()]
    write_fileset(str(tmp_path / "g"), study.dosages, samples, variants)
    for kinship in (study.kinship, "grm"):
        packed = run_gwas(open_genotypes(str(tmp_path / "g")), study.traits, kinship=kinship)
        array = run_gwas(study.source, study.traits, kinship=kinship)
        pd.testing.assert_frame_equal(packed, array, rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("d", [1, 3])
@pytest.mark.parametrize("k", [0, 2])
def test_kinship_without_an_effect_is_the_ordinary_test(study, d, k):
    """K = I cannot be told from the residual: chi2 is the same whatever share it is given."""
    traits, covariates = study.traits.iloc[:, :d], some_covariates(study, k)
    ordinary = run_gwas(study.source, traits, covariates)
    found = run_gwas(study.source, traits, covariates, kinship=np.eye(N), refit=0)
    np.testing.assert_allclose(found.chi2, ordinary.chi2, rtol=1e-3, atol=1e-3)
    rng = np.random.default_rng(0)
    noise = pd.DataFrame(rng.standard_normal((N, 1)), index=study.traits.index)
    found = run_gwas(study.source, noise, kinship=study.kinship, refit=0)
    null = mixed.fit_null(noise.to_numpy(), design_of(study, 0), study.kinship)
    if null.genetic_covariance[0, 0] < 1e-5:
        np.testing.assert_allclose(found.chi2, run_gwas(study.source, noise).chi2, rtol=1e-3)


@pytest.mark.parametrize("k", [0, 2])
def test_each_trait_is_the_joint_test_of_one(study, k):
    covariates = some_covariates(study, k)
    settings = {"kinship": study.kinship, "refit": 0}
    every = run_each_trait(study.source, study.traits, covariates, kinship=study.kinship)
    assert every.trait.to_list() == [t for t in "abc" for _ in study.names]
    for trait in "abc":
        one = run_gwas(study.source, study.traits[[trait]], covariates, **settings)
        here = every[every.trait == trait].reset_index(drop=True)
        np.testing.assert_allclose(here.beta, one.beta, rtol=1e-4, atol=1e-6)
        np.testing.assert_allclose(here.standard_error, one.standard_error, rtol=1e-4)
        dof = N - k - 2
        assert (here.dof == dof).all()
        np.testing.assert_allclose(here.t_statistic, here.beta / here.standard_error, rtol=1e-9)
        r2 = here.t_statistic**2 / (here.t_statistic**2 + dof)
        np.testing.assert_allclose(r2, one.r2, rtol=2e-4, atol=1e-7)
        p = 2 * stats.t.sf(here.t_statistic.abs(), dof)
        np.testing.assert_allclose(here.neg_log_10_p_value, -np.log10(p), rtol=1e-6)


def test_many_traits_are_as_few(study):
    """Above 256 they are scored in parts."""
    rng = np.random.default_rng(3)
    many = pd.DataFrame(rng.standard_normal((N, 260)), index=study.traits.index)
    many = pd.concat([many.add_prefix("m"), study.traits], axis=1)
    few = study.dosages[:20], study.samples, study.variants[:20]
    found = run_each_trait(ArraySource(*few), many, kinship=study.kinship, neg_log10_p_min=0)
    alone = run_each_trait(ArraySource(*few), study.traits, kinship=study.kinship)
    here = found[found.trait.isin(list("abc"))].reset_index(drop=True)
    pd.testing.assert_frame_equal(here, alone, rtol=1e-5, atol=1e-6)


def test_dense_holds_every_t(study, tmp_path):
    from gemcont import read_dense

    pheno = write_table(
        tmp_path / "y.tsv", list("abc"), study.traits.to_numpy(),
        ids=list(zip(study.samples["fid"], study.samples["iid"], strict=True)),
    )  # fmt: skip
    files = Files(study.source, pheno)
    outputs = Outputs(str(tmp_path / "r"))
    write_gwas(files, outputs, kinship="grm", each_trait=True, joint=False, dense=True)
    every = run_each_trait(study.source, study.traits, kinship="grm")
    found = read_dense(str(tmp_path / "r"))
    for trait in "abc":
        t = every[every.trait == trait].t_statistic
        dense = found.trait(trait).t_statistic
        np.testing.assert_allclose(dense, t, rtol=1e-4, atol=1e-5)


def test_a_likelihood_without_bound_gives_way_to_the_restricted_one(caplog):
    """Maize: K is 0 on the intercept alone, and three traits can make Cn singular."""
    traits = pd.read_csv(BUNDLED / "maize.pheno", sep=r"\s+").set_index(["FID", "IID"])
    prefix = str(BUNDLED / "maize")
    settings = {"kinship": "grm", "autosomes": 10, "refit": 0}
    with caplog.at_level(logging.INFO, "gemcont"):
        found = run_gwas(prefix, traits, **settings, loco=True)
    assert "autosomes: the likelihood has no maximum: the restricted one is used" in caplog.text
    restricted = run_gwas(prefix, traits, **settings, reml=True, loco=True)
    pd.testing.assert_frame_equal(found, restricted, rtol=1e-5)
    assert 0.9 < lambda_gc(found.neg_log_10_p_value.to_numpy(), 3) < 1.3
    caplog.clear()
    asked = run_gwas(prefix, traits, kinship="grm", autosomes=10, reml=True, refit=1)
    assert "nothing is refitted, maximum likelihood has no maximum" in caplog.text
    pd.testing.assert_frame_equal(asked, run_gwas(prefix, traits, **settings, reml=True))


def test_two_traits_of_maize_have_a_maximum_inside(caplog):
    """Refitted they are GEMMA 0.98.5's (on its kinship): 4.386 and 3.39 of -log10 p."""
    traits = pd.read_csv(BUNDLED / "maize.pheno", sep=r"\s+").set_index(["FID", "IID"])
    traits = traits[["EarHT", "dpoll"]]
    settings = {"kinship": "grm", "autosomes": 10, "refit": 1}
    found = run_gwas(str(BUNDLED / "maize"), traits, **settings).set_index("variant_id")
    assert "no maximum" not in caplog.text
    assert abs(found.neg_log_10_p_value["PZA00444.5"] - 4.386) < 0.05
    assert abs(found.neg_log_10_p_value["PZA00332.5"] - 3.390) < 0.05
