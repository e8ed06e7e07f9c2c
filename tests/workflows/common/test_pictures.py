"""Pictures next to the tables."""

from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from matplotlib.figure import Figure

from gemcont import GemcontError
from gemcont.workflows.common.pictures import (
    chromosome_codes,
    draw_joint,
    draw_pictures,
    short_names,
)


def test_every_picture_is_a_file_of_its_name(tmp_path):
    prefix = str(tmp_path / "out")
    draw_pictures(prefix, {"one": Figure, "two": Figure})
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.one.png", "out.two.png"]
    assert (tmp_path / "out.one.png").read_bytes().startswith(b"\x89PNG")


def test_a_picture_that_cannot_be_written_is_said(tmp_path):
    with pytest.raises(GemcontError, match="the results themselves are complete"):
        draw_pictures(str(tmp_path / "missing" / "out"), {"one": Figure})


def test_chromosomes_are_numbered_in_drawing_order():
    column = pl.Series(["X", "10", "chr2", "X", "2_random"])
    names, codes = chromosome_codes(column, 22)
    assert names[:3] == ["chr2", "10", "X"]
    assert [names[c] for c in codes] == ["X", "10", "chr2", "X", "2_random"]
    assert chromosome_codes(pl.Series(["23", "1"]), 22)[0] == ["1", "X"]


def test_names_of_traits_fit_a_title():
    assert short_names(["a", "b"]) == "a, b"
    assert short_names(list("abcdef")) == "a, b, c, d and 2 more"
    cut = short_names(["a" * 40])
    assert len(cut) == 34
    assert cut.endswith("...")


@pytest.mark.parametrize("test", ["lrt", "f", "wald"])
def test_the_joint_test_is_drawn_twice(test, tmp_path):
    positions = pl.DataFrame({"chromosome": ["1", "1", "2"], "base_pair_location": [5, 9, 2]})
    null = SimpleNamespace(n_samples=1000, n_covariates=1, n_traits=2)
    neg_log_10_p = np.array([0.3, 9.0, np.nan])
    draw_joint(
        str(tmp_path / "out"),
        positions,
        neg_log_10_p,
        null,
        ["a", "b"],
        test=test,
        lambda_gc=1.0,
        autosomes=22,
    )
    assert sorted(p.name for p in tmp_path.iterdir()) == ["out.manhattan.png", "out.qq.png"]
