"""The quantile-quantile plot: observed against expected -log10 p."""

import numpy as np
from matplotlib.axes import Axes
from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator
from scipy.special import betaincinv

COLOUR = "#1f4e79"
_ALL_OF_TOP, _OF_THE_REST = 1000, 5000  # points drawn
_BAND_RANKS = 200


def qq(
    neg_log_10_p: np.ndarray,
    *,
    lambda_gc: float | None = None,
    title: str | None = None,
    band: float | None = 0.95,
) -> Figure:
    """Draw the sorted -log10 p against what uniform p would give.

    The i-th smallest of n uniform p follows Beta(i, n - i + 1); it is drawn at (i - 0.5) / n, and
    the shaded band holds the central `band` of that distribution, rank by rank: it is pointwise,
    for independent tests. All of the 1,000 strongest are drawn and some 5,000 of the others.
    Infinite values (p printed as 0 by another program) are triangles on the upper edge.

    Args:
        neg_log_10_p: (variants,) -log10 p; NaN where a variant was not tested.
        lambda_gc: inflation factor to write into the plot; None for none.
        title: text above the plot.
        band: probability that the band covers a rank; None for no band.

    Returns:
        matplotlib.figure.Figure, 5 x 5 inches.

    Raises:
        ValueError: band is not between 0 and 1.
    """
    if band is not None and not 0 < band < 1:
        raise ValueError(f"band must lie between 0 and 1, not {band}")
    observed = np.ravel(neg_log_10_p)
    observed = observed[~np.isnan(observed)]
    observed.sort()  # in place: this is a copy
    figure, axes = frame(title)
    if not len(observed):
        axes.set(xticks=[], yticks=[])
        axes.text(0.5, 0.5, "No variant was tested", transform=axes.transAxes, ha="center")
        return figure
    highest = 0.0 if band is None else _draw_band(axes, len(observed), band)
    _draw_points(axes, observed, highest)
    write_numbers(axes, len(observed), lambda_gc)
    return figure


def expected(rank: np.ndarray, n: int) -> np.ndarray:
    """Return -log10 of (rank - 0.5) / n for ranks from 1, the strongest, to n."""
    return -np.log10((rank - 0.5) / n)


def drawn_ranks(n: int) -> np.ndarray:
    """Pick the ranks that are drawn of n: the first 1,000 and then evenly on the log scale."""
    rest = np.geomspace(min(n, _ALL_OF_TOP), n, _OF_THE_REST).round().astype(np.int64)
    return np.union1d(np.arange(1, min(n, _ALL_OF_TOP) + 1), rest)


def confidence_band(rank: np.ndarray, n: int, band: float) -> tuple[np.ndarray, np.ndarray]:
    """Return the central interval of -log10 of the rank-th smallest of n uniform p.

    Args:
        rank: (ranks,) from 1 to n.
        n: number of tests.
        band: probability inside the interval.

    Returns:
        lower, upper: (ranks,) -log10 p.
    """
    tail = (1 - band) / 2
    rank = np.asarray(rank, dtype=np.float64)
    lower = -np.log10(betaincinv(rank, n - rank + 1, 1 - tail))
    upper = -np.log10(betaincinv(rank, n - rank + 1, tail))
    return lower, upper


def frame(title: str | None) -> tuple[Figure, Axes]:
    """Return an empty figure of the plot's size and axes."""
    figure = Figure(figsize=(5, 5), dpi=150)
    lines = title.count("\n") + 1 if title else 0
    axes = figure.add_axes((0.15, 0.12, 0.81, 0.85 - 0.05 * lines))
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_xlabel(r"Expected $-\log_{10}\,p$", fontsize=11)
    axes.set_ylabel(r"Observed $-\log_{10}\,p$", fontsize=11)
    axes.tick_params(labelsize=9)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    axes.yaxis.set_major_locator(MaxNLocator(integer=True, steps=[1, 2, 5, 10]))
    # Five digits have no room.
    axes.ticklabel_format(axis="y", scilimits=(-3, 4), useMathText=True)
    if title:
        axes.set_title(title, fontsize=11, loc="left", parse_math=False)
    return figure, axes


def _draw_band(axes, n, band):
    """Draw the band and return its highest -log10 p."""
    rank = np.unique(np.geomspace(1, n, _BAND_RANKS).round())
    lower, upper = confidence_band(rank, n, band)
    axes.fill_between(expected(rank, n), lower, upper, color="0.85", linewidth=0, zorder=1)
    return upper[0]


def _draw_points(axes, ascending, highest):
    """Draw the diagonal and the points, and set limits that hold them and `highest`."""
    n = len(ascending)
    rank = drawn_ranks(n)
    x, y = expected(rank, n), ascending[n - rank]
    infinite = np.isinf(y)
    right = 1.05 * x[0]
    top = 1.05 * max(highest, right, np.max(y, where=~infinite, initial=0.0))
    axes.set(xlim=(0, right), ylim=(0, top))
    axes.plot([0, right], [0, right], color="0.35", linewidth=0.9, linestyle="--", zorder=2)
    style = {"color": COLOUR, "linestyle": "none", "markeredgewidth": 0, "rasterized": True}
    axes.plot(x[~infinite], y[~infinite], "o", markersize=3.2, zorder=3, **style)
    edge = np.full(infinite.sum(), top)
    axes.plot(x[infinite], edge, "^", markersize=5, clip_on=False, zorder=4, **style)


def write_numbers(axes: Axes, n: int, lambda_gc: float | None) -> None:
    """Write lambda, where given, and the number of tests into the upper left corner."""
    lines = [f"{n:,} test{'s' if n > 1 else ''}"]
    if lambda_gc is not None:
        lines.insert(0, rf"$\lambda_\mathrm{{GC}}$ = {lambda_gc:.2f}")
    axes.text(
        0.04,
        0.96,
        "\n".join(lines),
        transform=axes.transAxes,
        va="top",
        fontsize=10,
        linespacing=1.5,
    )
