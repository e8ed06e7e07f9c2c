import gzip

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gemcont import GemcontError
from gemcont.tables.regenie import read_predictions, split_ids

LOCO = "FID_IID f1_s1 f2_s2 f3_s3 \n1 0.5 NA -1e-3 \n2 1 NA 2.25 \n23 3 NA 4 \n"
VALUES = [[0.5, np.nan, -1e-3], [1, np.nan, 2.25], [3, np.nan, 4]]


@pytest.fixture
def step1(tmp_path):
    """Write .loco files, name them in a list, and read the named traits."""

    def read(traits=("a",), listing=None, **files):
        for name, content in files.items():
            content = content if isinstance(content, bytes) else content.encode()
            (tmp_path / f"{name}.loco").write_bytes(content)
        if listing is None:
            listing = "".join(f"{name} {tmp_path}/{name}.loco\n" for name in files)
        path = tmp_path / "out_pred.list"
        path.write_bytes(listing if isinstance(listing, bytes) else listing.encode())
        return read_predictions(path, list(traits))

    return read


def refused(message, read, *arguments, **files):
    with pytest.raises(GemcontError, match=message) as caught:
        read(*arguments, **files)
    assert "\n" not in str(caught.value)


def test_predictions_of_a_trait(step1, tmp_path):
    found = step1(a=LOCO)
    assert found.ids == ["f1_s1", "f2_s2", "f3_s3"]
    assert found.chromosomes == ["1", "2", "23"]
    assert (found.values.shape, found.values.dtype) == ((1, 3, 3), np.float64)
    np.testing.assert_array_equal(found.values[0], VALUES)
    assert found.name == f"{tmp_path}/out_pred.list"
    assert found.files == [found.name, f"{tmp_path}/a.loco"]


@pytest.mark.parametrize(
    "text",
    [
        gzip.compress(LOCO.encode()),
        LOCO.replace("\n", "\r\n"),
        LOCO.replace(" \n", "\n").rstrip("\n"),
        LOCO.replace(" ", "\t"),
        "\n" + LOCO + "\n\n",
    ],
)
def test_one_file_in_many_clothes(step1, text):
    np.testing.assert_array_equal(step1(a=text).values[0], VALUES)


def test_traits_come_in_the_order_asked_for(step1):
    other = LOCO.replace("0.5", "7").replace("NA", "8")
    found = step1(["b", "a"], a=LOCO, b=other, c="not read")
    assert found.values[:, 0].tolist()[0] == [7, 8, -1e-3]
    np.testing.assert_array_equal(found.values[1], VALUES)
    assert [file[-6:] for file in found.files[1:]] == ["b.loco", "a.loco"]


def test_another_order_of_samples_and_chromosomes_is_put_right(step1):
    other = "FID_IID f3_s3 f1_s1 f2_s2\n23 4 3 NA\n1 -1e-3 0.5 NA\n2 2.25 1 NA\n"
    found = step1(["a", "b"], a=LOCO, b=other)
    np.testing.assert_array_equal(found.values, [VALUES, VALUES])


@settings(max_examples=40)
@given(st.integers(1, 4), st.integers(1, 5), st.integers(1, 6), st.randoms(use_true_random=False))
def test_any_numbers_come_back(tmp_path_factory, n_traits, n_chromosomes, n_samples, random):
    folder = tmp_path_factory.mktemp("r")
    rng = np.random.default_rng(random.randrange(2**32))
    values = rng.normal(size=(n_traits, n_chromosomes, n_samples)) * 10.0 ** rng.integers(-9, 9)
    values[rng.random(values.shape) < 0.3] = np.nan
    for number, table in enumerate(values):
        order = rng.permutation(n_samples)
        lines = ["FID_IID " + " ".join(f"f_{j}" for j in order)]
        for chromosome, row in enumerate(table, 1):
            cells = ("NA" if np.isnan(x) else repr(float(x)) for x in row[order])
            lines.append(f"{chromosome} " + " ".join(cells))
        (folder / f"{number}.loco").write_text("\n".join(lines))
    (folder / "list").write_text("".join(f"t{n} {n}.loco\n" for n in range(n_traits)))
    found = read_predictions(folder / "list", [f"t{n}" for n in range(n_traits)])
    order = [found.ids.index(f"f_{j}") for j in range(n_samples)]
    np.testing.assert_array_equal(found.values[:, :, order], values)


def test_paths_of_the_list(tmp_path, monkeypatch):
    here, there = tmp_path / "here", tmp_path / "there"
    (there / "sub").mkdir(parents=True)
    here.mkdir()
    monkeypatch.chdir(here)

    def file_of(written):
        (there / "list").write_text(f"a {written}\n")
        return read_predictions(there / "list", ["a"]).files[1]

    def put(path):
        path.write_text(LOCO)

    put(there / "x.loco")
    assert file_of("x.loco") == f"{there}/x.loco"
    assert file_of("/moved/away/x.loco") == f"{there}/x.loco"
    put(here / "x.loco")
    assert file_of("x.loco") == "x.loco"  # the current folder comes first
    assert file_of(here / "x.loco") == f"{here}/x.loco"
    put(there / "sub" / "y.loco")
    assert file_of("sub/y.loco") == f"{there}/sub/y.loco"
    put(there / "two words.loco")
    assert file_of("two words.loco  ") == f"{there}/two words.loco"
    monkeypatch.chdir(there)
    (there / "list").write_text("a x.loco\n")
    assert read_predictions("list", ["a"]).files == ["list", "x.loco"]


