"""Settings and flags of gemcont-panel and gemcont-panel score."""

import pytest

from gemcont import GemcontError
from gemcont.settings.clump import ClumpBounds
from gemcont.settings.flags import names_of
from gemcont.settings.panel import PanelBounds, PanelCommand, ScoreCommand, ScoreSettings


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"p": 0.0}, "--p: 0 is not above 0 and up to 1"),
        ({"r2": 1.0}, "--clump-r2: 1 is not from 0 to below 1"),
        ({"kb": 0.0}, "--clump-kb: 0 is not from 0.001 up"),
    ],
)
def test_bounds_of_a_panel(given, message):
    with pytest.raises(GemcontError, match=f"^{message}"):
        PanelBounds(**given)


def test_linkage_is_bounded_by_the_flags_of_clumping():
    for name in ("r2", "kb"):
        own, clump = (cls.__dataclass_fields__[name] for cls in (PanelBounds, ClumpBounds))
        assert names_of(own) == names_of(clump)
    assert PanelBounds().r2 < ClumpBounds().r2
    assert PanelBounds().kb > ClumpBounds().kb


def test_files_that_are_read():
    panel = PanelCommand(out="o", bfile="g", sumstats=["a"], keep="k", liftover="c")
    assert {"a", "k", "c", "g.bed"} <= set(panel.input_files)
    score = ScoreCommand(out="o", bfile="g", panel="p", remove="r")
    assert {"p", "r", "g.bed"} <= set(score.input_files)


def test_weights_are_a_column_of_the_panel():
    assert ScoreSettings().weights == "beta_shrunk"
    with pytest.raises(GemcontError, match="^--weights: 'z' is not one of beta_shrunk, beta"):
        ScoreSettings(weights="z")
    with pytest.raises(GemcontError, match="^--min-found: -1 is not from 0 to 1"):
        ScoreSettings(min_found=-1)
