"""Many traits, screened in blocks: bounded rows, the strongest of each, stores of every t."""

import json

import numpy as np
import pandas as pd
import polars as pl
import pytest
from conftest import named_samples, named_variants, random_dosages, write_table
from reference.packed import write_fileset

from gemcont import GemcontError, open_genotypes, read_dense, run_each_trait
from gemcont.genotype.kernels.packed import decode
from gemcont.tables.results.store import write_facts
from gemcont.workflows.gwas.files.inputs import Files
from gemcont.workflows.gwas.files.outputs import Outputs
from gemcont.workflows.gwas.files.write import write_gwas
from gemcont.workflows.gwas.scan import null_models as groups

N, M, D = 300, 45, 70


@pytest.fixture
def many(tmp_path, monkeypatch):
    """A fileset with missing genotypes and X, a table of 70 traits, a covariate; blocks of 16."""
    monkeypatch.setattr(groups, "TRAITS_AT_ONCE", 16)
    rng = np.random.default_rng(5)
    dosages = random_dosages(rng, M, N, missing=0.03)
    dosages[4] = 1  # no variance
    samples = [(f, i, 1 + k % 2) for k, (f, i, _) in enumerate(named_samples(N))]
    variants = named_variants(M)
    variants = [("23" if k > 36 else v[0], *v[1:]) for k, v in enumerate(variants)]
    dosages[37:, ::2] = np.where(dosages[37:, ::2] == 1, 2, dosages[37:, ::2])
    write_fileset(str(tmp_path / "g"), dosages, samples, variants)
    traits = rng.standard_normal((N, D))
    traits[:, 7] += 0.8 * np.nan_to_num(dosages[11])
    age = rng.uniform(20, 60, (N, 1))
    write_table(tmp_path / "g.pheno", [f"t{d}" for d in range(D)], traits)
    write_table(tmp_path / "g.covar", ["age"], age)
    return tmp_path


def scan(folder, name="r", **settings):
    files = Files(str(folder / "g"), str(folder / "g.pheno"), str(folder / "g.covar"))
    run = write_gwas(files, Outputs(str(folder / name)), joint=False, each_trait=True, **settings)
    table = folder / f"{name}.traits.parquet"
    return run, pl.read_parquet(table) if table.exists() else None


def test_traits_in_blocks_are_traits_together(many, monkeypatch):
    run, blocks = scan(many)
    assert len(run.autosomal[0].trait_blocks) == 5
    monkeypatch.setattr(groups, "TRAITS_AT_ONCE", 1000)
    _, whole = scan(many)
    assert blocks.height == M * D
    for name in whole.columns:
        if whole[name].dtype == pl.Float64:
            np.testing.assert_allclose(blocks[name], whole[name], rtol=1e-5, atol=1e-5)
        else:
            assert blocks[name].equals(whole[name])


@pytest.mark.parametrize("settings", [{"block_size": 4}, {"threads": 1}, {"memory": 16}])
def test_block_size_threads_and_memory_change_nothing(many, settings):
    _, expected = scan(many, neg_log10_p_min=0.5)
    run, found = scan(many, neg_log10_p_min=0.5, **settings)
    assert found.equals(expected)


def test_all_rows_can_be_asked_for_by_a_bound_of_nothing(many, monkeypatch):
    _, expected = scan(many)
    monkeypatch.setattr("gemcont.workflows.common.wording.MANY_TRAITS", 20)
    _, bounded = scan(many)
    assert bounded["neg_log_10_p_value"].min() >= 5
    _, found = scan(many, neg_log10_p_min=0)
    assert found.equals(expected)


@pytest.mark.parametrize("flags", [{"dense": True}, {"save_products": True}])
def test_traits_may_have_any_name(many, flags):
    table = (many / "g.pheno").read_text().split("\n", 1)
    names = ["row", "group", "trait", "abs_t_from", "hash"]
    header = "\t".join(["FID", "IID", *names, *(f"t{d}" for d in range(5, D))])
    (many / "g.pheno").write_text(header + "\n" + table[1])
    _, _ = scan(many, "s", **flags)
    (part, *_) = sorted((many / f"s.{'t' if 'dense' in flags else 'products'}").glob("part-*"))
    assert pl.read_parquet(part).columns == [*names, *(f"t{d}" for d in range(5, D))]


