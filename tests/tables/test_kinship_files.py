"""Kinship matrices as files."""

import gzip
import struct

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from hypothesis.extra.numpy import arrays

from gemcont import GemcontError
from gemcont.tables.kinship_files import (
    fingerprint,
    read_eigen,
    read_kinship,
    write_eigen,
    write_kinship,
)

MATRIX = np.array([[1.0, 0.25, -0.5], [0.25, 1.125, 0.0], [-0.5, 0.0, 0.875]])


FID, IID = ["f1", "f2", "f3"], ["s1", "s2", "s3"]


IDS = "f1\ts1\nf2\ts2\nf3\ts3\n"


WORDS = st.text("abz019.-:ä", min_size=1, max_size=6)


@st.composite
def symmetric(draw, width=64):
    n = draw(st.integers(1, 7))
    values = draw(arrays(np.float64, (n, n), elements=st.floats(-4, 4, width=width)))
    return np.tril(values) + np.tril(values, -1).T


def rows_of(matrix, form=repr, between="\t", end="\n"):
    return "".join(between.join(form(float(x)) for x in row) + end for row in matrix)


def put(folder, **files):
    """Write files named by their endings after K: text, bytes or arrays."""
    for ending, content in files.items():
        path = folder / ("K." + ending.replace("_", "."))
        if isinstance(content, np.ndarray):
            np.save(path, content)
        else:
            path.write_bytes(content if isinstance(content, bytes) else content.encode())
    return folder


def packed(matrix):
    n = len(matrix)
    values = [matrix[i, j] for i in range(n) for j in range(i + 1)]
    return struct.pack(f"<{len(values)}f", *values)


def refused(path, message):
    with pytest.raises(GemcontError, match=message) as caught:
        read_kinship(path)
    assert "\n" not in str(caught.value)


def assert_is(file, fid=FID, iid=IID, matrix=MATRIX):
    assert (file.fid, file.iid) == (fid, iid)
    np.testing.assert_array_equal(file.matrix, matrix)
    assert file.matrix.dtype == np.float64


@pytest.mark.parametrize("name", ["K", "K.grm.npy"])
def test_what_was_written_comes_back(tmp_path, name):
    write_kinship(tmp_path / "K", MATRIX, FID, IID)
    file = read_kinship(tmp_path / name)
    assert_is(file)
    assert isinstance(file.matrix, np.memmap)
    assert (file.prefix, file.eigen) == (f"{tmp_path}/K", None)
    assert file.name == f"{tmp_path}/K.grm.npy"
    assert file.files == [f"{tmp_path}/K.grm.npy", f"{tmp_path}/K.grm.id"]
    assert (tmp_path / "K.grm.id").read_text() == IDS
    write_eigen(tmp_path / "K.eigen.npz", np.ones(3), np.eye(3), 0, "")
    assert read_kinship(tmp_path / name).eigen == f"{tmp_path}/K.eigen.npz"


@settings(max_examples=50)
@given(symmetric(), st.data())
def test_ours_holds_any_matrix_and_ids(tmp_path_factory, matrix, data):
    several = st.lists(WORDS, min_size=len(matrix), max_size=len(matrix))
    fid, iid = data.draw(st.none() | several), data.draw(several)
    prefix = tmp_path_factory.mktemp("k") / "K"
    write_kinship(prefix, matrix, fid, iid)
    assert_is(read_kinship(prefix), fid, iid, matrix)
    assert sorted(p.name for p in prefix.parent.iterdir()) == ["K.grm.id", "K.grm.npy"]


def test_ids_may_hold_blanks(tmp_path):
    for fid in (["a b", "c", "d"], None):
        write_kinship(tmp_path / "K", MATRIX, fid, ["x y", "z", "w  v"])
        assert_is(read_kinship(tmp_path / "K"), fid, ["x y", "z", "w  v"])


