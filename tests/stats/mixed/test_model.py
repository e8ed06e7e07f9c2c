from pathlib import Path

import numpy as np
import pytest
from reference import mixed as reference
from reference.kinship_cohorts import cohort

from gemcont import GemcontError
from gemcont.stats.mixed import model as mixed

GLIMIX = Path(__file__).parents[3].parent / "shared" / "reference" / "glimix"


@pytest.mark.parametrize("k", [1, 3])
@pytest.mark.parametrize("missing", [0, 0.1])
@pytest.mark.parametrize("contrast", ["any", "common", "any-vs-common", 0, 2])
def test_contrasts_are_likelihood_ratios_of_the_dense_model(contrast, missing, k):
    traits, design, kinship, genetic, residual = cohort(d=3, k=k, seed=2)
    rng = np.random.default_rng(3)
    dosages = rng.binomial(2, 0.3, (6, 60)).astype(float)
    dosages[rng.random(dosages.shape) < missing] = np.nan
    null = mixed.MixedNull.from_covariances(traits, design, kinship, genetic, residual)
    found = mixed.scan(null, dosages, contrast=contrast)
    one, every, nothing = np.ones((3, 1)), np.eye(3), np.zeros((3, 0))
    patterns = {
        "any": (every, nothing),
        "common": (one, nothing),
        "any-vs-common": (every, one),
        0: (every, every[:, [1, 2]]),
        2: (every, every[:, [0, 1]]),
    }[contrast]
    assert found.dof == {"any": 3, "any-vs-common": 2}.get(contrast, 1)
    for v, row in enumerate(dosages):
        g = np.where(np.isnan(row), np.nanmean(row), row)
        expected = reference.chi2(traits, design, genetic, residual, kinship, g, patterns)
        assert abs(found.chi2[v] - expected) < 1e-6 * max(expected, 1)
        big = reference.covariance(genetic, residual, kinship)
        x = np.hstack([np.kron(every, design), np.kron(every, g[:, None])])
        _, _, b = reference.gaussian(traits.T.ravel(), x, big)
        np.testing.assert_allclose(found.effects[v], b[-3:], rtol=1e-6, atol=1e-9)


def test_without_kinship_it_is_the_ordinary_joint_test():
    from gemcont import fit_null
    from gemcont.stats import multitrait

    traits, design, _, _, _ = cohort(d=2, k=3, seed=4)
    rest = traits - design @ np.linalg.lstsq(design, traits, rcond=None)[0]
    c0 = rest.T @ rest / len(rest)
    dosages = np.random.default_rng(0).binomial(2, 0.3, (20, 60)).astype(float)
    null = mixed.MixedNull.from_covariances(traits, design, np.eye(60), 0 * c0, c0)
    found = mixed.scan(null, dosages)
    expected = multitrait.scan(fit_null(traits, design[:, 1:]), dosages)
    np.testing.assert_allclose(found.chi2, expected.statistic, rtol=1e-8)
    np.testing.assert_allclose(found.neg_log_10_p, expected.neg_log_10_p, rtol=1e-8)
    np.testing.assert_allclose(found.effects, expected.effects, rtol=1e-8)


def test_what_changes_nothing():
    """Order of samples; a rotation of the traits; an allele flip turns effects over."""
    traits, design, kinship, *_ = cohort(n=80, d=3, k=2, seed=7)
    dosages = np.random.default_rng(1).binomial(2, 0.3, (15, 80)).astype(float)
    null = mixed.fit_null(traits, design, kinship)
    first = mixed.scan(null, dosages)
    order = np.random.default_rng(2).permutation(80)
    again = mixed.scan(
        mixed.fit_null(traits[order], design[order], kinship[np.ix_(order, order)]),
        dosages[:, order],
    )
    np.testing.assert_allclose(again.chi2, first.chi2, rtol=1e-3, atol=1e-4)
    turn = np.random.default_rng(3).standard_normal((3, 3))
    turned = mixed.MixedNull.from_covariances(
        traits @ turn, design, kinship, turn.T @ null.genetic_covariance @ turn,
        turn.T @ null.residual_covariance @ turn,
    )  # fmt: skip
    np.testing.assert_allclose(mixed.scan(turned, dosages).chi2, first.chi2, rtol=1e-6)
    flipped = mixed.scan(null, 2 - dosages)
    np.testing.assert_allclose(flipped.chi2, first.chi2, rtol=1e-8)
    np.testing.assert_allclose(flipped.effects, -first.effects, rtol=1e-6, atol=1e-10)


def test_a_variant_without_variance_is_not_tested():
    traits, design, kinship, genetic, residual = cohort()
    null = mixed.MixedNull.from_covariances(traits, design, kinship, genetic, residual)
    dosages = np.vstack([np.ones(60), np.arange(60) % 3, np.full(60, np.nan)])
    found = mixed.scan(null, dosages)
    np.testing.assert_array_equal(np.isnan(found.chi2), [True, False, True])
    assert np.isnan(found.effects[0]).all()


