"""Settings of the meta-analysis: what excludes what."""

import dataclasses

import pytest

from gemcont import GemcontError
from gemcont.settings.meta import (
    IDLE_WITH_JOINT,
    IDLE_WITH_SUMSTATS,
    JointSettings,
    MetaCommand,
    MetaSettings,
    Palindromes,
)


def test_rsid_is_another_word_for_id():
    assert MetaSettings(match="rsid").match == MetaSettings(match="id").match == "id"
    assert MetaSettings().match == "key"
    with pytest.raises(GemcontError, match="^--match: 'name' is not one of key, id, rsid"):
        MetaSettings(match="name")


def test_scores_have_no_variance_between_cohorts():
    with pytest.raises(GemcontError, match="^--random-effects needs --scheme stderr"):
        MetaSettings(random_effects=True, scheme="samplesize")
    MetaSettings(random_effects=True)


@pytest.mark.parametrize("frequency", [0.0, 0.51, -0.1])
def test_a_frequency_is_ambiguous_near_one_half(frequency):
    with pytest.raises(GemcontError, match="^--ambiguous: .* is not above 0 and up to 0.5"):
        Palindromes(ambiguous=frequency)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"joint": ["a"]}, "--joint: two stores or more are added"),
        ({"joint": ["a", "b"], "layout": "ssf"}, "--format ssf holds effects of one trait"),
        ({"sumstats": ["a"], "layout": "ssf"}, "--genome-build goes with --format ssf"),
        ({"sumstats": ["a"], "genome_build": "GRCh38"}, "--genome-build goes with --format ssf"),
        (
            {
                "sumstats": ["a"],
                "layout": "ssf",
                "genome_build": "GRCh38",
                "scheme": "samplesize",
            },
            "--format ssf holds effects; --scheme samplesize has none",
        ),
    ],
)
def test_what_excludes_what(given, message):
    with pytest.raises(GemcontError, match=f"^{message}"):
        MetaCommand(out="o", **given)


def test_what_means_nothing_for_a_kind_of_input_is_a_field():
    fields = {field.name for field in dataclasses.fields(MetaCommand)}
    assert set(IDLE_WITH_JOINT) | set(IDLE_WITH_SUMSTATS) <= fields
    joint = {field.name for field in dataclasses.fields(JointSettings)}
    assert not joint & set(IDLE_WITH_JOINT)
    assert set(IDLE_WITH_SUMSTATS) <= joint


def test_files_that_are_read():
    command = MetaCommand(out="o", sumstats=["a", "b"], bfile="g", liftover="c.chain")
    assert set(command.input_files) == {"a", "b", "c.chain", "g.bed", "g.bim", "g.fam"}
    assert MetaCommand(out="o", joint=["x", "y"]).input_files == []
