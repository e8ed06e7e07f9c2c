import numpy as np
import pytest

from gemcont import GemcontError
from gemcont.learn.split import (
    draw_groups,
    family_pairs,
    groups_of,
    refuse_relatives_across,
    related_pairs,
)

IDS = ["a", "b", "c", "d", "e", "f"]


@pytest.mark.parametrize(
    "text",
    [
        "ID1\tID2\tKinship\na\tb\t0.25\nb\tc\t0.0442\nd\te\t0.0441\nx\ta\t0.3\n",
        "#FID1\tIID1\tFID2\tIID2\tNSNP\tKINSHIP\n0\ta\t0\tb\t9\t.25\n0\tc\t0\tb\t9\t0.1\n",
        "ID1 ID2\na b\nb c\n",
    ],
)
def test_relatives_of_relatives_are_one_group(tmp_path, text):
    (tmp_path / "king.kin0").write_text(text)
    groups = groups_of(6, related_pairs(tmp_path / "king.kin0", IDS))
    assert len(set(groups[:3])) == 1
    assert len(set(groups)) == 4


def test_families_are_groups_and_0_is_none():
    groups = groups_of(6, family_pairs(["0", "1", "2", "1", "0", "2"]))
    assert groups[1] == groups[3]
    assert groups[2] == groups[5]
    assert len(set(groups)) == 4


@pytest.mark.parametrize("fraction", [0, 0.3, 0.5, 1])
def test_groups_are_drawn_whole(fraction):
    groups = np.random.default_rng(0).integers(0, 300, 1000)
    chosen = draw_groups(groups, fraction, 1)
    for group in np.unique(groups):
        assert len(set(chosen[groups == group])) == 1
    assert abs(chosen.mean() - fraction) < 0.02
    np.testing.assert_array_equal(chosen, draw_groups(groups, fraction, 1))
    if 0 < fraction < 1:
        assert (chosen != draw_groups(groups, fraction, 2)).any()


def test_relatives_on_both_sides_are_refused():
    groups = np.array([0, 0, 1, 2, 2, 3])
    trained = np.array([True, True, True, False, False, False])
    refuse_relatives_across(groups, trained, IDS)
    trained[3] = True
    with pytest.raises(GemcontError, match="d is trained on and its relative e is held out"):
        refuse_relatives_across(groups, trained, IDS)


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("A\tB\n1\t2\n", "no columns ID1 ID2"),
        ("ID1\tID2\tKINSHIP\na\tb\tclose\n", "kinship that is no number"),
    ],
)
def test_tables_of_pairs_that_cannot_be(tmp_path, text, message):
    (tmp_path / "k").write_text(text)
    with pytest.raises(GemcontError, match=message):
        related_pairs(tmp_path / "k", IDS)
    with pytest.raises(GemcontError, match="cannot be read"):
        related_pairs(tmp_path / "none", IDS)
