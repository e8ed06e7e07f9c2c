"""Bars of the causal variants that tests recover."""

from typing import NamedTuple

from gemcont.plots.recovery import recovery


class Row(NamedTuple):
    test: str
    causal_recovered: float
    null_recovered: int = 0


ROWS = [Row("1 PC", 0.1), Row("16 PCs", 0.5, 2), Row("oracle: z itself", 0.75)]


def test_bars_are_the_tests_from_above_and_the_oracle_is_a_line():
    axes = recovery(ROWS, title="gemcont, mlp").axes[0]
    assert [bar.get_width() for bar in axes.patches] == [0.5, 0.1]
    assert [t.get_text() for t in axes.get_yticklabels()] == ["16 PCs", "1 PC"]
    assert list(axes.lines[0].get_xdata()) == [0.75, 0.75]
    assert axes.get_title() == "gemcont, mlp"


def test_numbers_stand_where_they_fit_and_false_ones_are_said():
    texts = recovery(ROWS).axes[0].texts
    assert [t.get_text().strip() for t in texts] == ["50%, 2 false", "10%", "z itself 75%"]
    assert [t.get_ha() for t in texts[:2]] == ["right", "left"]
    assert [t.get_color() for t in texts[:2]] == ["white", "black"]


def test_more_tests_make_it_higher_and_none_is_no_mistake():
    heights = [recovery([*ROWS[:1] * n, ROWS[-1]]).get_figheight() for n in (0, 3, 9)]
    assert heights[0] < heights[1] < heights[2]
    assert recovery(ROWS[-1:]).axes[0].get_title() == ""
