"""Heritabilities of traits, and how their genetic and residual parts correlate."""

from collections.abc import Sequence

import numpy as np
from matplotlib.figure import Figure

_POINT, _ERROR = "#1f4e79", "0.55"
_NAMED = 40  # traits up to which each has its name
_LARGE = 5  # traits up to which its number is large
_NUMBERED = 10  # traits up to which a correlation is written into its square


def heritability(
    names: Sequence[str],
    share: np.ndarray,
    error: np.ndarray,
    genetic: np.ndarray | None = None,
    residual: np.ndarray | None = None,
    *,
    errors: tuple[np.ndarray, np.ndarray] | None = None,
    title: str | None = None,
) -> Figure:
    """Draw heritabilities with 95 % intervals, and a matrix of correlations beside them.

    Genetic correlations are below the diagonal of the matrix, residual ones above it.

    Args:
        names: names of the D traits.
        share: heritabilities (D,).
        error: their standard errors (D,); traits where it is not finite are not drawn.
        genetic: genetic correlations (D, D); None draws heritabilities alone.
        residual: residual correlations (D, D).
        errors: standard errors of the genetic and of the residual correlations, a pair of (D, D);
            None where they are not known.
        title: text above the plot.

    Returns:
        matplotlib.figure.Figure
    """
    d, both = len(names), genetic is not None and len(names) > 1
    high = min(max(1.5 + 0.3 * d, 2.6), 8)
    wide = [4.2, 1.2 * high][: 1 + both]
    figure = Figure(figsize=(sum(wide), high), layout="constrained")
    axes = figure.subplots(1, 1 + both, squeeze=False, width_ratios=wide)[0]
    known = np.isfinite(error)
    _draw_shares(axes[0], names, np.where(known, share, np.nan), np.where(known, error, np.nan))
    if both:
        _draw_correlations(figure, axes[1], names, (genetic, residual), errors)
    figure.suptitle(title or "", fontsize=11)
    return figure


def _draw_shares(axes, names, share, error):
    y = np.arange(len(names))
    low, high = np.clip(share - 1.96 * error, 0, 1), np.clip(share + 1.96 * error, 0, 1)
    axes.hlines(y, low, high, color=_ERROR, linewidth=1.5)
    axes.plot(share, y, "o", color=_POINT, markersize=6 if len(names) <= _NAMED else 3)
    if len(names) <= _NAMED:
        axes.set_yticks(y, names, parse_math=False)
    else:
        axes.set_ylabel("Trait")
    axes.set(xlim=(0, 1), ylim=(len(names) - 0.5, -0.5), xlabel="Heritability, with 95 % interval")
    axes.spines[["top", "right"]].set_visible(False)
    axes.grid(axis="x", color="0.9")
    axes.set_axisbelow(True)


def _draw_correlations(figure, axes, names, correlations, errors):
    d = len(names)
    below = np.tri(d, k=-1, dtype=bool)
    shown = np.where(below, *correlations)
    np.fill_diagonal(shown, np.nan)
    error = None if errors is None else np.where(below, *errors)
    if error is not None:
        shown[~np.isfinite(error)] = np.nan
    image = axes.imshow(shown, cmap="RdBu_r", vmin=-1, vmax=1)
    axes.set_facecolor("0.93")
    ticks = range(d) if d <= _NAMED else ()
    axes.set_xticks(ticks, [names[i] for i in ticks], rotation=90, parse_math=False)
    axes.set_yticks(ticks, [names[i] for i in ticks], parse_math=False)
    title = "Genetic correlation below, residual above" + ("" if error is None else " (se)")
    axes.set_title(title, fontsize=9)
    if d <= _NUMBERED:
        _write_numbers(axes, shown, error)
    figure.colorbar(image, ax=axes, shrink=0.8)


def _write_numbers(axes, shown, error):
    """Write correlations into their squares, with their standard errors in brackets."""
    for i, j in np.argwhere(np.isfinite(shown)):
        text = f"{shown[i, j]:.2f}" + ("" if error is None else f"\n({error[i, j]:.2f})")
        colour = "white" if abs(shown[i, j]) > 0.6 else "black"
        size = "medium" if len(shown) <= _LARGE else "x-small"
        axes.text(j, i, text, ha="center", va="center", color=colour, fontsize=size)
