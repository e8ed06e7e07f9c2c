"""Relatives by REGENIE's step-1 predictions: its second step's arithmetic, and the joint test."""

import gzip
import logging

import numpy as np
import pandas as pd
import pytest
from conftest import BUNDLED, ROOT
from reference.relatives import N, families, refused

from gemcont import fit_null, run_gwas
from gemcont.stats import multitrait

MICE = BUNDLED / "mouse_hs1940"


PEER = ROOT.parent / "shared" / "reference" / "regenie"


@pytest.fixture(scope="module")
def study():
    return families(missing=0.0)


def write_predictions(folder, study, values, traits=("a",), chromosomes=("1", "2", "3"), ids=None):
    """A list and its .loco files; values: (traits, chromosomes, samples), NaN written as NA."""
    fid, iid = (study.samples[name].to_list() for name in ("fid", "iid"))
    ids = [f"{f}_{i}" for f, i in zip(fid, iid, strict=True)] if ids is None else ids
    for number, rows in enumerate(values, 1):
        lines = [" ".join(["FID_IID", *ids])]
        for name, row in zip(chromosomes, rows, strict=True):
            lines.append(" ".join([name, *("NA" if np.isnan(v) else f"{v:.9g}" for v in row)]))
        (folder / f"step1_{number}.loco").write_text("\n".join(lines) + "\n")
    listed = [f"{trait} step1_{number}.loco" for number, trait in enumerate(traits, 1)]
    (folder / "step1_pred.list").write_text("\n".join(listed) + "\n")
    return str(folder / "step1_pred.list")


def predictions(d, chromosomes=3, seed=3):
    return 0.3 * np.random.default_rng(seed).standard_normal((d, chromosomes, N))


def residual(values, design):
    return values - design @ np.linalg.lstsq(design, values, rcond=None)[0]


@pytest.mark.parametrize("k", [0, 2])
def test_one_trait_is_the_second_step_of_regenie(study, tmp_path, k):
    """y over its standard deviation, less the prediction; then the score test of step 2."""
    pred, covariates = predictions(1), study.covariates.iloc[:, :k]
    found = run_gwas(
        study.source, study.traits[["a"]], covariates if k else None, test="f",
        pred=write_predictions(tmp_path, study, pred),
    )  # fmt: skip
    design = np.column_stack([np.ones(N), covariates.to_numpy()])
    y = residual(study.traits["a"].to_numpy(), design)
    scale = np.sqrt(y @ y / (N - k - 1))
    for v, name in enumerate(study.names):
        r = residual(y / scale - pred[0, int(name) - 1], design)
        g = residual(study.dosages[v], design)
        chi2 = (g @ r) ** 2 / (g @ g * (r @ r) / (N - k - 1))
        assert abs(found.r2[v] * (N - k - 1) - chi2) < 1e-5 * max(chi2, 1)
        assert abs(found.beta[v] - scale * (g @ r) / (g @ g)) < 1e-6


def test_several_traits_are_the_joint_test_of_what_is_left(study, tmp_path):
    pred, traits = predictions(2), study.traits[["b", "a"]]
    path = write_predictions(tmp_path, study, pred[::-1], ("a", "b"))
    found = run_gwas(study.source, traits, pred=path)
    y = traits.to_numpy()
    scale = np.sqrt(np.var(y, axis=0) * N / (N - 1))
    for number, name in enumerate(("1", "2", "3")):
        here = study.names == name
        null = fit_null(y - pred[:, number].T * scale)
        expected = multitrait.scan(null, study.dosages[here])
        np.testing.assert_allclose(found.chi2[here], expected.statistic, rtol=1e-4, atol=1e-6)


def test_blocks_threads_and_the_order_of_predictions_change_nothing(study, tmp_path):
    pred, order = predictions(1), np.random.default_rng(0).permutation(N)
    first, second = tmp_path / "one", tmp_path / "two"
    first.mkdir(), second.mkdir()
    plain = run_gwas(study.source, study.traits[["a"]], pred=write_predictions(first, study, pred))
    ids = np.array([f"f{i // 4}_s{i}" for i in range(N)])
    moved = write_predictions(second, study, pred[:, :, order], ids=ids[order].tolist())
    again = run_gwas(study.source, study.traits[["a"]], pred=moved, block_size=7, threads=1)
    np.testing.assert_allclose(again.chi2, plain.chi2, rtol=1e-9)


def test_each_trait_alone(study, tmp_path):
    from gemcont import run_each_trait

    path = write_predictions(tmp_path, study, predictions(2), ("a", "b"))
    every = run_each_trait(study.source, study.traits[["a", "b"]], pred=path)
    f = run_gwas(study.source, study.traits[["b"]], pred=path, test="f")
    t = every[every.trait == "b"].t_statistic.to_numpy()
    np.testing.assert_allclose(t**2, f.f_statistic, rtol=1e-5)


