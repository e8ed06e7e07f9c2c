"""Loci that another GWAS recovers, and those that chance would."""

import numpy as np
import pandas as pd
import pytest
from reference.clump_reports import small

from gemcont import GemcontError, run_clump
from gemcont.workflows.clump import overlap


def test_overlap_of_loci(tmp_path):
    rows = [("a", 1, 10, "A", "G", 1e-9), ("c", 2, 5, "A", "C", 1e-8)]
    prefix, report = small(tmp_path, rows)
    loci = run_clump(prefix, report).loci
    results = pd.DataFrame(
        {
            "SNP": ["a", "b", "c"],
            "P": [0.5, 1e-12, 0.01],
            "EAF": [0.4, 0.41, 0.3],
        }
    )
    own = overlap(loci, results)
    assert (own.n_loci, own.n_tested, own.n_recovered, own.fraction) == (2, 2, 0, 0.0)
    linked = overlap(loci, results, r2=0.8, genotypes=prefix)
    assert linked.table["recovered"].tolist() == [True, False]
    assert linked.table["recovered_by"][0] == "b"
    np.testing.assert_allclose(linked.table["r2"][0], 1)
    assert overlap(loci, results, threshold="bonferroni").threshold == 0.025
    assert overlap(loci, results, threshold="bonferroni").n_recovered == 1
    with pytest.raises(GemcontError, match="no locus is in the results"):
        overlap(loci, results.assign(SNP=["x", "y", "z"]))
    np.testing.assert_allclose(own.table["neg_log_10_p_value"], [-np.log10(0.5), 2])
    with pytest.raises(GemcontError, match="go together"):
        overlap(loci, results, r2=0.8)
    with pytest.raises(GemcontError, match="threshold -1 is neither a p nor 'bonferroni'"):
        overlap(loci, results, threshold=-1)


def test_chance_recovers_what_frequency_explains():
    rng = np.random.default_rng(2)
    n = 4000
    frequency = rng.uniform(0.01, 0.5, n)
    p = np.where(frequency > 0.3, 1e-9, 0.5)  # every common variant is a hit
    results = pd.DataFrame({"SNP": [f"v{i}" for i in range(n)], "P": p, "EAF": frequency})
    common = results[frequency > 0.35].head(50)
    found = overlap(common, results)
    assert found.fraction == 1.0
    assert found.expected > 0.9
    assert found.p_value > 0.1
    rare = overlap(results[frequency < 0.25].head(50), results)
    assert (rare.fraction, rare.expected) == (0.0, 0.0)


@pytest.mark.parametrize(
    ("settings", "message"),
    [
        ({"r2": 0.5}, "r2 and genotypes go together"),
        ({"threshold": 2.0}, "threshold 2.0 is neither a p nor 'bonferroni'"),
        ({"threshold": "half"}, "threshold 'half' is neither a p nor 'bonferroni'"),
    ],
)
def test_settings_that_cannot_be(settings, message):
    table = pd.DataFrame({"SNP": ["a", "b"], "P": [0.1, 0.2], "EAF": [0.1, 0.2]})
    with pytest.raises(GemcontError, match=message):
        overlap(table, table, **settings)


def test_bonferroni_is_over_the_loci_in_the_results():
    loci = pd.DataFrame({"SNP": list("abcd"), "P": [1e-9] * 4})
    results = pd.DataFrame({"SNP": list("abx"), "P": [0.02, 0.03, 0.9], "EAF": [0.3] * 3})
    answer = overlap(loci, results, threshold="bonferroni", draws=10)
    assert answer.threshold == 0.05 / 2
    assert (answer.n_recovered, answer.n_tested, answer.n_loci) == (1, 2, 4)
    assert answer.fraction == 0.5
