"""Whole-process time of gemcont-gwas against plink2 --glm on the same simulated files.

plink2 makes one single-trait test per trait; gemcont makes one joint test of them all (with one
trait both make the same test). Needs plink2 on the PATH.

    python benchmarks/against_plink2.py --variants 160000
    python benchmarks/against_plink2.py --variants 12000 --missing 0.01
    python benchmarks/against_plink2.py --variants 20000 --traits 200 --plink2 "--pfilter 1e-5" \\
        -- --each-trait --joint --neg-log10-p-min 5
"""

import argparse
import os
import resource
import statistics
import subprocess
import sys
import tempfile
import time

import numpy as np

from gemcont.genotype.simulate import simulate_fileset


def main():
    options = parse()
    folder = options.folder or tempfile.mkdtemp()
    prefix = os.path.join(folder, f"n{options.samples}m{options.variants}x{options.missing}")
    if not os.path.exists(prefix + ".bed"):
        simulate(prefix, options)
    table = f"{prefix}.t{options.traits}k{options.covariates}"
    write_tables(table, options)
    ours = ["gemcont-gwas", "--bfile", prefix, "--pheno", table + ".pheno", "--covar"]
    ours += [table + ".covar", "--no-plot", "--threads", str(options.threads)]
    ours += ["--out", prefix + ".ours", *options.extra]
    theirs = ["plink2", "--bfile", prefix, "--pheno", table + ".pheno", "--covar", table + ".covar"]
    theirs += ["--glm", "hide-covar", "--threads", str(options.threads)]
    theirs += ["--out", prefix + ".theirs", *options.plink2.split()]
    report(options, [compare(ours, theirs) for _ in range(options.runs)])


def parse():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--variants", type=int, default=160_000)
    parser.add_argument("--traits", type=int, default=32)
    parser.add_argument("--covariates", type=int, default=20)
    parser.add_argument("--missing", type=float, default=0.0)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--runs", type=int, default=3)
    parser.add_argument("--folder", help="keep the data here (default: a temporary folder)")
    parser.add_argument("--plink2", default="", help="further flags of plink2, in one word")
    parser.add_argument("extra", nargs="*", help="after --: further flags of gemcont-gwas")
    return parser.parse_args()


def simulate(prefix, options):
    simulate_fileset(
        prefix, options.variants, options.samples, seed=1, missing=options.missing, ld=0.5
    )


def write_tables(table, options):
    rng = np.random.default_rng(2)
    for suffix, name, count in (("pheno", "t", options.traits), ("covar", "c", options.covariates)):
        values = rng.standard_normal((options.samples, count))
        with open(f"{table}.{suffix}", "w") as file:
            file.write("\t".join(["#FID", "IID", *(f"{name}{i + 1}" for i in range(count))]) + "\n")
            for i, row in enumerate(values):
                file.write(f"s{i + 1}\ts{i + 1}\t" + "\t".join(f"{x:.6g}" for x in row) + "\n")


def compare(ours, theirs):
    """(wall, CPU) seconds of both, one after the other."""
    return run(ours), run(theirs)


def run(command):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    done = subprocess.run(command, capture_output=True, text=True)
    wall = time.perf_counter() - started
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    return wall, after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime


def report(options, pairs):
    print(
        f"{options.samples} samples x {options.variants} variants x {options.traits} traits, "
        f"{options.covariates} covariates, {options.missing:.1%} missing, {options.threads} threads"
    )
    for name, runs in zip(("gemcont", "plink2"), zip(*pairs, strict=True), strict=True):
        wall, cpu = (statistics.median(column) for column in zip(*runs, strict=True))
        print(f"{name:8s} median wall {wall:7.2f} s   cpu {cpu:7.2f} s")
    ratios = [theirs[0] / ours[0] for ours, theirs in pairs]
    print(f"plink2 / gemcont, wall: {', '.join(f'{r:.2f}' for r in ratios)}")
    print(f"median {statistics.median(ratios):.2f}")


if __name__ == "__main__":
    main()
