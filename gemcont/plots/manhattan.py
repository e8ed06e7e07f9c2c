"""The Manhattan plot: -log10 p of every variant along the genome."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from gemcont.plots.genome import genome_axis
from gemcont.plots.labels import label_points, label_ticks
from gemcont.plots.thinning import thin

# Dark and light blue differ in lightness, the accent in hue: all three survive colour blindness
# and the first two a black-and-white printer.
_COLOURS, _ACCENT = ("#1f4e79", "#7fb2dc"), "#d55e00"
_STRIPS = 400  # most pieces that the genome is drawn in
_LOWEST_TOP = 8.0  # -log10 p: room for the genome-wide line where nothing is significant


def manhattan(
    chromosome: np.ndarray,
    position: np.ndarray,
    neg_log_10_p: np.ndarray,
    *,
    names: Sequence[str],
    title: str | None = None,
    significance: float | None = 5e-8,
    suggestive: float | None = 1e-5,
    labels: Sequence[tuple[int, str]] | None = None,
) -> Figure:
    """Draw -log10 p against position, chromosome after chromosome.

    Points that would hide behind others are left out (`thinning.thin`), and points stay pixels in
    vector files. Chromosomes without a tested variant take no room. With one chromosome only, the
    horizontal axis is in Mb. Variants whose -log10 p is infinite (p printed as 0 by another
    program) are triangles on the upper edge.

    Args:
        chromosome: (variants,) integer codes, indices into names.
        position: (variants,) base pairs, in any order within a chromosome.
        neg_log_10_p: (variants,) -log10 p; NaN where a variant was not tested.
        names: names of the chromosomes, in the order in which they are drawn.
        title: text above the plot.
        significance: p below which a variant is emphasised, a dashed line; None for neither.
        suggestive: p of the dotted line; None for no line.
        labels: (variant index, text) pairs to write next to points; those whose -log10 p is NaN
            are skipped.

    Returns:
        matplotlib.figure.Figure, 11 x 4 inches.

    Raises:
        ValueError: the arrays are not (variants,) of one length, or a code has no name.
    """
    chromosome, position, height = _checked(chromosome, position, neg_log_10_p)
    figure, axes = _frame(title)
    tested = ~np.isnan(height)
    axis = genome_axis(chromosome, position, tested, len(names))
    if not len(axis.present):
        return _nothing_tested(figure, axes)
    x = axis.x(chromosome, position)
    top = max(_LOWEST_TOP, np.max(height, where=np.isfinite(height), initial=0.0))
    # Labels stand above the peaks and need headroom there.
    axes.set_ylim(0, top * (1.2 if labels else 1.05))
    pad = 0.008 * (axis.end[-1] - axis.start[0])
    axes.set_xlim(axis.start[0] - pad, axis.end[-1] + pad)
    kept = thin(x, height)
    rank = np.searchsorted(axis.present, chromosome[kept])
    threshold = _threshold(significance)
    _draw_points(axes, x[kept], height[kept], rank, threshold)
    _draw_lines(axes, threshold, _threshold(suggestive))
    _name_chromosomes(axes, axis, names)
    _name_points(axes, x, height, labels or [])
    return figure


def _checked(chromosome, position, height):
    arrays = np.asarray(chromosome), np.asarray(position), np.asarray(height)
    shapes = [array.shape for array in arrays]
    if arrays[0].ndim != 1 or len(set(shapes)) != 1:
        raise ValueError(f"the arrays must be (variants,) of one length, not {shapes}")
    # An empty list is float64; as indices the codes have to be integers.
    codes = arrays[0] if arrays[0].size else arrays[0].astype(np.int64)
    if codes.dtype.kind not in "iu":
        raise ValueError(f"chromosome codes must be integers, not {codes.dtype}")
    return codes, arrays[1], arrays[2]


def _frame(title):
    figure = Figure(figsize=(11, 4), dpi=150)
    axes = figure.add_axes((0.062, 0.135, 0.91, 0.775 if title else 0.835))
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_ylabel(r"$-\log_{10}\,p$", fontsize=11)
    axes.tick_params(labelsize=9)
    # Five digits have no room.
    axes.ticklabel_format(axis="y", scilimits=(-3, 4), useMathText=True)
    if title:
        axes.set_title(title, fontsize=12, loc="left", parse_math=False)
    return figure, axes


def _nothing_tested(figure, axes):
    axes.set(xticks=[], yticks=[])
    axes.text(0.5, 0.5, "No variant was tested", transform=axes.transAxes, ha="center")
    return figure


def _threshold(p):
    return np.inf if p is None else -np.log10(p)


def _draw_points(axes, x, height, rank, threshold):
    """Draw all finite points, the significant ones again in the accent, and the infinite ones."""
    # Few points are easier to see large; many give a smoother skyline when small.
    size = float(np.interp(np.log10(len(x)), [3.5, 5.5], [3.4, 2.0]))
    style = {"linestyle": "none", "markeredgewidth": 0, "rasterized": True}
    finite = np.isfinite(height)
    for some, colour in _coloured(rank, finite):
        axes.plot(x[some], height[some], "o", color=colour, markersize=size, **style)
    strong = finite & (height >= threshold)
    style["color"] = _ACCENT
    axes.plot(x[strong], height[strong], "o", markersize=size + 1, zorder=3, **style)
    edge = np.full((~finite).sum(), axes.get_ylim()[1])
    axes.plot(x[~finite], edge, "^", markersize=5, clip_on=False, zorder=4, **style)


def _coloured(rank, finite):
    """Split the finite points by colour, from left to right: yield their indices and a colour.

    Were all of one colour drawn first, the other would cover it where chromosomes are narrower
    than a point. Beyond _STRIPS chromosomes, neighbours are drawn together: each call of plot
    costs a millisecond.
    """
    wide = max(1, -(-(rank.max() + 1) // _STRIPS))
    group = rank // wide * 2 + rank % 2
    group[~finite] = -1
    order = np.argsort(group, kind="stable")
    for some in np.split(order, np.flatnonzero(np.diff(group[order])) + 1):
        if finite[some[0]]:
            yield some, _COLOURS[rank[some[0]] % 2]


def _draw_lines(axes, significance, suggestive):
    """Draw the two thresholds where the vertical axis reaches them."""
    for height, style, width in ((significance, "--", 0.9), (suggestive, ":", 0.8)):
        if height <= axes.get_ylim()[1]:
            axes.axhline(height, color="0.35", linestyle=style, linewidth=width, zorder=2.5)


def _name_chromosomes(axes, axis, names):
    present = [str(names[code]) for code in axis.present]
    if len(present) > 1:
        axes.set_xlabel("Chromosome", fontsize=11)
        label_ticks(axes, (axis.start + axis.end) / 2, present, axis.end - axis.start)
        return
    # "5" or "X" needs the word; "chr5" or "scaffold_5" says what it is.
    name = present[0] if len(present[0]) > 2 else f"chromosome {present[0]}"
    axes.set_xlabel(f"Position on {name} (Mb)", fontsize=11, parse_math=False)


def _name_points(axes, x, height, labels):
    drawn = [(index, text) for index, text in labels if not np.isnan(height[index])]
    if drawn:
        index = np.array([index for index, _ in drawn])
        level = np.minimum(height[index], axes.get_ylim()[1])
        label_points(axes, x[index], level, [text for _, text in drawn])
