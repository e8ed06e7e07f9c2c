"""Stores of products against direct runs: how equal, and how long.

One cohort: ten combinations of 32 traits from the store, and a fresh scan of them. Two halves of
it, a batch effect between them: their stores added, the pooled scan with covariates nested in the
half, and the pooled scan with one intercept and one slope per covariate.

    python validation/stores.py --variants 160000
"""

import argparse
import os
import subprocess
import tempfile
import time

import numpy as np
import polars as pl

from gemcont.genotype.simulate import simulate_fileset

TRAITS, COVARIATES, COMBINATIONS = 32, 3, 10


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--variants", type=int, default=160_000)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as folder:
        os.chdir(folder)
        simulate_fileset("g", options.variants, options.samples, seed=1)
        write_tables(options.samples)
        one_cohort()
        two_halves()


def write_tables(n):
    rng = np.random.default_rng(1)
    people = [f"s{i + 1}" for i in range(n)]
    ids = pl.DataFrame({"FID": people, "IID": people})
    half = np.arange(n) % 2
    covariates = rng.standard_normal((n, COVARIATES))
    mixed = rng.standard_normal((n, TRAITS)) @ rng.standard_normal((TRAITS, TRAITS))
    traits = mixed + half[:, None] * rng.standard_normal(TRAITS)  # a batch effect
    traits += (covariates[:, :1] * (1 + half[:, None])) * rng.standard_normal(TRAITS)
    weights = rng.standard_normal((TRAITS, COMBINATIONS))
    names = [f"t{i}" for i in range(TRAITS)]
    nested = np.hstack([covariates, half[:, None] * np.column_stack([np.ones(n), covariates])])
    for path, values, columns in (
        ("g.pheno", traits, names),
        ("axes.pheno", traits @ weights, [f"a{i}" for i in range(COMBINATIONS)]),
        ("g.covar", covariates, [f"c{i}" for i in range(COVARIATES)]),
        ("nested.covar", nested, [f"n{i}" for i in range(nested.shape[1])]),
    ):
        ids.hstack(pl.from_numpy(values, schema=columns)).write_csv(path, separator="\t")
    table = pl.from_numpy(weights, schema=[f"a{i}" for i in range(COMBINATIONS)])
    table.insert_column(0, pl.Series("trait", names)).write_csv("axes.tsv", separator="\t")
    for i in (0, 1):
        ids.filter(pl.Series(half == i)).write_csv(f"half{i}", separator="\t", include_header=False)


def run(*words):
    """Seconds of a command."""
    started = time.perf_counter()
    subprocess.run([*words, "--no-plot", "--format", "parquet"], check=True, capture_output=True)
    return time.perf_counter() - started


def scan(out, *more, pheno="g.pheno", covar="g.covar"):
    words = ["gemcont-gwas", "--bfile", "g", "--pheno", pheno, "--covar", covar, "--out", out]
    return run(*words, *more)


def one_cohort():
    plain, kept = scan("plain"), scan("g", "--save-products")
    size = sum(os.path.getsize(f"g.products/{f}") for f in os.listdir("g.products"))
    print(f"scan {plain:.2f} s, with --save-products {kept:.2f} s ({size / 1e6:.0f} MB)")
    fresh = scan("fresh", pheno="axes.pheno")
    project = ["gemcont-project", "--products", "g", "--weights", "axes.tsv", "--out", "axes"]
    seconds = run(*project)
    compare("combinations", "axes.gwas.parquet", "fresh.gwas.parquet")
    print(f"  gemcont-project {seconds:.2f} s, fresh scan {fresh:.2f} s")


def two_halves():
    for i in (0, 1):
        scan(f"h{i}", "--save-products", "--keep", f"half{i}")
    seconds = run(
        "gemcont-meta",
        "--joint",
        "h0",
        "h1",
        "--out",
        "both",
        "--palindromic",
        "keep",
        "--test",
        "lrt",
    )
    nested = scan("nested", covar="nested.covar")
    compare("two halves against nested covariates", "both.meta.parquet", "nested.gwas.parquet")
    compare("two halves against one intercept", "both.meta.parquet", "plain.gwas.parquet")
    print(f"  gemcont-meta --joint {seconds:.2f} s, pooled scan {nested:.2f} s")


def compare(what, found, expected):
    found, expected = (pl.read_parquet(path)["chi2"].to_numpy() for path in (found, expected))
    error = np.abs(found - expected) / np.maximum(expected, 1)
    print(
        f"{what}: {len(found)} variants, chi2 differs by {np.median(error):.1e} (median), "
        f"{error.max():.1e} (largest), relative above 1; correlation "
        f"{np.corrcoef(found, expected)[0, 1]:.6f}",
        flush=True,
    )


if __name__ == "__main__":
    main()
