"""Files and DataFrames of summary statistics, and broken ones."""

import gzip
import math

import numpy as np
import pandas as pd
import polars as pl
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.sumstats_texts import DIALECTS, read, table

from gemcont import GemcontError
from gemcont.tables.sumstats.read import Sumstats

PGS = """###PGS CATALOG SCORING FILE
#format_version=2.0
##POLYGENIC SCORE
#pgs_id=PGS1
#weight_type=beta
rsID\tchr_name\tchr_position\teffect_allele\tother_allele\teffect_weight
rs1\t1\t5\tA\tG\t0.5
rs2\t1\tx\tA\tG\t0.5
"""


def test_headers_below_lines_of_one_hash(tmp_path):
    path = tmp_path / "s"
    path.write_text(PGS.replace("\tx\t", "\t6\t"))
    file = Sumstats(str(path))
    assert file.dialect == "PGS Catalog"
    assert file.read()["beta"].to_list() == [0.5, 0.5]
    path.write_text(PGS)
    with pytest.raises(GemcontError, match="line 8: chr_position is 'x', not a number"):
        Sumstats(str(path)).read()


@pytest.mark.parametrize("separator", ["\t", " ", ","])
def test_the_last_line_of_one_hash_may_be_the_header(tmp_path, separator):
    lines = ["#source=x", "#CHROM POS ID REF ALT A1 P", "1 5 rs1 A G G 0.1", "1 6 rs2 A G G 0.2"]
    (tmp_path / "s").write_text("\n".join(x.replace(" ", separator) for x in lines) + "\n")
    file = Sumstats(str(tmp_path / "s"))
    assert file.dialect == "plink2"
    assert file.read()["variant_id"].to_list() == ["rs1", "rs2"]
    (tmp_path / "s").write_text(lines[1].replace(" ", separator) + "\n")
    with pytest.raises(GemcontError, match="has a header but no rows"):
        Sumstats(str(tmp_path / "s")).read()


def test_text_in_columns_that_nothing_uses(tmp_path):
    header = "SNP EA OA BETA SE P INFO Z"
    found = read(tmp_path / "s", header, "a A G 1 1 0.5 AF=0.1;IMP text", unread=("z",))
    assert found["z"].to_list() == [None]


@pytest.mark.parametrize(
    "thing", [None, {"x": [1]}, [1], pl.LazyFrame({"x": [1]}), np.zeros((2, 2)), 7]
)
def test_what_is_no_table_is_said_in_one_line(thing):
    with pytest.raises(GemcontError, match="neither a path nor a DataFrame"):
        Sumstats(thing)


def test_a_frame_with_a_column_twice():
    frame = pd.DataFrame([["a", 0.1, 0.2]], columns=["SNP", "P", "P"])
    with pytest.raises(GemcontError, match="duplicate column 'P'"):
        Sumstats(frame)


def test_stray_quotes_are_letters(tmp_path):
    rows = [f"v{i} x 0.5" for i in range(30)]
    rows[10], rows[20] = 'v10 5"in 0.5', 'v20 "7in 0.5'
    assert table(tmp_path / "s", "SNP NOTE P", *rows).read().height == 30
    (tmp_path / "s").write_text('"SNP"\t"P"\n"a"\t"0.1"\n')
    assert Sumstats(str(tmp_path / "s")).read()["variant_id"].to_list() == ["a"]


def test_text_of_every_kind(tmp_path):
    rows = "##a comment\r\n\ufeff".encode() + b"SNP,P\r\na,0.5\r\n\r\nb,1e-3\r\n"
    plain = b"\xef\xbb\xbf" + rows.replace("\ufeff".encode(), b"")
    for data in (plain, gzip.compress(plain[:20]) + gzip.compress(plain[20:])):
        (tmp_path / "s").write_bytes(data)
        assert Sumstats(str(tmp_path / "s")).read()["variant_id"].to_list() == ["a", "b"]