@pytest.mark.parametrize("name", ["K", "K.grm", "K.grm.bin"])
def test_gcta_binary(tmp_path, name):
    put(tmp_path, grm_bin=packed(MATRIX), grm_id=IDS, grm_N_bin=b"ignored")
    file = read_kinship(tmp_path / name)
    assert_is(file)
    assert (file.prefix, file.name) == (f"{tmp_path}/K", f"{tmp_path}/K.grm.bin")


@settings(max_examples=50)
@given(symmetric(width=32))
def test_gcta_holds_any_matrix(tmp_path_factory, matrix):
    folder = tmp_path_factory.mktemp("k")
    iid = [f"s{i}" for i in range(len(matrix))]
    put(folder, grm_bin=packed(matrix), grm_id="".join(f"{i} {i}\n" for i in iid))
    assert_is(read_kinship(folder / "K"), iid, iid, matrix)


def test_gcta_triangle_of_several_tiles(tmp_path):
    rng = np.random.default_rng(1)
    n = 1100
    matrix = rng.normal(size=(n, n)).astype(np.float32).astype(float)
    matrix = np.tril(matrix) + np.tril(matrix, -1).T
    np.tril(matrix)[np.tril_indices(n)].astype("<f4").tofile(tmp_path / "K.grm.bin")
    put(tmp_path, grm_id="".join(f"f s{i}\n" for i in range(n)))
    np.testing.assert_array_equal(read_kinship(tmp_path / "K").matrix, matrix)


def test_gcta_refusals(tmp_path):
    refused(tmp_path / "K.grm.bin", r"K\.grm\.bin: no such file")
    put(tmp_path, grm_bin=packed(MATRIX))
    refused(tmp_path / "K", r"K\.grm\.bin: has no ids; .*K\.grm\.id is missing: a line 'FID IID'")
    put(tmp_path, grm_id="a a\nb b\n")
    refused(tmp_path / "K", r"holds 24 bytes, .* the 2 samples of .*K\.grm\.id takes 12")


@pytest.mark.parametrize("given", ["K", "K.grm", "K.grm.gz"])
def test_gcta_list_of_pairs_is_not_read(tmp_path, given):
    put(tmp_path, grm_gz=gzip.compress(b"1 1 9 1.0\n"))
    refused(tmp_path / given, r"K\.grm\.gz: a list of pairs, .* gcta64 --make-grm-bin")
    if given == "K.grm":
        put(tmp_path, grm="1 1 9 1.0\n")
        refused(tmp_path / given, r"K\.grm: a list of pairs")


def test_ours_comes_before_gcta_and_the_exact_name_before_both(tmp_path):
    put(tmp_path, grm_bin=packed(2 * MATRIX), grm_id=IDS)
    assert_is(read_kinship(tmp_path / "K"), matrix=2 * MATRIX)
    put(tmp_path, grm_npy=MATRIX)
    assert_is(read_kinship(tmp_path / "K"))
    (tmp_path / "K").write_text("3\n")
    assert_is(read_kinship(tmp_path / "K"), None, None, [[3.0]])


def test_nothing_there_says_what_was_looked_for(tmp_path):
    refused(tmp_path / "K", r"K: no such kinship .*K, .*K\.grm\.npy, .*K\.grm\.bin, .*K\.grm\.gz")
    (tmp_path / "K").mkdir()
    refused(tmp_path / "K", "no such kinship matrix")


@pytest.mark.parametrize("dtype", ["<f4", ">f8", "i8", "<f8"])
def test_any_npy_with_its_ids(tmp_path, dtype):
    matrix = np.round(MATRIX) if dtype == "i8" else MATRIX
    put(tmp_path, npy=matrix.astype(dtype), id="s1\ns2\ns3\n")
    file = read_kinship(tmp_path / "K.npy")
    assert_is(file, None, IID, matrix)
    assert file.prefix == f"{tmp_path}/K"
    assert isinstance(file.matrix, np.memmap) == (dtype == "<f8")


