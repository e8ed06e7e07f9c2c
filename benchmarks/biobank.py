"""A biobank's shape, simulated: many people, many covariates, a joint test of many traits.

227,332 people x 20,000 variants x 64 traits + 40 covariates by default: variants per second,
gigabytes per second, peak memory, and what ten million variants would take.

    python benchmarks/biobank.py
    python benchmarks/biobank.py --rare       half of the variants below a frequency of 1 %
"""

import argparse
import json
import os
import subprocess
import tempfile
import time

import numpy as np
import polars as pl

from gemcont.genotype.kernels.packed import pack_hardcalls

_POOL = 64  # variants that are simulated; the others are these in another order of people


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--samples", type=int, default=227_332)
    parser.add_argument("--variants", type=int, default=20_000)
    parser.add_argument("--traits", type=int, default=64)
    parser.add_argument("--covariates", type=int, default=40)
    parser.add_argument("--threads", type=int, default=2)
    parser.add_argument("--rare", action="store_true", help="a biobank's frequencies")
    parser.add_argument("--folder", help="keep the data here (default: a temporary folder)")
    options = parser.parse_args()
    folder = options.folder or tempfile.mkdtemp()
    shape = f"n{options.samples}m{options.variants}d{options.traits}k{options.covariates}"
    prefix = os.path.join(folder, f"biobank.{shape}{'.rare' if options.rare else ''}")
    if not os.path.exists(prefix + ".covar"):
        write(prefix, options)
    for run in range(2):
        report(prefix, options, run)


def write(prefix, options):
    rng = np.random.default_rng(1)
    n, m = options.samples, options.variants
    people = [f"s{i + 1}" for i in range(n)]
    ids = pl.DataFrame({"FID": people, "IID": people})
    for suffix, name, count in (("covar", "c", options.covariates), ("pheno", "t", options.traits)):
        values = rng.standard_normal((n, count), dtype=np.float32)
        table = ids.hstack(pl.from_numpy(values, schema=[f"{name}{i + 1}" for i in range(count)]))
        table.write_csv(f"{prefix}.{suffix}", separator="\t", float_precision=5)
    fam = ids.with_columns(a=pl.lit(0), b=pl.lit(0), sex=pl.lit(1), p=pl.lit(-9))
    fam.write_csv(prefix + ".fam", separator="\t", include_header=False)
    bim = pl.DataFrame({"c": [1] * m, "id": [f"rs{i}" for i in range(m)], "cm": [0] * m})
    bim = bim.with_columns(bp=pl.int_range(1, m + 1), a1=pl.lit("A"), a2=pl.lit("G"))
    bim.write_csv(prefix + ".bim", separator="\t", include_header=False)
    with open(prefix + ".bed", "wb") as file:
        file.write(b"\x6c\x1b\x01")
        for _ in range(-(-m // _POOL)):
            file.write(simulated(rng, n, options.rare)[:, : -(-n // 4)].tobytes())
        file.truncate(3 + m * -(-n // 4))


def simulated(rng, n, rare):
    """Packed rows of ``_POOL`` variants; rare: half of them below 1 %, most of those far below."""
    frequency = rng.uniform(0.05, 0.95, _POOL)
    if rare:
        frequency[: _POOL // 2] = 10 ** rng.uniform(-4, -2, _POOL // 2)
        frequency[_POOL // 2 :] = 10 ** rng.uniform(-2, np.log10(0.5), _POOL // 2)
    calls = np.empty((_POOL, n), dtype=np.int8)
    for v, p in enumerate(frequency):
        calls[v] = (rng.random(n, dtype=np.float32) < p).view(np.int8)
        calls[v] += rng.random(n, dtype=np.float32) < p
    return pack_hardcalls(calls)


def report(prefix, options, run):
    command = ["gemcont-gwas", "--bfile", prefix, "--pheno", prefix + ".pheno", "--covar"]
    command += [prefix + ".covar", "--no-plot", "--threads", str(options.threads)]
    command += ["--out", prefix + ".out"]
    started = time.perf_counter()
    done = subprocess.run(
        ["/usr/bin/time", "-f", "%M", *command], capture_output=True, text=True, check=True
    )
    wall = time.perf_counter() - started
    with open(prefix + ".out.summary.json") as file:
        summary = json.load(file)
    scan, m = summary["seconds"]["scan"], options.variants
    size = m * -(-options.samples // 4) / 1e9
    peak = int(done.stderr.split()[-1]) / 1024
    print(
        f"run {run + 1}: {wall:.1f} s in all, scan {scan:.2f} s: {m / scan:.0f} variants/s, "
        f"{size / scan:.2f} GB/s, peak {peak:.0f} MiB"
    )
    print(f"  seconds of threads: {summary['seconds_of_threads']}")
    hours = 1e7 / (m / scan) / 3600
    print(f"  ten million variants: {hours:.2f} h on {options.threads} threads", flush=True)


if __name__ == "__main__":
    main()
