"""Bars of the causal variants that tests of an embedding recover, and the trait's own share."""

from collections.abc import Sequence
from typing import Protocol

from matplotlib.figure import Figure

_BAR, _ORACLE = "#1f4e79", "0.35"
_WIDE = 0.3  # a bar that its number fits into


class RecoveryRow(Protocol):
    """Result of one test, as far as the picture shows it."""

    @property
    def test(self) -> str:
        """Name of the test."""

    @property
    def causal_recovered(self) -> float:
        """Share of the causal variants that it recovers."""

    @property
    def null_recovered(self) -> int:
        """Number of null variants at p < 5e-8: false positives."""


def recovery(rows: Sequence[RecoveryRow], *, title: str | None = None) -> Figure:
    """Draw the share of causal variants at p < 5e-8 by test; the last row, the oracle, is a line.

    Args:
        rows: a row a test, the oracle last.
        title: text above the plot.

    Returns:
        matplotlib.figure.Figure, 6 inches wide, higher with more tests.
    """
    *tests, oracle = rows
    figure = Figure(figsize=(6, 1.4 + 0.36 * len(tests)), layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    names = [row.test for row in tests][::-1]
    shares = [row.causal_recovered for row in tests][::-1]
    axes.barh(names, shares, color=_BAR, height=0.66)
    for y, row in enumerate(tests[::-1]):
        false = f", {row.null_recovered} false" if row.null_recovered else ""
        text, inside = f" {row.causal_recovered:.0%}{false} ", row.causal_recovered > _WIDE
        side, colour = ("right", "white") if inside else ("left", "black")
        axes.text(row.causal_recovered, y, text, va="center", ha=side, color=colour, fontsize=9)
    axes.axvline(oracle.causal_recovered, color=_ORACLE, linestyle="--", linewidth=1)
    axes.text(
        oracle.causal_recovered,
        len(tests) - 0.45,
        f"z itself {oracle.causal_recovered:.0%}",
        ha="center",
        va="bottom",
        fontsize=9,
        color=_ORACLE,
    )
    axes.set(xlim=(0, 1), xlabel="Share of causal variants at p < 5 × 10⁻⁸")
    axes.set_title(title or "", pad=18, fontsize=11)
    return figure
