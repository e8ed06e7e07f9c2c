"""Scores of people: missing genotypes, strands, variants that are not there, other files."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from conftest import named_samples, random_dosages
from reference.packed import write_fileset

from gemcont import ArraySource, GemcontError, open_genotypes, polygenic_score
from gemcont.cli import panel as command
from gemcont.workflows.panel.score import match_panel

N, M = 120, 60
FLIP = str.maketrans("ACGT", "TGCA")
LETTERS = ["AG", "AT", "CT", "GC", "TA", "AC"]  # half of them palindromic


def variants(n=M):
    return [("1", f"rs{i}", 1000 * (i + 1), *LETTERS[i % 6]) for i in range(n)]


def table(rows):
    names = ("chromosome", "variant_id", "base_pair_location", "effect_allele", "other_allele")
    return pl.DataFrame(rows, schema=list(names), orient="row")


RNG = np.random.default_rng(8)
DOSAGES = random_dosages(RNG, M, N, missing=0.05, low=0.05, high=0.35)
MEAN = np.nanmean(DOSAGES, axis=1)
FILLED = np.where(np.isnan(DOSAGES), MEAN[:, None], DOSAGES)
SOURCE = ArraySource(
    DOSAGES, samples=[i for _, i, _ in named_samples(N)], variants=table(variants())
)
PANEL = pd.DataFrame(table(variants()).to_dict(as_series=False)).assign(
    beta=RNG.normal(size=M), effect_allele_frequency=MEAN / 2
)
PANEL["beta_shrunk"] = PANEL.beta / 2
TRUTH = PANEL.beta.to_numpy() @ FILLED


def score(panel, source=SOURCE, **settings):
    return polygenic_score(source, panel, weights="beta", **settings)


def flipped(panel, which=slice(None)):
    panel = panel.copy()
    for name in ("effect_allele", "other_allele"):
        letters = panel[name].to_numpy().copy()
        letters[which] = [x.translate(FLIP) for x in letters[which]]
        panel[name] = letters
    return panel


def swapped(panel):
    """The panel for the other alleles: scores differ by a constant."""
    return panel.assign(
        effect_allele=panel.other_allele,
        other_allele=panel.effect_allele,
        beta=-panel.beta,
        effect_allele_frequency=1 - panel.effect_allele_frequency,
    )


@pytest.mark.parametrize("turn", [lambda p: p, swapped])
def test_a_score_does_not_depend_on_who_else_is_scored(turn, tmp_path):
    prefix = str(tmp_path / "g")
    write_fileset(prefix, DOSAGES, named_samples(N), variants())
    panel = turn(PANEL)
    panel.to_csv(tmp_path / "p.tsv", sep="\t", index=False)
    everyone = score(panel, open_genotypes(prefix))
    constant = 0 if turn is not swapped else 2 * PANEL.beta.sum()
    np.testing.assert_allclose(everyone.SCORE, TRUTH - constant, atol=1e-4)
    np.testing.assert_array_equal(everyone.ALLELE_CT, 2 * (~np.isnan(DOSAGES)).sum(axis=0))
    for people in ([5], [5, 77, 100], range(N)):
        lines = [f"{everyone.FID[i]}\t{everyone.IID[i]}" for i in people]
        (tmp_path / "keep").write_text("\n".join(lines))
        flags = ["--bfile", prefix, "--panel", str(tmp_path / "p.tsv"), "--weights", "beta"]
        flags += ["--keep", str(tmp_path / "keep"), "--out", str(tmp_path / "o")]
        assert command.main(["score", *flags]) == 0
        found = pd.read_csv(tmp_path / "o.score.tsv", sep="\t")
        assert found.columns.tolist() == ["FID", "IID", "SCORE", "ALLELE_CT"]
        np.testing.assert_allclose(found.SCORE, everyone.SCORE[list(people)], rtol=1e-5)


@pytest.mark.parametrize("turn", [lambda p: p, swapped])
def test_a_file_of_one_person_takes_the_panels_frequency(turn):
    """Frequencies of a panel of another population; nobody's genotype, counted by the .bim."""
    frequency = np.linspace(0.1, 0.9, M)
    panel = turn(PANEL.assign(effect_allele_frequency=frequency))
    one = ArraySource(DOSAGES[:, [7]], samples=["i"], variants=table(variants()))
    filled = np.where(np.isnan(DOSAGES[:, 7]), 2 * frequency, DOSAGES[:, 7])
    constant = 0 if turn is not swapped else 2 * PANEL.beta.sum()
    np.testing.assert_allclose(score(panel, one).SCORE, PANEL.beta @ filled - constant, atol=1e-4)


@pytest.mark.parametrize("turn", [lambda p: p, swapped])
def test_a_variant_that_nobody_has_counts_as_nothing(turn, caplog):
    dosages = DOSAGES.copy()
    dosages[[0, 2]] = np.nan
    source = ArraySource(dosages, samples=SOURCE.samples, variants=table(variants()))
    panel = turn(PANEL).drop(columns="effect_allele_frequency")
    kept = np.setdiff1d(np.arange(M), [0, 2])
    beta = PANEL.beta.to_numpy()[kept]
    constant = 0 if turn is not swapped else 2 * beta.sum()
    np.testing.assert_allclose(
        score(panel, source).SCORE, beta @ FILLED[kept] - constant, atol=1e-4
    )
    assert "2 variants of the panel have no genotype in anybody" in caplog.text