def test_chunks_and_rows(tmp_path, monkeypatch):
    rows = [f"v{i} {i + 1} 0.5" for i in range(500)]
    whole = table(tmp_path / "s", "SNP POS P", *rows).read()
    monkeypatch.setattr("gemcont.tables.sumstats.read._CHUNK", 64)
    file = Sumstats(str(tmp_path / "s"))
    parts = list(file.batches())
    assert len(parts) > 50
    assert pl.concat(parts).equals(whole)
    assert whole["row"].to_list() == list(range(500))


def test_one_trait_of_several(tmp_path):
    file = table(tmp_path / "s", DIALECTS["GWAS-SSF"][0] + " trait",
                 "1 5 A C 1 1 0.5 0.5 a 9 x", "1 5 A C 2 1 0.5 0.5 a 9 y", trait="y")  # fmt: skip
    assert file.read()["beta"].to_list() == [2]
    with pytest.raises(GemcontError, match="--trait: .* has no trait 'z'"):
        Sumstats(str(tmp_path / "s"), trait="z").read()
    with pytest.raises(GemcontError, match="--trait: .* has no column of traits"):
        table(tmp_path / "s", "SNP P", "a 1", trait="y")


def test_parquet_and_frames(tmp_path):
    frame = pd.DataFrame({"SNP": ["a", "b"], "CHR": [1, 2], "P": [0.5, np.nan], "N": [3, 4]})
    found = Sumstats(frame).read()
    assert found["chromosome"].to_list() == ["1", "2"]
    assert found["neg_log_10_p_value"].null_count() == 1
    pl.DataFrame({"SNP": ["a"], "P": [0.1]}).write_parquet(tmp_path / "p")
    assert Sumstats(str(tmp_path / "p")).read()["neg_log_10_p_value"].to_list() == [1.0]
    with pytest.raises(GemcontError, match="the table of summary statistics, row 1: P is 2.0"):
        Sumstats(pd.DataFrame({"SNP": ["a", "b"], "P": [0.5, 2.0]})).read()


def test_files_that_are_none(tmp_path):
    path = tmp_path / "s"
    for data, message in (
        (b"", "the file is empty"),
        (b"SNP P\n", "has a header but no rows"),
        (b"SNP\x00P\n1 2\n", "not a text file"),
        (b"SNP P\ra 1\rb 1\r", "lines end in bare carriage returns"),
        (b"\x01\x02\x7f P\n1 2\n", "not a text file"),
        (b"SNP P P\n1 2 3\n", "duplicate column 'P'"),
        (gzip.compress(b"SNP P\n" + b"a 1\n" * 9000)[:60], "damaged, truncated or unreadable"),
        (b"\x28\xb5\x2f\xfd rest", "packed by zstd; unpack it, or use gzip"),
        (b"PAR1 not really", "not a parquet file, or truncated"),
    ):
        path.write_bytes(data)
        with pytest.raises(GemcontError, match=message):
            Sumstats(str(path)).read()
    with pytest.raises(GemcontError, match="no such file"):
        Sumstats(str(tmp_path / "none"))


@settings(deadline=None, max_examples=50)
@given(
    st.lists(
        st.tuples(
            st.text("ab1_:-", min_size=1, max_size=8),
            st.floats(-50, 50),
            st.floats(1e-290, 1),
        ),
        min_size=1,
        max_size=20,
    )
)
def test_what_is_written_is_read(tmp_path_factory, rows):
    rows = [(f"v{i}", b, p) for i, b, p in rows]
    path = tmp_path_factory.mktemp("s") / "s"
    path.write_text("SNP\tBETA\tP\n" + "".join(f"{i}\t{b!r}\t{p!r}\n" for i, b, p in rows))
    found = Sumstats(str(path)).read()
    assert found["variant_id"].to_list() == [i for i, _, _ in rows]
    assert found["beta"].to_list() == [b for _, b, _ in rows]
    np.testing.assert_allclose(
        found["neg_log_10_p_value"], [-math.log10(p) for _, _, p in rows], atol=1e-12, rtol=1e-12
    )
