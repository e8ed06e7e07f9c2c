"""Tables of thousands of columns, and the binary files that hold them."""

import datetime

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gemcont import GemcontError
from gemcont.genotype.align import SampleIds, match_samples
from gemcont.genotype.readers.arrays import ArraySource
from gemcont.settings.gwas import GwasSettings
from gemcont.tables.covariates import covariates
from gemcont.tables.phenotypes import (
    numeric_columns,
    read_sample_table,
)
from gemcont.tables.sample_frames import from_frame
from gemcont.text import parse as _text
from gemcont.workflows.gwas.people import assemble

NAN = np.nan


@pytest.fixture
def written(tmp_path):
    """Write NAME.npy and what stands beside it; the path of the array."""

    def write(array, ids="IID\na\nb\n", names=None):
        np.save(tmp_path / "t.npy", array, allow_pickle=True)
        for ending, text in (("ids.tsv", ids), ("names.txt", names)):
            if text is not None:
                (tmp_path / f"t.{ending}").write_text(text)
        return tmp_path / "t.npy"

    return write


@pytest.fixture
def parquet(tmp_path):
    def write(**columns):
        path = tmp_path / "t.parquet"
        pl.DataFrame(columns).write_parquet(path)
        return path

    return write


def all_numbers(table):
    return numeric_columns(table, table.columns.columns)[0]


def test_many_columns_are_as_many_tables_of_one(tmp_path):
    values = np.random.default_rng(1).normal(size=(3, 3000)).round(6)
    cells = [["NA" if v > 2.5 else repr(v) for v in row] for row in values.tolist()]
    names = [f"t{j}" for j in range(3000)]
    rows = [f"s{i}\t" + "\t".join(row) for i, row in enumerate(cells)]
    wide, narrow = tmp_path / "wide", tmp_path / "narrow"
    wide.write_text("\n".join(["IID\t" + "\t".join(names), *rows]))
    table = read_sample_table(wide)
    assert table.select(None, "--pheno-name") == names
    np.testing.assert_array_equal(all_numbers(table), np.where(values > 2.5, NAN, values))
    for j in (0, 1777, 2999):
        narrow.write_text(
            "\n".join([f"IID\t{names[j]}", *(f"s{i}\t{cells[i][j]}" for i in (0, 1, 2))])
        )
        one = numeric_columns(read_sample_table(narrow), [names[j]])[0]
        np.testing.assert_array_equal(numeric_columns(table, [names[j]])[0], one)


CELLS = st.sampled_from(
    ["1", "-2.5", "1e-3", " 4 ", "NA", "nan", "", ".", "-9", "inf", "1e400", "-nan", "x", "2x"]
)
TABLES = st.integers(1, 4).flatmap(
    lambda width: st.lists(st.lists(CELLS, min_size=width, max_size=width), min_size=1, max_size=9)
)


def outcome(table, name):
    """The numbers of a column, or why it has none; as a trait and as a covariate."""
    for read in (
        lambda: numeric_columns(table, [name], codes=("-9", "x")),
        lambda: [(c.values, c.levels) for c in covariates(table, [name])],
    ):
        try:
            yield repr(read())
        except GemcontError as error:
            yield str(error)


@settings(deadline=None, max_examples=80)
@given(TABLES, st.sampled_from(["", '"']), st.integers(1, 60))
def test_the_size_of_blocks_changes_nothing(tmp_path_factory, rows, quote, size):
    path = tmp_path_factory.getbasetemp() / "blocks"
    names = [f"t{j}" for j in range(len(rows[0]))]
    body = [[f"Smith{quote and ','} {i}", *row] for i, row in enumerate(rows)]
    lines = [",".join(f"{quote}{cell}{quote}" for cell in row) for row in body]
    path.write_text("\n".join([",".join(["IID", *names]), *lines]))
    whole = read_sample_table(path)
    with pytest.MonkeyPatch.context() as patch:
        patch.setattr(_text, "_BLOCK", size)
        parts = read_sample_table(path)
    assert whole.iid == parts.iid == [row[0] for row in body]
    assert whole.columns.equals(parts.columns)
    for name in names:
        assert list(outcome(whole, name)) == list(outcome(parts, name))


def test_a_column_is_text_from_its_first_to_its_last_row(tmp_path, monkeypatch):
    monkeypatch.setattr(_text, "_BLOCK", 16)
    path = tmp_path / "t"
    path.write_text(
        "IID site age\n" + "".join(f"s{i} {i:02} {i}\n" for i in range(9)) + "z york 9\n"
    )
    table = read_sample_table(path)
    assert table.columns.dtypes == [pl.String, pl.Float64]
    assert table.columns["site"].to_list() == [f"{i:02}" for i in range(9)] + ["york"]
    with pytest.raises(GemcontError, match=r"line 11 \(sample z\): site is 'york', not a number"):
        numeric_columns(table, ["age", "site"])


