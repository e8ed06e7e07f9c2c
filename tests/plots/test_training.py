"""Curves of a training by epoch."""

import pytest

from gemcont.plots.training import training_curve


def lines(n, *, validated=True, recall=False):
    made = []
    for epoch in range(1, n + 1):
        line = {"epoch": epoch, "loss": 4.0 / epoch, "validation_loss": None}
        if validated:
            line["validation_loss"] = 5.0 / epoch
        if recall:
            line |= {"recall_at_1": 0.02 * epoch, "chance": 0.01}
        made.append(line)
    return made


def data(line):
    return list(line.get_xdata()), list(line.get_ydata())


def test_losses_by_epoch():
    figure = training_curve(lines(3), title="vae")
    (axes,) = figure.axes
    assert [data(line) for line in axes.lines] == [
        ([1, 2, 3], [4.0, 2.0, 4.0 / 3]), ([1, 2, 3], [5.0, 2.5, 5.0 / 3]),
    ]  # fmt: skip
    assert [t.get_text() for t in figure.legends[0].texts] == ["training loss", "validation loss"]
    assert axes.get_title() == "vae"


def test_recall_has_an_axis_of_its_own_in_times_of_chance():
    figure = training_curve(lines(4, recall=True))
    _, other = figure.axes
    assert data(other.lines[0]) == ([1, 2, 3, 4], pytest.approx([2, 4, 6, 8]))
    assert other.get_ylim() == (0, pytest.approx(8.8))
    assert figure.legends[0].texts[-1].get_text() == "recall at 1"


def test_without_validation_people_the_training_loss_stands_alone():
    figure = training_curve(lines(2, validated=False))
    (axes,) = figure.axes
    assert len(axes.lines) == 1
    assert [t.get_text() for t in figure.legends[0].texts] == ["training loss"]
