"""Relatives by a kinship: who is in it, X, labels and rows."""

import logging

import numpy as np
import pandas as pd
import polars as pl
import pytest
from reference.relatives import N, design_of, families, refused, same, slow_grm

from gemcont import run_gwas
from gemcont.settings.gwas import GwasSettings
from gemcont.stats.mixed import model as mixed
from gemcont.tables.kinship_files import write_kinship
from gemcont.workflows.gwas.relatives.strategies import ByKinship, Unrelated, open_relatives


@pytest.fixture(scope="module")
def study():
    return families()


@pytest.fixture(scope="module")
def with_x():
    """Chromosome X too, in people of whom some have no known sex."""
    study = families(each={"1": 50, "2": 50, "X": 20}, seed=8)
    rng = np.random.default_rng(9)
    sex = rng.integers(0, 3, N)
    sex[:8] = [1, 2] * 4
    dosages = study.dosages.copy()
    x = study.names == "X"
    males = np.ix_(x, sex == 1)
    dosages[males] = 2 * np.round(dosages[males] / 2)
    samples = study.samples.with_columns(pl.Series("sex", sex))
    autosomal = dosages[~x]
    return study._replace(dosages=dosages, samples=samples, kinship=slow_grm(autosomal)), sex, x


@pytest.mark.parametrize("loco", [False, True])
def test_x_is_tested_with_the_whole_kinship_in_its_own_people(with_x, loco):
    study, sex, x = with_x
    found = run_gwas(
        study.source, study.traits, study.covariates[["u"]], kinship="grm", loco=loco, refit=0
    )
    known = sex > 0
    design = np.column_stack([design_of(study, 1), sex == 1])[known]
    rows = study.kinship[np.ix_(known, known)]
    null = mixed.fit_null(study.traits.to_numpy()[known], design, rows)
    expected = mixed.scan(null, study.dosages[np.ix_(x, known)])
    same(found[x], expected.chi2, rtol=1e-3)
    assert (found.n[x] <= known.sum()).all()
    assert (found.n[~x] > known.sum()).all()


def test_a_chromosome_that_cannot_be_fitted_is_not_tested(with_x, caplog):
    study, _, x = with_x
    sex = np.zeros(N, dtype=int)
    sex[:6] = [1, 2] * 3  # N - K - D = 6 - 2 - 3 = 1 is enough for one covariance, not for two
    few = study._replace(samples=study.samples.with_columns(pl.Series("sex", sex)))
    assert not run_gwas(few.source, few.traits).chi2[x].isna().all()
    found = run_gwas(few.source, few.traits, kinship="grm")
    assert found.chi2[x].isna().all()
    assert not found.chi2[~x].isna().any()
    assert "chromosome X is not tested (NA)" in caplog.text


def test_people_who_are_not_in_the_kinship_are_left_out(study, tmp_path, caplog):
    kept = np.delete(np.arange(N), [3, 50, 51])
    ids = [study.samples[c].to_numpy()[kept].tolist() for c in ("fid", "iid")]
    matrix = study.kinship[np.ix_(kept, kept)]
    write_kinship(str(tmp_path / "K"), matrix, *ids)
    with caplog.at_level(logging.INFO, "gemcont"):
        found = run_gwas(study.source, study.traits, kinship=str(tmp_path / "K"), refit=0)
    assert (
        f"{N - 3} of {N} samples analysed (left out: 3 not in {tmp_path}/K.grm.npy" in caplog.text
    )
    null = mixed.fit_null(study.traits.to_numpy()[kept], np.ones((N - 3, 1)), matrix)
    same(found, mixed.scan(null, study.dosages[:, kept]).chi2)