def test_words_that_mean_missing_are_counted_per_column(tmp_path):
    path = tmp_path / "t"
    path.write_text("IID a b c\nx none 1 2\ny none -9 none\n")
    values, coded = numeric_columns(read_sample_table(path), ["c", "a", "b"], codes=("none", "-9"))
    np.testing.assert_array_equal(values, [[2, NAN, 1], [NAN, NAN, NAN]])
    assert coded == {"c": 0, "a": 0, "b": 1}  # none is missing anyway


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("IID\ta\tb\nx\t1\t2\ny\t1\nz\t1\t2\t3\n", "line 3 has 2 columns, expected 3"),
        ("IID\ta\tb\nx\t1\t2\t3\ny\t1\n", "line 2 has 4 columns, expected 3"),
        ('IID,a,b\n"x",1,2,3\n"y",1\n', "line 2 has 4 columns, expected 3"),
        ('IID,a,b\n"x,y",1,2,3\n"y",1\n', "expected 3"),
        ("IID a\nx 1\n\ny 1e400\n", r"line 4 \(sample y\): a is infinite \(1e400\)"),
        ("IID a\nx inf\ny two\n", r"line 3 \(sample y\): a is 'two', not a number"),
    ],
)
def test_faults_are_named_by_line(tmp_path, text, message):
    path = tmp_path / "t"
    path.write_text(text)
    with pytest.raises(GemcontError, match=message):
        all_numbers(read_sample_table(path))


def test_bytes_that_are_no_text_are_named_by_line(tmp_path):
    path = tmp_path / "t"
    path.write_bytes(b"IID a\nx 1\ny \xff\n")
    with pytest.raises(GemcontError, match="line 3 is not UTF-8 text"):
        read_sample_table(path)


def test_quotes_around_separators_and_stray_ones(tmp_path):
    path = tmp_path / "t"
    path.write_text('IID,site,a\n"x","York, North",1\n"y","say ""a, b""",2\nz,Bath,"3"\n')
    table = read_sample_table(path)
    assert table.iid == ["x", "y", "z"]
    assert covariates(table, ["site"])[0].levels == ["Bath", "York, North", 'say "a, b"']
    np.testing.assert_array_equal(numeric_columns(table, ["a"])[0][:, 0], [1, 2, 3])
    path.write_text('IID\tsize\ta\nx\t5" tall\t1\ny\t"6\t2\n')
    table = read_sample_table(path)
    assert covariates(table, ["size"])[0].levels == ['"6', '5" tall']
    np.testing.assert_array_equal(numeric_columns(table, ["a"])[0][:, 0], [1, 2])


NUMBERS = st.floats(-1e300, 1e300) | st.just(NAN)


@settings(deadline=None, max_examples=40)
@given(
    st.integers(1, 5).flatmap(
        lambda d: st.lists(st.lists(NUMBERS, min_size=d, max_size=d), min_size=1, max_size=6)
    )
)
def test_one_table_as_text_parquet_array_and_frame(tmp_path_factory, rows):
    path = tmp_path_factory.mktemp("forms")
    values = np.array(rows, dtype=np.float64)
    samples = [f"s{i}" for i in range(len(rows))]
    names = [f"trait{j + 1}" for j in range(values.shape[1])]
    table = pl.DataFrame({"IID": samples} | {n: values[:, j] for j, n in enumerate(names)})
    table.write_csv(path / "t.tsv", separator="\t")
    table.write_parquet(path / "t.parquet")
    table.select("IID").write_csv(path / "t.ids.tsv")
    np.save(path / "t.npy", values)
    tables = [read_sample_table(path / f"t.{ending}") for ending in ("tsv", "parquet", "npy")]
    frame = pd.DataFrame(values, index=samples, columns=names)
    for found in (*tables, from_frame(frame, "traits")):
        assert (found.fid, found.iid, found.columns.columns) == (None, samples, names)
        np.testing.assert_array_equal(all_numbers(found), values)


def test_parquet_keeps_numbers_text_and_categories(parquet):
    path = parquet(
        FID=[1, 2],
        iid=["a ", "b"],
        count=[-9, None],
        single=pl.Series([1.5, NAN], dtype=pl.Float32),
        price=pl.Series(["1.50", None]).cast(pl.Decimal(9, 2)),
        case=[True, False],
        empty=[None, None],
        site=["york ", None],
        batch=pl.Series(["2", "1"], dtype=pl.Categorical),
        day=[datetime.date(2020, 1, 31), None],
    )
    table = read_sample_table(path)
    assert (table.fid, table.iid) == (["1", "2"], ["a", "b"])
    numbers = numeric_columns(table, ["count", "single", "price", "case", "empty"])[0]
    expected = [[-9, 1.5, 1.5, 1, NAN], [NAN, NAN, NAN, 0, NAN]]
    np.testing.assert_array_equal(numbers, expected)
    levels = [c.levels for c in covariates(table, ["site", "batch", "day", "empty"])]
    assert levels == [["york"], ["1", "2"], ["2020-01-31"], None]
    with pytest.raises(GemcontError, match=r"t.parquet, sample a: site is 'york', not a number"):
        numeric_columns(table, ["site"])


