"""Type-I error of refitted peaks: null variants in families, covariances re-estimated beside them.

python validation/refits.py --traits 2 --samples 300    # one row of tables, appended to --out
python validation/refits.py --table                     # docs/kinship.refits.md of all rows

A row is kept as json in --rows; rows run apart, on as many processors as there are.
"""

import argparse
import json
import time
from pathlib import Path

import numpy as np
from tables import heading, row, table_head

from gemcont.stats.calibration import wilks_true_rate
from gemcont.stats.contrasts import contrasted, contrasted_f
from gemcont.stats.mixed import model as mixed
from gemcont.stats.mixed.regressions import refitted
from gemcont.stats.special import neg_log10_chi2_sf, neg_log10_f_sf

ROOT = Path(__file__).parent.parent
LEVELS = (0.05, 1e-3, 1e-5)
TESTS = ("lrt, not refitted", "f, not refitted", "lrt, refitted", "Bartlett's", "f, refitted")
FAMILY = 4  # full sibs
K = 20  # covariates, the intercept included
COUNT = 2000  # variants of a draw of traits
# Parts of a row: for each level, -log10 p by the likelihood ratio from which variants are refitted
# (None: the first so many), and draws of traits. Refitting adds little, so what is left out does
# not reach the level; at 1e-5 the bound is that of the command itself, 0.9 of 4.
PARTS = {0.05: (None, 60), 1e-3: (2.2, 60), 1e-5: (3.6, 600)}


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--samples", type=int, default=300)
    parser.add_argument("--traits", type=int, default=2)
    parser.add_argument("--share", type=float, default=1.0, help="of the draws, for trying")
    parser.add_argument("--rows", default="results/refits", help="folder of the rows")
    parser.add_argument("--table", action="store_true", help="write docs/kinship.refits.md")
    arguments = parser.parse_args()
    folder = Path(arguments.rows)
    folder.mkdir(parents=True, exist_ok=True)
    if arguments.table:
        write_table(folder)
        return
    n, d = arguments.samples, arguments.traits
    found = {"n": n, "d": d, "k": K, "rates": rates_of(n, d, arguments.share)}
    (folder / f"n{n}.d{d}.json").write_text(json.dumps(found, indent=1))


def rates_of(n, d, share=1.0):
    """By level and test: true over nominal rate, its standard error over draws, tests."""
    found = {}
    for level, (bound, draws) in PARTS.items():
        began, draws = time.monotonic(), max(int(draws * share), 2)
        rng = np.random.default_rng([2026, n, d, LEVELS.index(level)])
        hits = np.array([hits_of(rng, n, d, level, bound) for _ in range(draws)])
        mean = hits.mean(axis=0) / level
        error = hits.std(axis=0, ddof=1) / np.sqrt(draws) / level
        tests = draws * (COUNT if bound is not None else 50)
        found[str(level)] = {"rate": mean.tolist(), "se": error.tolist(), "tests": tests}
        print(n, d, level, np.round(mean, 2), np.round(error, 2),
              f"{time.monotonic() - began:.0f} s", flush=True)  # fmt: skip
    return found


def hits_of(rng, n, d, level, bound):
    """Share of null variants of p up to the level, by each of TESTS, for one draw of traits."""
    found = mixed.decompose(sibships(n))
    covariates = np.column_stack([np.ones(n), rng.standard_normal((n, K - 1))])
    null = mixed.fit_null(drawn_traits(rng, found, d), covariates, found)
    genotypes = gene_drop(rng, n, COUNT if bound is not None else 50)
    rotated = (genotypes - genotypes.mean(axis=1, keepdims=True)) @ found.vectors
    arguments = null.basis, *null.regressions.sums(rotated)
    p = np.array([contrasted(*arguments).neg_log_10_p, contrasted_f(*arguments).neg_log_10_p])
    strong = np.arange(len(rotated)) if bound is None else np.flatnonzero(p[0] >= bound)
    again = np.zeros((3, len(rotated)))
    if len(strong):
        chi2 = refitted(null.data, null.fit, rotated[strong])[0]
        again[:, strong] = corrected(chi2, n, d)
    return (np.vstack([p, again]) >= -np.log10(level)).mean(axis=1)


