"""Every example runs, and says what its text claims."""

import runpy
from pathlib import Path

import numpy as np
import pytest
from conftest import ROOT

EXAMPLES = sorted((ROOT / "examples").glob("*.py"))


@pytest.fixture(autouse=True)
def _beside(monkeypatch):
    """Examples import each other as scripts do: from their own folder."""
    monkeypatch.syspath_prepend(str(ROOT / "examples"))


def run(name):
    return runpy.run_path(str(ROOT / "examples" / name))["main"]()


def test_components_give_the_traits_own_statistic(capsys):
    runs = run("principal_components.py")
    traits, components = runs["traits"], runs["2 components"]
    np.testing.assert_allclose(components.f_statistic, traits.f_statistic, rtol=1e-6)
    assert runs["1 component, ranked"].dof.max() == 1
    assert capsys.readouterr().out.count("best") == 3


def test_custom_scan_finds_the_causal_variant(capsys):
    scan = run("custom_scan.py")
    assert scan.neg_log_10_p.argmax() == 7
    assert abs(scan.effects[7, 1] - 0.6) < 0.2
    assert "variant 7" in capsys.readouterr().out


def test_conditioning_takes_the_first_signal_away(capsys):
    variants, steps = run("conditional.py")
    assert len(set(variants)) == 3
    assert steps[0] > steps[1] > steps[2]
    assert capsys.readouterr().out.count("given") == 3


def test_interactions_are_small_beside_the_main_effects(capsys):
    results = run("interaction.py")
    assert len(results) == 20
    assert all(0 <= p < 10 for p in results.values())
    assert "strongest interaction with sex" in capsys.readouterr().out


def test_loci_and_their_overlap(capsys):
    clumps, shared = run("loci.py")
    assert len(clumps.loci) == shared.n_tested > 100
    assert shared.table["recovered"].sum() == shared.n_recovered
    assert "random loci" in capsys.readouterr().out


def test_an_encoder_of_ones_own_recovers_the_trait(capsys):
    found = run("own_encoder.py")
    assert found["r2"] > 0.2
    assert found["null_recovered"] == 0
    assert capsys.readouterr().out.count("of the causal variants") == len(found["tests"])


@pytest.mark.parametrize("path", EXAMPLES, ids=lambda p: p.name)
def test_examples_are_short_and_listed(path):
    assert len(path.read_text().splitlines()) < 80
    assert path.name in (Path(path).parent / "README.md").read_text()


def test_kinship_takes_the_inflation_away(capsys):
    null, scan, plain = run("kinship.py")
    assert null.gradient_norm < 0.01
    assert scan.neg_log_10_p.argmax() == 7
    text = capsys.readouterr().out
    with_kinship, without = (float(part.split()[0]) for part in text.split("lambda ")[1:])
    assert 0.9 < with_kinship < 1.1 < without
