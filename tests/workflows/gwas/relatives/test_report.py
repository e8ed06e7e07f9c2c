"""What a run with kinship says of its null model."""

import json

import numpy as np
import pytest

from gemcont.settings.gwas import GwasSettings
from gemcont.stats.mixed import fit_null
from gemcont.tables.sample_frames import from_frame
from gemcont.workflows.gwas.prepare import prepare
from gemcont.workflows.gwas.relatives.report import draw_heritability, kinship_summary


def run_of(related, **settings):
    traits = from_frame(related.traits, "the traits")
    return prepare(related.source, traits, None, GwasSettings(kinship=related.kinship, **settings))


@pytest.mark.parametrize("method", ["ml", "reml"])
def test_the_null_model_is_that_of_the_arrays(related, method):
    found = kinship_summary(run_of(related, reml=method == "reml"))
    null = fit_null(related.traits.to_numpy(), np.ones((120, 1)), related.kinship, method=method)
    assert found["method"] == method
    assert found["null"]["log_likelihood"] == pytest.approx(null.log_likelihood, rel=1e-6)
    for name, expected in (
        ("genetic_covariance", null.genetic_covariance),
        ("residual_covariance", null.residual_covariance),
    ):
        np.testing.assert_allclose(found["null"][name], expected, atol=5e-3)
    mean = np.linalg.eigvalsh(related.kinship).mean()
    assert found["scale"] == pytest.approx(mean)
    genetic, residual = np.diag(null.genetic_covariance) * mean, np.diag(null.residual_covariance)
    shares = [row["heritability"] for row in found["traits"]]
    np.testing.assert_allclose(shares, genetic / (genetic + residual), atol=5e-3)
    assert [row["trait"] for row in found["traits"]] == list("abc")
    assert all(row["heritability_se"] > 0 for row in found["traits"])


def test_traits_alone_have_heritabilities_of_their_own(related):
    both = kinship_summary(run_of(related, each_trait=True))
    alone = kinship_summary(run_of(related, each_trait=True, joint=False))
    keys = {"trait", "own_heritability", "own_heritability_se"}
    assert set(both["traits"][0]) == keys | {"heritability", "heritability_se"}
    assert set(alone["traits"][0]) == keys
    assert "null" not in alone
    own = [row["own_heritability"] for row in alone["traits"]]
    assert own == pytest.approx([row["own_heritability"] for row in both["traits"]])
    assert own != pytest.approx([row["heritability"] for row in both["traits"]])


@pytest.mark.parametrize(
    ("settings", "below"), [({}, 1e-4), ({"refit": 0}, 0.0), ({"refit": 0.01}, 0.01)]
)
def test_refits_are_said(related, settings, below):
    run = run_of(related, **settings)
    list(run.blocks())
    found = kinship_summary(run)
    assert found["refitted_below_p"] == below
    assert found["n_refitted"] == run.tally.refitted
    assert (found["n_refitted"] > 0) == (below > 0)


def test_it_can_be_written_as_json(related):
    text = json.dumps(kinship_summary(run_of(related, each_trait=True)), allow_nan=False)
    assert "leave_one_chromosome_out" in text


@pytest.mark.parametrize("settings", [{}, {"each_trait": True, "joint": False}])
def test_the_picture_is_drawn(related, tmp_path, settings):
    draw_heritability(run_of(related, **settings), str(tmp_path / "r"))
    assert (tmp_path / "r.heritability.png").stat().st_size > 5000