def test_no_variants_are_no_results():
    null = mixed.MixedNull.from_covariances(*cohort())
    found = mixed.scan(null, np.empty((0, 60)))
    assert found.chi2.shape == (0,)
    assert found.effects.shape == (0, 2)


@pytest.mark.parametrize("contrast", ["height", 2, -1, None])
def test_a_contrast_that_is_none(contrast):
    null = mixed.MixedNull.from_covariances(*cohort())
    with pytest.raises(GemcontError, match="nor the index of one of 2 traits"):
        mixed.scan(null, np.ones((1, 60)), contrast=contrast)


def test_a_null_model_says_what_it_is():
    null = mixed.fit_null(*cohort()[:3])
    assert repr(null).startswith("Null(N = 60, D = 2, K = 2, log-likelihood -")


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda t, f, k: (t, f[:, [0, 0, 1]], k), "covariates: 3 columns, but only 2 are not coll"),
        (lambda t, f, k: (t, 0 * f, k), "covariates: 2 columns, but only 0 are not collinear"),
        (lambda t, f, k: (t, f, 0 * k), "is 0 everywhere"),
        (lambda t, f, k: (t, f, k - 3 * np.eye(len(k))), "smallest eigenvalue is -"),
        (lambda t, f, k: (t, f, k[:5]), r"shape \(5, 60\)"),
        (lambda t, f, k: (t, f, k + np.triu(k)), "not symmetric"),
        (lambda t, f, k: (t, f, k * np.nan), "not finite"),
        (lambda t, f, k: (t, f, k[:30, :30]), "of 30 samples, traits of 60"),
        (lambda t, f, k: (t * np.nan, f, k), "traits: holds values that are not finite"),
        (lambda t, f, k: (t, f[:9], k), r"covariates: has shape \(9, 2\)"),
        (lambda t, f, k: (t[:5], f[:5], k[:5, :5]), "5 samples are too few for 2 traits"),
        (lambda t, f, k: (t[:, [0, 0]], f, k), "collinear"),
    ],
)
def test_what_cannot_be_fitted(change, message):
    traits, design, kinship, *_ = cohort()
    with pytest.raises(GemcontError, match=message):
        mixed.fit_null(*change(traits, design, kinship))


@pytest.mark.parametrize(
    ("genetic", "residual", "message"),
    [
        (-np.eye(2), np.eye(2), "genetic covariance: is not positive semi-definite, an eigenvalue"),
        ([[1, 0.5], [0, 1]], np.eye(2), "genetic covariance: is not symmetric"),
        (np.full((2, 2), np.nan), np.eye(2), "genetic covariance: holds values that are not fin"),
        (np.eye(3), np.eye(2), r"genetic covariance: has shape \(3, 3\); traits are 2"),
        (1.0, np.eye(2), r"genetic covariance: has shape \(1, 1\)"),
        (np.eye(2), np.ones((2, 2)), "residual covariance: is not positive definite"),
        (np.eye(2), np.zeros((2, 2)), "residual covariance: is not positive definite"),
    ],
)
def test_what_is_no_covariance(genetic, residual, message):
    with pytest.raises(GemcontError, match=message):
        mixed.MixedNull.from_covariances(*cohort()[:3], genetic, residual)


def test_infinite_genotypes_are_refused():
    null = mixed.MixedNull.from_covariances(*cohort())
    with pytest.raises(GemcontError, match="genotypes hold values that are infinite"):
        mixed.scan(null, np.full((1, 60), np.inf))


def test_rounding_below_zero_is_clipped_and_counted():
    _, _, kinship, *_ = cohort()
    values, vectors = np.linalg.eigh(kinship)
    values[:2] = -1e-12
    found = mixed.decompose((vectors * values) @ vectors.T)
    assert found.n_clipped >= 1
    assert (found.values >= 0).all()


@pytest.mark.skipif(not GLIMIX.exists(), reason="shared/reference/glimix is not there")
@pytest.mark.parametrize("name", ["glimix_n400_d2_c1", "glimix_n500_d4_c3"])
def test_glimix_core(name):
    """glimix-core 3.1.14: its likelihood ratios at its covariances; our null is not below its."""
    z = np.load(GLIMIX / f"{name}.npz")
    kinship = z["G"] @ z["G"].T
    null = mixed.MixedNull.from_covariances(z["E"], z["F"], kinship, z["C0"], z["C1"])
    assert abs(null.log_likelihood - z["lml_null"]) < 1e-8 * abs(z["lml_null"])
    found = mixed.scan(null, z["M"].T)
    np.testing.assert_allclose(found.chi2, z["lrt"], rtol=1e-6)
    assert mixed.fit_null(z["E"], z["F"], kinship).log_likelihood > z["lml_null"] - 1e-6
