"""A thousand traits, each alone: gemcont-gwas (hits, dense) against plink2 --glm.

Both read the same text tables; gemcont also .npy. plink2 writes a file per trait.

    python benchmarks/many_traits.py
    python benchmarks/many_traits.py --samples 23000 --traits 2048 --variants 4000 --no-plink2
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

from gemcont.genotype.simulate import simulate_fileset


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--samples", type=int, default=10_000)
    parser.add_argument("--variants", type=int, default=5000)
    parser.add_argument("--traits", type=int, default=1000)
    parser.add_argument("--covariates", type=int, default=20)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--folder", help="keep the data here (default: a temporary folder)")
    parser.add_argument("--no-plink2", action="store_true", help="gemcont alone")
    options = parser.parse_args()
    folder = options.folder or tempfile.mkdtemp()
    prefix = os.path.join(folder, f"n{options.samples}m{options.variants}d{options.traits}")
    if not os.path.exists(prefix + ".npy"):
        write(prefix, options)
    print(f"{options.samples} people x {options.variants} variants x {options.traits} traits")
    base = ["gemcont-gwas", "--bfile", prefix, "--covar", prefix + ".covar", "--no-plot"]
    base += ["--each-trait-only", "--threads", str(options.threads), "--out", prefix + ".ours"]
    tests = options.variants * options.traits
    for name, flags in (
        ("hits, text", ["--pheno", prefix + ".pheno"]),
        ("hits, npy", ["--pheno", prefix + ".npy"]),
        ("ten strongest, npy", ["--pheno", prefix + ".npy", "--top-k", "10"]),
        ("dense, text", ["--pheno", prefix + ".pheno", "--dense"]),
        ("dense, npy", ["--pheno", prefix + ".npy", "--dense"]),
    ):
        run(f"gemcont {name}", [*base, *flags], tests, prefix + ".ours.summary.json")
    if not options.no_plink2:
        theirs = ["plink2", "--bfile", prefix, "--pheno", prefix + ".pheno"]
        theirs += ["--covar", prefix + ".covar", "--glm", "hide-covar", "--threads"]
        theirs += [str(options.threads), "--out", prefix + ".theirs"]
        run("plink2, all rows", theirs, tests)
        run("plink2 --pfilter 1e-5", [*theirs, "--pfilter", "1e-5"], tests)
        for name in os.listdir(folder):
            if ".theirs." in name:
                os.remove(os.path.join(folder, name))


def write(prefix, options):
    simulate_fileset(prefix, options.variants, options.samples, seed=1, ld=0.5)
    rng = np.random.default_rng(2)
    people = [f"s{i + 1}" for i in range(options.samples)]
    ids = pl.DataFrame({"FID": people, "IID": people})
    covariates = rng.standard_normal((options.samples, options.covariates))
    covariates = pl.from_numpy(covariates, schema=[f"c{i}" for i in range(options.covariates)])
    text = {"separator": "\t", "float_precision": 6}
    ids.hstack(covariates).write_csv(prefix + ".covar", **text)
    traits = rng.standard_normal((options.samples, options.traits), dtype=np.float32)
    np.save(prefix + ".npy", traits)
    ids.write_csv(prefix + ".ids.tsv", separator="\t")
    table = pl.from_numpy(traits, schema=[f"trait{i + 1}" for i in range(options.traits)])
    ids.hstack(table).write_csv(prefix + ".pheno", **text)


def run(name, command, tests, summary=None):
    before = resource.getrusage(resource.RUSAGE_CHILDREN)
    started = time.perf_counter()
    done = subprocess.run(["/usr/bin/time", "-f", "%M", *command], capture_output=True, text=True)
    wall = time.perf_counter() - started
    if done.returncode:
        sys.exit(f"{' '.join(command)}\n{done.stdout[-2000:]}{done.stderr[-2000:]}")
    after = resource.getrusage(resource.RUSAGE_CHILDREN)
    cpu = after.ru_utime + after.ru_stime - before.ru_utime - before.ru_stime
    peak = int(done.stderr.split()[-1]) / 1024
    line = (
        f"{name:24s} {wall:7.2f} s  cpu {cpu:7.2f} s  {peak:6.0f} MiB  {tests / wall:.2e} tests/s"
    )
    if summary is not None:
        import json

        with open(summary) as file:
            seconds = json.load(file)["seconds"]
        line += f"  scan {seconds['scan']:.2f} s: {tests / seconds['scan']:.2e} test/s"
    print(line, flush=True)


if __name__ == "__main__":
    main()
