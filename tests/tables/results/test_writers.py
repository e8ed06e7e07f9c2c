"""Summary statistics, written whole or not at all."""

import gzip

import numpy as np
import polars as pl
import pytest

from gemcont import GemcontError
from gemcont.tables.results.writers import open_writer

FRAMES = [
    pl.DataFrame({"id": ["a", '5"x'], "x": [0.12345678, np.nan], "n": [1, None]}),
    pl.DataFrame({"id": ["b"], "x": [1234567.89], "n": [3]}),
]


TEXT = 'id\tx\tn\na\t0.1234568\t1\n5"x\tNA\tNA\nb\t1234568.0\t3\n'


def written(path, layout):
    with open_writer(str(path), layout) as append:
        assert not path.exists()
        for frame in FRAMES:
            append(frame)


def test_text_has_seven_digits_and_na(tmp_path):
    written(tmp_path / "x.tsv", "tsv")
    assert (tmp_path / "x.tsv").read_text() == TEXT
    written(tmp_path / "x.tsv.gz", "tsv.gz")
    assert gzip.decompress((tmp_path / "x.tsv.gz").read_bytes()).decode() == TEXT
    assert len(list(tmp_path.iterdir())) == 2


def test_parquet_keeps_full_precision_and_nulls(tmp_path):
    written(tmp_path / "x.parquet", "parquet")
    found = pl.read_parquet(tmp_path / "x.parquet")
    assert found["x"].to_list() == [0.12345678, None, 1234567.89]
    assert found["n"].to_list() == [1, None, 3]
    assert len(list(tmp_path.iterdir())) == 1


@pytest.mark.parametrize("layout", ["tsv", "tsv.gz", "parquet"])
def test_nothing_is_left_of_a_run_that_fails(tmp_path, layout):
    (tmp_path / "x").write_text("the run before")

    def fail():
        with open_writer(str(tmp_path / "x"), layout) as append:
            append(FRAMES[0])
            raise KeyboardInterrupt

    with pytest.raises(KeyboardInterrupt):
        fail()
    assert [p.name for p in tmp_path.iterdir()] == ["x"]
    assert (tmp_path / "x").read_text() == "the run before"


@pytest.mark.parametrize("layout", ["tsv", "tsv.gz", "parquet"])
def test_unwritable_places_are_named(tmp_path, layout):
    (tmp_path / "file").write_text("")
    with pytest.raises(GemcontError, match="file/x: cannot be written"):
        written(tmp_path / "file" / "x", layout)
