"""A store of many traits: written, read back, and what is wrong with a damaged one."""

import json

import numpy as np
import polars as pl
import pytest

from gemcont import GemcontError
from gemcont.tables.results.frames import FrameParts
from gemcont.tables.results.store import (
    Store,
    WideParts,
    is_store,
    refuse_foreign,
    write_store,
)

NAMES = ["height", "weight", "age"]
SIZES = (4, 1, 6)


@pytest.fixture
def values():
    return np.random.default_rng(0).standard_normal((sum(SIZES), 3)).astype(np.float32)


@pytest.fixture
def path(tmp_path, values):
    """A store of 11 variants x 3 traits in three parts."""
    parts, variants = WideParts(str(tmp_path), "dense"), FrameParts(str(tmp_path), "variants")
    for part in np.split(values, np.cumsum(SIZES)[:-1]):
        parts.append(parts.encode(pl.from_numpy(part, schema=NAMES)))
        variants.append(
            variants.encode(pl.DataFrame({"variant_id": [f"v{i}" for i in part[:, 0]]}))
        )
    beside = {"traits": pl.DataFrame({"trait": NAMES})}
    write_store(str(tmp_path / "x.t"), "t", parts, variants, beside, {"covariates": ["age"]})
    return tmp_path / "x.t"


def test_what_was_written_is_read(path, values):
    store = Store(path, "t")
    assert store.facts["covariates"] == ["age"]
    assert store.variants["variant_id"].to_list() == [f"v{v}" for v in values[:, 0]]
    assert store.traits["trait"].to_list() == NAMES
    firsts, blocks = zip(*store.blocks(), strict=True)
    assert firsts == (0, 4, 5)
    np.testing.assert_array_equal(np.concatenate(blocks), values)
    some = [block for _, block in store.blocks(["age", "height"])]
    np.testing.assert_array_equal(np.concatenate(some), values[:, [2, 0]])


@pytest.mark.parametrize("rows", [[0, 3, 4, 5, 10], [10], [2, 2], []])
def test_rows_are_read_across_parts(path, values, rows):
    read = Store(path, "t").row_reader(["weight", "age"])
    rows = np.array(rows, dtype=np.int64)
    np.testing.assert_array_equal(read(rows), values[rows][:, [1, 2]])


def test_a_store_is_known_and_nothing_else_is_replaced(path, tmp_path):
    assert is_store(path)
    refuse_foreign(str(path))
    refuse_foreign(str(tmp_path / "absent"))
    (tmp_path / "other").mkdir()
    assert not is_store(tmp_path / "other")
    with pytest.raises(GemcontError, match="other: is in the way of the store"):
        refuse_foreign(str(tmp_path / "other"))


def test_another_kind_or_format_is_refused(path, tmp_path):
    with pytest.raises(GemcontError, match="holds t, not products"):
        Store(path, "products")
    with pytest.raises(GemcontError, match="not a store of gemcont-gwas"):
        Store(tmp_path, "t")
    facts = json.loads((path / "store.json").read_text())
    del facts["digest"]
    (path / "store.json").write_text(json.dumps(facts | {"version": 9}))
    with pytest.raises(GemcontError, match="format 9, this gemcont reads 1"):
        Store(path, "t")


@pytest.mark.parametrize("text", ["[]", '{"kind": "t", "version": 1, "digest": "0"}'])
def test_facts_that_were_edited(path, text):
    (path / "store.json").write_text(text)
    with pytest.raises(GemcontError, match="store.json is damaged"):
        Store(path, "t")


def test_parts_that_were_edited_or_lost(path):
    part = path / "part-00001.parquet"
    part.write_bytes(part.read_bytes() + b"x")
    store = Store(path, "t")
    store.part(0, None)
    with pytest.raises(GemcontError, match="part-00001.parquet: damaged, not what was written"):
        store.part(1, None)
    part.unlink()
    with pytest.raises(GemcontError, match="part-00001.parquet: missing; make the store anew"):
        store.row_reader(NAMES)


def test_a_store_of_an_earlier_version_has_no_digests(path, values, caplog):
    facts = json.loads((path / "store.json").read_text())
    del facts["digests"], facts["digest"]
    (path / "store.json").write_text(json.dumps(facts))
    store = Store(path, "t")
    assert "of an earlier gemcont, without digests" in caplog.text
    np.testing.assert_array_equal(np.concatenate([b for _, b in store.blocks()]), values)
    (path / "part-00002.parquet").unlink()
    with pytest.raises(GemcontError, match="part-00002.parquet: missing or damaged"):
        list(store.blocks())
