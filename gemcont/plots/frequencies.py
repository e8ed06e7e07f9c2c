"""Allele frequencies of cohorts against each other: strand errors show as a second diagonal."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from gemcont.plots.thinning import thin

_SIDE = 2.6  # inches of a panel
_ACROSS = 3  # panels in a row
_MOST = 12  # panels
_FAR = 0.2  # difference of frequencies that is drawn in the accent
_COLOUR, _ACCENT = "#1f4e79", "#d55e00"


def frequencies(pairs: Sequence[tuple[str, str, np.ndarray, np.ndarray]]) -> Figure:
    """Draw one panel per pair of cohorts, at most twelve.

    Args:
        pairs: list of (name, name, frequencies, frequencies) with the frequencies of the same
            effect allele of the variants that both cohorts have, (variants,) each.

    Returns:
        matplotlib.figure.Figure
    """
    pairs = pairs[:_MOST]
    across = min(_ACROSS, max(len(pairs), 1))
    down = -(-max(len(pairs), 1) // across)
    figure = Figure(figsize=(_SIDE * across + 0.3, _SIDE * down + 0.3), dpi=150)
    axes = figure.subplots(down, across, squeeze=False).ravel()
    for panel in axes[len(pairs) :]:
        panel.set_visible(False)
    for panel, pair in zip(axes, pairs, strict=False):
        _draw(panel, *pair)
    figure.tight_layout()
    return figure


def _draw(axes, first, second, x, y):
    x, y = np.asarray(x, dtype=float), np.asarray(y, dtype=float)
    known = ~(np.isnan(x) | np.isnan(y))
    x, y = x[known], y[known]
    far = np.abs(x - y) > _FAR
    style = {"linestyle": "none", "markeredgewidth": 0, "rasterized": True}
    for some, colour, size in ((~far, _COLOUR, 1.6), (far, _ACCENT, 2.2)):
        kept = np.flatnonzero(some)
        kept = kept[thin(x[kept], y[kept], cells=(400, 400))]
        axes.plot(x[kept], y[kept], "o", color=colour, markersize=size, **style)
    axes.plot([0, 1], [0, 1], color="0.35", linewidth=0.8, linestyle="--", zorder=3)
    axes.set(xlim=(-0.02, 1.02), ylim=(-0.02, 1.02), aspect="equal")
    axes.set_xticks([0, 0.5, 1])
    axes.set_yticks([0, 0.5, 1])
    axes.tick_params(labelsize=8)
    axes.set_xlabel(first, fontsize=8.5, parse_math=False)
    axes.set_ylabel(second, fontsize=8.5, parse_math=False)
    axes.set_title(
        f"{len(x):,} variants, {far.sum():,} differ by over {_FAR:g}", fontsize=7.5, loc="left"
    )
    axes.spines[["top", "right"]].set_visible(False)
