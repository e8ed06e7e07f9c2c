"""How related the samples of a kinship matrix are: its pairs, and its eigenvalues."""

import numpy as np
from matplotlib.figure import Figure

_COLOUR = "#1f4e79"
_BINS = 120


def kinship(matrix, values, *, title=None):
    """Draws the histogram of the pairs' kinship and the eigenvalues, largest first.

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
    spectrum.plot(np.arange(1, len(values) + 1), np.sort(values)[::-1], color=_COLOUR)
    spectrum.set_yscale("log")
    spectrum.set(xlabel="Eigenvector", ylabel="Eigenvalue", ylim=_shown(values))
    for axes in (pairs, spectrum):
        axes.spines[["top", "right"]].set_visible(False)
    figure.suptitle(title, fontsize=11)
    return figure


def _histogram(matrix):
    """Counts of the values above the diagonal, and the edges of their bins; row by row."""
    low = min(row[i + 1 :].min(initial=np.inf) for i, row in enumerate(matrix))
    high = max(row[i + 1 :].max(initial=-np.inf) for i, row in enumerate(matrix))
    if not low <= high:  # one sample
        low, high = 0.0, 1.0
    edges = np.linspace(low, high if high > low else low + 1, _BINS + 1)
    counts = sum(np.histogram(row[i + 1 :], edges)[0] for i, row in enumerate(matrix))
    return counts, edges


def _shown(values):
    """The range of eigenvalues worth showing: those of rounding are left out."""
    largest = values.max()
    least = values[values > 1e-6 * largest].min(initial=largest)
    return 0.5 * least, 2 * largest