def test_npy_refusals(tmp_path):
    path = put(tmp_path, npy=MATRIX) / "K.npy"
    refused(path, r"K\.npy: has no ids; .*K\.id is missing: .* header '#FID IID' or '#IID'")
    put(tmp_path, id="s1\ns2\n")
    refused(path, r"K\.id: names 2 samples, .*K\.npy has 3 rows")
    put(tmp_path, id=IDS, npy=MATRIX[:, :2])
    refused(path, r"not square \(it has 3 rows x 2 columns\)")
    put(tmp_path, npy=np.ones(3))
    refused(path, r"has shape \(3,\); it must be \(samples, samples\)")
    put(tmp_path, npy=np.ones((3, 3), dtype=complex))
    refused(path, "holds complex128, not numbers")
    whole = put(tmp_path, npy=MATRIX) / "K.npy"
    for damaged in (whole.read_bytes()[:-8], b"", b"1 2\n"):
        put(tmp_path, npy=damaged)
        refused(path, "not a whole .npy file of numbers")


TEXTS = {
    "gemma": rows_of(MATRIX, "{:.10g}".format),
    "tab at the end of lines": rows_of(MATRIX, end="\t\n"),
    "blanks": "\n" + rows_of(MATRIX, between="  ", end=" \r\n") + "\n\n",
    "zipped": gzip.compress(rows_of(MATRIX).encode()),
    "no last newline": rows_of(MATRIX).rstrip("\n"),
    "both": rows_of(MATRIX[:1]) + rows_of(MATRIX[1:], between=" \t"),
}


@pytest.mark.parametrize("text", TEXTS.values(), ids=TEXTS)
def test_square_text_of_the_genotype_files_samples(tmp_path, text):
    file = read_kinship(put(tmp_path, txt=text) / "K.txt")
    assert_is(file, None, None)
    assert file.files == [file.name] == [file.prefix]


@settings(max_examples=50)
@given(symmetric(), st.sampled_from(["\t", " ", "   "]))
def test_text_holds_any_matrix(tmp_path_factory, matrix, between):
    folder = put(tmp_path_factory.mktemp("k"), txt=rows_of(matrix, between=between))
    assert_is(read_kinship(folder / "K.txt"), None, None, matrix)


@pytest.mark.parametrize("ending", ["rel", "rel_gz"])
def test_plink_s_matrix_without_its_ids_is_refused(tmp_path, ending):
    text = rows_of(MATRIX).encode()
    put(tmp_path, **{ending: gzip.compress(text) if ending == "rel_gz" else text})
    refused(tmp_path / ("K." + ending.replace("_", ".")), r"has no ids; .*K\.rel\.id is missing")


