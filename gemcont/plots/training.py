"""Curves of a training by epoch: its losses, and its recall."""

from collections.abc import Mapping, Sequence

from matplotlib.figure import Figure
from matplotlib.ticker import MaxNLocator

_LOSS, _VALIDATION, _RECALL = "0.55", "#1f4e79", "#b5542a"


def training_curve(lines: Sequence[Mapping], *, title: str | None = None) -> Figure:
    """Draw the training and validation loss by epoch and, where there is one, the recall.

    Args:
        lines: a dict per epoch: epoch, loss, validation_loss (or None) and, of methods that align
            two sides, recall_at_1 and chance.
        title: text above the plot.

    Returns:
        matplotlib.figure.Figure, 6 x 3.6 inches.
    """
    figure = Figure(figsize=(6, 3.6), layout="constrained")
    axes = figure.add_subplot()
    axes.spines[["top", "right"]].set_visible(False)
    epochs = [line["epoch"] for line in lines]
    axes.plot(epochs, [line["loss"] for line in lines], color=_LOSS, label="training loss")
    known = [line for line in lines if line["validation_loss"] is not None]
    at = [line["epoch"] for line in known]
    if known:
        losses = [line["validation_loss"] for line in known]
        axes.plot(at, losses, color=_VALIDATION, label="validation loss")
    axes.set(xlabel="Epoch", ylabel="Loss", title=title)
    axes.xaxis.set_major_locator(MaxNLocator(integer=True))
    lines_drawn = list(axes.lines)
    if known and "recall_at_1" in known[0]:
        other = axes.twinx()
        other.spines["top"].set_visible(False)
        times = [line["recall_at_1"] / line["chance"] for line in known]
        lines_drawn += other.plot(at, times, color=_RECALL, label="recall at 1")
        other.set_ylabel("Recall at 1, times chance", color=_RECALL)
        other.set_ylim(0, 1.1 * max(1.0, *times))
    figure.legend(
        handles=lines_drawn, frameon=False, loc="outside lower center", ncols=3, fontsize=9
    )
    return figure