def test_rows_of_a_larger_kinship_in_another_order_are_taken(study, tmp_path, caplog):
    rng = np.random.default_rng(6)
    order = rng.permutation(N)
    larger = np.eye(N + 5)
    larger[:N, :N] = study.kinship[np.ix_(order, order)]
    place = rng.permutation(N + 5)
    fid, iid = ([*study.samples[c].to_numpy()[order], *"vwxyz"] for c in ("fid", "iid"))
    fid, iid = (np.array(names)[place].tolist() for names in (fid, iid))
    write_kinship(str(tmp_path / "K"), larger[np.ix_(place, place)], fid, iid)
    with caplog.at_level(logging.INFO, "gemcont"):
        found = run_gwas(study.source, study.traits, kinship=str(tmp_path / "K"), refit=0)
    assert f"rows of {N} of its {N + 5} samples are taken (not recentred)" in caplog.text
    expected = run_gwas(study.source, study.traits, kinship=study.kinship, refit=0)
    pd.testing.assert_frame_equal(found, expected, rtol=1e-4, atol=1e-5)


def test_a_labelled_table_of_kinship_is_matched_by_its_labels(study, caplog):
    ids = pd.MultiIndex.from_arrays([study.samples[c].to_list() for c in ("fid", "iid")])
    table = pd.DataFrame(study.kinship, index=ids, columns=ids)
    order = np.random.default_rng(2).permutation(N)
    expected = run_gwas(study.source, study.traits, kinship=study.kinship, refit=0)
    for given in (table, table.iloc[order, order]):
        found = run_gwas(study.source, study.traits, kinship=given, refit=0)
        pd.testing.assert_frame_equal(found, expected, rtol=1e-4, atol=1e-5)
    few = table.iloc[5:, 5:]
    with caplog.at_level(logging.INFO, "gemcont"):
        found = run_gwas(study.source, study.traits, kinship=few, refit=0)
    assert "5 not in the kinship table" in caplog.text
    null = mixed.fit_null(study.traits.to_numpy()[5:], np.ones((N - 5, 1)), few.to_numpy())
    same(found, mixed.scan(null, study.dosages[:, 5:]).chi2)
    foreign = table.set_axis(ids.set_levels(ids.levels[1] + "z", level=1), axis=0)
    foreign = foreign.set_axis(foreign.index, axis=1)
    refused("kinship table", study.source, study.traits, kinship=foreign)
    refused("--loco: an array has no", study.source, study.traits, kinship=table, loco=True)


@pytest.mark.parametrize("kinship", ["array", "grm"])
def test_people_without_a_trait_leave_the_kinship(study, kinship):
    """An array loses their rows; a GRM is made without them."""
    traits = study.traits.copy()
    traits.iloc[[0, 7, 90], 1] = np.nan
    kept = np.delete(np.arange(N), [0, 7, 90])
    matrix = study.kinship[np.ix_(kept, kept)]
    if kinship == "grm":
        matrix = slow_grm(study.dosages[:, kept])
    given = "grm" if kinship == "grm" else study.kinship
    found = run_gwas(study.source, traits, study.covariates, kinship=given, refit=0)
    null = mixed.fit_null(traits.to_numpy()[kept], design_of(study, 3)[kept], matrix)
    same(found, mixed.scan(null, study.dosages[:, kept]).chi2, rtol=2e-4)


def test_nothing_that_can_be_tested_is_said(with_x):
    study, _, _ = with_x
    sex = np.zeros(N, dtype=int)
    sex[:6] = [1, 2] * 3
    few = study._replace(samples=study.samples.with_columns(pl.Series("sex", sex)))
    settings = {"kinship": "grm", "chromosomes": "X"}
    refused("no variant can be tested", few.source, few.traits, **settings)


@pytest.mark.parametrize(
    ("settings", "kind", "holds"),
    [
        ({}, Unrelated, False),
        ({"kinship": "grm"}, ByKinship, True),
        ({"kinship": "grm", "loco": True}, ByKinship, False),
    ],
)
def test_relatives_are_treated_as_asked(study, settings, kind, holds):
    found = open_relatives(study.source, GwasSettings(autosomes=22, **settings), list("abc"))
    assert type(found) is kind
    assert found.holds_the_variant == holds
    assert (found.kinship is None) == (kind is Unrelated)
    assert list(found.ids) == list(found.files) == []
    assert found.suspicion


def test_unrelated_people_keep_their_models():
    models, groups = {"a": [1]}, object()
    arguments = (models, groups, None, np.arange(3))
    assert Unrelated().models(*arguments, threads=1, progress=False) == (models, groups)
