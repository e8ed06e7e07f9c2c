"""The regional plot: -log10 p around one locus, coloured by linkage to the index variant."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

from gemcont.plots.labels import text_sizes

# Okabe and Ito's colours, told apart by the colour-blind; grey where r2 is unknown.
_COLOURS = ("#8f9aa6", "#56b4e9", "#009e73", "#e69f00", "#d55e00")
_UNKNOWN, _INDEX = "#d0d0d0", "#6a3d9a"
_STEP = 0.2  # of r2, per colour
_GENE_ROWS = 6
_GENE_HEIGHT = 0.22  # inches per row of genes
_NAME_SIZE = 7.5  # points


def regional(
    position: np.ndarray,
    neg_log_10_p: np.ndarray,
    r2: np.ndarray,
    index: int,
    *,
    chromosome: str,
    title: str | None = None,
    significance: float = 5e-8,
    genes: Sequence[tuple[int, int, str]] = (),
) -> Figure:
    """Draw -log10 p against position, each variant coloured by its r2 to the index variant.

    Args:
        position: (variants,) base pairs, in any order.
        neg_log_10_p: (variants,) -log10 p, NaN where there is none.
        r2: (variants,) with the index variant, NaN where it is unknown.
        index: position of the index variant in these arrays.
        chromosome: name of the chromosome.
        title: text above the plot.
        significance: p of the dashed line.
        genes: (start, end, name) of genes in base pairs, drawn below in as many rows as they need,
            at most six.

    Returns:
        matplotlib.figure.Figure, 7 inches wide.

    Raises:
        ValueError: the arrays are not (variants,) of one length.
    """
    position, height, r2 = (np.asarray(a, dtype=float) for a in (position, neg_log_10_p, r2))
    if not position.shape == height.shape == r2.shape or position.ndim != 1:
        raise ValueError(
            f"the arrays must be (variants,) of one length, not {position.shape}, "
            f"{height.shape}, {r2.shape}"
        )
    megabase = position / 1e6
    low, high = _limits(megabase)
    shown = [g for g in genes if g[1] / 1e6 >= low and g[0] / 1e6 <= high]
    rows = min(_GENE_ROWS, len(shown))
    figure = Figure(figsize=(7, 3.9 + _GENE_HEIGHT * rows), dpi=150)
    axes, track = _axes(figure, rows)
    axes.set_xlim(low, high)
    _draw_variants(axes, megabase, height, r2, index)
    threshold = -np.log10(significance)
    if threshold <= axes.get_ylim()[1]:
        axes.axhline(threshold, color="0.35", linestyle="--", linewidth=0.9, zorder=0)
    if title:
        axes.set_title(title, fontsize=11, loc="left", parse_math=False)
    bottom = axes
    if track is not None:
        _draw_genes(track, shown, (low, high), megabase[index])
        bottom = track
    name = chromosome if len(chromosome) > 2 else f"chromosome {chromosome}"
    bottom.set_xlabel(f"Position on {name} (Mb)", fontsize=10, parse_math=False)
    bottom.ticklabel_format(axis="x", useOffset=False, style="plain")
    return figure


def _limits(megabase):
    low, high = megabase.min(), megabase.max()
    pad = max(0.03 * (high - low), 0.001)
    return low - pad, high + pad


def _axes(figure, rows):
    """Add the plot's axes and, where there are genes, the axes of the track below it."""
    height = figure.get_figheight()
    bottom = (0.55 + _GENE_HEIGHT * rows) / height
    axes = figure.add_axes((0.085, bottom, 0.775, 1 - bottom - 0.35 / height))
    axes.spines[["top", "right"]].set_visible(False)
    axes.set_ylabel(r"$-\log_{10}\,p$", fontsize=10)
    axes.tick_params(labelsize=8.5)
    if not rows:
        return axes, None
    axes.tick_params(labelbottom=False)
    track = figure.add_axes((0.085, 0.5 / height, 0.775, _GENE_HEIGHT * rows / height), sharex=axes)
    track.spines[["top", "right", "left"]].set_visible(False)
    track.set_yticks([])
    track.tick_params(labelsize=8.5)
    return axes, track


