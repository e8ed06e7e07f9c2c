"""What is refused of a kinship and of what goes with it."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from reference.relatives import N, families, refused

from gemcont import ArraySource, run_gwas
from gemcont.tables.kinship_files import write_kinship
from gemcont.workflows.common import memory
from gemcont.workflows.kinship import matrices as kinship_workflow


@pytest.fixture(scope="module")
def study():
    return families()


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"contrast": "common", "pcs": 2}, "--contrast excludes --pcs"),
        ({"contrast": "height"}, r"--contrast: height is neither a tested trait \(a, b, c\)"),
        ({"contrast": "common", "joint": False}, "--contrast is of the joint test"),
        ({"loco": True}, "--loco goes with --kinship"),
        ({"reml": True}, "--reml goes with --kinship"),
        ({"refit": 0.1}, "--refit goes with --kinship"),
        ({"refit": 0}, "--refit goes with --kinship"),
        ({"kinship_rank": 1}, "--kinship-rank goes with --kinship"),
        ({"kinship": "grm", "kinship_rank": 0}, "--kinship-rank: 0 is not from 1 up"),
        ({"kinship": "grm", "kinship_type": "ibs"}, "--kinship-type: 'ibs' is not one of"),
        ({"kinship": "grm", "kinship_maf": 0.6}, "--kinship-maf: 0.6 is not from 0 to 0.5"),
        ({"kinship": "grm", "refit": 0.1, "contrast": "a"}, "--refit excludes --contrast a: what"),
        ({"kinship": "grm", "pred": "x"}, "--pred excludes --kinship"),
        ({"kinship": "grm", "each_trait": True, "each_trait_samples": "own"},
         "--each-trait-samples own excludes --kinship"),
        ({"pred": "x", "pcs": 2}, "--pcs excludes --pred"),
        ({"pred": "x", "each_trait": True, "each_trait_samples": "own"},
         "--each-trait-samples own excludes --pred"),
        ({"pred": "none.list"}, "none.list: no such file"),
        ({"kinship": "nothing/K"}, "nothing/K: no such kinship matrix"),
        ({"kinship": np.eye(5)}, rf"kinship: has shape \(5, 5\); it must be \({N}, {N}\)"),
        ({"kinship": np.eye(N), "loco": True}, "--loco: an array has no chromosomes"),
        ({"kinship": "grm", "loco": True, "chromosomes": "9"}, "9"),
    ],
)  # fmt: skip
def test_what_does_not_go_together(study, settings, message):
    refused(message, study.source, study.traits, **settings)


@pytest.mark.parametrize("related", ["grm", "array"])
@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"contrast": "height"}, "--contrast: height is neither a tested trait"),
        ({"kinship_rank": 4}, "--kinship-rank 4: the traits are only 3"),
        ({"kinship_rank": 1, "joint": False}, "--kinship-rank is of the joint test; leave"),
        ({"refit": 0.1, "joint": False}, "--refit is of the joint test; leave --each-trait-only"),
    ],
)
def test_the_joint_test_s_mistakes_are_found_before_the_kinship(
    study, related, settings, message, monkeypatch
):
    def made(*_, **__):
        raise AssertionError("the kinship was made")

    monkeypatch.setattr(kinship_workflow.Computed, "prepare", made)
    monkeypatch.setattr(kinship_workflow.FromArray, "prepare", made)
    kinship = "grm" if related == "grm" else study.kinship
    refused(message, study.source, study.traits, kinship=kinship, **settings)


def test_any_vs_common_of_one_trait(study):
    refused(
        "--contrast any-vs-common: one trait", study.source, study.traits[["a"]],
        contrast="any-vs-common", kinship="grm",
    )  # fmt: skip


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


def test_too_few_samples_for_the_traits(study):
    few = study.traits[:12]
    rng = np.random.default_rng(0)
    many = pd.DataFrame(rng.standard_normal((12, 6)), index=few.index)
    refused(
        "12 samples are too few for 6 traits and 1 covariates: two covariances need at least 13",
        study.source, many, kinship=study.kinship,
    )  # fmt: skip


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


@pytest.mark.parametrize("loco", [False, True])
def test_memory_that_does_not_hold_it_says_how_many_fit(study, monkeypatch, loco):
    each = 42 + 20 * loco
    monkeypatch.setattr(memory, "available_memory", lambda: each * 50**2 + 1)
    refused(
        rf"--kinship: {N} samples need about .* GiB of memory, .* free: enough for 50; for more, "
        "--pred", study.source, study.traits, kinship="grm", loco=loco,
    )  # fmt: skip
    monkeypatch.setattr(memory, "available_memory", lambda: None)  # not known
    run_gwas(study.source, study.traits, kinship="grm", loco=loco)


def test_a_32_bit_lapack_is_refused_above_its_bound(study, monkeypatch):
    monkeypatch.setattr(memory, "lapack_is_64_bit", lambda: False)
    run_gwas(study.source, study.traits, kinship="grm")
    monkeypatch.setattr(memory, "_LP64_LARGEST", 100)
    refused("need a 64-bit LAPACK", study.source, study.traits, kinship="grm")
