"""gemcont-meta at full size: cohorts of millions of rows, seconds and peak memory.

    python benchmarks/meta.py [--rows 10000000] [--cohorts 3]

Writes cohorts of simulated rows (swapped alleles, flipped strands, 2 % palindromes near one half,
missing rows), then meta-analyses them in a process of its own, without pictures.
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
import polars as pl

CHUNK = 1_000_000


def write_cohort(path, n_rows, seed):
    """A tab-separated cohort: the same variants for every seed, effects and orientation its own."""
    shared, own = np.random.default_rng(0), np.random.default_rng(seed + 1)
    letters = np.array(list("ACGT"))
    with open(path, "wb") as file:
        for first in range(0, n_rows, CHUNK):
            count = min(CHUNK, n_rows - first)
            number = np.arange(first, first + count)
            pair = shared.integers(0, 4, count)
            effect, other = letters[pair], letters[(pair + shared.integers(1, 4, count)) % 4]
            frequency = shared.uniform(0.05, 0.95, count)
            beta = own.normal(0, 0.02, count)
            swap = own.random(count) < 0.3
            kept = own.random(count) < 0.95
            frame = pl.DataFrame(
                {
                    "CHR": number * 22 // n_rows + 1,
                    "POS": number * 270 + 1000,
                    "SNP": pl.Series(number).cast(pl.String).str.replace("^", "rs"),
                    "EA": np.where(swap, other, effect),
                    "OA": np.where(swap, effect, other),
                    "EAF": np.where(swap, 1 - frequency, frequency).round(4),
                    "BETA": np.where(swap, -beta, beta).round(6),
                    "SE": own.uniform(0.015, 0.03, count).round(6),
                    "P": own.uniform(1e-5, 1, count).round(6),
                    "N": np.full(count, 100_000 * (seed + 1)),
                }
            ).with_columns((pl.col("POS") % 248_000_000).alias("POS"))
            frame.filter(kept).write_csv(file, separator="\t", include_header=first == 0)


def main():
    """Simulate, run, print."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--rows", type=int, default=10_000_000)
    parser.add_argument("--cohorts", type=int, default=3)
    options = parser.parse_args()
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        files = [str(folder / f"c{i}.tsv") for i in range(options.cohorts)]
        for seed, path in enumerate(files):
            write_cohort(path, options.rows, seed)
        size = sum(os.path.getsize(path) for path in files)
        command = [sys.executable, "-m", "gemcont.cli.meta", "--sumstats", *files]
        started = time.perf_counter()
        subprocess.run([*command, "--no-plot", "--out", str(folder / "out")], check=True)
        wall = time.perf_counter() - started
    peak = resource.getrusage(resource.RUSAGE_CHILDREN).ru_maxrss / 1024
    print(
        f"{options.cohorts} cohorts x {options.rows} rows ({size / 1e9:.1f} GB): {wall:.0f} s, "
        f"peak {peak:.0f} MiB"
    )


if __name__ == "__main__":
    main()
