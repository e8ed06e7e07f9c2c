"""Lists of people and of variants, in every layout, from files and from Python."""

import gzip

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemcont import ArraySource, GemcontError
from gemcont.genotype.lists import keep_and_remove, read_sample_list, read_variant_ids

IDS = [f"s{i}" for i in range(6)]
SOURCE = ArraySource(np.zeros((2, 6)), samples=IDS)


@pytest.fixture
def listed(tmp_path):
    def read(text):
        path = tmp_path / "list"
        path.write_bytes(text if isinstance(text, bytes) else text.encode())
        return str(path)

    return read


@pytest.mark.parametrize(
    "text",
    [
        "f1 s1\nf2 s2\n",
        "f1\ts1\nf2\ts2",
        "f1,s1\nf2,s2\n",
        '"f1","s1"\r\n"f2","s2"\r\n',
        '"f1" "s1"\n"f2" "s2"\n',
        "FID IID\nf1 s1\nf2 s2\n",
        "#FID\tIID\tSEX\nf1\ts1\t1\nf2\ts2\t2\n",
        "IID FID\ns1 f1\ns2 f2\n",
        "#IID,SEX,FID\ns1,1,f1\ns2,2,f2\n",
        "age IID FID\n30 s1 f1\n20 s2 f2\n",
        '"iid","fid"\n"s1","f1"\n"s2","f2"\n',
        "f1 s1 0 0 1 -9\nf2 s2 0 0 2 -9\n",  # a .fam
        "\ufeff\n f1  s1 \n\n f2\ts2\n\n",
        gzip.compress(b"f1 s1\nf2 s2\n"),
    ],
)
def test_one_list_in_many_clothes(listed, text):
    assert read_sample_list(listed(text))[1:] == (["f1", "f2"], ["s1", "s2"])


@pytest.mark.parametrize(
    "text",
    ["s1\ns2\n", "IID\ns1\ns2\n", "#IID SEX\ns1 1\ns2 2\n", "SEX\tIID\n1\ts1\n2\ts2\n",
     "s1\r\ns2\r\n", '"s1"\n"s2"\n', "#IID\tSID\tPAT\tMAT\ns1\tx\t0\t0\ns2\ty\t0\t0\n",
     "eid,IID\n7,s1\n8,s2\n"],
)  # fmt: skip
def test_iids_alone(listed, text):
    assert read_sample_list(listed(text))[1:] == (None, ["s1", "s2"])


@pytest.mark.parametrize("text", ["", "\n", "FID IID\n", "#IID SEX\n"])
def test_nobody(listed, text):
    assert read_sample_list(listed(text)).iid == []


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("1 a\n\nb\n", "line 3: 'b' stands alone"),
        ("#ID SEX\ns1 1\n", "its header has no column IID"),
        ("FID SEX\ns1 1\n", "its header has no column IID"),
        ("IID iid\na b\n", "duplicate column IID"),
        ("SEX,IID\n1,s1\n2,\n", "line 3: the id is blank"),
        ("SEX,IID\n1,s1\n2\n", "line 3: the id is blank"),
        (b"s1\ns\xff2\n", "line 2 is not UTF-8 text"),
        ("s1\n".encode("utf-16"), "UTF-16"),
    ],
)
def test_what_is_no_list(listed, text, message):
    with pytest.raises(GemcontError, match=message):
        read_sample_list(listed(text))


FRAME = {"SEX": [1, 2], "IID": ["s1", "s2"], "FID": ["f1", "f2"]}


@pytest.mark.parametrize(
    "given",
    [
        [("f1", "s1"), ("f2", "s2")],
        pd.DataFrame(FRAME),
        pl.DataFrame(FRAME),
        pd.MultiIndex.from_tuples([("f1", "s1"), ("f2", "s2")]),
        np.array([["f1", "s1"], ["f2", "s2"]]).tolist(),
    ],
)
def test_pairs_from_python(given):
    assert read_sample_list(given)[1:] == (["f1", "f2"], ["s1", "s2"])


