"""Contrasts and F of relatives, and what is refused."""

import numpy as np
import pandas as pd
import pytest
from reference.relatives import N, design_of, families, refused, same
from scipy import stats

from gemcont import run_gwas
from gemcont.stats.mixed import model as mixed
from gemcont.workflows.kinship import matrices as kinship_workflow


@pytest.fixture(scope="module")
def study():
    return families()


# Contrasts and F


@pytest.mark.parametrize("related", [False, True])
@pytest.mark.parametrize(("contrast", "dof"), [("any", 3), ("common", 1), ("any-vs-common", 2),
                                               ("b", 1)])  # fmt: skip
def test_contrasts(study, contrast, dof, related):
    settings = {"kinship": study.kinship, "refit": 0} if related else {}
    found = run_gwas(study.source, study.traits, study.covariates, contrast=contrast, **settings)
    y, design = study.traits.to_numpy(), design_of(study, 3)
    if related:
        null = mixed.fit_null(y, design, study.kinship)
    else:
        rest = y - design @ np.linalg.lstsq(design, y, rcond=None)[0]
        null = mixed.MixedNull.from_covariances(
            y, design, np.eye(N), 0 * np.eye(3), rest.T @ rest / N
        )
    code = 1 if contrast == "b" else contrast
    expected = mixed.scan(null, study.dosages, contrast=code)
    same(found, expected.chi2)
    same(found, expected.r2, column="r2")
    assert (found.dof == dof).all()
    p = stats.chi2.sf(found.chi2, dof)
    np.testing.assert_allclose(found.neg_log_10_p_value, -np.log10(p), rtol=1e-6, atol=1e-9)


@pytest.mark.parametrize("d", [1, 3])
def test_f_with_kinship(study, d):
    traits = study.traits.iloc[:, :d]
    settings = {"kinship": study.kinship, "refit": 0}
    f = run_gwas(study.source, traits, study.covariates, test="f", **settings)
    lrt = run_gwas(study.source, traits, study.covariates, **settings)
    np.testing.assert_allclose(f.r2, lrt.r2, rtol=1e-9)
    dof2 = N - 4 - d
    assert (f.dof2 == dof2).all()
    expected = lrt.r2 / (1 - lrt.r2) * dof2 / d
    np.testing.assert_allclose(f.f_statistic, expected, rtol=1e-8)
    p = stats.f.sf(f.f_statistic, d, dof2)
    np.testing.assert_allclose(f.neg_log_10_p_value, -np.log10(p), rtol=1e-6, atol=1e-9)
    if d == 1:
        np.testing.assert_allclose(f.f_statistic, (f.beta / f.standard_error) ** 2, rtol=1e-8)


# Refusals


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"contrast": "common", "pcs": 2}, "--contrast excludes --pcs"),
        ({"contrast": "height"}, r"--contrast: height is neither a tested trait \(a, b, c\)"),
        ({"contrast": "common", "joint": False}, "--contrast is of the joint test"),
        ({"loco": True}, "--loco goes with --kinship"),
        ({"reml": True}, "--reml goes with --kinship"),
        ({"refit": 0.1}, "--refit goes with --kinship"),
        ({"refit": 0}, "--refit goes with --kinship"),
        ({"kinship_rank": 1}, "--kinship-rank goes with --kinship"),
        ({"kinship": "grm", "kinship_rank": 0}, "--kinship-rank: 0 is not from 1 up"),
        ({"kinship": "grm", "kinship_type": "ibs"}, "--kinship-type: 'ibs' is not one of"),
        ({"kinship": "grm", "kinship_maf": 0.6}, "--kinship-maf: 0.6 is not from 0 to 0.5"),
        ({"kinship": "grm", "refit": 0.1, "contrast": "a"}, "--refit excludes --contrast a: what"),
        ({"kinship": "grm", "pred": "x"}, "--pred excludes --kinship"),
        ({"kinship": "grm", "each_trait": True, "each_trait_samples": "own"},
         "--each-trait-samples own excludes --kinship"),
        ({"pred": "x", "pcs": 2}, "--pcs excludes --pred"),
        ({"pred": "x", "each_trait": True, "each_trait_samples": "own"},
         "--each-trait-samples own excludes --pred"),
        ({"pred": "none.list"}, "none.list: no such file"),
        ({"kinship": "nothing/K"}, "nothing/K: no such kinship matrix"),
        ({"kinship": np.eye(5)}, rf"kinship: has shape \(5, 5\); it must be \({N}, {N}\)"),
        ({"kinship": np.eye(N), "loco": True}, "--loco: an array has no chromosomes"),
        ({"kinship": "grm", "loco": True, "chromosomes": "9"}, "9"),
    ],
)  # fmt: skip
def test_what_does_not_go_together(study, settings, message):
    refused(message, study.source, study.traits, **settings)


@pytest.mark.parametrize("related", ["grm", "array"])
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"contrast": "height"}, "--contrast: height is neither a tested trait"),
        ({"kinship_rank": 4}, "--kinship-rank 4: the traits are only 3"),
        ({"kinship_rank": 1, "joint": False}, "--kinship-rank is of the joint test; leave"),
        ({"refit": 0.1, "joint": False}, "--refit is of the joint test; leave --each-trait-only"),
    ],
)
def test_the_joint_test_s_mistakes_are_found_before_the_kinship(
    study, related, settings, message, monkeypatch
):
    def made(*_, **__):
        raise AssertionError("the kinship was made")

    monkeypatch.setattr(kinship_workflow.Computed, "prepare", made)
    monkeypatch.setattr(kinship_workflow.FromArray, "prepare", made)
    kinship = "grm" if related == "grm" else study.kinship
    refused(message, study.source, study.traits, kinship=kinship, **settings)


def test_any_vs_common_of_one_trait(study):
    refused(
        "--contrast any-vs-common: one trait", study.source, study.traits[["a"]],
        contrast="any-vs-common", kinship="grm",
    )  # fmt: skip


def test_too_few_samples_for_the_traits(study):
    few = study.traits[:12]
    rng = np.random.default_rng(0)
    many = pd.DataFrame(rng.standard_normal((12, 6)), index=few.index)
    refused(
        "12 samples are too few for 6 traits and 1 covariates: two covariances need at least 13",
        study.source, many, kinship=study.kinship,
    )  # fmt: skip