@pytest.mark.parametrize(
    ("listing", "message"),
    [
        ("", "out_pred.list: the file is empty"),
        ("b b.loco\nc c.loco\n", "trait a is not in the list, which has b, c"),
        ("a a.loco\n\na b.loco\n", "line 3: duplicate trait a"),
        ("a none.loco\n", r"trait a is not there; looked for none\.loco, .*/none\.loco"),
        ("a /x/none.loco\n", r"not there; looked for /x/none\.loco, .*/none\.loco$"),
        ("a\n", "line 1 is not 'TRAIT PATH'; give the _pred.list of REGENIE's step 1"),
        ("FID IID a b\n1 1 0.5 0.7\n", "line 1 is not 'TRAIT PATH'"),
        (LOCO, "out_pred.list: holds predictions itself; give the _pred.list"),
        (b"a \xff\xfe\n", "not UTF-8 text"),
        (b"\0\1\2", "not a text file"),
    ],
)
def test_what_is_no_list(step1, listing, message):
    refused(message, step1, listing=listing, a=LOCO)


def test_a_long_list_is_not_shown_whole(step1):
    listing = "".join(f"t{i} x\n" for i in range(20))
    refused(r"has t0, t1, t2, t3, t4, t5, t6, t7 \.\.\.$", step1, listing=listing)


def test_a_list_that_is_missing(tmp_path):
    refused("none.list: no such file", read_predictions, tmp_path / "none.list", ["a"])


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", r"a\.loco: the file is empty"),
        ("1 0.5 0.2\n", r"a\.loco: begins '1', not FID_IID, .* is .*out_pred\.list the _pred"),
        (b"\xff\xfa\n", "not UTF-8 text"),
        (b"\xff\xfe\n", "is UTF-16 text"),
        ("FID_IID\n1\n", "names no sample"),
        ("FID_IID f_1 f_2 f_1\n1 1 2 3\n", "duplicate sample f_1"),
        ("FID_IID f_1 f_2\n", "has samples but no predictions"),
        ("FID_IID f_1 f_2\n1 1 2\n2 1\n", r"line 3 \(chromosome 2\) has 1 values for 2 samples"),
        ("FID_IID f_1 f_2\n\n1 1 2 3\n", r"line 3 \(chromosome 1\) has 3 values for 2"),
        ("FID_IID f_1 f_2\n1 1 x\n", r"line 2 \(chromosome 1\), sample f_2: 'x' is not a number"),
        ("FID_IID f_1 f_2\n1 NA inf\n", "sample f_2: 'inf' is not a number or NA"),
        ("FID_IID f_1 f_2\n1 nan x\n", "sample f_1: 'nan' is not a number or NA"),
        ("FID_IID f_1 f_2\n1 1 1_3\n", "sample f_2: '1_3' is not a number or NA"),
        (b"FID_IID f_1 f_2\n1 1 \xff\n", "sample f_2: .* is not a number or NA"),
        ("FID_IID f_1\n1 1\n2 2\n1 3\n", "line 4: duplicate chromosome 1"),
        ("FID_IID f_1\n0 1\n", "line 2 is chromosome 0, a score of the whole genome; .*_prs.list"),
        ("FID_IID f_1\nx 1\n", "line 2 begins 'x', not the number of a chromosome"),
    ],
)
def test_what_is_no_loco_file(step1, text, message):
    refused(message, step1, a=text)


def test_files_that_do_not_go_together(step1):
    fewer = "FID_IID f1_s1 f3_s3\n1 1 2\n2 1 2\n23 1 2\n"
    more = LOCO.replace(" \n", " 9\n").replace("s3 9", "s3 f9_s9")
    other = r"sample {} is not in .*{}\.loco; take both from one run"
    traits = ["a", "b"]
    refused(r"a\.loco: " + other.format("f2_s2", "b"), step1, traits, a=LOCO, b=fewer)
    refused(r"b\.loco: " + other.format("f9_s9", "a"), step1, traits, a=LOCO, b=more)
    short = LOCO.rpartition("23")[0]
    message = r"b\.loco: has chromosomes 1, 2, but .*a\.loco has 1, 2, 23; take both"
    refused(message, step1, traits, a=LOCO, b=short)


def test_ids_are_matched_to_the_genotype_files_samples():
    found = split_ids(["a_b_c", "0_x", "1_1"], ["1", "z", "a_b", "0"], ["1", "z", "c", "x"])
    assert found.dtype == np.int64
    assert found.tolist() == [2, -1, 0, 1]
    assert split_ids([], ["a"], ["b"]).tolist() == [-1]


@settings(max_examples=50)
@given(st.lists(st.tuples(*2 * [st.text("ab1", min_size=1, max_size=3)]), unique=True), st.data())
def test_any_ids_without_underscores_are_found(pairs, data):
    chosen = data.draw(st.permutations(pairs))[: len(pairs) // 2]
    fid, iid = [f for f, _ in pairs], [i for _, i in pairs]
    found = split_ids(["_".join(pair) for pair in chosen], fid, iid)
    assert found.tolist() == [chosen.index(p) if p in chosen else -1 for p in pairs]


def test_an_id_that_is_two_samples():
    fid, iid = ["q", "a_b", "a"], ["q", "c", "b_c"]
    message = "x.list: sample a_b_c is both FID a_b IID c and FID a IID b_c of the genotype file"
    refused(message, split_ids, ["q_q", "a_b_c"], fid, iid, "x.list")
    assert split_ids(["q_q"], fid, iid).tolist() == [0, -1, -1]  # no matter if it is not asked for
