import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from scipy.special import betainc

from gemcont.plots.qq import confidence_band, drawn_ranks, expected, qq


def _null(n, seed=1):
    return np.random.default_rng(seed).exponential(size=n) / np.log(10)


def _points(figure, marker="o"):
    lines = [line for line in figure.axes[0].lines if line.get_marker() == marker]
    return lines[0].get_xydata()


def _text(figure):
    return "\n".join(text.get_text() for text in figure.axes[0].texts)


def test_points_are_sorted_observed_against_expected():
    height = _null(500)
    height[::5] = np.nan
    points = _points(qq(height))
    np.testing.assert_allclose(points[:, 1], np.sort(height[~np.isnan(height)])[::-1])
    np.testing.assert_allclose(points[:, 0], -np.log10((np.arange(400) + 0.5) / 400))


def test_all_of_the_top_are_drawn_and_the_rest_is_thinned():
    height = _null(200_000)
    points = _points(qq(height))
    np.testing.assert_array_equal(points[:1000, 1], np.sort(height)[::-1][:1000])
    assert 3000 < len(points) <= 6000
    assert points[-1, 1] == height.min()
    assert np.all(np.diff(points, axis=0) <= 0)


@pytest.mark.parametrize("n", [1, 2, 999, 1000, 1001, 6000, 10**7])
def test_ranks_hold_both_ends_and_leave_no_gap(n):
    rank = drawn_ranks(n)
    assert rank[0] == 1
    assert rank[-1] == n
    assert len(rank) <= 6000
    assert np.abs(np.diff(expected(rank[999:], n))).max(initial=0) < 0.005


@pytest.mark.parametrize("n", [1, 50, 10**4, 10**7])
def test_band_covers_the_diagonal_and_falls_with_rank(n):
    rank = np.unique(np.geomspace(1, n, 200).round())
    lower, upper = confidence_band(rank, n, 0.95)
    assert np.all(lower < expected(rank, n))
    assert np.all(expected(rank, n) < upper)
    assert np.all(np.diff(lower) < 0)
    assert np.all(np.diff(upper) < 0)


@pytest.mark.parametrize("n", [1, 50, 10**4, 10**7])
def test_band_at_the_first_and_last_rank_has_a_closed_form(n):
    q = np.array([0.975, 0.025])
    first = -np.log10(-np.expm1(np.log1p(-q) / n))
    last = -np.log(q) / n / np.log(10)
    np.testing.assert_allclose(np.ravel(confidence_band([1], n, 0.95)), first, rtol=1e-10)
    np.testing.assert_allclose(np.ravel(confidence_band([n], n, 0.95)), last, rtol=1e-6)


def test_band_holds_its_share_at_every_rank_of_ten_million():
    n = 10**7
    rank = np.geomspace(1, n, 200).round()
    lower, upper = confidence_band(rank, n, 0.9)
    below = betainc(rank, n - rank + 1, 10**-upper)
    above = betainc(rank, n - rank + 1, 10**-lower)
    np.testing.assert_allclose(below, 0.05, rtol=1e-6)
    np.testing.assert_allclose(above, 0.95, rtol=1e-6)


def test_band_covers_simulated_null_ranks():
    n, rank = 200, np.array([1, 10, 100, 200])
    lower, upper = confidence_band(rank, n, 0.95)
    sorted_null = -np.sort(-_null(4000 * n).reshape(4000, n))[:, rank - 1]
    covered = np.mean((lower < sorted_null) & (sorted_null < upper), axis=0)
    np.testing.assert_allclose(covered, 0.95, atol=0.015)


def test_numbers_are_written():
    text = _text(qq(_null(12_345), lambda_gc=1.0349, title="A trait"))
    assert "= 1.03" in text
    assert "12,345 tests" in text
    assert "lambda" not in _text(qq(_null(10)))


@pytest.mark.parametrize("height", [[], [np.nan]])
def test_nothing_tested_says_so(height):
    figure = qq(height, lambda_gc=np.nan)
    assert _text(figure) == "No variant was tested"
    FigureCanvasAgg(figure).draw()


def test_one_test():
    figure = qq([2.0])
    np.testing.assert_allclose(_points(figure), [[-np.log10(0.5), 2.0]])
    assert "1 test" in _text(figure)
    FigureCanvasAgg(figure).draw()


def test_infinite_values_are_triangles_on_the_upper_edge():
    figure = qq([np.inf, 50.0, 1.0])
    assert _points(figure, "^")[:, 1] == pytest.approx([52.5])
    np.testing.assert_allclose(_points(figure)[:, 1], [50.0, 1.0])
    assert figure.axes[0].get_ylim() == pytest.approx((0, 52.5))


def test_leaves_its_input_alone():
    height = _null(100)
    before = height.copy()
    qq(height)
    np.testing.assert_array_equal(height, before)


@pytest.mark.parametrize("band", [0, 1, 95])
def test_rejects_a_band_that_is_no_probability(band):
    with pytest.raises(ValueError, match="between 0 and 1"):
        qq([1.0], band=band)


def test_without_band():
    assert not qq(_null(100), band=None).axes[0].collections
    assert qq(_null(100)).axes[0].collections
