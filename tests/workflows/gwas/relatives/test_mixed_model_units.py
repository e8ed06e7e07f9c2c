"""A kinship's units do not matter, and what is odd in it is said."""

import logging

import numpy as np
import pandas as pd
import pytest

from gemcont import GemcontError, run_gwas
from gemcont.stats.mixed import model as mixed


@pytest.mark.parametrize("scale", [1e-4, 1.0, 1e4])
def test_the_units_of_a_kinship_change_nothing(related, scale, caplog):
    kinship = pd.DataFrame(related.kinship * scale, related.traits.index, related.traits.index)
    with caplog.at_level(logging.WARNING, "gemcont"):
        rows = run_gwas(related.source, related.traits, kinship=kinship, refit=0)
    assert "not converged" not in caplog.text
    plain = kinship / scale
    expected = run_gwas(related.source, related.traits, kinship=plain, refit=0)
    np.testing.assert_allclose(rows["chi2"], expected["chi2"], rtol=1e-4, atol=1e-5)


def test_a_kinship_of_missing_genotypes_is_clipped_with_a_warning(related, caplog):
    values, vectors = np.linalg.eigh(related.kinship)
    values[0] = -0.05 * values.mean()
    with caplog.at_level(logging.WARNING, "gemcont"):
        found = mixed.decompose((vectors * values) @ vectors.T, "g.grm")
    assert "g.grm: " in caplog.text
    assert "made of genotypes with missing values?" in caplog.text
    assert (found.values >= 0).all()
    values[0] = -0.3 * values.mean()
    with pytest.raises(GemcontError, match="not positive semi-definite"):
        mixed.decompose((vectors * values) @ vectors.T)
