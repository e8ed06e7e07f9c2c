import re

import numpy as np
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemcont import GemcontError
from gemcont.genotype.align import SampleIds, match_list, match_samples, members


def ids(name, *pairs):
    return SampleIds(name, [f for f, _ in pairs], [i for _, i in pairs])


FAM = ids("x.fam", ("1", "a"), ("2", "b"), ("3", "c"))


def test_by_iid_whatever_the_fids():
    table = ids("t", ("0", "c"), ("0", "x"), ("0", "a"))
    rows = match_samples(FAM, [table])
    assert rows[0].tolist() == [2, -1, 0]


def test_iids_alone():
    rows = match_samples(FAM, [SampleIds("t", None, ["b"])])
    assert rows[0].tolist() == [-1, 0, -1]
    member = match_list(FAM, SampleIds("k", None, ["a", "a", "z"]), "--keep")
    assert member.tolist() == [True, False, False]


def test_same_iid_in_two_families_is_two_people():
    fam = ids("x.fam", ("1", "a"), ("2", "a"))
    table = ids("t", ("2", "a"), ("1", "a"))
    assert match_samples(fam, [table])[0].tolist() == [1, 0]
    listed = ids("k", ("2", "a"), ("2", "a"))
    assert match_list(fam, listed, "--keep").tolist() == [False, True]
    with pytest.raises(
        GemcontError, match="t: has no FID column, but IID a is used twice in x.fam"
    ):
        match_samples(fam, [SampleIds("t", None, ["a"])])


def test_a_sample_twice_in_a_table_is_refused():
    with pytest.raises(GemcontError, match=r"t: duplicate sample FID 1 IID a \(data rows 1 and 3"):
        match_samples(FAM, [ids("t", ("1", "a"), ("2", "b"), ("1", "a"))])


@given(st.permutations(range(8)), st.integers(1, 8))
def test_any_order_any_subset(order, count):
    fam = ids("x.fam", *((str(i), f"s{i}") for i in range(8)))
    chosen = order[:count]
    rows = match_samples(fam, [ids("t", *((str(i), f"s{i}") for i in chosen))])
    expected = np.full(8, -1)
    expected[chosen] = np.arange(count)
    np.testing.assert_array_equal(rows[0], expected)


GENOTYPES = ids("g", ("0", "001"), ("0", "A_B"), ("F", "s3"), ("0", "S_S"), ("0", "1000000"))
CAUSES = [
    (("0", "1"), "lost its leading zeros"),
    (("0", "0001"), "lost its leading zeros"),
    (("0", "001.0"), "become decimals"),
    (("0", "F_s3"), "these ids are FID_IID joined"),
    (("0", "x_s3"), "these ids are FID_IID joined"),
    (("0", "S"), "the ids of g are FID_IID joined"),
    (("0", "a_b"), "upper and lower case"),
    (("s3", "F"), "FID and IID columns are swapped"),
    (("0", '"s3"'), "stand in quotes"),
    (("0", "s3,"), "have commas behind them"),
    (("0", "1e+06"), r"written as numbers \(1e\+06\)"),
]


@pytest.mark.parametrize(("pair", "cause"), CAUSES)
def test_the_cause_is_told_where_nobody_matches(pair, cause):
    with pytest.raises(GemcontError, match=cause) as caught:
        match_samples(GENOTYPES, [ids("t.tsv", pair)])
    assert "0 001, 0 A_B, F s3" in str(caught.value)
    assert " ".join(pair) in str(caught.value)
    with pytest.raises(GemcontError, match=f"--remove: no sample of k.*{cause}"):
        match_list(GENOTYPES, ids("k", pair), "--remove")


@pytest.mark.parametrize(("pair", "cause"), CAUSES)
def test_the_cause_is_told_where_some_match(pair, cause, caplog):
    match_samples(GENOTYPES, [ids("t.tsv", pair, ("0", "A_B"))])
    match_list(GENOTYPES, ids("k", pair, ("0", "A_B")), "--keep")
    warnings = [r.getMessage() for r in caplog.records if r.levelname == "WARNING"]
    assert len(warnings) == 2
    assert re.search(f"1 samples of t.tsv are not in g .*{cause}", warnings[0])
    assert re.search(f"--keep: 1 ids of k are not in g .*{cause}", warnings[1])


def test_people_who_are_simply_elsewhere_are_no_warning_in_a_table(caplog):
    caplog.set_level("INFO")
    match_samples(FAM, [ids("t.tsv", ("1", "a"), ("9", "zz"))])
    assert [(r.levelname, r.getMessage()) for r in caplog.records] == [
        ("INFO", "1 samples of t.tsv are not in x.fam (zz ...)")
    ]
    with pytest.raises(GemcontError, match="the ids must be those of the genotype file"):
        match_samples(FAM, [ids("t.tsv", ("9", "zz"))])


@pytest.mark.parametrize("how", ["table", "list"])
def test_another_family_of_the_same_iids_is_warned_of(how, caplog):
    family_a = ids("g", ("A", "1"), ("A", "2"), ("3", "3"), ("0", "4"), ("A", "5"))
    family_b = ids("t", ("B", "1"), ("A", "2"), ("B", "3"), ("B", "4"), ("5", "5"), ("0", "2.5"))
    rows = ids("t", *zip(family_b.fid, family_b.iid, strict=True))
    if how == "table":
        assert match_samples(family_a, [rows])[0].tolist() == [0, 1, 2, 3, 4]
    else:
        assert match_list(family_a, rows, "--keep").all()
    message = "1 samples of t have another FID in g (IID 1: A there, B here) and are matched by"
    assert any(message in r.getMessage() for r in caplog.records if r.levelname == "WARNING")


def test_members_says_nothing(caplog):
    caplog.set_level("DEBUG")
    assert members(FAM, ids("seen", ("8", "a"), ("9", "z"))).tolist() == [True, False, False]
    assert members(FAM, ids("seen", ("9", "z"))).tolist() == [False, False, False]
    assert not caplog.records