def test_people_without_predictions_are_left_out_and_counted(study, tmp_path, caplog):
    pred = predictions(1)
    pred[0, 1, [4, 9]] = np.nan
    path = write_predictions(tmp_path, study, pred)
    with caplog.at_level(logging.INFO, "gemcont"):
        found = run_gwas(study.source, study.traits[["a"]], pred=path)
    assert (found.n == N - 2).all()
    assert f"2 not in {path}" in caplog.text


def test_a_chromosome_without_predictions_is_na(study, tmp_path, caplog):
    path = write_predictions(tmp_path, study, predictions(1, 2), chromosomes=("1", "3"))
    found = run_gwas(study.source, study.traits[["a"]], pred=path)
    here = study.names == "2"
    assert found.chi2[here].isna().all()
    assert not found.chi2[~here].isna().any()
    assert "chromosome 2 is not tested (NA): it has no predictions" in caplog.text


def test_names_and_samples_are_matched_or_refused(study, tmp_path):
    path = write_predictions(tmp_path, study, predictions(1))
    two = study.traits[["a", "b"]]
    refused("trait b is not in the list, which has a", study.source, two, pred=path)
    ids = [f"x_{i}" for i in range(N)]
    path = write_predictions(tmp_path, study, predictions(1), ids=ids)
    refused("none of its samples", study.source, study.traits[["a"]], pred=path)


def test_a_constant_trait_is_left_out_of_single_tests(study, tmp_path):
    from gemcont import run_each_trait

    path = write_predictions(tmp_path, study, predictions(2), ("a", "b"))
    traits = study.traits[["a", "b"]].assign(b=3.0)
    every = run_each_trait(study.source, traits, pred=path)
    assert set(every.trait) == {"a"}


def test_chromosomes_without_predictions_alone_are_refused(study, tmp_path):
    path = write_predictions(tmp_path, study, predictions(1, 2), chromosomes=("1", "3"))
    source, traits = study.source, study.traits[["a"]]
    refused("no variant can be tested", source, traits, pred=path, chromosomes="2")


def test_predictions_that_add_variance_are_suspected(study, tmp_path, caplog):
    """Of another trait, or in other units; those that take it off are REGENIE's."""
    trait = study.traits["a"].to_numpy()
    standard = (trait - trait.mean()) / trait.std()
    own = np.repeat(0.5 * standard[None, None], 3, axis=1)
    run_gwas(study.source, study.traits[["a"]], pred=write_predictions(tmp_path, study, own))
    assert "less its prediction" not in caplog.text
    path = write_predictions(tmp_path, study, 50 * own)
    run_gwas(study.source, study.traits[["a"]], pred=path)
    assert "less its prediction, trait a varies up to 581 times as much (chrom" in caplog.text
    assert caplog.text.count("less its prediction") == 1


@pytest.mark.skipif(not PEER.exists(), reason="shared/reference/regenie is not there")
@pytest.mark.parametrize("test", ["lrt", "f"])
def test_regenie_itself_on_the_mice(test, tmp_path):
    """REGENIE 4.1.2: steps 1 and 2 on cd8 of the bundled mice, sex a covariate."""
    with gzip.open(PEER / "mouse.cd8_1.loco.gz") as packed:
        (tmp_path / "mouse.cd8_1.loco").write_bytes(packed.read())
    listed = tmp_path / "mouse.cd8_pred.list"
    listed.write_text((PEER / "mouse.cd8_pred.list").read_text())
    theirs = pd.read_csv(PEER / "mouse.cd8.step2.regenie.gz", sep=" ").set_index("ID")
    tables = [pd.read_csv(f"{MICE}.{name}.tsv", sep="\t") for name in ("pheno", "covar")]
    traits, sex = (table.set_index(["FID", "IID"]) for table in tables)
    rows = run_gwas(str(MICE), traits[["cd8"]], sex[["sex"]], pred=str(listed), test=test)
    rows = rows.set_index("variant_id").loc[theirs.index]
    assert len(rows) == 9282
    assert (rows["effect_allele"].astype(str) == theirs["ALLELE1"]).all()
    assert (rows["n"] == theirs["N"]).all()
    chi2 = (rows["n"] - 2) * rows["r2"]
    np.testing.assert_allclose(chi2, theirs["CHISQ"], rtol=1.32e-4, atol=1e-6)
    np.testing.assert_allclose(rows["beta"], theirs["BETA"], rtol=0, atol=5e-6)
