"""A GRM in memory and on disk: its values, labels, samples and chromosomes."""

import json

import numpy as np
import pandas as pd
import pytest
from conftest import named_samples, named_variants, random_dosages
from reference.packed import write_fileset

from gemcont import GemcontError, run_kinship, write_kinship
from gemcont.workflows.kinship import refuse_inputs

N, M = 30, 80


@pytest.fixture
def study(tmp_path):
    """PREFIX of genotypes on chromosomes 1 and 2, and the dosages."""
    dosages = random_dosages(np.random.default_rng(2), M, N, low=0.3, high=0.7)
    prefix = str(tmp_path / "g")
    write_fileset(prefix, dosages, named_samples(N), named_variants(M, ("1", "2")))
    return prefix, dosages


def grm(dosages):
    """Mean product of the centred dosages of two samples."""
    centred = dosages - dosages.mean(axis=1, keepdims=True)
    return centred.T @ centred / len(dosages)


def test_the_matrix_is_that_of_the_definition(study):
    prefix, dosages = study
    frame = run_kinship(prefix, kinship_maf=0.0)
    np.testing.assert_allclose(frame.to_numpy(), grm(dosages), atol=1e-5)
    assert frame.index.tolist() == frame.columns.tolist() == [f"s{i}" for i in range(N)]


def test_genotypes_of_a_dataframe_give_the_same(study):
    prefix, dosages = study
    columns = [f"s{i}" for i in range(N)]
    frame = run_kinship(pd.DataFrame(dosages, columns=columns), kinship_maf=0.0)
    assert frame.index.tolist() == columns
    np.testing.assert_allclose(frame, run_kinship(prefix, kinship_maf=0.0), atol=1e-6)


def test_ids_of_several_samples_are_labelled_with_their_family(tmp_path):
    dosages = random_dosages(np.random.default_rng(3), M, 4, low=0.4, high=0.6)
    samples = [("f1", "a", 1), ("f2", "a", 1), ("f1", "b", 2), ("f2", "c", 2)]
    write_fileset(str(tmp_path / "g"), dosages, samples, named_variants(M))
    frame = run_kinship(str(tmp_path / "g"), kinship_maf=0.0)
    assert frame.index.names == ["FID", "IID"]
    assert frame.index.tolist() == [(fid, iid) for fid, iid, _ in samples]


def test_files_hold_the_matrix_its_eigenvectors_and_those_without_a_chromosome(study, tmp_path):
    prefix, dosages = study
    out = tmp_path / "k"
    write_kinship(prefix, str(out), loco=True, kinship_maf=0.0, plot=False)
    matrix = np.load(f"{out}.grm.npy")
    np.testing.assert_allclose(matrix, grm(dosages), atol=1e-5)
    eigen = np.load(f"{out}.eigen.npz")
    product = (eigen["vectors"] * eigen["values"]) @ eigen["vectors"].T
    np.testing.assert_allclose(product, matrix, atol=1e-5)
    without_1 = np.load(tmp_path / "k.loco" / "1.grm.npy")
    np.testing.assert_allclose(without_1, grm(dosages[M // 2 :]), atol=1e-5)
    summary = json.loads((tmp_path / "k.summary.json").read_text())
    assert (summary["n_samples"], summary["n_variants"]) == (N, M)
    assert not (tmp_path / "k.kinship.png").exists()


def test_a_run_without_loco_removes_the_matrices_of_an_earlier_one(study, tmp_path):
    write_kinship(study[0], str(tmp_path / "k"), loco=True, plot=True)
    assert (tmp_path / "k.kinship.png").exists()
    write_kinship(study[0], str(tmp_path / "k"), plot=False)
    assert not (tmp_path / "k.loco").exists()
    assert not (tmp_path / "k.kinship.png").exists()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"keep": ["s1"]}, "--keep, --remove: 1 samples are left"),
        ({"extract": ["rs1", "rs2"], "loco": True}, "all variants of the GRM are on chromosome 1"),
    ],
)
def test_too_few_samples_or_chromosomes(study, tmp_path, settings, message):
    with pytest.raises(GemcontError, match=message):
        write_kinship(study[0], str(tmp_path / "k"), **settings)


def test_an_input_is_never_written_over(tmp_path):
    (tmp_path / "k.grm.npy").touch()
    with pytest.raises(GemcontError, match=r"k\.grm\.npy"):
        refuse_inputs(str(tmp_path / "k"), [str(tmp_path / "k.grm.npy")])
