"""Kinship matrices that do not fit, and those without a chromosome."""

import numpy as np
import polars as pl
import pytest
from reference.relatives import N, families, refused

from gemcont import ArraySource
from gemcont.tables.kinship_files import write_kinship


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
