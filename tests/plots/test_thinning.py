import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure

from gemcont.plots import thinning
from gemcont.plots.thinning import thin


@pytest.fixture
def cloud(rng):
    x = rng.uniform(0, 3000, 100_000)
    return x, rng.exponential(size=len(x)) / np.log(10)


@pytest.fixture
def rng():
    return np.random.default_rng(1)


def thin_slowly(x, y, cells):
    """The same in a plain loop, for finite values."""
    best = {}
    for i in range(len(x)):
        cell = tuple(
            min(int((v[i] - v.min()) * (n / (v.max() - v.min()))), n - 1)
            for v, n in zip((x, y), cells, strict=True)
        )
        if cell not in best or y[i] > y[best[cell]]:
            best[cell] = i
    return sorted(best.values())


@pytest.mark.parametrize("chunk", [1, 7, 64, 10_000])
def test_equals_plain_loop_for_any_chunk(rng, monkeypatch, chunk):
    monkeypatch.setattr(thinning, "_CHUNK", chunk)
    x, y = rng.uniform(-5, 9, 400), rng.exponential(size=400)
    y[::3] = y[0]  # ties
    np.testing.assert_array_equal(thin(x, y, (9, 5)), thin_slowly(x, y, (9, 5)))


def test_keeps_maximum_and_at_most_one_point_per_cell(cloud):
    x, y = cloud
    kept = thin(x, y, (20, 30))
    assert np.argmax(y) in kept
    assert len(kept) <= 600
    assert np.all(np.diff(kept) > 0)


def test_keeps_every_point_that_is_alone(rng):
    x, y = rng.permutation(1000), rng.uniform(size=1000)
    np.testing.assert_array_equal(thin(x, y, (1000, 3)), np.arange(1000))


def test_thinning_again_changes_nothing_while_the_range_stays(cloud):
    # Points alone in the lower corners stay, and with them the grid.
    x, y = np.append(cloud[0], [-100, 3100]), np.append(cloud[1], [-1, -1])
    kept = thin(x, y, (200, 300))
    assert len(kept) < 0.5 * len(x)
    np.testing.assert_array_equal(thin(x[kept], y[kept], (200, 300)), np.arange(len(kept)))


def test_order_of_points_is_irrelevant(cloud, rng):
    x, y = cloud
    order = rng.permutation(len(x))
    shuffled = order[thin(x[order], y[order], (100, 100))]
    np.testing.assert_array_equal(np.sort(shuffled), thin(x, y, (100, 100)))


def test_drops_what_cannot_be_drawn_and_keeps_infinite_heights():
    x = np.array([0.0, 1.0, np.nan, 2.0, np.inf, 3.0])
    y = np.array([1.0, np.nan, 5.0, np.inf, 2.0, 4.0])
    np.testing.assert_array_equal(thin(x, y), [0, 3, 5])


@pytest.mark.parametrize(
    ("x", "y", "kept"),
    [
        ([], [], []),
        ([3.0], [2.0], [0]),
        ([np.nan], [1.0], []),
        ([2, 2, 2], [1, 5, 5], [0, 1]),
        ([1, 2, 3], [np.inf, np.inf, np.inf], [0, 1, 2]),
    ],
)
def test_ranges_of_no_width(x, y, kept):
    assert thin(x, y).tolist() == kept


def test_rejects_unequal_lengths():
    with pytest.raises(ValueError, match="points"):
        thin([1.0, 2.0], [1.0])


def test_picture_hardly_changes(cloud):
    x, y = cloud
    kept = thin(x, y)
    coarse = thin(x, y, (30, 30))
    full = _pixels(x, y)
    assert len(kept) < len(x)
    assert np.mean(np.abs(full - _pixels(x[kept], y[kept])) > 16) < 0.001
    # The comparison can fail: a grid much coarser than the pixels does change the picture.
    assert np.mean(np.abs(full - _pixels(x[coarse], y[coarse])) > 16) > 0.05


def _pixels(x, y):
    figure = Figure(figsize=(5, 3), dpi=100)
    axes = figure.add_axes((0, 0, 1, 1))
    axes.plot(x, y, "o", markersize=1.5, markeredgewidth=0)
    axes.set(xlim=(0, 3000), ylim=(0, 6))
    canvas = FigureCanvasAgg(figure)
    canvas.draw()
    return np.asarray(canvas.buffer_rgba())[..., 0].astype(int)
