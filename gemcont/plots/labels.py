"""Place text so that no two pieces overlap. Lengths are in points (1/72 inch)."""

from collections.abc import Sequence
from typing import cast

import numpy as np
from matplotlib import patheffects
from matplotlib.axes import Axes
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.figure import Figure
from matplotlib.font_manager import FontProperties

_MOST_TICKS = 400  # more labels than this have no room on any page
_LIFT = 4.0  # from a point to the text above it


def text_sizes(figure: Figure, texts: Sequence[str], fontsize: float) -> np.ndarray:
    """Measure texts as `figure` would draw them: (texts, 2) widths and heights of line."""
    renderer = FigureCanvasAgg(figure).get_renderer()
    font = FontProperties(size=fontsize)

    def _measure(text):
        return renderer.get_text_width_height_descent(text, font, False)[:2]

    # A line is as high as "lp" even where the text has no descenders.
    sizes = [(_measure(text)[0], _measure(text + "lp")[1]) for text in texts]
    return np.reshape(sizes, (-1, 2)) * 72 / figure.dpi


def choose_ticks(
    centre: np.ndarray, width: np.ndarray, limits: tuple[float, float], pad: float = 4.0
) -> list[int]:
    """Pick tick labels that leave `pad` points between neighbours, the first ones first.

    Args:
        centre: (labels,) middle of each label, the most important label first.
        width: (labels,) width of each label.
        limits: smallest and largest coordinate that a label may cover.
        pad: smallest distance between two labels.

    Returns:
        list of indices into centre.
    """
    chosen: list[int] = []
    for i in range(len(centre)):
        inside = limits[0] <= centre[i] - width[i] / 2 and centre[i] + width[i] / 2 <= limits[1]
        room = (width[i] + width[chosen]) / 2 + pad
        if inside and np.all(np.abs(centre[i] - centre[chosen]) >= room):
            chosen.append(i)
    return chosen


def label_ticks(
    axes: Axes,
    x: np.ndarray,
    texts: Sequence[str],
    importance: np.ndarray,
    fontsize: float = 9,
) -> None:
    """Label places on the horizontal axis, leaving out the less important where it is crowded.

    Args:
        axes: the axes, with their final limits and place in the figure.
        x: (labels,) data coordinates.
        texts: (labels,) strings.
        importance: (labels,) numbers; a label gives way to a more important one.
        fontsize: points.
    """
    order = np.argsort(-np.asarray(importance), kind="stable")[:_MOST_TICKS]
    centre, figure = _to_points(axes, x, np.zeros(len(x)))[order, 0], cast(Figure, axes.figure)
    ordered = [texts[i] for i in order]
    width = text_sizes(figure, ordered, fontsize)[:, 0]
    chosen = choose_ticks(centre, width, (0, 72 * figure.get_figwidth()))
    chosen.sort(key=lambda i: centre[i])
    axes.set_xticks(
        np.asarray(x)[order][chosen],
        [ordered[i] for i in chosen],
        fontsize=fontsize,
        parse_math=False,
    )


def label_points(
    axes: Axes, x: np.ndarray, y: np.ndarray, texts: Sequence[str], fontsize: float = 8
) -> None:
    """Write each text above its point, or at the nearest free place, joined by a thin line.

    Args:
        axes: the axes, with their final limits and place in the figure.
        x: (labels,) horizontal data coordinates.
        y: (labels,) vertical data coordinates.
        texts: (labels,) strings.
        fontsize: points.
    """
    anchor = _to_points(axes, x, y)
    size = text_sizes(cast(Figure, axes.figure), texts, fontsize) + 2
    bounds = axes.get_window_extent().get_points() * 72 / axes.figure.dpi
    corner = place_boxes(anchor, size, bounds)
    line = {"arrowstyle": "-", "linewidth": 0.6, "color": "0.4", "shrinkA": 0, "shrinkB": 2}
    halo = [patheffects.withStroke(linewidth=2, foreground="white")]
    for i, text in enumerate(texts):
        shift = corner[i] + [size[i, 0] / 2, 0] - anchor[i]
        moved = np.hypot(*(shift - [0, _LIFT])) > 1
        axes.annotate(
            text,
            (x[i], y[i]),
            xytext=shift,
            textcoords="offset points",
            ha="center",
            va="bottom",
            fontsize=fontsize,
            style="italic",
            parse_math=False,
            zorder=5,
            path_effects=halo,
            arrowprops=line if moved else None,
        )


def place_boxes(anchor: np.ndarray, size: np.ndarray, bounds: np.ndarray) -> np.ndarray:
    """Find a free place for each box near its anchor, the highest anchor first.

    Args:
        anchor: (boxes, 2) points that the boxes name; no box covers any of them.
        size: (boxes, 2) widths and heights.
        bounds: (2, 2) lower left and upper right corner of the room.

    Returns:
        (boxes, 2) lower left corners. A box for which no room is found stays above its anchor.
    """
    corner = anchor + [0, _LIFT] - size * [0.5, 0]
    corner = np.clip(corner, bounds[0], np.maximum(bounds[1] - size, bounds[0]))
    # What is taken: a little square about each anchor, then each box as it is placed.
    low, high = list(anchor - _LIFT / 2), list(anchor + _LIFT / 2)
    for i in np.argsort(-anchor[:, 1], kind="stable"):
        for candidate in corner[i] + _steps(size[i]):
            inside = np.all(candidate >= bounds[0]) and np.all(candidate + size[i] <= bounds[1])
            clear = (candidate >= high) | (candidate + size[i] <= low)
            if inside and np.all(clear.any(axis=1)):
                corner[i] = candidate
                break
        low.append(corner[i])
        high.append(corner[i] + size[i])
    return corner


def _steps(size):
    """List shifts of a box, the cheapest first: (steps, 2). Sideways is cheap, down is dear."""
    across, up = np.meshgrid(np.arange(-16, 17) / 4 * size[0], np.arange(-10, 21) / 2 * size[1])
    steps = np.column_stack([across.ravel(), up.ravel()])
    cost = np.hypot(steps[:, 0], steps[:, 1] * np.where(steps[:, 1] < 0, 4, 2))
    return steps[np.argsort(cost, kind="stable")]


def _to_points(axes, x, y):
    """Turn data coordinates into points from the figure's lower left corner: (labels, 2)."""
    return axes.transData.transform(np.column_stack([x, y])) * 72 / axes.figure.dpi
