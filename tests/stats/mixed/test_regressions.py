"""Scores, information, refits and contrasts against the dense model of all N D values."""

from dataclasses import replace

import numpy as np
import pytest
from reference import mixed as reference
from scipy import stats

from gemcont.stats.contrasts import degrees_of_freedom
from gemcont.stats.mixed import model as mixed
from gemcont.stats.mixed.likelihood import Rotated
from gemcont.stats.mixed.regressions import Regressions, refitted, single_fits

N = 80


def cohort(d=2, k=2, seed=0, n=N):
    """Traits, design with an intercept (if k), kinship of families of four, Cg, Cn."""
    rng = np.random.default_rng(seed)
    genotypes = rng.binomial(2, 0.4, (3 * n, n)) - 0.8
    kinship = 0.5 * genotypes.T @ genotypes / len(genotypes)
    kinship += 0.5 * np.kron(np.eye(n // 4), np.ones((4, 4)))
    kinship /= np.diag(kinship).mean()
    design = np.column_stack([np.ones(n), rng.standard_normal((n, max(k - 1, 0)))])[:, :k]
    a, b = rng.standard_normal((2, d, d))
    genetic, residual = a @ a.T + 0.3 * np.eye(d), b @ b.T + np.eye(d)
    noise = rng.standard_normal((2, n, d))
    traits = np.linalg.cholesky(kinship + 1e-8 * np.eye(n)) @ noise[0]
    traits = traits @ np.linalg.cholesky(genetic).T + noise[1] @ np.linalg.cholesky(residual).T
    return traits, design, kinship, genetic, residual


def variants(count=8, n=N, seed=9):
    return np.random.default_rng(seed).binomial(2, 0.35, (count, n)).astype(float)


def rotated(traits, design, kinship):
    found = mixed.decompose(kinship)
    turn = found.vectors.T
    data = Rotated(traits=turn @ traits, covariates=turn @ design, eigenvalues=found.values)
    return data, found.vectors


def dense_sums(traits, design, genetic, residual, kinship, g):
    """Z'Py and Z'PZ of a genotype's effects on all traits, Z = I (x) g."""
    d = traits.shape[1]
    inverse = np.linalg.inv(reference.covariance(genetic, residual, kinship))
    x, z = np.kron(np.eye(d), design), np.kron(np.eye(d), g[:, None])
    p = inverse - inverse @ x @ np.linalg.solve(x.T @ inverse @ x, x.T @ inverse)
    return z.T @ p @ traits.T.ravel(), z.T @ p @ z


@pytest.mark.parametrize(("d", "k"), [(1, 1), (1, 3), (2, 0), (3, 2)])
def test_sums_are_those_of_the_dense_model(d, k):
    traits, design, kinship, genetic, residual = cohort(d, k, seed=d + k)
    null = mixed.MixedNull.from_covariances(traits, design, kinship, genetic, residual)
    dosages = variants()
    scores, information = null.regressions.sums(dosages @ null.vectors)
    t = null.fit.transform
    for g, score, info in zip(dosages, scores, information, strict=True):
        expected = dense_sums(traits, design, genetic, residual, kinship, g)
        np.testing.assert_allclose(t.T @ score, expected[0], rtol=1e-7, atol=1e-9)
        np.testing.assert_allclose(t.T @ np.diag(info) @ t, expected[1], rtol=1e-7, atol=1e-8)


def test_float32_genotypes_are_summed_in_float64():
    traits, design, kinship, genetic, residual = cohort(2, 2)
    null = mixed.MixedNull.from_covariances(traits, design, kinship, genetic, residual)
    single = (variants() @ null.vectors).astype(np.float32)
    for found, expected in zip(
        null.regressions.sums(single), null.regressions.sums(single.astype(float)), strict=True
    ):
        assert found.dtype == np.float64
        np.testing.assert_array_equal(found, expected)


@pytest.mark.parametrize("k", [0, 2])
def test_no_variants_have_no_sums(k):
    traits, design, kinship, genetic, residual = cohort(2, k)
    null = mixed.MixedNull.from_covariances(traits, design, kinship, genetic, residual)
    scores, information = null.regressions.sums(np.empty((0, N)))
    assert scores.shape == information.shape == (0, 2)


def test_what_covariates_explain_has_no_information():
    traits, design, kinship, genetic, residual = cohort(2, 3)
    null = mixed.MixedNull.from_covariances(traits, design, kinship, genetic, residual)
    dosages = np.vstack([np.ones(N), 0.5 + design @ [0, 2, 1], *variants(1)])
    _, information = null.regressions.sums(dosages @ null.vectors)
    np.testing.assert_array_equal(np.isnan(information), [[True] * 2, [True] * 2, [False] * 2])


@pytest.mark.parametrize("method", ["ml", "reml"])
def test_single_fits_are_null_models_one_by_one(method):
    traits, design, kinship, *_ = cohort(3, 2, seed=4)
    data, vectors = rotated(traits, design, kinship)
    data = replace(data, reml=method == "reml")
    fits = single_fits(data)
    together = Regressions.of_single_fits(fits, data.covariates)
    g = variants() @ vectors
    scores, information = together.sums(g)
    for d, one in enumerate(fits):
        alone = mixed.fit_null(traits[:, d], design, kinship, method=method)
        np.testing.assert_allclose(one.log_likelihood, alone.log_likelihood, rtol=1e-10)
        np.testing.assert_allclose(one.genetic, alone.genetic_covariance, rtol=1e-5, atol=1e-6)
        np.testing.assert_allclose(one.residual, alone.residual_covariance, rtol=1e-5)
        for v, row in enumerate(variants()):  # in the trait's own units
            expected = dense_sums(traits[:, [d]], design, one.genetic, one.residual, kinship, row)
            np.testing.assert_allclose(scores[v, d], expected[0][0], rtol=1e-7, atol=1e-9)
            np.testing.assert_allclose(information[v, d], expected[1][0, 0], rtol=1e-7)


def test_variances_of_starts_are_kept_on_other_eigenvalues():
    traits, design, kinship, *_ = cohort(3, 2, seed=4)
    fits = single_fits(rotated(traits, design, kinship)[0])
    other = 0.9 * kinship + 0.1 * np.eye(N)
    kept = single_fits(rotated(traits, design, other)[0], fits)
    for d, (one, start) in enumerate(zip(kept, fits, strict=True)):
        np.testing.assert_array_equal(one.genetic, start.genetic)
        np.testing.assert_array_equal(one.residual, start.residual)
        expected, r0, _ = reference.log_likelihood(
            traits[:, [d]], design, start.genetic, start.residual, other
        )
        np.testing.assert_allclose((one.log_likelihood, one.r0), (expected, r0), rtol=1e-9)


def with_an_effect(d, seed):
    """Traits of 120 people of which the first variant is a cause."""
    traits, design, kinship, *_ = cohort(d, 2, seed=seed, n=120)
    dosages = variants(4, n=120)
    return traits + np.array([1.2, -0.8, 0.5])[:d] * dosages[[0]].T, design, kinship, dosages


def likelihood_ratio(traits, design, kinship, g, null):
    """Of two fits, and that of the alternative."""
    other = mixed.fit_null(traits, np.column_stack([design, g]), kinship)
    return 2 * (other.log_likelihood - null.log_likelihood), other


@pytest.mark.parametrize(("d", "seed"), [(1, 0), (2, 5), (3, 5)])
def test_refits_are_likelihood_ratios_of_two_fits(d, seed):
    traits, design, kinship, dosages = with_an_effect(d, seed)
    null = mixed.fit_null(traits, design, kinship)
    chi2, effects, errors = refitted(null.data, null.fit, dosages @ null.vectors)
    for v, g in enumerate(dosages):
        ratio, other = likelihood_ratio(traits, design, kinship, g, null)
        assert abs(chi2[v] - ratio) < 1e-3
        big = reference.covariance(other.genetic_covariance, other.residual_covariance, kinship)
        x = np.kron(np.eye(d), np.column_stack([design, g]))
        _, r0, b = reference.gaussian(traits.T.ravel(), x, big)
        variance = np.linalg.inv(x.T @ np.linalg.solve(big, x)) * r0 / (d * (120 - 3))
        se = np.sqrt(np.diag(variance)[2::3])
        assert (np.abs(effects[v] - b[2::3]) < 0.01 * se).all()
        np.testing.assert_allclose(errors[v], se, rtol=0.01)
    assert chi2[0] > 20
    more_is_free = chi2 > mixed.scan(null, dosages).chi2 - 1e-3  # than one scale beside the effects
    assert more_is_free.all()


@pytest.mark.parametrize(("d", "seed"), [(1, 7), (3, 11)])
def test_refits_on_the_edge_are_likelihood_ratios_too(d, seed):
    traits, design, kinship, dosages = with_an_effect(d, seed)
    null = mixed.fit_null(traits, design, kinship)
    assert null.fit.latent[0] < 1e-4
    chi2, *_ = refitted(null.data, null.fit, dosages[:1] @ null.vectors)
    ratio, _ = likelihood_ratio(traits, design, kinship, dosages[0], null)
    assert abs(chi2[0] - ratio) < 1e-3
    assert chi2[0] > mixed.scan(null, dosages[:1]).chi2[0] - 1e-3


@pytest.mark.parametrize("contrast", ["any", "common", "any-vs-common", 0, 1, 2])
def test_r2_p_and_degrees_of_contrasts(contrast):
    traits, design, kinship, genetic, residual = cohort(3, 2, seed=6)
    null = mixed.MixedNull.from_covariances(traits, design, kinship, genetic, residual)
    dosages = variants()
    found = mixed.scan(null, dosages, contrast=contrast)
    dof = {"any": 3, "any-vs-common": 2}.get(contrast, 1)
    assert found.dof == dof == degrees_of_freedom(contrast, 3)
    # what is explained of the residual sum of squares of the smaller model, times D
    np.testing.assert_allclose(found.chi2, -N * 3 * np.log1p(-found.r2 / 3), rtol=1e-9)
    np.testing.assert_allclose(
        found.neg_log_10_p, -np.log10(stats.chi2.sf(found.chi2, dof)), rtol=1e-9
    )
    one, every, nothing = np.ones((3, 1)), np.eye(3), np.zeros((3, 0))
    larger, smaller = {
        "any": (every, nothing), "common": (one, nothing), "any-vs-common": (every, one)
    }.get(contrast) or (every, np.delete(every, contrast, axis=1))  # fmt: skip
    big, x = reference.covariance(genetic, residual, kinship), np.kron(every, design)
    for v, g in enumerate(dosages):
        left = [
            reference.gaussian(traits.T.ravel(), np.hstack([x, np.kron(p, g[:, None])]), big)[1]
            for p in (larger, smaller)
        ]
        np.testing.assert_allclose(found.r2[v], 3 * (1 - left[0] / left[1]), rtol=1e-6)


def test_standard_errors_are_those_of_generalised_least_squares():
    traits, design, kinship, genetic, residual = cohort(3, 2, seed=6)
    null = mixed.MixedNull.from_covariances(traits, design, kinship, genetic, residual)
    dosages = variants()
    found = mixed.scan(null, dosages)
    big = reference.covariance(genetic, residual, kinship)
    for v, g in enumerate(dosages):
        x = np.kron(np.eye(3), np.column_stack([design, g]))
        _, left, _ = reference.gaussian(traits.T.ravel(), x, big)
        variance = np.linalg.inv(x.T @ np.linalg.solve(big, x))
        scale = left / (3 * (N - 3))
        se = np.sqrt(scale * np.diag(variance)[2::3])
        np.testing.assert_allclose(found.standard_errors[v], se, rtol=1e-6)


def test_f_of_one_trait_is_the_square_of_its_t():
    """With r2 of the contrast, exact_f is (effect / standard error)^2."""
    from gemcont import fit_null
    from gemcont.stats.multitrait import exact_f

    traits, design, kinship, genetic, residual = cohort(1, 3, seed=2)
    null = mixed.MixedNull.from_covariances(traits, design, kinship, genetic, residual)
    found = mixed.scan(null, variants())
    f_statistic, p = exact_f(fit_null(traits, design[:, 1:]), found.r2)
    t = found.effects[:, 0] / found.standard_errors[:, 0]
    np.testing.assert_allclose(f_statistic, t**2, rtol=1e-9)
    np.testing.assert_allclose(10.0**-p, 2 * stats.t.sf(np.abs(t), N - 4), rtol=1e-8)
