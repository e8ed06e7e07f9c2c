import numpy as np
import pytest

from gemcont import GemcontError
from gemcont.genotype.align import SampleIds
from gemcont.learn.data.split import (
    draw_groups,
    family_pairs,
    groups_of,
    refuse_relatives_across,
    related_pairs,
)

IDS = ["a", "b", "c", "d", "e", "f"]
PEOPLE = SampleIds("people", None, IDS)


@pytest.mark.parametrize(
    "text",
    [
        "ID1\tID2\tKinship\na\tb\t0.25\nb\tc\t0.0442\nd\te\t0.0441\nx\ta\t0.3\n",
        "#FID1\tIID1\tFID2\tIID2\tNSNP\tKINSHIP\n0\ta\t0\tb\t9\t.25\n0\tc\t0\tb\t9\t0.1\n",
        "ID1 ID2\na b\nb c\n",
        "  ID1   ID2  KINSHIP\n  a   b   .2 \r\n\n  b   c   .2\n",
        'KINSHIP,"ID2",id1\n0.1,"b",a\n0.1,c,b\n0,f,e\n',
        " FID1 IID1 FID2 IID2 PI_HAT\n 1 a 1 b 0.5\n 1 b 1 c 0.09\n 1 d 1 e 0.08\n",
    ],
)
def test_relatives_of_relatives_are_one_group(tmp_path, text):
    (tmp_path / "king.kin0").write_text(text)
    groups = groups_of(6, related_pairs(tmp_path / "king.kin0", PEOPLE))
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
        ("ID1\tID2\tKINSHIP\na\tb\tclose\n", r"kinship that is no number \(line 2\)"),
        ("ID1\tID2\tKINSHIP\na\tb\t0.1\na\tc\tnan\n", r"no number \(line 3\)"),
        ("ID1\tID2\na\tb\na\t\n", "line 3: an id is blank"),
    ],
)
def test_tables_of_pairs_that_cannot_be(tmp_path, text, message):
    (tmp_path / "k").write_text(text)
    with pytest.raises(GemcontError, match=message):
        related_pairs(tmp_path / "k", PEOPLE)
    with pytest.raises(GemcontError, match="cannot be read"):
        related_pairs(tmp_path / "none", PEOPLE)


def test_pairs_of_people_without_images_are_counted(tmp_path, caplog):
    path = tmp_path / "king.kin0"
    path.write_text("ID1\tID2\tKINSHIP\na\tb\t.3\na\tx\t.3\nx\ty\t.3\nb\tc\t.01\n")
    with caplog.at_level("INFO", "gemcont"):
        related_pairs(path, PEOPLE)
    assert "has 3 related pairs: 1 among the people with images, 1 with one such" in caplog.text
    assert not [r for r in caplog.records if r.levelname == "WARNING"]
    path.write_text("ID1\tID2\tKINSHIP\nA\tB\t.3\n")
    related_pairs(path, PEOPLE)
    assert "1 related pairs: 0 among the people with images" in caplog.text
    assert "they differ in upper and lower case" in caplog.text