@pytest.mark.parametrize(
    ("columns", "message"),
    [
        ({"x": [1.0]}, "has no column IID .* its columns are 'x'"),
        ({"IID": ["a", None], "x": [1, 2]}, "data row 2: IID is blank"),
        ({"FID": [" ", "f"], "IID": ["a", "b"]}, "data row 1: FID is blank"),
        ({"IID": [1.0, 2.0]}, "IID is of type Float64; write ids as text or whole numbers"),
        ({"IID": pl.Series([], dtype=pl.String)}, "has columns but no samples"),
    ],
)
def test_what_is_no_parquet_of_samples(parquet, columns, message):
    with pytest.raises(GemcontError, match=f"t.parquet.*{message}"):
        read_sample_table(parquet(**columns))


def test_what_is_no_parquet(tmp_path):
    path = tmp_path / "t.PARQUET"
    with pytest.raises(GemcontError, match="no such file"):
        read_sample_table(path)
    path.write_text("IID a\nx 1\n")
    with pytest.raises(GemcontError, match="not a parquet file, or truncated"):
        read_sample_table(path)


def test_arrays_take_their_names_from_beside(written):
    values = np.array([[1, NAN], [-9, 3]], dtype=np.float32)
    table = read_sample_table(written(values, "#FID IID\nf 07\ng b\n", "height in m\nbmi\n\n"))
    assert (table.fid, table.iid) == (["f", "g"], ["07", "b"])
    assert table.columns.columns == ["height in m", "bmi"]
    np.testing.assert_array_equal(all_numbers(table), values)


@pytest.mark.parametrize(
    ("array", "beside", "message"),
    [
        (np.ones((2, 2)), {"ids": None}, "t.npy: has no ids; write .*t.ids.tsv, a table FID IID"),
        (np.ones((3, 2)), {}, "t.ids.tsv: names 2 samples, .*t.npy has 3 rows"),
        (np.ones((2, 2)), {"ids": "a\nb\n"}, "t.ids.tsv: the first line must name its columns"),
        (np.ones(2), {}, r"t.npy: has shape \(2,\); it must be \(samples, traits\)"),
        (np.ones((2, 1, 1)), {}, "it must be"),
        (np.ones((2, 2), dtype=complex), {}, "t.npy: holds complex128, not numbers"),
        (np.array([["1"], ["2"]]), {}, "holds <U1, not numbers; write a float array"),
        (np.array([[1], [None]]), {}, "t.npy: not a whole .npy file of numbers; write a float"),
        (np.ones((2, 2)), {"names": "a\n"}, "t.names.txt: names 1 traits, the array has 2"),
        (np.ones((2, 2)), {"names": "a\na\n"}, "t.names.txt: duplicate column 'a'"),
        (np.ones((2, 2)), {"names": "a\n\nb\n"}, "t.names.txt, line 2: the name is blank"),
        (np.array([[1], [np.inf]]), {}, "t.npy, sample b: trait1 is infinite"),
    ],
)
def test_what_is_no_array_of_samples(written, array, beside, message):
    path = written(array, **beside)
    with pytest.raises(GemcontError, match=message):
        all_numbers(read_sample_table(path))


def test_an_array_that_ends_early(written):
    path = written(np.ones((2, 2)))
    path.write_bytes(path.read_bytes()[:-3])
    with pytest.raises(GemcontError, match="not a whole .npy file"):
        read_sample_table(path)


def test_a_sample_of_an_array_stands_once(written):
    table = read_sample_table(written(np.ones((3, 1)), "IID\na\nb\na\n"))
    genotypes = SampleIds("genotypes", ["0", "0"], ["a", "b"])
    with pytest.raises(GemcontError, match=r"t.npy: duplicate sample a"):
        match_samples(genotypes, [SampleIds(table.name, table.fid, table.iid)])


@pytest.mark.parametrize("ending", ["tsv", "parquet", "npy"])
def test_minus_nine_means_missing_in_text_only(tmp_path, ending):
    table = pl.DataFrame({"IID": ["a", "b", "c", "d"], "trait1": [-9.0, 1, 2, 4]})
    table.write_csv(tmp_path / "t.tsv", separator="\t")
    table.write_parquet(tmp_path / "t.parquet")
    table.select("IID").write_csv(tmp_path / "t.ids.tsv")
    np.save(tmp_path / "t.npy", table.select("trait1").to_numpy())
    samples = pl.DataFrame({"fid": table["IID"], "iid": table["IID"], "sex": [0] * 4})
    source = ArraySource(np.ones((1, 4)), samples=samples)
    traits = read_sample_table(tmp_path / f"t.{ending}")
    for codes, n in (((), 3 if ending == "tsv" else 4), (("-9",), 3), (("4", "2"), 2)):
        chosen = GwasSettings(missing_codes=codes)
        ((people, *_),) = assemble(source, traits, None, chosen, variants=np.arange(1)).parts
        assert len(people.samples) == n
