"""Settings of the scan: what excludes what, and what follows from them."""

import pytest

from gemcont import GemcontError
from gemcont.settings.gwas import (
    DEFAULT_REFIT,
    GwasCommand,
    GwasLayout,
    GwasSettings,
    MergeCommand,
)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"dense": True, "top_k": 3}, "--dense keeps every t: leave --p-max and --top-k out"),
        ({"dense": True, "neg_log10_p_min": 2}, "--dense keeps every t"),
        ({"dense": True, "each_trait_samples": "own"}, "--dense excludes --each-trait-samples own"),
        (
            {"save_products": True, "each_trait_samples": "own"},
            "--save-products excludes --each",
        ),
        ({"effects": True, "joint": False}, "--effects are those of the joint test"),
        ({"loco": True}, "--loco goes with --kinship"),
        ({"reml": True}, "--reml goes with --kinship"),
        ({"refit": 0}, "--refit goes with --kinship"),
        ({"kinship_rank": 1}, "--kinship-rank goes with --kinship"),
        ({"kinship": "grm", "pred": "x"}, "--pred excludes --kinship"),
        ({"kinship": "grm", "save_products": True}, "--save-products excludes --kinship"),
        (
            {"kinship": "grm", "each_trait_samples": "own"},
            "--each-trait-samples own excludes --k",
        ),
        ({"pred": "x", "save_products": True}, "--save-products excludes --pred"),
        ({"pred": "x", "pcs": 2}, "--pcs excludes --pred"),
        ({"pred": "x", "each_trait_samples": "own"}, "--each-trait-samples own excludes --pred"),
        ({"contrast": "common", "pcs": 2}, "--contrast excludes --pcs"),
        ({"contrast": "common", "joint": False}, "--contrast is of the joint test"),
        ({"kinship": "grm", "contrast": "a", "refit": 0.1}, "--refit excludes --contrast a"),
        ({"block_size": 0}, "--block-size: 0 is not from 1 up"),
    ],
)
def test_what_excludes_what(given, message):
    with pytest.raises(GemcontError, match=f"^{message}"):
        GwasSettings(**given)


@pytest.mark.parametrize(
    ("given", "refits"),
    [
        ({}, 0.0),
        ({"kinship": "grm"}, DEFAULT_REFIT),
        ({"kinship": "grm", "loco": True}, 0.0),
        ({"kinship": "grm", "loco": True, "refit": 0.01}, 0.01),
        ({"kinship": "grm", "refit": 0}, 0),
        ({"kinship": "grm", "contrast": "common"}, 0.0),
    ],
)
def test_the_p_below_which_covariances_are_re_estimated(given, refits):
    assert GwasSettings(**given).refits == refits


@pytest.mark.parametrize(
    ("contrast", "name"),
    [
        ("any", ""),
        ("common", "common effect in the traits' units"),
        ("any-vs-common", "effects that differ in the traits' units"),
        ("height", "own effect on height, the others free"),
        ("conditional:height", "effect on height given the other traits"),
    ],
)
def test_contrasts_in_words(contrast, name):
    assert GwasSettings(contrast=contrast).contrast_name == name


def test_one_name_is_a_list_of_one():
    settings = GwasSettings(trait_names="a", covariate_names="b", condition="rs1", chromosomes=7)
    assert settings.trait_names == ["a"]
    assert settings.covariate_names == ["b"]
    assert settings.condition == ["rs1"]
    assert settings.chromosomes == "7"
    with pytest.raises(GemcontError, match="^chromosomes: must be text"):
        GwasSettings(chromosomes=True)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"layout": "ssf"}, "--format ssf: say --genome-build"),
        ({"genome_build": "GRCh38"}, "--genome-build goes with --format ssf"),
        ({"layout": "csv"}, "--format: 'csv' is not one of tsv, tsv.gz, parquet, ssf"),
    ],
)
def test_a_layout_and_its_build_go_together(given, message):
    with pytest.raises(GemcontError, match=f"^{message}"):
        GwasLayout(**given)
    assert GwasLayout(layout="ssf", genome_build="GRCh38").layout == "ssf"


def test_every_file_that_a_flag_names_is_an_input():
    given = {"pheno": "p", "covar": "c", "keep": "k", "remove": "r", "extract": "x"}
    given |= {"exclude": "e", "condition_list": "l"}
    command = GwasCommand(out="o", bfile="g", kinship="K", **given)
    files = command.input_files
    assert set(given.values()) <= set(files)
    assert {"g.bed", "g.bim", "g.fam", "K", "K.grm.npy", "K.grm.id", "K.eigen.npz"} <= set(files)
    assert "grm" not in GwasCommand(out="o", bfile="g", kinship="grm").input_files
    assert "a_pred.list" in GwasCommand(out="o", bfile="g", pred="a_pred.list").input_files


def test_a_merge_needs_only_the_prefix_of_the_chunks():
    assert MergeCommand(out="o").log_prefix == "o"
