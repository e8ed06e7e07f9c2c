import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemcont import GemcontError
from gemcont.genotype.align import SampleIds, match_samples


def ids(name, *pairs):
    return SampleIds(name, [f for f, _ in pairs], [i for _, i in pairs])


FAM = ids("x.fam", ("1", "a"), ("2", "b"), ("3", "c"))


def test_by_iid_whatever_the_fids():
    table = ids("t", ("0", "c"), ("0", "x"), ("0", "a"))
    rows, _ = match_samples(FAM, [table])
    assert rows[0].tolist() == [2, -1, 0]


def test_iids_alone():
    rows, members = match_samples(
        FAM, [SampleIds("t", None, ["b"])], [SampleIds("k", None, ["a", "a", "z"])]
    )
    assert rows[0].tolist() == [-1, 0, -1]
    assert members[0].tolist() == [True, False, False]


def test_same_iid_in_two_families_is_two_people():
    fam = ids("x.fam", ("1", "a"), ("2", "a"))
    table = ids("t", ("2", "a"), ("1", "a"))
    rows, members = match_samples(fam, [table], [ids("k", ("2", "a"), ("2", "a"))])
    assert rows[0].tolist() == [1, 0]
    assert members[0].tolist() == [False, True]
    with pytest.raises(GemcontError, match="t: has no FID column, but IID a stands twice in x.fam"):
        match_samples(fam, [SampleIds("t", None, ["a"])])


def test_a_sample_twice_in_a_table_is_refused():
    with pytest.raises(
        GemcontError, match=r"t: sample FID 1 IID a stands twice \(data rows 1 and 3"
    ):
        match_samples(FAM, [ids("t", ("1", "a"), ("2", "b"), ("1", "a"))])


@given(st.permutations(range(8)), st.integers(1, 8))
def test_any_order_any_subset(order, count):
    fam = ids("x.fam", *((str(i), f"s{i}") for i in range(8)))
    chosen = order[:count]
    rows, _ = match_samples(fam, [ids("t", *((str(i), f"s{i}") for i in chosen))])
    expected = np.full(8, -1)
    expected[chosen] = np.arange(count)
    np.testing.assert_array_equal(rows[0], expected)


@pytest.mark.parametrize(
    ("pairs", "cause"),
    [
        ([("1", "1_a")], "FID_IID joined"),
        ([("a", "1")], "FID and IID columns are swapped"),
        ([("1", "A")], "upper and lower case"),
        ([("9", "zz")], "must be those of the genotype file"),
    ],
)
def test_no_common_sample_shows_both_sides_and_the_cause(pairs, cause):
    with pytest.raises(GemcontError, match=cause) as caught:
        match_samples(FAM, [ids("t.tsv", *pairs)])
    assert "1 a, 2 b, 3 c" in str(caught.value)
    assert " ".join(pairs[0]) in str(caught.value)


def test_lost_zeros_are_recognised():
    fam = ids("x.fam", ("001", "001"), ("002", "002"))
    with pytest.raises(GemcontError, match="lost its leading zeros"):
        match_samples(fam, [ids("t", ("1", "1"))])
