"""Genes of BED and GFF files, and the nearest one."""

import gzip

import polars as pl
import pytest
from hypothesis import given
from hypothesis import strategies as st

from gemcont import GemcontError
from gemcont.tables.genes import nearest, read_genes

GFF = (
    "##gff-version 3\n"
    "1\tsource\tgene\t101\t200\t.\t+\t.\tID=g1;Name=ABC\n"
    "1\tsource\texon\t101\t150\t.\t+\t.\tID=e1\n"
    "X\tsource\tgene\t5\t9\t.\t-\t.\tID=g2\n"
)
GTF = '1\thavana\tgene\t101\t200\t.\t+\t.\tgene_id "E1"; gene_name "ABC"; level 2;\n'
BED = "track name=genes\n#chrom start end name\n1\t100\t200\tABC\nX\t4\t9\tg2\textra\n"


def rows_of(path, data):
    path.write_bytes(data if isinstance(data, bytes) else data.encode())
    return read_genes(path).rows()


def test_bed_and_gff_say_the_same(tmp_path):
    expected = [("1", 101, 200, "ABC"), ("X", 5, 9, "g2")]
    for data in (GFF, BED, gzip.compress(BED.encode())):
        assert rows_of(tmp_path / "genes", data) == expected
    assert rows_of(tmp_path / "genes", GTF) == expected[:1]


@pytest.mark.parametrize(
    ("data", "message"),
    [
        ("1\t100\t200\tABC\n1\tx\t200\tB\n", "line 2 is neither BED .* nor GFF"),
        ("1\t100\t200\n", "line 1 is neither BED"),
        ("1\ts\tgene\t1\t2\t.\t+\t.\tlevel=2\n", "line 1 is neither BED"),
        ("1\ts\texon\t1\t2\t.\t+\t.\tID=e\n", "holds no gene"),
    ],
)
def test_what_holds_no_genes(tmp_path, data, message):
    with pytest.raises(GemcontError, match=message):
        rows_of(tmp_path / "genes", data)


SPANS = st.tuples(st.integers(1, 60), st.integers(0, 9))


@given(st.lists(SPANS, max_size=8), st.integers(1, 70))
def test_the_nearest_is_that_of_a_loop(spans, position):
    genes = [(start, start + length, f"g{i}") for i, (start, length) in enumerate(spans)]
    far = [max(start - position, position - end, 0) for start, end, _ in genes]
    columns = ("start", "end", "name")
    found = nearest(pl.DataFrame(genes, schema=columns, orient="row"), position)
    if not genes:
        assert found == (None, None)
        return
    names = ",".join(name for (_, _, name), d in zip(genes, far, strict=True) if d == min(far))
    assert found == (names, min(far))