def _draw_variants(axes, x, height, r2, index):
    """Draw the variants from the weakest to the strongest linkage, the index variant on top."""
    top = np.max(height, where=np.isfinite(height), initial=1.0)
    axes.set_ylim(0, 1.12 * top)
    step = np.minimum(r2 / _STEP, len(_COLOURS) - 1)
    step = np.where(np.isnan(step), -1, step).astype(int)
    others = np.arange(len(x)) != index
    crowd = float(np.interp(len(x), [300, 3000], [0, 1]))  # many points are drawn smaller
    style = {"linestyle": "none", "markeredgecolor": "0.25", "marker": "o"}
    style["markeredgewidth"] = 0.3 * (1 - crowd)
    for colour in range(-1, len(_COLOURS)):
        some = others & (step == colour)
        face = _COLOURS[colour] if colour >= 0 else _UNKNOWN
        text = f"{_STEP * colour:.1f} to {_STEP * (colour + 1):.1f}" if colour >= 0 else "unknown"
        if some.any() or colour >= 0:
            axes.plot(
                x[some], height[some], color=face, markersize=4 - 1.6 * crowd, label=text, **style
            )
    style |= {"marker": "D", "markeredgewidth": 0.3}
    axes.plot(x[[index]], height[[index]], color=_INDEX, markersize=6, label="index", **style)
    handles, labels = axes.get_legend_handles_labels()
    axes.legend(
        handles[::-1],
        labels[::-1],
        title="$r^2$",
        fontsize=7.5,
        title_fontsize=8.5,
        frameon=False,
        loc="upper left",
        bbox_to_anchor=(1.0, 1.0),
        handletextpad=0.3,
        borderaxespad=0.2,
    )


def _draw_genes(track, genes, limits, centre):
    """Draw genes as bars with names above them, each gene in the first row that has room for it.

    Genes nearest to ``centre`` (Mb) are placed first, so that a crowd hides the farthest.
    """
    names = [str(name) for _, _, name in genes]
    inches = track.get_position().width * track.figure.get_figwidth()
    per_point = (limits[1] - limits[0]) / (72 * inches)
    widths = text_sizes(track.figure, names, _NAME_SIZE)[:, 0] * per_point
    hidden = 0
    middles = np.array([(start + end) / 2e6 for start, end, _ in genes])
    order = np.argsort(np.abs(middles - centre), kind="stable")  # the nearest have room first
    taken = [[] for _ in range(_GENE_ROWS)]
    for i in order:
        start, end = max(genes[i][0] / 1e6, limits[0]), min(genes[i][1] / 1e6, limits[1])
        middle = min(max((start + end) / 2, limits[0] + widths[i] / 2), limits[1] - widths[i] / 2)
        left = min(start, middle - widths[i] / 2)
        right = max(end, middle + widths[i] / 2) + 6 * per_point
        free = (all(right <= a or left >= b for a, b in spans) for spans in taken)
        row = next((r for r, fits in enumerate(free) if fits), None)
        if row is None:
            hidden += 1
            continue
        taken[row].append((left, right))
        track.plot([start, end], [-row, -row], color="#1f4e79", linewidth=3, solid_capstyle="butt")
        track.text(
            middle,
            -row + 0.16,
            names[i],
            fontsize=_NAME_SIZE,
            style="italic",
            ha="center",
            va="bottom",
            parse_math=False,
        )
    rows = sum(bool(spans) for spans in taken)
    track.set_ylim(-max(rows, 1) + 0.6, 0.95)
    if hidden:
        track.text(
            1.005,
            0.0,
            f"{hidden} more",
            transform=track.transAxes,
            fontsize=_NAME_SIZE,
            va="bottom",
        )
