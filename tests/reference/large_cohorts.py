"""Cohorts of sixty variants, files of several genes, chains."""

import numpy as np
import pandas as pd

from gemcont import run_meta

PAIRS = [("A", "G"), ("C", "T"), ("G", "T"), ("A", "C")]


def large_cohort(seed=1, n=60, **columns):
    """n variants of one chromosome whose letters tell the strand."""
    rng = np.random.default_rng(seed)
    frame = pd.DataFrame(
        {
            "CHR": "1",
            "POS": 1000 * np.arange(1, n + 1),
            "SNP": [f"rs{i}" for i in range(n)],
            "EA": [PAIRS[i % 4][0] for i in range(n)],
            "OA": [PAIRS[i % 4][1] for i in range(n)],
            "BETA": rng.normal(0, 0.1, n),
            "SE": rng.uniform(0.05, 0.1, n),
            "N": 100,
        }
    )
    return frame.assign(**columns)


A, B = large_cohort(1), large_cohort(2)


TRUTH = run_meta([A, B])


def check(found, n_studies=2):
    """The pooled effects of TRUTH, in any order of rows."""
    both = found.merge(TRUTH, on="base_pair_location")
    assert len(both) == len(found) == len(TRUTH)
    assert (found.n_studies == n_studies).all()
    sign = np.where(both.effect_allele_x == both.effect_allele_y, 1, -1)
    np.testing.assert_allclose(sign * both.beta_x, both.beta_y, rtol=1e-6)


# Several genes in one file


def genes(n_genes, share=1.0):
    """Rows of several genes, the second ones for a share of the variants."""
    frames = [B.assign(gene_id="G0")]
    frames += [
        large_cohort(10 + g).assign(gene_id=f"G{g}").head(int(60 * share))
        for g in range(1, n_genes)
    ]
    return pd.concat(frames).sort_values("POS", kind="stable")


def stacked():
    return pd.concat([B.assign(TEST="add"), B.assign(TEST="DOMDEV")])


# Builds


def chain_file(path, sizes=(249250621, 248956422), shift=5000):
    length = 100_000_000
    path.write_text(
        f"chain 9 chr1 {sizes[0]} + 0 {length} chr1 {sizes[1]} + {shift} {length + shift} 1\n"
        f"{length}\n"
    )
    return str(path)
