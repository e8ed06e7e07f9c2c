import itertools

import numpy as np
import pytest
from matplotlib.backends.backend_agg import FigureCanvasAgg
from matplotlib.text import Text

from gemcont.plots.manhattan import manhattan

HUMAN = [*map(str, range(1, 23)), "X"]
MEGABASES = [
    248,
    242,
    198,
    190,
    181,
    171,
    159,
    145,
    138,
    133,
    135,
    133,
    114,
    107,
    102,
    90,
    83,
    80,
    59,
    64,
    47,
    51,
    156,
]


def _simulate(lengths, n=3000, seed=1):
    rng = np.random.default_rng(seed)
    lengths = np.asarray(lengths, dtype=float)
    chromosome = rng.choice(len(lengths), n, p=lengths / lengths.sum())
    position = (rng.uniform(size=n) * lengths[chromosome] * 1e6).astype(np.int64)
    return chromosome, position, rng.exponential(size=n) / np.log(10)


def _points(figure):
    """All points drawn, of every colour: (points, 2)."""
    lines = [line for line in figure.axes[0].lines if line.get_marker() in ("o", "^")]
    return np.concatenate([line.get_xydata() for line in lines])


def _levels(figure):
    return [line.get_ydata()[0] for line in figure.axes[0].lines if line.get_marker() == "None"]


def _boxes(figure, texts):
    renderer = FigureCanvasAgg(figure).get_renderer()
    figure.draw(renderer)
    return [text.get_window_extent(renderer) for text in texts]


def _tick_texts(figure):
    return [text.get_text() for text in figure.axes[0].get_xticklabels()]


def _assert_apart(boxes):
    for a, b in itertools.combinations(boxes, 2):
        assert not a.overlaps(b)


@pytest.mark.parametrize(
    ("names", "lengths"),
    [
        (HUMAN, MEGABASES),
        (
            [*map(str, range(1, 20))],
            [
                195,
                182,
                160,
                156,
                152,
                149,
                145,
                130,
                124,
                130,
                122,
                120,
                120,
                125,
                104,
                98,
                95,
                91,
                61,
            ],
        ),
        ([f"chr{i}" for i in range(1, 11)], [307, 244, 235, 246, 223, 173, 182, 181, 159, 150]),
        ([f"NW_{i:06d}.1" for i in range(300)], np.geomspace(10, 0.01, 300)),
        ([f"NW_{i:06d}.1" for i in range(500)], np.ones(500)),
    ],
)
def test_chromosome_labels_are_in_order_and_apart(names, lengths):
    figure = manhattan(*_simulate(lengths), names=names)
    labels = _tick_texts(figure)
    indices = [names.index(label) for label in labels]
    assert indices == sorted(indices)
    assert len(labels) > min(0.9 * len(names), 6)
    boxes = _boxes(figure, figure.axes[0].get_xticklabels())
    _assert_apart(boxes)
    assert all(0 <= box.x0 and box.x1 <= figure.bbox.x1 for box in boxes)


def test_labels_stand_under_the_middle_of_their_chromosomes():
    figure = manhattan([0, 0, 1, 1], [0, 4_000_000, 0, 2_000_000], [1.0] * 4, names=["a", "b"])
    x = np.sort(_points(figure)[:, 0])
    np.testing.assert_allclose(figure.axes[0].get_xticks(), [x[:2].mean(), x[2:].mean()])


def test_names_give_the_order_and_unused_ones_are_left_out():
    figure = manhattan([2, 0], [5, 5], [1.0, 2.0], names=["X", "unused", "1"])
    assert _tick_texts(figure) == ["X", "1"]
    by_x = _points(figure)[np.argsort(_points(figure)[:, 0])]
    np.testing.assert_allclose(by_x[:, 1], [2.0, 1.0])


@pytest.mark.parametrize(
    ("name", "label"),
    [
        ("7", "Position on chromosome 7 (Mb)"),
        ("chr7", "Position on chr7 (Mb)"),
    ],
)
def test_single_chromosome_has_an_axis_in_megabases(name, label):
    figure = manhattan([0, 0], [3_000_000, 8_000_000], [1.0, 2.0], names=[name])
    np.testing.assert_allclose(np.sort(_points(figure)[:, 0]), [3, 8])
    assert figure.axes[0].get_xlabel() == label


def test_untested_variants_are_skipped():
    chromosome, position, height = _simulate(MEGABASES, 200)
    height[::2] = np.nan
    drawn = _points(manhattan(chromosome, position, height, names=HUMAN))
    np.testing.assert_allclose(np.sort(drawn[:, 1]), np.sort(height[1::2]))


