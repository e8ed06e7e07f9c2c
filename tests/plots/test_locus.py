"""The regional plot: what is drawn, and where."""

import numpy as np
import pytest
from matplotlib.colors import to_hex

from gemcont.plots.locus import regional


def locus(n=50, **options):
    rng = np.random.default_rng(1)
    position = np.sort(rng.integers(1_000_000, 3_000_000, n))
    height, r2 = rng.exponential(2, n), rng.random(n)
    height[7], r2[3] = 12.0, np.nan
    return position, height, r2, regional(position, height, r2, 7, chromosome="6", **options)


def test_every_variant_is_drawn_once_and_coloured_by_its_r2():
    position, height, r2, figure = locus()
    points = {
        round(x * 1e6): (y, to_hex(line.get_color()), line.get_label())
        for line in figure.axes[0].lines
        for x, y in zip(*line.get_data(), strict=True)
        if line.get_linestyle() == "None"
    }
    assert len(points) == 50
    for i in range(50):
        y, colour, label = points[position[i]]
        assert y == height[i]
        if i == 7:
            assert label == "index"
        elif i == 3:
            assert label == "unknown"
        else:
            low, high = map(float, label.split(" to "))
            assert low <= r2[i] <= high
    assert "chromosome 6 (Mb)" in figure.axes[0].get_xlabel()


def test_genes_share_rows_without_overlap():
    genes = [(1_000_000 + 400_000 * i, 1_300_000 + 400_000 * i, f"GENE{i}") for i in range(4)]
    *_, figure = locus(genes=[*genes, (9_000_000, 9_100_000, "FAR")])
    track = figure.axes[1]
    assert [t.get_text() for t in track.texts] == ["GENE0", "GENE1", "GENE2", "GENE3"]
    figure.canvas.draw()
    boxes = [t.get_window_extent() for t in track.texts]
    for i, box in enumerate(boxes):
        assert not any(box.overlaps(other) for other in boxes[i + 1 :])


def test_a_crowd_of_genes_is_cut():
    genes = [(1_500_000, 1_600_000, f"LONGNAME{i}") for i in range(30)]
    *_, figure = locus(genes=genes)
    texts = [t.get_text() for t in figure.axes[1].texts]
    assert texts[-1] == "24 more"
    assert len(texts) == 7


def test_the_nearest_genes_have_room_first():
    position, *_ = locus()
    near = position[7]
    genes = [(near + 1000 * i, near + 1000 * i + 500, f"LONGNAME{abs(i)}") for i in range(-40, 40)]
    *_, figure = locus(genes=genes)
    texts = [t.get_text() for t in figure.axes[1].texts]
    assert "LONGNAME0" in texts
    assert "LONGNAME39" not in texts


def test_one_variant_alone():
    figure = regional([5], [9.0], [1.0], 0, chromosome="scaffold_1", title="$a_b$")
    assert figure.axes[0].get_xlabel() == "Position on scaffold_1 (Mb)"


def test_the_threshold_is_drawn_where_it_fits():
    dashed = [line for line in locus()[3].axes[0].lines if line.get_linestyle() == "--"]
    assert len(dashed) == 1
    weak = regional([5, 6], [1.0, 2.0], [1.0, 0.5], 0, chromosome="1")
    assert not [line for line in weak.axes[0].lines if line.get_linestyle() == "--"]


def test_arrays_of_different_lengths():
    with pytest.raises(ValueError, match="of one length"):
        regional([1, 2], [1.0], [1.0], 0, chromosome="1")
