"""The quantile-quantile plot of many traits, from histograms of |t| instead of rows."""

import numpy as np
from matplotlib.figure import Figure

from gemcont.plots.qq import COLOUR, frame, write_numbers
from gemcont.stats.special import neg_log10_t_sf

_LEVELS = 200  # expected -log10 p at which traits are compared
_INNER = 0.9  # share of the traits inside the band
_FEWEST = 20  # traits that a band is drawn of: with fewer, nine in ten are all of them


def qq_traits(
    counts: np.ndarray,
    bin_width: float,
    dof: float | np.ndarray,
    *,
    lambda_gc: float | None = None,
    title: str | None = None,
) -> Figure:
    """Draw the tests of all traits, and a band that holds nine in ten of them from 20 traits up.

    A level of expected -log10 p is a share of a trait's tests; its observed -log10 p is that of
    the |t| which this share of them exceeds, to the width of a bin.

    Args:
        counts: (traits, bins) numbers of tests; the first bin begins at |t| = 0.
        bin_width: width of a bin of |t|; tests beyond the last bin are drawn at its lower edge.
        dof: degrees of freedom of t, a number or (traits,).
        lambda_gc: inflation factor to write into the plot; None for none.
        title: text above the plot.

    Returns:
        matplotlib.figure.Figure, 5 x 5 inches.
    """
    counts = counts[counts.sum(axis=1) > 0]
    figure, axes = frame(title)
    if not len(counts):
        axes.set(xticks=[], yticks=[])
        axes.text(0.5, 0.5, "No variant was tested", transform=axes.transAxes, ha="center")
        return figure
    dof = np.median(dof)
    pooled = counts.sum(axis=0)
    x, y = _curve(pooled, bin_width, dof)
    right = top = 1.05 * x[-1]
    if len(counts) >= _FEWEST:
        levels, low, high = _band(counts, bin_width, dof)
        axes.fill_between(levels, low, high, color="0.82", linewidth=0, zorder=1)
        band = f"grey: {_INNER:.0%} of {len(counts):,} traits"
        axes.text(0.97, 0.04, band, transform=axes.transAxes, ha="right", fontsize=9)
        right, top = max(right, 1.05 * levels[-1]), 1.05 * high.max()
    top = max(top, right, 1.05 * y[-1])
    axes.set(xlim=(0, right), ylim=(0, top))
    axes.plot([0, right], [0, right], color="0.35", linewidth=0.9, linestyle="--", zorder=2)
    axes.plot(x, y, "o", color=COLOUR, markersize=3.2, markeredgewidth=0, zorder=3)
    write_numbers(axes, int(pooled.sum()), lambda_gc)
    if counts[:, -1].any():
        limit = f"|t| above {bin_width * (counts.shape[1] - 1):g} lie here or higher"
        axes.text(x[-1], y[-1], f"{limit}  ", ha="right", va="center", fontsize=9)
    return figure


def _band(counts, bin_width, dof):
    """Return levels of expected -log10 p and the observed range of nine in ten of the traits."""
    levels = np.linspace(0, np.log10(counts.sum(axis=1).max()), _LEVELS)
    each = np.array([_at(row, bin_width, dof, levels) for row in counts])
    some = ~np.isnan(each).all(axis=0)
    edge = (1 - _INNER) / 2
    return levels[some], *np.nanquantile(each[:, some], (edge, 1 - edge), axis=0)


def _curve(counts, bin_width, dof):
    """Return expected and observed -log10 p at the lower edges of the bins that hold any test."""
    filled = np.flatnonzero(counts)
    above = np.cumsum(counts[::-1])[::-1][filled]
    expected = -np.log10((above - 0.5) / above[0])
    return expected, neg_log10_t_sf(bin_width * filled, dof)


def _at(counts, bin_width, dof, levels):
    """Return observed -log10 p at expected ones; NaN beyond the trait's own number of tests."""
    x, y = _curve(counts, bin_width, dof)
    observed = np.interp(levels, x, y)
    observed[levels > np.log10(counts.sum())] = np.nan
    return observed
