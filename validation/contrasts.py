"""Type-I error of the contrasts in unrelated people: the likelihood ratio and the F of each.

python validation/contrasts.py            # writes docs/contrasts.md (3 minutes)
"""

from pathlib import Path

import numpy as np
from tables import heading, row, table_head

from gemcont import fit_null
from gemcont.stats.calibration import lrt_true_rate
from gemcont.stats.contrasts import Conditional
from gemcont.stats.multitrait import scan

DOCS = Path(__file__).parent.parent / "docs"
LEVELS = (0.05, 1e-3, 1e-4)
CONTRASTS = {
    "any": "any",
    "common": "common",
    "any-vs-common": "any-vs-common",
    "TRAIT": 0,
    "conditional:NAME": Conditional(0),
}
SHAPES = ((200, 2, 2), (200, 8, 20), (1000, 8, 20), (1000, 32, 10))
DRAWS, COUNT = 40, 10_000  # of traits; variants of each
INTRODUCTION = f"""\
Made by `validation/contrasts.py`; the seed is fixed. N unrelated samples, K covariates with the
intercept, D Gaussian traits that share a factor; {DRAWS * COUNT:,} null variants of MAF 0.3,
{COUNT:,} for each draw of traits. Rates are true / nominal, standard errors over draws of traits
in brackets. lrt, stated: the exact rate that `gemcont-gwas --test lrt` writes in log and summary
beside the statistic; f is exact.
"""
AFTER = """
Under `--test f` every rate is 1 within three standard errors. Earlier versions had the likelihood
ratio alone for contrasts without a kinship, and stated no rate: what they wrote is the first three
columns. Under `lrt` the test of a trait's own effect (`TRAIT` above) is inflated further where
the variant acts on other traits; its F is not.
"""


def main():
    rng = np.random.default_rng(2027)
    text = ["# Calibration of the contrasts", "", INTRODUCTION.strip()]
    for shape in SHAPES:
        text += table_of(rng, *shape)
    (DOCS / "contrasts.md").write_text("\n".join([*text, AFTER.rstrip()]) + "\n")


def table_of(rng, n, d, k):
    yield from heading(f"N = {n}, D = {d}, K = {k}")
    levels = [f"{x:g}" for x in LEVELS]
    columns = [f"{name}, {x}" for name in ("lrt", "lrt, stated", "f") for x in levels]
    yield from table_head("contrast", *columns)
    hits = np.array([hits_of(rng, n, d, k) for _ in range(DRAWS)]) / LEVELS
    mean, error = hits.mean(axis=0), hits.std(axis=0, ddof=1) / np.sqrt(DRAWS)
    for i, (name, contrast) in enumerate(CONTRASTS.items()):
        cells = [
            [f"{m:.2f} ({e:.2f})" for m, e in zip(mean[i, test], error[i, test], strict=True)]
            for test in (0, 1)
        ]
        stated = [f"{lrt_true_rate(n, k, d, x, contrast) / x:.2f}" for x in LEVELS]
        yield row(name, *cells[0], *stated, *cells[1])


def hits_of(rng, n, d, k):
    """Share of null variants of p up to each level: (contrasts, tests, levels)."""
    mixing = np.eye(d) + rng.standard_normal((d, 1)) @ rng.standard_normal((1, d)) / 2
    null = fit_null(rng.standard_normal((n, d)) @ mixing, rng.standard_normal((n, k - 1)))
    genotypes = rng.binomial(2, 0.3, size=(COUNT, n)).astype(np.float32)
    p = [
        [scan(null, genotypes, test=test, contrast=c).neg_log_10_p for test in ("lrt", "f")]
        for c in CONTRASTS.values()
    ]
    return (np.array(p)[..., None] >= -np.log10(LEVELS)).mean(axis=2)


if __name__ == "__main__":
    main()
