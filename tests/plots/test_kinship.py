"""Pictures of a kinship matrix."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from gemcont.plots.kinship import kinship
from gemcont.plots.save import save


def drawn(figure, tmp_path):
    """The size of the picture's file: drawing is when labels and warnings come."""
    assert isinstance(figure, Figure)
    save(figure, tmp_path / "a.png")
    return (tmp_path / "a.png").stat().st_size


def relatives(n, seed=0):
    x = np.random.default_rng(seed).standard_normal((2 * n, n))
    return x.T @ x / (2 * n)


@pytest.mark.parametrize("n", [2, 3, 40])
def test_a_kinship(n, tmp_path):
    matrix = relatives(n)
    values = np.linalg.eigvalsh(matrix)
    figure = kinship(matrix, values, title=r"a$b_ samples" if n == 3 else "40 samples")
    pairs, spectrum = figure.axes
    (bars,) = pairs.patches
    assert bars.get_data().values.sum() == n * (n - 1) / 2
    low, high = bars.get_data().edges[[0, -1]]
    above = matrix[np.triu_indices(n, 1)]
    assert low <= above.min()
    assert above.max() <= high
    np.testing.assert_array_equal(spectrum.lines[0].get_ydata(), values[::-1])
    assert drawn(figure, tmp_path) > 10_000


@pytest.mark.parametrize(
    ("matrix", "values"),
    [
        (np.eye(5), np.ones(5)),  # all pairs alike
        (np.ones((4, 4)), np.array([0, 0, 0, 4.0])),  # eigenvalues of 0
        (relatives(4).astype(np.float32), np.array([4.0, 1.0, 2.0, 3.0])),
    ],
)
def test_kinships_at_their_bounds(matrix, values, tmp_path):
    figure = kinship(matrix, values)
    low, high = figure.axes[1].get_ylim()
    assert 0 < low < values[values > 0].min()
    assert high > values.max()
    shown = [value for value in sorted(values, reverse=True) if value > 0]
    assert list(figure.axes[1].lines[0].get_ydata()) == shown
    zeros = "(0 and not shown: 3)" in figure.axes[1].get_xlabel()
    assert zeros == (len(shown) < len(values))
    drawn(figure, tmp_path)
