import numpy as np
from matplotlib.figure import Figure

from gemcont.plots.qq_traits import qq_traits
from gemcont.stats.special import neg_log10_t_sf


def histogram(t, width=0.01, n=1001):
    bins = np.minimum(np.abs(t) / width, n - 1).astype(int)
    return np.array([np.bincount(row, minlength=n) for row in bins])


def test_points_are_the_tail_and_the_band_holds_the_traits():
    t = np.random.default_rng(1).standard_t(500, (40, 2000))
    figure = qq_traits(histogram(t), 0.01, 500, lambda_gc=1.0, title="a")
    assert isinstance(figure, Figure)
    points = figure.axes[0].lines[1]
    x, y = points.get_data()
    strongest = np.abs(t).max()
    assert x[-1] == -np.log10(0.5 / t.size)
    assert abs(y[-1] - neg_log10_t_sf(np.floor(strongest * 100) / 100, 500)) < 1e-9
    assert np.abs(x - y)[x < 3].max() < 0.1  # null tests lie on the diagonal
    texts = [text.get_text() for text in figure.axes[0].texts]
    assert any("80,000 tests" in text for text in texts)
    assert "grey: 90% of 40 traits" in texts


def test_a_band_needs_many_traits_and_reaches_to_the_strongest_of_them():
    t = np.random.default_rng(2).standard_t(500, (30, 2000))
    few = qq_traits(histogram(t[:5]), 0.01, 500).axes[0]
    assert not few.collections
    assert not any("grey" in text.get_text() for text in few.texts)
    t[:20, :3] = 40  # beyond the histogram: most traits, so the band's upper edge ends there
    many = qq_traits(histogram(t), 0.01, 500).axes[0]
    band = many.collections[0].get_paths()[0].vertices
    last = band[np.isclose(band[:, 0], band[:, 0].max())]
    assert last[:, 1].max() == neg_log10_t_sf(10.0, 500)
    assert any("|t| above 10" in text.get_text() for text in many.texts)


def test_nothing_tested_is_said():
    figure = qq_traits(np.zeros((3, 10), int), 0.01, 50)
    assert figure.axes[0].texts[0].get_text() == "No variant was tested"
