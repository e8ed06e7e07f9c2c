"""Settings and flags of gemcont-project."""

import pytest

from gemcont import GemcontError
from gemcont.settings.flags import flags_in
from gemcont.settings.project import ProjectCommand, ProjectLayout, ProjectSettings


def test_a_trait_is_tested_once():
    with pytest.raises(GemcontError, match="^--traits: duplicate name"):
        ProjectSettings(traits=["a", "b", "a"])
    assert ProjectSettings(traits=["a", "b"]).traits == ["a", "b"]


def test_each_trait_only_is_two_settings_at_once():
    said = {names[0]: said for _, said, names in flags_in(ProjectSettings)}
    settings = ProjectSettings(traits=["a"], **said["--each-trait-only"].sets)
    assert (settings.joint, settings.each_trait) == (False, True)
    assert ProjectSettings(traits=["a"]).joint


def test_a_store_has_no_tests_of_its_own():
    with pytest.raises(GemcontError, match="^--test: 'wald' is not one of lrt, f"):
        ProjectSettings(traits=["a"], test="wald")
    with pytest.raises(GemcontError, match="^--format: 'ssf' is not one of tsv, tsv.gz, parquet"):
        ProjectLayout(layout="ssf")


def test_the_table_of_weights_is_read():
    assert ProjectCommand(out="o", products="s", weights="w").input_files == ["w"]
    assert ProjectCommand(out="o", products="s", traits=["a"]).input_files == []
