"""Kinship matrices: their rows for samples, without a chromosome, and those that do not fit."""

from types import SimpleNamespace

import numpy as np
import pandas as pd
import polars as pl
import pytest
from reference.relatives import N, families, refused, slow_grm

from gemcont import ArraySource, GemcontError
from gemcont.tables.kinship_files import write_kinship
from gemcont.workflows.kinship.matrices import open_kinship


@pytest.fixture(scope="module")
def study():
    return families()


@pytest.mark.parametrize(
    ("change", "message"),
    [
        (lambda k: k - 2 * np.eye(N), "the kinship array: is not positive semi-definite, its"),
        (lambda k: np.where(np.eye(N, k=3), np.nan, k), "the kinship array: holds values that"),
        (lambda k: k + np.triu(k, 1), "the kinship array: is not symmetric"),
        (lambda k: 0 * k, "the kinship array: is 0 everywhere"),
    ],
)
def test_what_is_no_kinship(study, change, message):
    refused(message, study.source, study.traits, kinship=change(study.kinship))


def test_one_chromosome_cannot_be_left_out(study):
    one = study.variants.with_columns(pl.lit("1").alias("chromosome"))
    source = ArraySource(study.dosages, study.samples, one)
    refused("--loco: no variant of the GRM lies outside chromosome 1", source, study.traits,
            kinship="grm", loco=True)  # fmt: skip
    sexed = study.variants.with_columns(pl.lit("X").alias("chromosome"))
    source = ArraySource(study.dosages, study.samples, sexed)
    refused("--kinship grm: .* has no variant on an autosome", source, study.traits,
            kinship="grm")  # fmt: skip


def test_a_file_without_loco_matrices(study, tmp_path):
    ids = [study.samples[c].to_list() for c in ("fid", "iid")]
    write_kinship(str(tmp_path / "K"), study.kinship, *ids)
    refused(
        r"--loco: .*K\.grm\.npy has no .*K\.loco beside it; make it by gemcont-kinship --loco",
        study.source, study.traits, kinship=str(tmp_path / "K"), loco=True,
    )  # fmt: skip


def settings(**given):
    return SimpleNamespace(**({"loco": False, "autosomes": 22, "kinship": None} | given))


def shuffled_file(study, folder):
    """PREFIX of the kinship with its rows in another order."""
    order = np.random.default_rng(1).permutation(N)
    ids = [study.samples[c].gather(order).to_list() for c in ("fid", "iid")]
    write_kinship(str(folder / "K"), study.kinship[np.ix_(order, order)], *ids)
    return str(folder / "K")


@pytest.mark.parametrize("kind", ["array", "frame", "file"])
def test_rows_are_those_of_the_samples(study, kind, tmp_path):
    ids = study.samples["iid"].to_list()
    given = {
        "array": lambda: study.kinship,
        "frame": lambda: pd.DataFrame(study.kinship, index=ids, columns=ids).loc[
            ids[::-1], ids[::-1]
        ],
        "file": lambda: shuffled_file(study, tmp_path),
    }[kind]()
    kinship = open_kinship(study.source, settings(kinship=given))
    samples = np.array([3, 17, 18, 90])
    kinship.prepare(samples)
    expected = study.kinship[np.ix_(samples, samples)]
    np.testing.assert_allclose(kinship.matrix(samples), expected, atol=1e-6)
    eigen = kinship.decomposition(samples)
    product = (eigen.vectors * eigen.values) @ eigen.vectors.T
    np.testing.assert_allclose(product, expected, atol=1e-5)


@pytest.mark.parametrize("chromosome", [None, "2"])
def test_a_computed_kinship_leaves_a_chromosome_out(study, chromosome):
    how = settings(kinship="grm", kinship_type="centred", kinship_maf=0.01)
    kinship = open_kinship(study.source, how)
    samples = np.arange(N)
    kinship.prepare(samples)
    here = study.names != chromosome
    expected = slow_grm(study.dosages[here])
    np.testing.assert_allclose(kinship.matrix(samples, chromosome), expected, atol=1e-5)
    few = np.array([5, 60])
    np.testing.assert_allclose(
        kinship.matrix(few, chromosome), expected[np.ix_(few, few)], atol=1e-5
    )


def test_without_a_kinship_there_is_none(study):
    assert open_kinship(study.source, settings()) is None


def test_a_sample_that_is_not_in_the_matrix_is_refused(study, tmp_path):
    ids = [study.samples[c].to_list()[:-2] for c in ("fid", "iid")]
    write_kinship(str(tmp_path / "K"), study.kinship[:-2, :-2], *ids)
    kinship = open_kinship(study.source, settings(kinship=str(tmp_path / "K")))
    kinship.prepare(np.arange(N - 2))
    with pytest.raises(GemcontError, match="1 samples are not in it"):
        kinship.prepare(np.array([0, N - 1]))
