"""Heritabilities and correlations: standard errors by the delta method of the dense information."""

import numpy as np
import pytest
from reference import mixed as reference

from gemcont.stats.mixed import model as mixed
from gemcont.stats.mixed.heritability import components

N = 60


def model(d, seed=0, k=1):
    rng = np.random.default_rng(seed)
    kinship = rng.standard_normal((2 * N, N))
    kinship = 0.5 * kinship.T @ kinship / (2 * N) + 0.8 * np.kron(np.eye(N // 4), np.ones((4, 4)))
    design = np.column_stack([np.ones(N), rng.standard_normal((N, k - 1))])
    a, b = rng.standard_normal((2, d, d))
    genetic, residual = a @ a.T + 0.2 * np.eye(d), b @ b.T + 0.5 * np.eye(d)
    traits = rng.standard_normal((N, d))
    null = mixed.MixedNull.from_covariances(traits, design, kinship, genetic, residual)
    return null, genetic, residual, kinship


def pairs(d):
    return [(i, j) for i in range(d) for j in range(i + 1)]


def matrices(x, d):
    """Cg and Cn of the entries of their lower triangles."""
    found = np.zeros((2, d, d))
    for half, entries in enumerate(np.split(np.asarray(x), 2)):
        for (i, j), value in zip(pairs(d), entries, strict=True):
            found[half, i, j] = found[half, j, i] = value
    return found


def dense_information(genetic, residual, kinship):
    """0.5 tr(V^-1 dV V^-1 dV) over the entries of Cg and Cn."""
    d = len(genetic)
    inverse = np.linalg.inv(reference.covariance(genetic, residual, kinship))
    count = 2 * len(pairs(d))
    slopes = []
    for unit in np.eye(count):
        g, n = matrices(unit, d)
        slopes.append(inverse @ (np.kron(g, kinship) + np.kron(n, np.eye(len(kinship)))))
    return np.array([[0.5 * np.sum(a * b.T) for b in slopes] for a in slopes])


def slow_components(x, d, scale):
    """Heritabilities, genetic and residual correlations below the diagonal, in one vector."""
    genetic, residual = matrices(x, d)
    total = np.diag(genetic) * scale + np.diag(residual)
    parts = [np.diag(genetic) * scale / total]
    for c in (genetic, residual):
        sd = np.sqrt(np.diag(c))
        parts.append((c / np.outer(sd, sd))[np.tril_indices(d, -1)])
    return np.concatenate(parts)


@pytest.mark.parametrize(("d", "k"), [(1, 1), (2, 1), (3, 2)])
def test_standard_errors_are_those_of_the_dense_information(d, k):
    null, genetic, residual, kinship = model(d, seed=d, k=k)
    scale = np.diag(kinship).mean()
    found = components(null.fit, null.data.eigenvalues)
    x = np.concatenate([[c[pair] for pair in pairs(d)] for c in (genetic, residual)])
    values = slow_components(x, d, scale)
    steps = 1e-6 * np.eye(len(x))
    slopes = np.array([
        (slow_components(x + s, d, scale) - slow_components(x - s, d, scale)) / 2e-6 for s in steps
    ])  # fmt: skip
    covariance = np.linalg.inv(dense_information(genetic, residual, kinship))
    errors = np.sqrt(np.einsum("pi,pq,qi->i", slopes, covariance, slopes))
    below = np.tril_indices(d, -1)
    ours = [found.heritability, found.genetic_correlation[below], found.residual_correlation[below]]
    np.testing.assert_allclose(np.concatenate(ours), values, rtol=1e-9)
    ours = [
        found.heritability_se,
        found.genetic_correlation_se[below],
        found.residual_correlation_se[below],
    ]
    np.testing.assert_allclose(np.concatenate(ours), errors, rtol=1e-5)


def test_shapes_and_symmetry():
    null, *_ = model(3)
    found = components(null.fit, null.data.eigenvalues)
    assert found.heritability.shape == found.heritability_se.shape == (3,)
    assert ((found.heritability > 0) & (found.heritability < 1)).all()
    for name in ("genetic", "residual"):
        r, se = (getattr(found, f"{name}_correlation{end}") for end in ("", "_se"))
        np.testing.assert_allclose(np.diag(r), 1)
        np.testing.assert_array_equal(np.diag(se), 0)
        np.testing.assert_allclose(r, r.T)
        np.testing.assert_array_equal(se, se.T)


def test_units_of_traits_and_of_the_kinship_do_not_matter():
    null, genetic, residual, kinship = model(2)
    first = components(null.fit, null.data.eigenvalues)
    units = np.diag([10.0, 0.01])
    other = mixed.MixedNull.from_covariances(
        np.random.default_rng(0).standard_normal((N, 2)) @ units,
        np.ones((N, 1)),
        4 * kinship,
        units @ genetic @ units / 4,
        units @ residual @ units,
    )
    for ours, same in zip(first, components(other.fit, other.data.eigenvalues), strict=True):
        np.testing.assert_allclose(same, ours, rtol=1e-6)


def test_a_trait_without_genetic_variance_has_no_genetic_correlation():
    null, genetic, residual, kinship = model(2)
    genetic = np.diag([genetic[0, 0], 0.0])
    null = mixed.MixedNull.from_covariances(np.ones((N, 2)), None, kinship, genetic, residual)
    found = components(null.fit, null.data.eigenvalues)
    assert found.heritability[1] == 0
    assert np.isnan(found.genetic_correlation[0, 1])
    assert np.isnan(found.genetic_correlation_se[0, 1])
    assert np.isfinite(found.residual_correlation_se).all()
    assert np.isfinite(found.heritability_se).all()


def test_kinship_that_is_the_identity_gives_no_error_but_infinity():
    """Cg and Cn cannot be told apart."""
    _, genetic, residual, _ = model(1)
    null = mixed.MixedNull.from_covariances(np.ones((N, 1)), None, np.eye(N), genetic, residual)
    found = components(null.fit, null.data.eigenvalues)
    assert not np.isfinite(found.heritability_se).any()


@pytest.mark.parametrize("share", [0.0, 1e-9, 1e-5, 0.5])
def test_correlations_that_cannot_be_told_are_nan(share):
    """Of a trait that follows no kinship, or one of which nobody can say: not 1.000, se 512."""
    _, genetic, residual, kinship = model(2, seed=1)
    sd = np.sqrt([1.0, share])
    genetic = 0.9 * np.outer(sd, sd) + 0.1 * np.diag(sd**2)
    null = mixed.MixedNull.from_covariances(
        np.random.default_rng(1).standard_normal((N, 2)),
        np.ones((N, 1)),
        kinship,
        genetic,
        residual,
    )
    found = components(null.fit, null.data.eigenvalues)
    told = share == 0.5
    assert np.isfinite(found.genetic_correlation[1, 0]) == told
    assert np.isfinite(found.genetic_correlation_se[0, 1]) == told
    assert np.isfinite(found.residual_correlation[1, 0])
    np.testing.assert_array_equal(found.genetic_correlation_se[[0, 1], [0, 1]], 0)
