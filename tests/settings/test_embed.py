"""Flags of gemcont-embed."""

import pytest

from gemcont import GemcontError
from gemcont.settings.embed import EmbedCommand


def test_directions_need_the_panel_s_genotypes():
    with pytest.raises(GemcontError, match="^--directions needs --panel and genotypes"):
        EmbedCommand(out="o", model="m", images="x.npy", directions="auto")
    panel = EmbedCommand(out="o", model="m", images="x.npy", panel="p", directions=3)
    study = EmbedCommand(out="o", model="m", study="s", directions="auto")
    assert (panel.directions, study.directions) == (3, "auto")


def test_the_format_of_the_tables_is_not_that_of_the_images():
    command = EmbedCommand(out="o", model="m", images="x.npy", layout="chw", tables="parquet")
    assert command.inputs["layout"] == "chw"
    with pytest.raises(GemcontError, match="^--format: 'csv' is not one of tsv, parquet"):
        EmbedCommand(out="o", model="m", study="s", tables="csv")


def test_files_that_are_read():
    given = {"images": "x.npy", "image_ids": "i", "panel": "p", "covar": "c"}
    assert EmbedCommand(out="o", model="m", **given).input_files == ["x.npy", "i", "p", "c"]
    assert EmbedCommand(out="o", model="m", study="s").input_files == []
