"""Combinations of a store's traits, tested as a fresh scan would."""

import numpy as np
import polars as pl
import pytest
from conftest import named_samples, write_table
from reference.product_stores import NAMES, D, M, same, scan, write_weights

from gemcont import GemcontError
from gemcont.workflows.project.combine import project_store
from gemcont.workflows.project.files import ProductOutputs


@pytest.mark.parametrize("test", ["lrt", "f"])
@pytest.mark.parametrize("k", [1, 3, 5])
def test_combinations_are_those_of_a_fresh_scan(one, test, k):
    folder, traits = one
    matrix = np.random.default_rng(k).standard_normal((D, k))
    names = [f"axis{i}" for i in range(k)]
    write_weights(folder / "w.tsv", names, matrix)
    outputs = ProductOutputs(str(folder / "p"), layout="parquet", test=test, each=True)
    tested, null, found, _ = project_store(folder / "a", outputs, weights=folder / "w.tsv")
    assert found == names
    ids = [s[:2] for s in named_samples(240)]
    write_table(folder / "c.pheno", names, traits @ matrix, ids)
    expected = scan(folder, "a", "fresh", folder / "c.pheno", test=test, each_trait=True)
    same(pl.read_parquet(folder / "p.gwas.parquet"), expected)
    singles = pl.read_parquet(folder / "fresh.traits.parquet")
    same(pl.read_parquet(folder / "p.traits.parquet"), singles)
    assert (null.n_traits, len(tested.neg_log_10_p)) == (k, M)
    assert not (folder / "p.traits.parts").exists()


def test_a_rotation_changes_nothing_and_a_subset_is_a_scan_of_it(one):
    folder, traits = one
    rotation = np.linalg.qr(np.random.default_rng(2).standard_normal((D, D)))[0]
    write_weights(folder / "w.tsv", list("vwxyz"), rotation)
    outputs = ProductOutputs(str(folder / "p"), layout="parquet")
    project_store(folder / "a", outputs, weights=folder / "w.tsv")
    same(pl.read_parquet(folder / "p.gwas.parquet"), pl.read_parquet(folder / "a.gwas.parquet"))
    project_store(folder / "a.products", outputs, traits=["e4", "e1"])
    expected = scan(folder, "a", "fresh", trait_names=["e4", "e1"])
    same(pl.read_parquet(folder / "p.gwas.parquet"), expected)


def test_products_of_single_traits_serve_as_well(one):
    folder, _ = one
    scan(folder, "a", "s", joint=False, each_trait=True, save_products=True)
    outputs = ProductOutputs(str(folder / "p"), layout="parquet")
    project_store(folder / "s", outputs, traits=NAMES)
    same(pl.read_parquet(folder / "p.gwas.parquet"), pl.read_parquet(folder / "a.gwas.parquet"))


@pytest.mark.parametrize(
    ("text", "message"),
    [
        ("who\tx\ne0\t1\n", "the header must be 'trait'"),
        ("trait\tx\ne9\t1\n", "'e9' is not a trait of .*a.products; it has e0, e1"),
        ("trait\tx\ne0\tone\n", r"line 2 \(trait e0\): 'one' is no finite number"),
        ("trait\tx\ne0\tinf\n", r"line 2 \(trait e0\): 'inf' is no finite number"),
        ("trait\tx\ne0\t1\ne0\t2\n", "duplicate trait e0"),
        ("trait\tx\tx\ne0\t1\t2\n", "duplicate name"),
        ("trait\tx\ne0\t1\t2\n", "line 2 has 3 columns, the header 2"),
        ("trait\tx\ty\ne0\t1\t2\n", "trait y is collinear with x"),
        ("trait\tx\ne0\t0\n", "trait x has no variance"),
        ("trait\tx\n", "holds no trait"),
        ("trait\tx", "holds no trait"),
    ],
)
def test_weights_that_cannot_be(one, text, message):
    folder, _ = one
    (folder / "w.tsv").write_text(text)
    with pytest.raises(GemcontError, match=message):
        project_store(folder / "a", ProductOutputs(str(folder / "p")), weights=folder / "w.tsv")
    assert not list(folder.glob("p.*"))


def test_quotes_hold_commas_as_in_csv(one):
    folder, _ = one
    (folder / "w.csv").write_text('"trait","axis, one"\n"e0","1"\n"e1","-2"\n')
    outputs = ProductOutputs(str(folder / "p"), joint=False, each=True)
    _, _, names, _ = project_store(folder / "a", outputs, weights=folder / "w.csv")
    assert names == ["axis, one"]
