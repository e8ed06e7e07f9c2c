"""What is refused of a kinship and of what goes with it."""

import numpy as np
import pandas as pd
import pytest
from reference.relatives import N, families, refused

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
        "contrast: any-vs-common of one trait", study.source, study.traits[["a"]],
        contrast="any-vs-common", kinship="grm",
    )  # fmt: skip


def test_too_few_samples_for_the_traits(study):
    few = study.traits[:12]
    rng = np.random.default_rng(0)
    many = pd.DataFrame(rng.standard_normal((12, 6)), index=few.index)
    refused(
        "12 samples are too few for 6 traits and 1 covariates: two covariances need at least 13",
        study.source, many, kinship=study.kinship,
    )  # fmt: skip