def test_traits_apart_are_traits_together(many):
    _, together = scan(many)
    for name in ("t0", "t33"):
        _, alone = scan(many, trait_names=[name])
        here = together.filter(pl.col("trait") == name)
        np.testing.assert_allclose(here["beta"], alone["beta"], rtol=1e-5, atol=1e-5)
        np.testing.assert_allclose(here["t_statistic"], alone["t_statistic"], rtol=1e-5, atol=2e-5)


def test_variants_given_by_the_covariates_keep_their_digits(many):
    """Nearly all of this genotype is the covariate's: the rest amplifies what products lose."""
    traits = pd.read_csv(many / "g.pheno", sep=r"\s+").set_index(["FID", "IID"])
    genotype = np.nan_to_num(decode(open_genotypes(many / "g").read(np.array([11])))[0], nan=1.0)
    noise = 1e-2 * np.random.default_rng(6).standard_normal(N)
    covariates = pd.DataFrame({"c": genotype + noise}, index=traits.index)
    found = run_each_trait(many / "g", traits, covariates, neg_log10_p_min=0)
    alone = run_each_trait(many / "g", traits[["t3"]], covariates, neg_log10_p_min=0)
    here = found[(found.trait == "t3") & (found.variant_id == "rs11")]
    there = alone[alone.variant_id == "rs11"]
    np.testing.assert_allclose(here.t_statistic, there.t_statistic, rtol=1e-5)


@pytest.mark.parametrize("k", [1, 3, 44, 100])
@pytest.mark.parametrize("size", [5, 1000])
def test_the_strongest_of_each_trait(many, k, size):
    _, every = scan(many)
    _, found = scan(many, top_k=k, block_size=size)
    expected = (
        every.with_row_index("order")
        .filter(pl.col("neg_log_10_p_value").is_not_null())
        .sort("neg_log_10_p_value", descending=True, maintain_order=True)
        .group_by("trait", maintain_order=True)
        .head(k)
        .sort("order")
        .drop("order")
    )
    assert found.equals(expected)


def test_a_bound_and_the_strongest_together(many):
    _, every = scan(many)
    _, found = scan(many, top_k=2, neg_log10_p_min=1.5)
    assert found["neg_log_10_p_value"].min() >= 1.5
    counts = found.group_by("trait").len()["len"]
    assert counts.max() == 2
    assert found.height < 2 * D
    best = every.filter(pl.col("trait") == "t7")["neg_log_10_p_value"].max()
    assert found.filter(pl.col("trait") == "t7")["neg_log_10_p_value"].max() == best


def test_in_memory_gives_the_strongest_too(many):
    traits = pd.read_csv(many / "g.pheno", sep=r"\s+").set_index(["FID", "IID"])
    found = run_each_trait(str(many / "g"), traits, top_k=2)
    assert (found.groupby("trait").size() == 2).all()
    with pytest.raises(GemcontError, match="dense: a store is files"):
        run_each_trait(str(many / "g"), traits, dense=True)


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


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"dense": True, "top_k": 3}, "--dense keeps every t"),
        ({"dense": True, "each_trait_samples": "own"}, "--dense excludes --each-trait-samples"),
        ({"save_products": True, "each_trait_samples": "own"}, "--save-products excludes"),
        ({"top_k": 0}, "--top-k: 0 is not from 1 up"),
    ],
)
def test_what_contradicts_itself_is_refused(many, settings, message):
    with pytest.raises(GemcontError, match=message):
        scan(many, **settings)


def test_lambda_of_every_trait_is_known_without_its_rows(many):
    bounded, _ = scan(many, neg_log10_p_min=3)
    every, rows = scan(many)
    np.testing.assert_array_equal(bounded.trait_lambdas, every.trait_lambdas)
    tested = rows["neg_log_10_p_value"].is_not_null().sum()
    assert bounded.tally.histogram.sum() == tested
