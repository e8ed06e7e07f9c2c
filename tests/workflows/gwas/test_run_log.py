"""What the log says of a scan."""

import logging

import numpy as np
import pandas as pd
import pytest

from gemcont import run_gwas
from gemcont.workflows.gwas import run_log


@pytest.mark.parametrize("test", ["lrt", "f"])
def test_a_trait_made_of_a_genotype_is_said(related, test, caplog):
    traits = pd.DataFrame({"a": related.dosages[4] * 2 + 1}, index=related.traits.index)
    with caplog.at_level(logging.WARNING, "gemcont"):
        rows = run_gwas(related.source, traits, test=test)
    assert (
        "1 variants explain the traits entirely (rs4 ...; r2 is 1 but for rounding)" in caplog.text
    )
    assert np.isfinite(rows["neg_log_10_p_value"].dropna()).all()
    caplog.clear()
    noisy = traits + 1e-3 * np.random.default_rng(1).standard_normal((len(traits), 1))
    run_gwas(related.source, noisy, test=test)
    assert "entirely" not in caplog.text


@pytest.mark.parametrize("contrast", ["any", "common", "any-vs-common", "b", "conditional:b"])
def test_no_statistic_is_stated_by_the_rate_of_another(related, contrast, tmp_path, caplog):
    from gemcont.stats.calibration import lrt_true_rate
    from gemcont.stats.contrasts import Conditional

    kind = {"b": 1, "conditional:b": Conditional(1)}.get(contrast, contrast)
    with caplog.at_level(logging.INFO, "gemcont"):
        run_gwas(related.source, related.traits, contrast=contrast)
    rate = lrt_true_rate(120, 1, 3, contrast=kind) / 5e-8
    assert f"true over nominal rate at 5e-8: {rate:.3g} (" in caplog.text


def messages(related, caplog, **settings):
    caplog.clear()
    with caplog.at_level(logging.INFO, "gemcont"):
        run_gwas(related.source, related.traits, **settings)
    return [record.getMessage() for record in caplog.records], caplog.text


def test_the_start_says_what_is_tested(related, caplog):
    lines, _ = messages(related, caplog, maf=0.2, test="f", contrast="common", threads=1)
    assert "120 of 120 variants selected" in lines
    expected = "test f, common effect in the traits' units: N = 120 samples, D = 3 traits (a, b, c)"
    assert any(line.startswith(f"{expected}, K = 1 covariates") for line in lines)
    assert any(line.startswith("--maf count the analysed samples") for line in lines)
    assert any(line.startswith("1 threads, blocks of ") for line in lines)


def test_the_end_counts_what_is_left_out_and_what_has_no_test(related, caplog):
    dosages = related.dosages.copy()
    dosages[[3, 5]] = 1
    lines, text = messages(related._replace(dosages=dosages), caplog, maf=0.2)
    kept = np.minimum(dosages.mean(axis=1), 2 - dosages.mean(axis=1)) / 2 >= 0.2
    left = f"(left out: {120 - kept.sum()} by --maf)"
    assert f"{kept.sum()} variants tested {left}" in lines
    assert "2 of them cannot be tested (NA): without variance" in lines
    lines, text = messages(related, caplog)
    assert "120 variants tested" in lines
    assert "cannot be tested" not in text


def test_rows_beyond_a_bound_are_counted(related, caplog):
    lines, _ = messages(related, caplog, neg_log10_p_min=1)
    rows = run_gwas(related.source, related.traits, neg_log10_p_min=1)
    assert f"rows with -log10 p >= 1: joint {len(rows)}" in lines


def test_a_large_lambda_is_suspected_and_a_small_one(related, caplog, monkeypatch):
    _, text = messages(related, caplog)
    assert "; relatives or population structure? (--kinship, or components in --covar)" in text
    lines, text = messages(related, caplog, kinship="grm", refit=0)
    assert "relatives or population structure?" not in text
    monkeypatch.setattr(run_log, "_DEFLATED", 1.0)
    inside = "is each variant in the kinship too? (--loco leaves its chromosome out)"
    _, text = messages(related, caplog, kinship="grm", refit=0)
    assert inside in text
    _, text = messages(related, caplog, kinship="grm", loco=True)
    assert inside not in text


def test_refitted_variants_are_counted(related, caplog):
    _, text = messages(related, caplog, kinship="grm", refit=1)
    assert "covariances re-estimated for the 120 strongest variants (--refit 1)" in text
    _, text = messages(related, caplog, kinship="grm", refit=0)
    assert "covariances re-estimated" not in text
