"""Settings of clumping: PLINK's bounds, and PLINK's ways to name columns."""

import pytest

from gemcont import GemcontError
from gemcont.settings.clump import LOG_P, ClumpBounds, ClumpCommand, ClumpSettings, Reports


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"p1": 0.0}, "--clump-p1: 0 is not above 0 and up to 1"),
        ({"p2": 1.5}, "--clump-p2: 1.5 is not above 0 and up to 1"),
        ({"r2": 1.0}, "--clump-r2: 1 is not from 0 to below 1"),
        ({"kb": 0.0}, "--clump-kb: 0 is not from 0.001 up"),
    ],
)
def test_bounds_of_a_clump(given, message):
    with pytest.raises(GemcontError, match=f"^{message}"):
        ClumpBounds(**given)


def test_defaults_are_plink_s():
    bounds = ClumpBounds()
    assert (bounds.p1, bounds.p2, bounds.r2, bounds.kb) == (1e-4, 1e-2, 0.5, 250)


def test_a_chromosome_may_be_a_number():
    assert ClumpSettings(chromosomes=7).chromosomes == "7"
    assert ClumpSettings(chromosomes="1-3,X").chromosomes == "1-3,X"
    with pytest.raises(GemcontError, match="^chromosomes: must be text"):
        ClumpSettings(chromosomes=True)


@pytest.mark.parametrize(
    ("given", "named"),
    [
        ({}, {}),
        ({"id_field": ["SNP"]}, {"variant_id": ["SNP"]}),
        ({"p_field": ["P", "PVAL"]}, {"p_value": ["P", "PVAL"]}),
        ({"log10_p": True}, {"neg_log_10_p_value": LOG_P}),
        ({"log10_p": True, "p_field": ["L"]}, {"neg_log_10_p_value": ["L"]}),
    ],
)
def test_columns_that_plink_s_flags_name(given, named):
    assert Reports(sumstats=["r"], **given).named_columns == named


def test_every_file_that_a_flag_names_is_an_input():
    given = {"keep": "k", "remove": "r", "extract": "x", "exclude": "e", "genes": "n.bed"}
    command = ClumpCommand(out="o", bfile="g", sumstats=["a", "b"], **given)
    assert {*given.values(), "a", "b", "g.bed"} <= set(command.input_files)
    assert None not in ClumpCommand(out="o", bfile="g", sumstats=["a"]).input_files
