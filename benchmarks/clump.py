"""gemcont-clump against PLINK 1.9, whole process, and the kernel of pairs alone.

    python benchmarks/clump.py [--samples 20000 --variants 100000 --rounds 3] [--plink plink1.9]

Genotypes are simulated with linkage (variants 1 kb apart on 22 chromosomes); p is u^3 of a uniform
u, which leaves a tenth of the variants below 1e-3. Both run with --clump-p1 1e-3 --clump-r2 0.05
--clump-kb 5000, by turns; the ratio is the median over the rounds. Then pairs per second of one
thread at 50,000 people, beside what the memory's bandwidth would allow if every pair read its
variant from memory.
"""

import argparse
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np

from gemcont.genotype.kernels.packed import pack_hardcalls
from gemcont.genotype.kernels.pairs import make_rows
from gemcont.genotype.ld import Linkage, Near
from gemcont.genotype.readers.arrays import ArraySource
from gemcont.genotype.simulate import simulate_fileset, simulate_genotypes
from gemcont.genotype.source import Block

FLAGS = "--clump-p1 1e-3 --clump-r2 0.05 --clump-kb 5000".split()


def seconds(command):
    """Wall time of a command that succeeds."""
    started = time.perf_counter()
    subprocess.run(command, check=True, stdout=subprocess.DEVNULL, stderr=subprocess.DEVNULL)
    return time.perf_counter() - started


def whole_process(folder, options):
    """Print the times by turns and their ratio."""
    prefix, report = str(folder / "g"), folder / "report"
    simulate_fileset(prefix, options.variants, options.samples, seed=5, ld=0.9)
    p = np.random.default_rng(3).random(options.variants) ** 3
    report.write_text("SNP P\n" + "".join(f"v{i + 1} {x:.6g}\n" for i, x in enumerate(p)))
    common = ["--bfile", prefix, "--clump", str(report), *FLAGS]
    ours = [sys.executable, "-m", "gemcont.cli.clump", *common, "--out", str(folder / "ours")]
    theirs = [options.plink, *common, "--out", str(folder / "theirs")]
    seconds(ours)  # compiles the kernels
    times = [(seconds(ours), seconds(theirs)) for _ in range(options.rounds)]
    clumps = sum(1 for _ in open(folder / "ours.clumps")) - 1
    agree = clumps == sum(bool(line.strip()) for line in open(folder / "theirs.clumped")) - 1
    print(
        f"{options.samples} people x {options.variants} variants, {clumps} clumps, alike: {agree}"
    )
    for mine, other in times:
        print(f"  gemcont {mine:.2f} s, PLINK 1.9 {other:.2f} s")
    print(f"  ratio {statistics.median(b / a for a, b in times):.1f}")


def kernel(n_samples=50_000, n_variants=4000, n_index=200):
    """Print pairs per second of one thread, by kind and missingness."""
    source = ArraySource(np.zeros((1, n_samples)))
    buffer = np.zeros(64 << 20, dtype=np.uint8)
    started = time.perf_counter()
    buffer.view(np.uint64).sum()
    bandwidth = buffer.nbytes / (time.perf_counter() - started)
    for missing in (0.0, 0.01):
        calls = np.concatenate(
            list(simulate_genotypes(n_variants, n_samples, seed=1, ld=0.5, missing=missing))
        )
        block = Block(first=0, count=n_variants, n_samples=n_samples, packed=pack_hardcalls(calls))
        rows = make_rows(block, None)
        chosen = np.arange(0, n_variants, n_variants // n_index)
        position = np.arange(n_variants)
        near = Near(rows, chosen, position[chosen])
        for kind in ("phased", "unphased"):
            linkage = Linkage(source, np.arange(n_samples), kind)
            rate = _pairs_per_second(linkage, near, rows, position)
            planes = 2 if missing == 0 else 3
            bound = bandwidth / (planes * n_samples / 8)
            print(
                f"N = {n_samples}, {missing:.0%} missing, {kind}: {rate / 1e6:.2f} million pairs/s "
                f"(from memory at most {bound / 1e6:.2f})"
            )


def _pairs_per_second(linkage, near, rows, position):
    best = 0.0
    for _ in range(4):
        started = time.perf_counter()
        found = linkage.first_linked(near, rows, position, r2=0.5, radius=10**9)
        pairs = np.where(found < 0, len(near.chosen), found + 1).sum()
        best = max(best, pairs / (time.perf_counter() - started))
    return best


def main():
    """Run both parts."""
    parser = argparse.ArgumentParser(description=__doc__.split("\n")[0])
    parser.add_argument("--samples", type=int, default=20_000)
    parser.add_argument("--variants", type=int, default=100_000)
    parser.add_argument("--rounds", type=int, default=3)
    parser.add_argument("--plink", default="plink1.9")
    options = parser.parse_args()
    kernel()
    with tempfile.TemporaryDirectory() as folder:
        whole_process(Path(folder), options)


if __name__ == "__main__":
    main()
