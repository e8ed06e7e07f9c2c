"""The panel: choice, alleles, weights; and scores of people."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from conftest import BUNDLED, named_samples, random_dosages
from reference.large_cohorts import A

from gemcont import (
    ArraySource,
    GemcontError,
    polygenic_score,
    run_clump,
    run_gwas,
    run_meta,
    run_panel,
)

MOUSE = BUNDLED / "mouse_hs1940"


def simulated(seed=1, n_variants=2000, n_samples=3000, n_causal=60):
    """Genotypes of which many neighbours are copies, a trait, and its genetic part."""
    rng = np.random.default_rng(seed)
    dosages = random_dosages(rng, n_variants, n_samples, low=0.1, high=0.9)
    dosages[1::4] = dosages[::4]
    effect = np.zeros(n_variants)
    causal = rng.choice(np.arange(2, n_variants, 4), n_causal, replace=False)
    effect[causal] = rng.normal(0, 0.09, n_causal)
    standard = (dosages - dosages.mean(axis=1, keepdims=True)) / dosages.std(axis=1, keepdims=True)
    genetic = standard.T @ effect
    trait = genetic + rng.normal(0, np.sqrt(1 - (effect**2).sum()), n_samples)
    number = np.arange(n_variants)
    variants = pl.DataFrame(
        {
            "chromosome": (1 + number * 3 // n_variants).astype(str),
            "variant_id": [f"rs{i}" for i in number],
            "base_pair_location": 1000 * number,
            "effect_allele": np.array(list("ACAG"))[number % 4],
            "other_allele": np.array(list("GTTC"))[number % 4],
        }
    )
    people = [i for _, i, _ in named_samples(n_samples)]
    source = ArraySource(dosages, samples=people, variants=variants)
    return source, dosages, pd.DataFrame({"y": trait}, index=people), genetic


def halves(**options):
    """Genotypes, dosages, the genetic part, a scan of the first half of the people, its size."""
    source, dosages, trait, genetic = simulated(**options)
    half = len(trait) // 2
    return source, dosages, genetic, run_gwas(source, trait.iloc[:half]), half


def test_a_panel_is_the_clumps_of_one_cohort():
    source, _, _, scan, _ = halves()
    panel = run_panel(scan, source, meta={"palindromic": "keep"}, p=1e-3, kb=50)
    pooled = run_meta([scan], palindromic="keep")
    loci = run_clump(source, pooled, p1=1e-3, p2=1e-3, r2=0.05, kb=50).loci
    assert panel.variant_id.tolist() == loci.variant_id.tolist()
    assert panel.locus.tolist() == list(range(1, len(panel) + 1))
    merged = panel.merge(scan, on="variant_id")
    np.testing.assert_allclose(merged.beta_x, merged.beta_y, rtol=1e-12)
    assert (np.abs(panel.beta_shrunk) < np.abs(panel.beta)).all()
    assert (panel.beta_shrunk * panel.beta > 0).all()


def test_effects_are_those_of_the_genotypes_allele():
    source, _, _, scan, _ = halves()
    turned = scan.copy()
    turned["effect_allele"], turned["other_allele"] = scan.other_allele, scan.effect_allele
    turned["beta"] = -scan.beta
    turned["effect_allele_frequency"] = 1 - scan.effect_allele_frequency
    settings = {"p": 1e-3, "kb": 50}
    expected = run_panel(scan, source, **settings)
    found = run_panel([turned], source, **settings)
    pd.testing.assert_frame_equal(found, expected)
    turned["beta"] += 0.3 * turned.standard_error  # two cohorts are never the same
    two = run_panel([scan, turned], source, ["a", "b"], **settings)
    same = two.merge(expected, on="variant_id")
    assert (np.abs(same.beta_x - same.beta_y) <= 0.1501 * same.standard_error_y).all()
    np.testing.assert_allclose(same.standard_error_x * 2**0.5, same.standard_error_y, rtol=1e-9)


def palindromic_frequencies(panel, dosages):
    number = panel.variant_id.str[2:].astype(int)
    return dosages.mean(axis=1)[number[number % 4 >= 2]] / 2


def test_ambiguous_palindromes_stay_out_only_of_a_scan_of_both_strands():
    source, dosages, _, scan, _ = halves()
    frequency = palindromic_frequencies(run_panel(scan, source, p=0.5, kb=1), dosages)
    assert ((frequency > 0.4) & (frequency < 0.6)).sum() > 20  # all other variants say one strand
    mixed, other = scan.copy(), np.arange(len(scan)) % 8 < 4
    for name in ("effect_allele", "other_allele"):
        mixed.loc[other, name] = scan[name].map({"A": "T", "C": "G", "G": "C", "T": "A"})[other]
    frequency = palindromic_frequencies(run_panel(mixed, source, p=0.5, kb=1), dosages)
    assert len(frequency) > 20
    assert not ((frequency > 0.4) & (frequency < 0.6)).any()


def test_scores():
    source, dosages, _, scan, _ = halves()
    panel = run_panel(scan, source, p=1e-3, kb=50)
    at = panel.variant_id.str[2:].astype(int).to_numpy()
    expected = dosages[at].T @ panel.beta_shrunk.to_numpy()
    found = polygenic_score(source, panel)
    assert found.columns.tolist() == ["FID", "IID", "SCORE", "ALLELE_CT"]
    assert (found.ALLELE_CT == 2 * len(panel)).all()
    np.testing.assert_allclose(found.SCORE, expected, atol=1e-4)
    raw = polygenic_score(source, panel, weights="beta")
    np.testing.assert_allclose(raw.SCORE, dosages[at].T @ panel.beta.to_numpy(), atol=1e-4)
    turned = panel.assign(
        effect_allele=panel.other_allele, other_allele=panel.effect_allele,
        beta_shrunk=-panel.beta_shrunk, variant_id="x",
        effect_allele_frequency=1 - panel.effect_allele_frequency,
    )  # fmt: skip
    found = polygenic_score(source, turned).SCORE
    constant = 2 * panel.beta_shrunk.sum()
    np.testing.assert_allclose(found, expected - constant, atol=1e-4)


def test_a_weight_counts_once(caplog):
    source, _, _, scan, _ = halves()
    panel = run_panel(scan, source, p=1e-3, kb=50)
    expected = polygenic_score(source, panel).SCORE
    caplog.set_level("INFO")
    twice = pd.concat([panel, panel.assign(variant_id="y", base_pair_location=7), panel])
    np.testing.assert_allclose(polygenic_score(source, twice, min_found=0).SCORE, expected)
    assert f"{len(panel)} repeated" in caplog.text


def test_alleles_as_numbers_stay_numbers():
    source, _, _, scan, _ = halves(n_variants=400, n_causal=20)
    numbers = {"A": "1", "C": "2", "G": "2", "T": "1"}
    columns = ("effect_allele", "other_allele")
    variants = source.variants.with_columns(
        pl.col(name).cast(pl.String).replace(numbers).cast(pl.Categorical) for name in columns
    )
    coded = ArraySource(source._dosage, samples=source.samples, variants=variants)
    scan = scan.assign(**{name: scan[name].map(numbers) for name in columns})
    panel = run_panel(scan[scan.effect_allele != scan.other_allele], coded, p=0.5, kb=1)
    assert set(panel.effect_allele) <= {"1", "2"}


def test_shrunk_weights_predict_no_worse():
    """Scores of people held out, against their true genetic values, over four studies."""
    errors = {"beta_shrunk": 0.0, "beta": 0.0}
    for seed in range(4):
        source, _, genetic, scan, half = halves(seed=seed)
        panel = run_panel(scan, source, meta={"palindromic": "keep"}, p=1e-5, kb=50)
        for weights in errors:
            score = polygenic_score(source, panel, weights=weights).SCORE.to_numpy()[half:]
            errors[weights] += np.var(genetic[half:] - score)
    assert errors["beta_shrunk"] < errors["beta"]


def test_mouse_panel_from_the_scan_itself():
    traits = pd.read_csv(f"{MOUSE}.pheno.tsv", sep="\t", dtype={"FID": str, "IID": str})
    traits = traits.set_index(["FID", "IID"])[["cd8"]]
    scan = run_gwas(MOUSE, traits, autosomes=19)
    panel = run_panel(scan, MOUSE, meta={"autosomes": 19})
    assert len(panel) > 300
    assert panel.variant_id[0] == "rs3665150"


def test_mistakes():
    source, _, _, scan, _ = halves(n_variants=200, n_causal=5)
    for settings, message in (
        ({"p": 0}, "--p: 0 is not above 0"),
        ({"p": 1e-30}, "--p 1e-30: no variant of the genotypes has so small a p"),
        ({"r2": 1}, "--clump-r2: 1 is not from 0 to below 1"),
        ({"kb": 0}, "--clump-kb"),
        ({"meta": {"scheme": "samplesize"}}, "gives no effects, which are a panel's weights"),
    ):
        with pytest.raises(GemcontError, match=message):
            run_panel(scan, source, **settings)
    panel = run_panel(scan, source, p=0.5)
    with pytest.raises(GemcontError, match="--weights: 'x' is not one of"):
        polygenic_score(source, panel, weights="x")
    strange = panel.assign(variant_id="x", base_pair_location=5)
    with pytest.raises(GemcontError, match="no variant of the panel is in"):
        polygenic_score(source, strange)


def test_polars_frames_go_in_as_well():
    source, _, _, scan, _ = halves(n_variants=400, n_causal=20)
    frame = pl.DataFrame({name: scan[name].to_numpy() for name in scan.columns})
    pd.testing.assert_frame_equal(
        run_panel(frame, source, p=0.1, kb=50), run_panel(scan, source, p=0.1, kb=50)
    )


def test_settings_of_clumps_and_panels():
    source = ArraySource(np.zeros((2, 3)))
    with pytest.raises(GemcontError, match="p1: must be a number"):
        run_clump(source, A, p1="0.1")
    with pytest.raises(GemcontError, match="p11: no such setting; there are autosomes, .*p1, p2"):
        run_clump(source, A, p11=0.1)
    with pytest.raises(GemcontError, match="threads: must be a whole number"):
        run_panel(A, source, threads="2")
