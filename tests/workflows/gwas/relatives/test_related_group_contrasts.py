"""Contrasts and F of relatives."""

import numpy as np
import pandas as pd
import pytest
from reference.relatives import N, design_of, families, same
from scipy import stats

from gemcont import run_gwas
from gemcont.stats.mixed import model as mixed
from gemcont.stats.special import neg_log10_f_sf


@pytest.fixture(scope="module")
def study():
    return families()


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


def test_a_refitted_ratio_under_f_is_the_f_of_its_r2(related):
    kinship = pd.DataFrame(related.kinship, related.traits.index, related.traits.index)
    ratio, found = (
        run_gwas(related.source, related.traits, kinship=kinship, refit=1, test=test)
        for test in ("lrt", "f")
    )
    n, d, dof2 = 120, 3, 120 - 1 - 3
    r2 = -np.expm1(-ratio["chi2"].to_numpy() / n)
    np.testing.assert_allclose(found["f_statistic"], r2 / (1 - r2) * dof2 / d, rtol=1e-6)
    expected = neg_log10_f_sf(found["f_statistic"].to_numpy(), d, dof2)
    np.testing.assert_allclose(found["neg_log_10_p_value"], expected, rtol=1e-6)