@pytest.mark.parametrize("frequency", ["right", "none", "another ancestry"])
@pytest.mark.parametrize("strand", ["same", "other"])
def test_strands_are_counted(frequency, strand):
    panel = PANEL
    if frequency == "none":
        panel = panel.drop(columns="effect_allele_frequency")
    elif frequency == "another ancestry":
        far = np.where(np.arange(M) % 5 == 0, 0.8, MEAN / 2)
        panel = panel.assign(effect_allele_frequency=far)
    found = score(flipped(panel) if strand == "other" else panel)
    np.testing.assert_allclose(found.SCORE, TRUTH, atol=1e-4)


def test_of_a_mixture_frequencies_decide_and_the_rest_is_left_out(caplog):
    mixed = np.arange(M) % 7 < 3
    found = score(flipped(PANEL, mixed))
    np.testing.assert_allclose(found.SCORE, TRUTH, atol=1e-4)
    bare = flipped(PANEL, mixed).drop(columns="effect_allele_frequency")
    telling = np.array([LETTERS[i % 6] in ("AG", "CT", "AC") for i in range(M)])
    found = score(bare, min_found=0.4)
    expected = PANEL.beta.to_numpy()[telling] @ FILLED[telling]
    np.testing.assert_allclose(found.SCORE, expected, atol=1e-4)
    assert "30 palindromic ones go by their frequency, but 30 are left out" in caplog.text
    with pytest.raises(GemcontError, match="30 of the panel's 60 variants are in the genotypes"):
        score(bare)


def test_a_panel_of_palindromes_goes_by_letters_unless_frequencies_speak():
    palindromic = np.flatnonzero([x in ("AT", "GC", "TA") for x in LETTERS] * (M // 6))
    panel = PANEL.iloc[palindromic]
    expected = panel.beta.to_numpy() @ FILLED[palindromic]
    np.testing.assert_allclose(score(panel).SCORE, expected, atol=1e-4)
    np.testing.assert_allclose(score(flipped(panel)).SCORE, expected, atol=1e-4)
    bare = panel.drop(columns="effect_allele_frequency")
    np.testing.assert_allclose(score(bare).SCORE, expected, atol=1e-4)


def test_frequencies_of_the_other_allele_are_not_used(caplog):
    wrong = PANEL.assign(effect_allele_frequency=1 - PANEL.effect_allele_frequency)
    rng = np.random.default_rng(1)
    wide = random_dosages(rng, M, N, low=0.1, high=0.9)
    source = ArraySource(wide, samples=SOURCE.samples, variants=table(variants()))
    wrong = wrong.assign(effect_allele_frequency=1 - wide.mean(axis=1) / 2)
    np.testing.assert_allclose(score(wrong, source).SCORE, PANEL.beta @ wide, atol=1e-4)
    assert "the panel's frequencies do not go with those of the genotypes" in caplog.text


@pytest.mark.parametrize("share", [0.1, 0.7])
def test_too_few_variants_are_refused(share, caplog):
    few = int(share * M)
    source = ArraySource(DOSAGES[:few], samples=SOURCE.samples, variants=table(variants(few)))
    for panel in (PANEL, pl.DataFrame({n: PANEL[n].to_numpy() for n in PANEL})):
        with pytest.raises(GemcontError, match=f"{few} of the panel's 60 variants are in the geno"):
            score(panel, source)
    found = score(PANEL, source, min_found=share)
    np.testing.assert_allclose(found.SCORE, PANEL.beta[:few] @ FILLED[:few], atol=1e-4)
    assert f"{few} of the panel's 60 variants" in caplog.text
    for wrong in ("x", 7, True):
        with pytest.raises(GemcontError, match="--min-found: .* is no share from 0 to 1"):
            score(PANEL, source, min_found=wrong)
    with pytest.raises(GemcontError, match="--min-found SHARE"):
        match_panel(source, PANEL, "beta")
    assert len(match_panel(source, PANEL, "beta", min_found=share).variants) == few


def test_cells_of_several_ids_and_several_alleles_of_one():
    panel = PANEL.assign(variant_id=[f"x{i},rs{i}" for i in range(M)], base_pair_location=1)
    np.testing.assert_allclose(score(panel).SCORE, TRUTH, atol=1e-4)
    other = PANEL.iloc[:20].assign(beta=9.0, other_allele="<DEL>")
    both = pd.concat([other, PANEL])
    np.testing.assert_allclose(score(both, min_found=0.7).SCORE, TRUTH, atol=1e-4)


def test_a_file_of_the_pgs_catalog(tmp_path):
    lines = ["###PGS CATALOG SCORING FILE", "#format_version=2.0", "#pgs_id=PGS1"]
    lines += ["rsID\tchr_name\tchr_position\teffect_allele\tother_allele\teffect_weight"]
    rows = PANEL[["variant_id", "chromosome", "base_pair_location", "effect_allele",
                  "other_allele", "beta"]].itertuples(index=False)  # fmt: skip
    lines += ["\t".join(map(str, row)) for row in rows]
    (tmp_path / "p").write_text("\n".join(lines) + "\n")
    np.testing.assert_allclose(score(str(tmp_path / "p")).SCORE, TRUTH, atol=1e-4)
    with pytest.raises(
        GemcontError, match="no column 'beta_shrunk' for beta.*--weights beta takes"
    ):
        polygenic_score(SOURCE, str(tmp_path / "p"))