def corrected(chi2, n, d):
    """-log10 p of refitted likelihood ratios: as they are, by Bartlett's factor, as an F."""
    dof2 = n - K - d
    r2 = -np.expm1(-chi2 / n)
    return (
        neg_log10_chi2_sf(chi2, d),
        neg_log10_chi2_sf(chi2 * (n - K - 1 - d / 2) / n, d),
        neg_log10_f_sf(r2 / (1 - r2) * dof2 / d, d, dof2),
    )


def sibships(n):
    """Kinship of families of full sibs: 1 and 1/2."""
    return np.kron(np.eye(n // FAMILY), (np.ones((FAMILY, FAMILY)) + np.eye(FAMILY)) / 2)


def drawn_traits(rng, found, d):
    """(N, D) of heritabilities between 0.2 and 0.8."""
    genetic = rng.uniform(0.2, 0.8, d)
    drawn = np.sqrt(found.values)[:, None] * rng.standard_normal((len(found.values), d))
    noise = rng.standard_normal((len(found.values), d))
    return found.vectors @ (np.sqrt(genetic) * drawn + np.sqrt(1 - genetic) * noise)


def gene_drop(rng, n, count):
    """Genotypes (variants, samples) of sibs: one allele of each parent's two."""
    families = n // FAMILY
    frequency = rng.uniform(0.1, 0.5, size=(count, 1, 1))
    parents = (rng.random((count, families, 4)) < frequency).astype(float)
    picked = rng.integers(0, 2, (2, count, families, FAMILY))
    sides = parents[:, :, :2], parents[:, :, 2:]
    alleles = [np.take_along_axis(s, i, 2) for s, i in zip(sides, picked, strict=True)]
    return (alleles[0] + alleles[1]).reshape(count, n)


def write_table(folder):
    rows = [json.loads(path.read_text()) for path in folder.glob("*.json")]
    rows.sort(key=lambda found: (found["n"], found["d"]))
    text = ["# Calibration of refitted peaks", "", INTRODUCTION.format(FAMILY, K)]
    for level in LEVELS:
        text += [*heading(f"True over nominal rate at {level:g}"), *level_table(rows, str(level))]
    text += [*heading("At 5e-8, of unrelated people"), STATED]
    text += table_head("N", "D", "lrt, refitted", "f, refitted")
    for r in rows:
        ratio = wilks_true_rate(r["n"], r["k"], r["d"]) / 5e-8
        text.append(row(r["n"], r["d"], f"{ratio:.2f}", "1"))
    (ROOT / "docs" / "kinship.refits.md").write_text("\n".join(text) + "\n")


def level_table(rows, level):
    yield from table_head("N", "D", "tests", *TESTS)
    for r in rows:
        part = r["rates"][level]
        cells = zip(part["rate"], part["se"], strict=True)
        shown = [f"{rate:.2f} ({se:.2f})" for rate, se in cells]
        yield row(r["n"], r["d"], f"{part['tests']:,}", *shown)


INTRODUCTION = """\
Made by `validation/refits.py`; the seeds are fixed. Families of {} full sibs, kinship 1 and 1/2;
traits of heritabilities between 0.2 and 0.8, {} covariates with the intercept, null variants
dropped through the families. Standard errors are over draws of traits.

Not refitted: one scale per variant, covariances of the null. Refitted: the covariances are
re-estimated beside the variant, as GEMMA does, and the statistic is the ordinary likelihood ratio.
Three p-values of it: chi-squared (`--test lrt`); chi-squared of (N - K - 1 - D/2) / N times it
(Bartlett's factor of unrelated people); and F on (D, N - K - D) of r2 = 1 - exp(-chi2 / N)
(`--test f`), of which the ordinary likelihood ratio of unrelated people is a function."""
STATED = """\
What the log states of `--test lrt` with a kinship: the exact rate of the ordinary likelihood ratio
in unrelated people."""


if __name__ == "__main__":
    main()
