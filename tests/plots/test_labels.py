"""Text that is placed so that no two pieces overlap."""

import numpy as np
import pytest
from matplotlib.figure import Figure

from gemcont.plots.labels import (
    choose_ticks,
    label_points,
    label_ticks,
    place_boxes,
    text_sizes,
)


@pytest.fixture
def axes():
    axes = Figure(figsize=(6, 4), dpi=100).add_subplot()
    axes.set(xlim=(0, 10), ylim=(0, 10))
    return axes


def overlap(corner, size):
    """Pairs of boxes that share any room."""
    pairs = ((i, j) for i in range(len(corner)) for j in range(i))
    return [
        (i, j)
        for i, j in pairs
        if np.all(np.minimum(corner[i] + size[i], corner[j] + size[j])
                  > np.maximum(corner[i], corner[j]) + 1e-9)
    ]  # fmt: skip


def test_sizes_grow_with_text_and_font_and_a_line_is_as_high_without_descenders(axes):
    small = text_sizes(axes.figure, ["a", "aaaa", "gjp"], 8)
    large = text_sizes(axes.figure, ["a", "aaaa", "gjp"], 16)
    assert small.shape == (3, 2)
    assert small[1, 0] > 3 * small[0, 0]
    assert np.ptp(small[:, 1]) <= 1
    np.testing.assert_allclose(large / small, 2, rtol=0.2)
    assert text_sizes(axes.figure, [], 8).shape == (0, 2)


def test_ticks_are_the_first_that_have_room():
    rng = np.random.default_rng(0)
    centre, width = rng.uniform(0, 100, 40), rng.uniform(2, 12, 40)
    chosen = choose_ticks(centre, width, (0, 100), pad=3.0)
    low, high = centre - width / 2, centre + width / 2
    kept = []
    for i in range(40):  # one by one, as the rule reads
        clear = all(low[i] - high[j] >= 3 or low[j] - high[i] >= 3 for j in kept)
        if low[i] >= 0 and high[i] <= 100 and clear:
            kept.append(i)
    assert chosen == kept
    assert 1 < len(chosen) < 40


def test_the_more_important_label_stays(axes):
    x, texts = np.array([4.0, 4.2, 9.0]), ["long name", "other name", "far"]
    label_ticks(axes, x, texts, importance=np.array([1, 2, 1]))
    assert [t.get_text() for t in axes.get_xticklabels()] == ["other name", "far"]
    assert list(axes.get_xticks()) == [4.2, 9.0]


def test_boxes_cover_neither_each_other_nor_a_point():
    rng = np.random.default_rng(1)
    anchor, size = rng.uniform(60, 240, (12, 2)), np.tile([30.0, 8.0], (12, 1))
    corner = place_boxes(anchor, size, np.array([[0.0, 0.0], [300.0, 300.0]]))
    assert overlap(corner, size) == []
    assert (corner >= 0).all()
    assert (corner + size <= 300).all()
    inside = (anchor[:, None] > corner) & (anchor[:, None] < corner + size)
    assert not inside.all(axis=2).any()


def test_a_box_alone_stands_above_its_point():
    anchor, size = np.array([[100.0, 100.0]]), np.array([[30.0, 8.0]])
    bounds = np.array([[0.0, 0.0], [300.0, 300.0]])
    (corner,) = place_boxes(anchor, size, bounds)
    assert corner[0] == 100 - 15
    assert 100 < corner[1] < 110


def test_without_room_a_box_stays_within_the_bounds():
    anchor, size = np.full((3, 2), 10.0), np.tile([18.0, 18.0], (3, 1))
    corner = place_boxes(anchor, size, np.array([[0.0, 0.0], [20.0, 20.0]]))
    assert (corner >= 0).all()
    assert (corner + size <= 20).all()


def test_texts_of_one_point_are_apart_and_joined_by_a_line(axes):
    label_points(axes, np.array([5.0, 5.0]), np.array([5.0, 5.0]), ["first", "$second"])
    near, far = axes.texts
    assert [t.get_text() for t in (near, far)] == ["first", "$second"]
    assert near.arrow_patch is None
    assert far.arrow_patch is not None
    assert near.xyann != far.xyann
