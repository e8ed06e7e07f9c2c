"""Pictures of heritabilities and correlations."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from gemcont.plots.heritability import heritability
from gemcont.plots.save import save


def drawn(figure, tmp_path):
    """The size of the picture's file: drawing is when labels and warnings come."""
    assert isinstance(figure, Figure)
    save(figure, tmp_path / "a.png")
    return (tmp_path / "a.png").stat().st_size


def correlations(d, seed):
    found = np.corrcoef(np.random.default_rng(seed).standard_normal((d, d + 5)))
    return np.atleast_2d(found)


@pytest.mark.parametrize("d", [1, 3, 60])
@pytest.mark.parametrize("missing", [False, True])
@pytest.mark.parametrize("both", [False, True])
def test_heritabilities(d, missing, both, tmp_path):
    rng = np.random.default_rng(d)
    share, error = rng.uniform(0, 1, d), rng.uniform(0, 0.4, d)
    genetic, residual = correlations(d, 1), correlations(d, 2)
    if missing:
        share[0] = error[0] = error[-1] = np.nan
        genetic[0], genetic[:, 0] = np.nan, np.nan
    names = ["a$b_", *(f"t${i}^" for i in range(d - 1))]
    parts = (genetic, residual) if both else ()
    figure = heritability(names, share, error, *parts, title="N = 10")
    assert len(figure.axes) == (3 if both and d > 1 else 1)  # a bar of colours is the third
    points = figure.axes[0].lines[0]
    np.testing.assert_array_equal(points.get_xdata(), np.where(np.isfinite(error), share, np.nan))
    if d <= 40:
        assert [t.get_text() for t in figure.axes[0].get_yticklabels()] == names
    if both and d > 1:
        shown = np.ma.filled(figure.axes[1].images[0].get_array(), np.nan)
        np.testing.assert_array_equal(shown[d - 1, 1], genetic[d - 1, 1] if d > 2 else np.nan)
        np.testing.assert_array_equal(shown[1, d - 1], residual[1, d - 1])
        assert np.isnan(np.diag(shown)).all()
        assert len(figure.axes[1].texts) == (np.isfinite(shown).sum() if d <= 10 else 0)
    assert drawn(figure, tmp_path) > 5_000


@pytest.mark.parametrize("d", [2, 7])
def test_correlations_with_their_errors(d, tmp_path):
    genetic, residual = correlations(d, 1), correlations(d, 2)
    errors = np.full((d, d), 0.07), np.full((d, d), 0.3)
    errors[1][0, 1] = np.inf  # not known: not drawn
    figure = heritability(
        [f"t{i}" for i in range(d)], np.full(d, 0.5), np.full(d, 0.1), genetic, residual,
        errors=errors,
    )  # fmt: skip
    texts = {t.get_position(): t.get_text() for t in figure.axes[1].texts}
    assert len(texts) == d * d - d - 1
    assert texts[0, 1] == f"{genetic[1, 0]:.2f}\n(0.07)"
    assert (1, 0) not in texts
    assert drawn(figure, tmp_path) > 5_000


def test_inputs_are_left_as_they_are():
    genetic, residual = correlations(3, 1), correlations(3, 2)
    before = genetic.copy(), residual.copy()
    heritability(list("abc"), [0.1, 0.2, 0.3], [0.1, 0.1, 0.1], genetic, residual)
    np.testing.assert_array_equal(genetic, before[0])
    np.testing.assert_array_equal(residual, before[1])
