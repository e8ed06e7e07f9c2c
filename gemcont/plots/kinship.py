"""Pictures of a kinship matrix: the kinship of its pairs, and its eigenvalues."""

import numpy as np
from matplotlib.figure import Figure

_COLOUR = "#1f4e79"
_BINS = 120
_ROUNDING = 1e-6  # share of the largest eigenvalue below which one is 0


def kinship(matrix: np.ndarray, values: np.ndarray, *, title: str | None = None) -> Figure:
    """Draw the histogram of the pairs' kinship and the eigenvalues, largest first.

    Args:
        matrix: kinship (N, N).
        values: its eigenvalues (N,), none below 0.
        title: text above the plot.

    Returns:
        matplotlib.figure.Figure
    """
    figure = Figure(figsize=(8, 3.2), layout="constrained")
    pairs, spectrum = figure.subplots(1, 2)
    counts, edges = _histogram(matrix)
    pairs.stairs(counts, edges, fill=True, color=_COLOUR)
    pairs.set_yscale("log")
    pairs.set(xlabel="Kinship of a pair", ylabel="Pairs", ylim=(0.5, None))
    shown = np.sort(values[values > _ROUNDING * values.max()])[::-1]
    spectrum.plot(np.arange(1, len(shown) + 1), shown, color=_COLOUR)
    spectrum.set_yscale("log")
    zeros = f" (0 and not shown: {zero:,})" if (zero := len(values) - len(shown)) else ""
    spectrum.set(xlabel=f"Eigenvector{zeros}", ylabel="Eigenvalue")
    for axes in (pairs, spectrum):
        axes.spines[["top", "right"]].set_visible(False)
    figure.suptitle(title or "", fontsize=11)
    return figure


def _histogram(matrix):
    """Count the values above the diagonal, row by row; return the counts and the bins' edges."""
    low = min(row[i + 1 :].min(initial=np.inf) for i, row in enumerate(matrix))
    high = max(row[i + 1 :].max(initial=-np.inf) for i, row in enumerate(matrix))
    if not low <= high:  # one sample
        low, high = 0.0, 1.0
    edges = np.linspace(low, high if high > low else low + 1, _BINS + 1)
    counts = sum(np.histogram(row[i + 1 :], edges)[0] for i, row in enumerate(matrix))
    return counts, edges