@pytest.mark.parametrize(
    ("ids", "fid"),
    [
        ("#FID\tIID\n" + IDS, FID),
        ("#FID IID SID\nf1 s1 0\nf2 s2 0\nf3 s3 0\n", FID),
        (IDS, FID),
        ("f1 s1\r\nf2   s2\n\nf3 s3", FID),
        ("#IID\ns1\ns2\ns3\n", None),
        ("#IID\tSID\ns1\t1\ns2\t1\ns3\t1\n", None),
        ("IID\ns1\ns2\ns3\n", None),
        ("s1\ns2\ns3\n", None),
    ],
)
@pytest.mark.parametrize("ending", ["rel", "rel_gz"])
def test_ids_beside_the_text(tmp_path, ids, fid, ending):
    text = rows_of(MATRIX).encode()
    put(tmp_path, rel_id=ids, **{ending: gzip.compress(text) if ending == "rel_gz" else text})
    file = read_kinship(tmp_path / ("K." + ending.replace("_", ".")))
    assert_is(file, fid)
    assert file.files == [file.name, f"{tmp_path}/K.rel.id"]


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("", "the file is empty"),
        ("1 2\n2 1 3\n", "line 2 has 3 fields, the first 2"),
        ("1\t2\n\n2\n", "line 3 has 1 fields, the first 2"),
        ("1\t2\n2\t\n", "line 2 has 1 fields, the first 2"),
        ("1\n0.5\t1\n", "line 2 has 2 fields, the first 1; a triangle?"),
        ("1\t2\n2\tx\n", "line 2, column 2: 'x' is not a number"),
        ("1\t2\n2\tNA\n", "line 2, column 2: 'NA' is not a number"),
        ("\n1\t1_3\n2\t1\n", "line 2, column 2: '1_3' is not a number"),
        ("1,2\n2,1\n", "line 1, column 1: '1,2' is not a number"),
        ("1\t2,5\n2,5\t1\n", "line 1, column 2: '2,5' is not a number"),
        (b"1\t\xff\n2\t1\n", "line 1, column 2: .* is not a number"),
        ("1 2 3\n2 1 3\n", r"not square \(it has 2 rows x 3 columns\)"),
        ("1\t2\n", r"not square \(it has 1 rows x 2 columns\)"),
        (b"\0\0\0\0", "not a text file"),
        (b"\x1f\x8b\x08\0", "damaged or truncated gzip"),
        ("1 nan\nnan 1\n", "row 1, column 2 is nan; compute it"),
        ("1\t0\n0\tinf\n", "row 2, column 2 is inf; compute it"),
        ("1\t0.5\n0\t1\n", "row 1, column 2 is 0.5 but row 2, column 1 is 0; write both"),
    ],
)
def test_what_is_no_square_text(tmp_path, text, message):
    refused(put(tmp_path, txt=text) / "K.txt", rf"K\.txt: .*{message}|K\.txt: {message}")


@pytest.mark.parametrize(
    ("ids", "message"),
    [
        ("f1 s1\nf2\n", "line 2 has 1 fields, the first 2"),
        ("a b c\nd e f\n", "line 1 has 3 fields; it must hold a line 'FID IID'"),
        ("#FID IID\n", "has a header but no samples"),
        ("f1\ts1\nf2\t\n", "line 2: IID is blank"),
        ("f1\ts1\n", r"K\.rel\.id: names 1 samples, .*K\.rel has 3 rows"),
        (b"f1 \xff\n", "not UTF-8 text"),
        ("", "the file is empty"),
    ],
)
def test_what_are_no_ids(tmp_path, ids, message):
    refused(put(tmp_path, rel=rows_of(MATRIX), rel_id=ids) / "K.rel", message)


@pytest.mark.parametrize(
    ("i", "j", "value", "message"),
    [
        (1, 1, np.nan, r"row 2, column 2 is nan \(sample s2\); compute it without"),
        (2, 0, np.inf, r"row 3, column 1 is inf \(samples s3 and s1\)"),
        (2, 1, 0.01, r"not symmetric: row 2, column 3 is 0 but row 3, .* \(samples s2 and s3\)"),
    ],
)
def test_entries_are_named_with_their_samples(tmp_path, i, j, value, message):
    matrix = MATRIX.copy()
    matrix[i, j] = value
    write_kinship(tmp_path / "K", matrix, FID, IID)
    refused(tmp_path / "K", message)


def test_faults_beyond_the_first_tile_are_found_where_they_are(tmp_path):
    matrix = np.eye(1300)
    matrix[1100, 600] = 0.5
    iid = [f"s{i}" for i in range(1300)]
    write_kinship(tmp_path / "K", matrix, None, iid)
    refused(tmp_path / "K", r"row 601, column 1101 is 0 but .* 0\.5 \(samples s600 and s1100\)")
    matrix[1299, 3] = np.nan
    write_kinship(tmp_path / "K", matrix, None, iid)
    refused(tmp_path / "K", r"row 1300, column 4 is nan \(samples s1299 and s3\)")