@pytest.mark.parametrize("height", [[], [np.nan, np.nan]])
def test_nothing_tested_says_so(height):
    zeros = np.zeros(len(height), dtype=int)
    figure = manhattan(zeros, zeros, height, names=["1"])
    assert "No variant was tested" in [text.get_text() for text in figure.axes[0].texts]
    FigureCanvasAgg(figure).draw()


@pytest.mark.parametrize(("peak", "top"), [(3.0, 8.4), (20.0, 21.0), (5000.0, 5250.0)])
def test_vertical_axis_reaches_the_peak_and_the_significance_line(peak, top):
    figure = manhattan([0, 1], [1, 1], [peak, 1.0], names=["1", "2"])
    assert figure.axes[0].get_ylim() == pytest.approx((0, top))


@pytest.mark.parametrize(
    ("thresholds", "levels"),
    [
        ({}, [7.30103, 5.0]),
        ({"significance": 1e-12}, [5.0]),  # beyond the axis
        ({"significance": None}, [5.0]),
        ({"suggestive": None}, [7.30103]),
    ],
)
def test_lines(thresholds, levels):
    figure = manhattan([0, 1], [1, 1], [6.0, 1.0], names=["1", "2"], **thresholds)
    assert _levels(figure) == pytest.approx(levels)


def test_significant_variants_are_drawn_once_more_in_another_colour():
    figure = manhattan([0, 1, 1], [1, 1, 9], [9.0, 1.0, 8.0], names=["1", "2"])
    colours = {}
    for line in figure.axes[0].lines:
        for _, y in line.get_xydata():
            colours.setdefault(float(y), []).append(line.get_color())
    assert [len(colours[y]) for y in (9.0, 1.0, 8.0)] == [2, 1, 2]
    assert colours[9.0][1] == colours[8.0][1]
    assert colours[9.0][0] != colours[8.0][0] == colours[1.0][0]


@pytest.mark.parametrize("n", [3, 900])
def test_each_point_has_the_colour_of_its_chromosome(n):
    figure = manhattan(np.arange(n), np.arange(n), np.ones(n), names=list(map(str, range(n))))
    drawn = [
        (x, line.get_color())
        for line in figure.axes[0].lines
        if line.get_marker() == "o"
        for x in line.get_xdata()
    ]
    colours = [colour for _, colour in sorted(drawn)]
    assert len(colours) == n
    assert colours[0] != colours[1]
    assert all(colours[i] == colours[i % 2] for i in range(n))


def test_infinite_values_are_triangles_on_the_upper_edge():
    figure = manhattan([0, 0, 0], [1, 2, 3], [np.inf, 9.0, 1.0], names=["1"])
    triangles = [line for line in figure.axes[0].lines if line.get_marker() == "^"]
    assert [line.get_ydata().tolist() for line in triangles] == [[pytest.approx(9.45)]]


def test_labels_of_crowded_peaks_do_not_overlap():
    chromosome, position, height = _simulate(MEGABASES)
    chromosome[:6], position[:6], height[:6] = 4, np.arange(6) * 1_000_000, 20 - np.arange(6) / 5
    height[6] = np.nan
    figure = manhattan(
        chromosome,
        position,
        height,
        names=HUMAN,
        title="A trait",
        labels=[(i, f"GENE{i}") for i in range(7)],
    )
    texts = figure.axes[0].texts
    assert sorted(text.get_text() for text in texts) == [f"GENE{i}" for i in range(6)]
    # An annotation's own extent holds its line too; what must not overlap is the writing.
    _boxes(figure, texts)
    writing = [Text.get_window_extent(text) for text in texts]
    _assert_apart(writing)
    assert all(box.y1 <= figure.axes[0].bbox.y1 + 1 for box in writing)


@pytest.mark.parametrize(
    ("chromosome", "position", "height", "message"),
    [
        ([0, 1], [1, 2], [1.0], "one length"),
        ([[0]], [[1]], [[1.0]], "one length"),
        ([0.0], [1], [1.0], "integers"),
        ([7], [1], [1.0], "between 0 and 0"),
    ],
)
def test_rejects(chromosome, position, height, message):
    with pytest.raises(ValueError, match=message):
        manhattan(chromosome, position, height, names=["1"])


def test_leaves_its_input_alone():
    arrays = _simulate(MEGABASES)
    before = [array.copy() for array in arrays]
    manhattan(*arrays, names=HUMAN)
    for array, copy in zip(arrays, before, strict=True):
        np.testing.assert_array_equal(array, copy)
