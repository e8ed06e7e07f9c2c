"""Every command has a function in memory, ``run_X``, and one of files, ``write_X``: one result."""

import numpy as np
import pandas as pd
import pytest
from conftest import named_samples, named_variants, random_dosages
from reference.packed import write_fileset

import gemcont
from gemcont.errors import GemcontError
from gemcont.workflows.gwas import Files

N, VARIANTS = 150, 60


@pytest.fixture
def study(tmp_path):
    rng = np.random.default_rng(11)
    dosages = random_dosages(rng, VARIANTS, N)
    write_fileset(tmp_path / "g", dosages, named_samples(N), named_variants(VARIANTS))
    fam = pd.read_csv(tmp_path / "g.fam", sep=r"\s+", header=None, dtype=str)
    values = rng.standard_normal((N, 3)) + dosages[5, :, None] * [0.8, 0, 0.4]
    traits = pd.DataFrame(values, columns=["a", "b", "c"])
    traits.insert(0, "IID", fam[1])
    traits.insert(0, "FID", fam[0])
    traits.to_csv(tmp_path / "t.tsv", sep="\t", index=False)
    return tmp_path


def scan(folder, name, **settings):
    files = Files(genotypes=str(folder / "g"), pheno=str(folder / "t.tsv"))
    return gemcont.write_gwas(files, str(folder / name), **settings)


def written(path):
    """A table as it is read back: what a user compares with the DataFrame."""
    return pd.read_csv(path, sep="\t", dtype={"chromosome": str}, na_values=["NA"])


def assert_same(frame, path):
    table = written(path)
    assert list(frame.columns) == list(table.columns)
    for name in table.columns:
        ours, theirs = frame[name].to_numpy(), table[name].to_numpy()
        if theirs.dtype.kind == "f":
            np.testing.assert_allclose(ours.astype(float), theirs, rtol=1e-6)
        else:
            assert [str(v) for v in ours] == [str(v) for v in theirs], name


def test_gwas(study):
    traits = pd.read_csv(study / "t.tsv", sep="\t", dtype={"FID": str, "IID": str})
    scan(study, "s")
    assert_same(gemcont.run_gwas(str(study / "g"), traits), study / "s.gwas.tsv")


def test_kinship(study):
    made = gemcont.run_kinship(str(study / "g"), kinship_maf=0.0)
    gemcont.write_kinship(str(study / "g"), str(study / "k"), kinship_maf=0.0, plot=False)
    np.testing.assert_array_equal(made.to_numpy(), np.load(study / "k.grm.npy"))
    traits = pd.read_csv(study / "t.tsv", sep="\t", dtype={"FID": str, "IID": str})
    by_frame = gemcont.run_gwas(str(study / "g"), traits, kinship=made)
    by_file = gemcont.run_gwas(str(study / "g"), traits, kinship=str(study / "k"))
    pd.testing.assert_frame_equal(by_frame, by_file)
    with pytest.raises(GemcontError, match="loco: matrices without a chromosome are files"):
        gemcont.run_kinship(str(study / "g"), loco=True)


def test_clump_and_meta(study):
    scan(study, "s", trait_names=["a"])
    source, path = str(study / "g"), str(study / "s.gwas.tsv")
    loci = gemcont.run_clump(source, path, p1=0.5, p2=0.9)
    gemcont.write_clump(source, path, str(study / "c"), p1=0.5, p2=0.9)
    assert_same(loci.loci, study / "c.loci.tsv")
    assert len(loci.loci)
    pooled = gemcont.run_meta([path], ["one"])
    gemcont.write_meta([path], str(study / "m"), ["one"], plot=False)
    assert_same(pooled, study / "m.meta.tsv")


def test_project(study):
    scan(study, "s", save_products=True)
    store = str(study / "s")
    weights = pd.DataFrame({"trait": ["a", "c"], "sum": [1.0, 1.0], "a": [1.0, 0.0]})
    weights.to_csv(study / "w.tsv", sep="\t", index=False)
    frame = gemcont.run_project(store, weights=weights)
    pd.testing.assert_frame_equal(frame, gemcont.run_project(store, weights=study / "w.tsv"))
    pd.testing.assert_frame_equal(
        frame, gemcont.run_project(store, weights=weights.set_index("trait"))
    )
    gemcont.write_project(store, str(study / "p"), weights=study / "w.tsv", plot=False)
    assert_same(frame, study / "p.gwas.tsv")
    each = gemcont.run_project(store, traits=["b", "a"], joint=False)
    assert each["trait"].to_list() == ["b"] * VARIANTS + ["a"] * VARIANTS
    alone = written(scan(study, "b", trait_names=["b"]) and study / "b.gwas.tsv")
    np.testing.assert_allclose(each["beta"][:VARIANTS], alone["beta"], rtol=1e-4, atol=1e-6)


def test_joint_meta(study):
    people = pd.read_csv(study / "t.tsv", sep="\t", dtype=str)[["FID", "IID"]]
    for name, half in (("one", people[::2]), ("two", people[1::2])):
        half.to_csv(study / f"{name}.keep", sep="\t", index=False, header=False)
        scan(study, name, keep=str(study / f"{name}.keep"), save_products=True)
    stores = [str(study / "one"), str(study / "two")]
    frame = gemcont.run_joint_meta(stores)
    gemcont.write_joint_meta(stores, str(study / "j"), plot=False)
    assert_same(frame, study / "j.meta.tsv")


def test_an_unknown_setting_is_named_with_those_that_there_are(study):
    for call in (
        lambda: gemcont.run_clump(str(study / "g"), [], p11=3),
        lambda: gemcont.run_kinship(str(study / "g"), maff=0.1),
        lambda: gemcont.run_project("s", weight=1),
        lambda: gemcont.run_joint_meta(["s"], tests="f"),
        lambda: gemcont.run_meta([], None, schema="x"),
    ):
        with pytest.raises(GemcontError, match="no such setting; there are"):
            call()
