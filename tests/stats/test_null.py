import numpy as np
import pytest

from gemcont import GemcontError, fit_null
from gemcont.stats.null import covariate_basis


@pytest.fixture
def rng():
    return np.random.default_rng(11)


@pytest.mark.parametrize("k", [0, 1, 3])
@pytest.mark.parametrize("d", [1, 2, 8])
def test_null_model_is_what_its_docstring_says(rng, d, k):
    traits, covariates = rng.standard_normal((50, d)) * 7 + 100, rng.standard_normal((50, k))
    null = fit_null(traits, covariates)
    design = np.hstack([np.ones((50, 1)), covariates])
    residuals = traits - design @ np.linalg.lstsq(design, traits, rcond=None)[0]
    np.testing.assert_allclose(null.scales @ null.scales.T, residuals.T @ residuals / 50)
    np.testing.assert_allclose(null.whitened.T @ null.whitened, 50 * np.eye(d), atol=1e-10)
    np.testing.assert_allclose(design.T @ null.whitened, 0, atol=1e-9)
    np.testing.assert_allclose(null.basis.T @ null.basis, np.eye(k), atol=1e-12)
    np.testing.assert_allclose(null.basis.sum(axis=0), 0, atol=1e-12)
    assert (null.n_samples, null.n_traits, null.n_covariates) == (50, d, k + 1)
    assert null.residual_dof == 50 - (k + 1) - d


def test_collinear_covariates_spend_no_degrees_of_freedom(rng):
    a, b = rng.standard_normal((2, 40))
    covariates = np.column_stack([a, np.full(40, 3.3), b, a + b + 2, 1e6 * a])
    null = fit_null(rng.standard_normal(40), covariates)
    assert null.kept_covariates.tolist() == [0, 2]
    assert null.n_covariates == 3


def test_covariates_of_any_scale_are_kept(rng):
    age = rng.uniform(40, 70, 300)
    columns = np.column_stack([age, age**2, 1e-9 * age**3, rng.standard_normal(300) * 1e-12])
    assert covariate_basis(columns)[1].tolist() == [0, 1, 2, 3]


def refused(traits, message, covariates=None, names=None):
    with pytest.raises(GemcontError, match=message):
        fit_null(traits, covariates, names=names)


def test_traits_that_cannot_be_tested_are_named(rng):
    x = rng.standard_normal((30, 3))
    refused(np.column_stack([x[:, 0], np.full(30, 0.1)]), "trait b is constant", names=["a", "b"])
    both = np.column_stack([x, x[:, 0] - x[:, 2]])
    refused(
        both, "trait d is collinear with a, c: .* their principal components", names=list("abcd")
    )
    refused(2 * x[:, :1] + 1, "trait 1 is given by the covariates", covariates=x)
    refused(x[:, [0, 0]] * [1, -3], "trait 2 is collinear with 1")


def test_too_many_traits_is_said_with_the_three_numbers(rng):
    x = rng.standard_normal((10, 8))
    refused(x, "10 samples are too few for 8 traits and 2 covariates", covariates=np.arange(10.0))
    assert fit_null(x).residual_dof == 1


def test_arrays_that_do_not_fit(rng):
    refused(np.zeros((4, 2, 2)), "must be .samples, traits., got shape")
    refused(np.zeros(4), "4 samples have traits, 3 covariates", covariates=np.zeros((3, 1)))
    refused(np.array([1.0, np.nan, 2]), "traits: row 1, column 0 is nan")
    refused(np.arange(4.0), "covariates: row 2, column 0 is inf", covariates=[1, 2, np.inf, 4])
