"""Every part of a store or a chunk that has changed is named."""

import os
import shutil

import numpy as np
import pytest
from conftest import named_samples, named_variants, random_dosages, write_table
from reference.packed import write_fileset

from gemcont import GemcontError, read_dense
from gemcont.cli.gwas import main as gwas
from gemcont.cli.project import main as project


@pytest.fixture(scope="module")
def stores(tmp_path_factory):
    """A store of products and one of t, of two blocks."""
    folder = tmp_path_factory.mktemp("stores")
    rng = np.random.default_rng(6)
    dosages = random_dosages(rng, 40, 50, low=0.3, high=0.7)
    write_fileset(str(folder / "g"), dosages, named_samples(50), named_variants(40, ("1", "2")))
    write_table(folder / "y.tsv", ["a", "b"], rng.standard_normal((50, 2)))
    flags = ["--bfile", f"{folder}/g", "--pheno", f"{folder}/y.tsv", "--out", f"{folder}/r"]
    flags += ["--save-products", "--dense", "--each-trait", "--no-plot", "--block-size", "20"]
    assert gwas(flags) == 0
    (folder / "w.tsv").write_text("trait\tx\na\t1\nb\t2\n")
    return folder


UNREAD = ("samples.parquet", "traits.parquet")  # by a projection


def flip(path, at=0.5):
    data = bytearray(path.read_bytes())
    data[int(len(data) * at)] ^= 1
    path.write_bytes(data)


def test_every_part_of_a_store_that_changed_is_named(stores, tmp_path, capsys):
    names = sorted(os.listdir(f"{stores}/r.products"))
    assert len(names) > 4
    for name in [None, *names]:
        copy = tmp_path / "p.products"
        shutil.rmtree(copy, ignore_errors=True)
        shutil.copytree(f"{stores}/r.products", copy)
        if name is not None:
            flip(copy / name)
        flags = ["--products", str(copy), "--weights", f"{stores}/w.tsv", "--no-plot"]
        done = project([*flags, "--out", str(tmp_path / "o")])
        error = capsys.readouterr().err
        if name is None or name in UNREAD:
            assert done == 0, error
        else:
            assert done == 2, name
            assert "p.products" in error
            assert error.count("\n") == 1
            assert name == "store.json" or name in error


def test_a_dense_part_that_is_missing_or_changed_is_named(stores, tmp_path):
    copy = tmp_path / "d.t"
    shutil.copytree(f"{stores}/r.t", copy)
    flip(copy / "part-00000.parquet")
    with pytest.raises(GemcontError, match="part-00000.parquet"):
        read_dense(tmp_path / "d").trait("a")
    (copy / "part-00000.parquet").unlink()
    with pytest.raises(GemcontError, match="part-00000.parquet"):
        read_dense(tmp_path / "d").trait("a")


def test_every_part_of_a_chunk_that_changed_is_named(stores, tmp_path, capsys):
    flags = ["--bfile", f"{stores}/g", "--pheno", f"{stores}/y.tsv", "--no-plot"]
    flags += ["--block-size", "20", "--each-trait", "--out", str(tmp_path / "c")]
    for number in (1, 2):
        assert gwas([*flags, "--chunk", f"{number}/2"]) == 0
    chunk = next(p for p in tmp_path.iterdir() if p.is_dir() and "1" in p.name)
    whole = tmp_path / "whole"
    shutil.copytree(chunk, whole)
    files = [p.relative_to(whole) for p in sorted(whole.rglob("*")) if p.is_file()]
    for name in (p for p in files if (whole / p).stat().st_size):
        shutil.rmtree(chunk)
        shutil.copytree(whole, chunk)
        flip(chunk / name)
        capsys.readouterr()
        assert gwas(["merge", "--out", str(tmp_path / "c")]) == 2, name
        error = capsys.readouterr().err
        assert chunk.name in error
        assert error.count("\n") == 1
        assert not (tmp_path / "c.gwas.tsv").exists()
