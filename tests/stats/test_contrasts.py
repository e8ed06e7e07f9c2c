"""Exact contrasts of unrelated people: against ordinary regressions, and their true rates."""

import numpy as np
import pandas as pd
import pytest
from conftest import random_dosages
from reference.joint import contrast_f

from gemcont import GemcontError, fit_null, run_gwas
from gemcont.stats import multitrait
from gemcont.stats.calibration import lrt_true_rate
from gemcont.stats.contrasts import (
    Basis,
    Conditional,
    contrasted,
    degrees_of_freedom,
    f_degrees_of_freedom,
)

CODES = {
    "common": "common",
    "any-vs-common": "any-vs-common",
    0: 0,
    2: 2,
    Conditional(1): ("conditional", 1),
}


def study(d=3, k=2, n=90, seed=1, missing=0.05):
    rng = np.random.default_rng(seed)
    dosages = random_dosages(rng, 12, n, missing=missing, low=0.2, high=0.8)
    covariates = rng.standard_normal((n, k - 1))
    traits = rng.standard_normal((n, d)) @ rng.standard_normal((d, d)) + covariates.sum(1)[:, None]
    traits[:, 0] += 0.7 * np.nan_to_num(dosages[3])
    traits += 0.5 * np.nan_to_num(dosages[4])[:, None]
    return dosages, traits, covariates


@pytest.mark.parametrize("contrast", CODES)
@pytest.mark.parametrize("missing", [0, 0.05])
@pytest.mark.parametrize("k", [1, 2, 4])
def test_f_of_a_contrast_is_that_of_ordinary_regressions(contrast, missing, k):
    dosages, traits, covariates = study(k=k, missing=missing)
    null = fit_null(traits, covariates)
    found = multitrait.scan(null, dosages, test="f", contrast=contrast)
    expected = contrast_f(dosages, traits, CODES[contrast], covariates)
    f, dof, dof2, p = map(np.array, zip(*expected, strict=True))
    np.testing.assert_allclose(found.statistic, f, rtol=1e-8)
    np.testing.assert_allclose(found.neg_log_10_p, p, rtol=1e-7)
    assert f_degrees_of_freedom(contrast, 3, null.single_dof) == (dof[0], dof2[0])
    r2 = found.r2
    np.testing.assert_allclose(r2 / (1 - r2) * dof2 / dof, f, rtol=1e-8)


NAMES = {
    "common": "common",
    "any-vs-common": "any-vs-common",
    "a": 0,
    "conditional:b": ("conditional", 1),
}


@pytest.mark.parametrize("contrast", NAMES)
def test_the_engine_writes_them(contrast):
    dosages, traits, covariates = study()
    frame = pd.DataFrame(traits, columns=list("abc"))
    found = run_gwas(dosages, frame, pd.DataFrame(covariates), test="f", contrast=contrast)
    f, dof, dof2, p = map(
        np.array, zip(*contrast_f(dosages, traits, NAMES[contrast], covariates), strict=True)
    )
    np.testing.assert_allclose(found.f_statistic, f, rtol=1e-4)
    np.testing.assert_allclose(found.neg_log_10_p_value, p, rtol=1e-4)
    assert (found.dof == dof).all()
    assert (found.dof2 == dof2).all()


def test_units_and_signs():
    """A trait's own effect and its conditional one do not change with units; a common one does."""
    dosages, traits, covariates = study()
    other = traits * [2.0, -3.0, 0.1]
    for contrast in CODES:
        one, two = (
            multitrait.scan(fit_null(t, covariates), dosages, test="f", contrast=contrast)
            for t in (traits, other)
        )
        same = np.allclose(one.statistic, two.statistic, rtol=1e-8)
        assert same == (not isinstance(contrast, str))


def test_alleles_and_the_order_of_traits_change_nothing():
    dosages, traits, covariates = study()
    order = [2, 0, 1]
    for contrast in CODES:
        scan = [
            multitrait.scan(fit_null(traits, covariates), g, test=test, contrast=contrast)
            for g in (dosages, 2 - dosages)
            for test in ("lrt", "f")
        ]
        for a, b in ((scan[0], scan[2]), (scan[1], scan[3])):
            np.testing.assert_allclose(a.statistic, b.statistic, rtol=1e-9)
            np.testing.assert_allclose(a.effects, -b.effects, rtol=1e-9)
    turned = fit_null(traits[:, order], covariates)
    pairs = {
        "common": "common",
        "any-vs-common": "any-vs-common",
        0: 1,
        Conditional(1): Conditional(2),
    }
    for one, other in pairs.items():
        a = multitrait.scan(fit_null(traits, covariates), dosages, test="f", contrast=one)
        b = multitrait.scan(turned, dosages, test="f", contrast=other)
        np.testing.assert_allclose(a.statistic, b.statistic, rtol=1e-8)


@pytest.mark.parametrize("contrast", ["any", "common", 0, Conditional(0)])
@pytest.mark.parametrize("test", ["lrt", "f"])
def test_of_one_trait_all_are_the_same(contrast, test):
    dosages, traits, covariates = study(d=1)
    null = fit_null(traits, covariates)
    a, b = (multitrait.scan(null, dosages, test=test, contrast=c) for c in ("any", contrast))
    np.testing.assert_allclose(a.statistic, b.statistic, rtol=1e-9)
    assert lrt_true_rate(50, 3, 1, contrast=contrast) == lrt_true_rate(50, 3, 1)


def test_what_is_no_contrast():
    dosages, traits, covariates = study()
    null = fit_null(traits, covariates)
    for wrong in ("height", 3, -1, Conditional(3), None):
        with pytest.raises(GemcontError, match="is neither any, common, any-vs-common nor"):
            multitrait.scan(null, dosages, contrast=wrong)
    frame = pd.DataFrame(traits, columns=["a", "b", "conditional:a"])
    with pytest.raises(GemcontError, match="--contrast: conditional:z is neither a tested trait"):
        run_gwas(dosages, frame, contrast="conditional:z")
    own = run_gwas(dosages, frame, contrast="conditional:a", test="f")
    assert (own.dof2 == 90 - 2).all()  # a trait of that very name goes first
    with pytest.raises(GemcontError, match="--contrast excludes --pcs"):
        run_gwas(dosages, frame, contrast="common", pcs=2)


def test_the_likelihood_ratio_of_two_and_more_traits_is_bounded():
    rng = np.random.default_rng(3)
    g = rng.binomial(2, 0.5, (1, 100)).astype(float)
    traits = np.column_stack([g[0] + 1e-6 * rng.standard_normal(100), rng.standard_normal(100)])
    found = multitrait.scan(fit_null(traits), g)
    assert found.r2[0] > 1 - 1e-9
    assert found.statistic[0] == pytest.approx(100 * 2 * np.log(2), rel=1e-6)


def test_one_trait_has_nothing_that_differs():
    with pytest.raises(GemcontError, match="contrast: any-vs-common of one trait has nothing"):
        degrees_of_freedom("any-vs-common", 1)
    basis = Basis(np.eye(1), 50.0, 50, 48)
    for contrast in ("any", "common", 0):
        found = contrasted(basis, np.array([[3.0]]), np.array([[2.0]]), contrast)
        np.testing.assert_allclose(found.chi2, -50 * np.log(1 - 4.5 / 50))


def test_a_trait_that_is_the_genotype_has_a_finite_statistic():
    basis = Basis(np.eye(2), 100.0, 50, 48)
    found = contrasted(basis, np.array([[30.0, 0.0]]), np.array([[9.0, 1.0]]))
    assert np.isfinite(found.chi2).all()
    assert found.neg_log_10_p > 100
