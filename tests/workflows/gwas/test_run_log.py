"""What the log says of a scan."""

import logging

import numpy as np
import pandas as pd
import pytest

from gemcont import run_gwas


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