@pytest.mark.parametrize(
    "given",
    [["s1", "s2"], ("s1", "s2"), pd.Series(["s1", "s2"]), pd.Index(["s1", "s2"]),
     pl.Series(["s1", "s2"]), np.array(["s1", "s2"]), pd.DataFrame({"IID": ["s1", "s2"]}),
     dict.fromkeys(["s1", "s2"])],
)  # fmt: skip
def test_ids_from_python(given):
    assert read_sample_list(given)[1:] == (None, ["s1", "s2"])
    assert read_variant_ids(given if not hasattr(given, "columns") else given["IID"]) == [
        "s1",
        "s2",
    ]


@pytest.mark.parametrize("given", [7, [("a", "b", "c")], [("a",), ("b", "c")], pd.DataFrame()])
def test_what_python_cannot_mean(given):
    with pytest.raises(GemcontError, match="--keep"):
        read_sample_list(given, "--keep")


def test_who_stays(listed):
    kept, left_out = keep_and_remove(SOURCE, ["s0", "s1", "s2"], listed("#IID SEX\ns1 1\ns5 2\n"))
    assert np.flatnonzero(kept).tolist() == [0, 2]
    assert left_out == {"--keep": 3, "--remove": 1}
    assert keep_and_remove(SOURCE)[0].all()
    assert keep_and_remove(SOURCE, remove=listed(""))[0].all()


@pytest.mark.parametrize("flag", ["keep", "remove"])
def test_a_list_of_strangers_is_refused(flag):
    with pytest.raises(GemcontError, match=f"--{flag}: no sample of --{flag} is in the genotype"):
        keep_and_remove(SOURCE, **{flag: ["t1", "t2"]})
    with pytest.raises(GemcontError, match=f"--{flag}.*upper and lower case"):
        keep_and_remove(SOURCE, **{flag: ["S1"]})


def test_a_part_of_strangers_is_warned_of(caplog):
    keep_and_remove(SOURCE, remove=["s1", "S2", "t7"])
    (record,) = caplog.records
    assert record.levelname == "WARNING"
    assert "2 ids of --remove are not in the genotype array (S2, t7 ...)" in record.getMessage()


def test_nobody_left_is_refused():
    with pytest.raises(GemcontError, match="--remove: no sample of the genotype array is left"):
        keep_and_remove(SOURCE, remove=IDS)
    with pytest.raises(GemcontError, match="--keep: no sample of the genotype array is left"):
        keep_and_remove(SOURCE, keep=[])


@given(st.lists(st.sampled_from(IDS), min_size=1), st.randoms())
def test_order_and_repeats_change_nothing(ids, random):
    kept = keep_and_remove(SOURCE, ids)[0]
    random.shuffle(ids)
    np.testing.assert_array_equal(keep_and_remove(SOURCE, ids + ids)[0], kept)
    assert np.flatnonzero(kept).tolist() == sorted({IDS.index(i) for i in ids})


@pytest.mark.parametrize(
    ("text", "expected"),
    [
        ("rs1\nrs2 rs3\trs4\n\n", ["rs1", "rs2", "rs3", "rs4"]),
        ('"rs1"\n"rs2"\n', ["rs1", "rs2"]),
        ("ID\nrs1\n", ["rs1"]),
        ("SNP\r\nrs1\r\n", ["rs1"]),
        ("##fileformat=VCFv4\n#CHROM\tPOS\tID\tREF\tALT\n1\t5\trs1\tA\tC\n", ["rs1"]),
        ("#CHROM ID POS ALT REF\n1 rs1 5 A C\n", ["rs1"]),
        ("1:5:A:C,G\n", ["1:5:A:C,G"]),
        ("", []),
    ],
)
def test_variants(listed, text, expected):
    assert read_variant_ids(listed(text)) == expected
