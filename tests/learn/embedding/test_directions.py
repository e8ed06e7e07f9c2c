import numpy as np
import pytest

from gemcont.learn.embedding.directions import canonical_directions, chosen_directions


def sides(n=4000, seed=0, shared=2):
    """Embeddings (n, 6) and genotypes (n, 5) that share some latent traits."""
    rng = np.random.default_rng(seed)
    genotypes = rng.binomial(2, 0.3, (n, 5)) - 0.6
    embeddings = rng.standard_normal((n, 6))
    for k in range(shared):
        embeddings[:, k] += (0.9 - 0.3 * k) * genotypes[:, k]
    return embeddings @ rng.standard_normal((6, 6)), genotypes


def test_canonical_correlations_are_those_of_the_definition():
    x, y = sides()
    found = canonical_directions(x, y)
    cov = np.cov(np.hstack([x, y]).T)
    xx, xy, yy = cov[:6, :6], cov[:6, 6:], cov[6:, 6:]
    squares = np.linalg.eigvals(np.linalg.solve(xx, xy) @ np.linalg.solve(yy, xy.T)).real
    np.testing.assert_allclose(found.correlations**2, np.sort(squares)[::-1][:5], atol=1e-10)
    z = found.of(x)
    np.testing.assert_allclose(np.cov(z.T), np.eye(5), atol=1e-2)
    partner = (y - y.mean(axis=0)) @ found.partners
    for k in range(5):
        assert abs(np.corrcoef(z[:, k], partner[:, k])[0, 1] - found.correlations[k]) < 1e-10
    assert (found.weights[np.abs(found.weights).argmax(axis=0), np.arange(5)] > 0).all()


def test_an_axis_without_variance_is_left_out():
    x, y = sides()
    doubled = np.hstack([x, x[:, :1], np.ones((len(x), 1))])
    found = canonical_directions(doubled, y)
    expected = canonical_directions(x, y).correlations
    np.testing.assert_allclose(found.correlations, expected, atol=1e-8)


@pytest.mark.parametrize("shared", [1, 2])
def test_auto_takes_those_that_hold_in_validation_people(shared):
    x, y = sides(shared=shared, seed=3)
    validation = np.arange(len(x)) % 4 == 0
    assert chosen_directions(x, y, validation, "auto").weights.shape == (6, shared)
    assert chosen_directions(x, y, validation, 3).weights.shape == (6, 3)


def test_what_training_people_alone_show_does_not_count(caplog):
    """Embeddings that follow training people's genotypes by heart, as a trained encoder's do."""
    x, y = sides(shared=1, seed=4)
    validation = np.arange(len(x)) % 4 == 0
    x[~validation, 3:] += y[~validation, 2:]
    with caplog.at_level("INFO", "gemcont"):
        assert chosen_directions(x, y, validation, "auto").weights.shape[1] <= 1
        chosen_directions(x, y, validation, 9)
    assert "9 asked for, 5 is the most there can be" in caplog.text