def test_symmetric_to_six_digits_of_the_largest(tmp_path):
    for digit, fits in ((1e-6, True), (2e-6, False)):
        text = rows_of([[1.5, 0.2], [0.2 + digit, -1.1]])
        path = put(tmp_path, txt=text) / "K.txt"
        if fits:
            read_kinship(path)
        else:
            refused(path, "not symmetric")


def test_a_place_that_cannot_be_written(tmp_path):
    with pytest.raises(GemcontError, match=r"none/K\.grm\.\w+: cannot be written"):
        write_kinship(tmp_path / "none" / "K", MATRIX, FID, IID)
    with pytest.raises(GemcontError, match=r"K\.eigen\.npz: cannot be written"):
        write_eigen(tmp_path / "none" / "K.eigen.npz", np.ones(1), np.eye(1), 0, "a")


def test_a_matrix_is_rewritten_while_it_is_mapped(tmp_path):
    write_kinship(tmp_path / "K", MATRIX, FID, IID)
    mapped = read_kinship(tmp_path / "K").matrix
    write_kinship(tmp_path / "K", mapped, FID, IID)
    assert_is(read_kinship(tmp_path / "K"))


@settings(max_examples=30)
@given(st.integers(1, 300), st.data())
def test_fingerprint_is_of_the_content(n, data):
    matrix = np.random.default_rng(n).normal(size=(n, n))
    digest = fingerprint(matrix)
    assert digest == fingerprint(np.asfortranarray(matrix)) == fingerprint(matrix.astype(">f8"))
    i = data.draw(st.integers(0, n - 1))
    for row in (i, 0, n - 1):  # the diagonal anywhere, the first and the last row
        other = matrix.copy()
        other[row, i if row in (0, n - 1) else row] += 1e-9
        assert fingerprint(other) != digest
    assert fingerprint(np.zeros((n, n))) != fingerprint(np.zeros((n + 1, n + 1)))
    assert len(digest) == 32


def test_fingerprint_of_a_memory_map(tmp_path):
    write_kinship(tmp_path / "K", MATRIX, FID, IID)
    assert fingerprint(read_kinship(tmp_path / "K").matrix) == fingerprint(MATRIX)


def test_eigendecomposition_comes_back_for_its_matrix_only(tmp_path):
    path = tmp_path / "K.eigen.npz"
    values, vectors = np.linalg.eigh(MATRIX)
    write_eigen(path, values, vectors, 2, "abc")
    found = read_eigen(path, "abc")
    np.testing.assert_array_equal(found[0], values)
    np.testing.assert_array_equal(found[1], vectors)
    assert found[2] == 2
    with pytest.raises(
        GemcontError,
        match=r"K\.eigen\.npz: is of another matrix than .*K\.grm\.npy; run gemcont-kinship again",
    ):
        read_eigen(path, "abd")


def test_eigendecomposition_refusals(tmp_path):
    path = tmp_path / "K.eigen.npz"

    def fails(message):
        with pytest.raises(GemcontError, match=rf"K\.eigen\.npz: {message}"):
            read_eigen(path, "abc")

    fails("no such file")
    write_eigen(path, np.ones(2), np.eye(3), 0, "abc")
    fails(r"\(2,\) eigenvalues do not go with \(3, 3\) eigenvectors; run gemcont-kinship")
    np.savez(path, values=np.ones(2), vectors=np.eye(2), digest="abc")
    fails("damaged, or no eigendecomposition; run gemcont-kinship again")
    write_eigen(path, np.ones(2), np.eye(2), 0, "abc")
    whole = path.read_bytes()
    middle = whole.index(np.ones(2).tobytes())
    flipped = whole[:middle] + b"\x01" + whole[middle + 1 :]
    for damaged in (b"", b"text", whole[:100], whole[:-10], flipped):
        path.write_bytes(damaged)
        fails("damaged, or no eigendecomposition")
    with open(path, "wb") as file:
        np.save(file, np.eye(2))
    fails("damaged, or no eigendecomposition")
