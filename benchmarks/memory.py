"""Peak memory of gemcont-gwas on many variants: a .bed as sparse on disk as its genotypes.

All genotypes are those of one simulated block, repeated, so that millions of variants take
seconds to write.

    python benchmarks/memory.py --variants 2000000 --folder /data/scratch
"""

import argparse
import os
import resource
import subprocess
import sys
import tempfile
import time

import numpy as np
import polars as pl
from against_plink2 import write_tables

from gemcont.genotype.simulate import simulate_fileset

BLOCK = 2000


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--variants", type=int, default=2_000_000)
    parser.add_argument("--traits", type=int, default=32)
    parser.add_argument("--covariates", type=int, default=20)
    parser.add_argument("--folder", help="where the files go (default: a temporary folder)")
    parser.add_argument("extra", nargs="*", help="after --: further flags of gemcont-gwas")
    options = parser.parse_args()
    prefix = os.path.join(options.folder or tempfile.mkdtemp(), f"memory{options.variants}")
    if not os.path.exists(prefix + ".bed"):
        write_repeated(prefix, options)
    write_tables(prefix, options)
    command = ["gemcont-gwas", "--bfile", prefix, "--pheno", prefix + ".pheno"]
    command += ["--covar", prefix + ".covar", "--out", prefix + ".out", *options.extra]
    started = time.perf_counter()
    if subprocess.run(command, stdout=subprocess.DEVNULL).returncode:
        sys.exit(" ".join(command))
    used = resource.getrusage(resource.RUSAGE_CHILDREN)
    print(
        f"{options.samples} samples x {options.variants} variants x {options.traits} traits: "
        f"peak {used.ru_maxrss / 1024:.0f} MiB, wall {time.perf_counter() - started:.1f} s, "
        f"cpu {used.ru_utime + used.ru_stime:.1f} s"
    )


def write_repeated(prefix, options):
    simulate_fileset(prefix + ".block", BLOCK, options.samples, seed=3)
    os.replace(prefix + ".block.fam", prefix + ".fam")
    with open(prefix + ".block.bed", "rb") as block, open(prefix + ".bed", "wb") as file:
        file.write(block.read(3))
        genotypes = block.read()
        for _ in range(options.variants // BLOCK):
            file.write(genotypes)
    number = np.arange(options.variants // BLOCK * BLOCK)
    pl.DataFrame(
        {
            "chromosome": number * 22 // len(number) + 1,
            "id": [f"rs{10_000_000 + i}" for i in number],
            "cm": np.zeros(len(number), dtype=int),
            "position": 300 * (number % (len(number) // 22)),
            "a1": ["A"] * len(number),
            "a2": ["G"] * len(number),
        }
    ).write_csv(prefix + ".bim", separator="\t", include_header=False)


if __name__ == "__main__":
    main()
