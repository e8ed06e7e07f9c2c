"""Allele frequencies against each other."""

import numpy as np

from gemcont.plots.frequencies import frequencies


def test_far_frequencies_are_counted_and_coloured():
    x = np.linspace(0.05, 0.95, 50)
    y = x.copy()
    y[:5] = 1 - y[:5]
    y[10] = np.nan
    figure = frequencies([("one", "two", x, y)])
    axes = figure.axes[0]
    assert axes.get_title(loc="left") == "49 variants, 5 differ by over 0.2"
    near, far = axes.lines[:2]
    assert (len(near.get_xdata()), len(far.get_xdata())) == (44, 5)
    assert (axes.get_xlabel(), axes.get_ylabel()) == ("one", "two")


def test_panels_by_pair():
    one = np.array([0.5])
    figure = frequencies([(f"a{i}", "b", one, one) for i in range(15)])
    assert len([a for a in figure.axes if a.get_visible()]) == 12
    figure = frequencies([("a", "b", np.empty(0), np.empty(0))] * 2)
    assert len([a for a in figure.axes if a.get_visible()]) == 2
