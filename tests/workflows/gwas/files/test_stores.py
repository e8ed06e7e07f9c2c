"""Stores of every t and of products: what they hold, and what is no store."""

import json

import numpy as np
import polars as pl
import pytest
from reference.many import D, M, scan

from gemcont import GemcontError, read_dense
from gemcont.tables.results.store import write_facts


@pytest.mark.parametrize("flags", [{"dense": True}, {"save_products": True}])
def test_traits_may_have_any_name(many, flags):
    table = (many / "g.pheno").read_text().split("\n", 1)
    names = ["row", "group", "trait", "abs_t_from", "hash"]
    header = "\t".join(["FID", "IID", *names, *(f"t{d}" for d in range(5, D))])
    (many / "g.pheno").write_text(header + "\n" + table[1])
    _, _ = scan(many, "s", **flags)
    (part, *_) = sorted((many / f"s.{'t' if 'dense' in flags else 'products'}").glob("part-*"))
    assert pl.read_parquet(part).columns == [*names, *(f"t{d}" for d in range(5, D))]


def test_a_dense_store_holds_every_test(many):
    run, every = scan(many)
    scan(many, "s", dense=True, block_size=3)  # what stands there is replaced
    dense, rows = scan(many, "s", dense=True, block_size=10)
    assert rows is None
    store = read_dense(many / "s")
    assert store.traits == [f"t{d}" for d in range(D)]
    assert store.variants.variant_id.to_list() == [f"rs{i}" for i in range(M)]
    for name in ("t0", "t7", "t69"):
        found = store.trait(name)
        expected = every.filter(pl.col("trait") == name)
        assert list(found.columns) == expected.columns
        for column in ("beta", "standard_error", "t_statistic", "neg_log_10_p_value"):
            np.testing.assert_allclose(found[column], expected[column], rtol=3e-6, atol=1e-9)
        for column in ("variant_id", "n", "effect_allele", "base_pair_location"):
            assert found[column].to_list() == expected[column].to_list()
    t = np.concatenate([block for _, block in store.blocks(["t7", "t0"])])
    assert t.dtype == np.float32
    assert t.shape == (M, 2)
    np.testing.assert_array_equal(t[:, 0], store.trait("t7").t_statistic.astype(np.float32))
    np.testing.assert_array_equal(dense.tally.histogram, run.tally.histogram)
    with pytest.raises(KeyError, match="no trait 'x'"):
        store.trait("x")


def test_a_store_that_is_none_or_damaged_is_said(many):
    with pytest.raises(GemcontError, match="nothing.t: not a store"):
        read_dense(many / "nothing")
    scan(many, "s", dense=True, block_size=10)
    (many / "s.t" / "part-00001.parquet").unlink()
    with pytest.raises(GemcontError, match="part-00001.parquet: missing; make the store anew"):
        read_dense(many / "s").trait("t0")
    scan(many, "s", dense=True, block_size=10)
    for name in ("part-00001.parquet", "variants.parquet", "traits.parquet"):
        path = many / "s.t" / name
        whole = path.read_bytes()
        middle = len(whole) // 2
        path.write_bytes(whole[:middle] + bytes([whole[middle] ^ 1]) + whole[middle + 1 :])
        with pytest.raises(GemcontError, match=f"{name}: damaged, not what was written"):
            read_dense(many / "s").trait("t0")
        path.write_bytes(whole)
    assert len(read_dense(many / "s").trait("t0"))
    text = (many / "s.t" / "store.json").read_text()
    (many / "s.t" / "store.json").write_text(text.replace('"n_samples": ', '"n_samples": 1'))
    with pytest.raises(GemcontError, match="store.json is damaged"):
        read_dense(many / "s")
    write_facts(many / "s.t", json.loads(text) | {"version": 99})
    with pytest.raises(GemcontError, match="format 99"):
        read_dense(many / "s")
