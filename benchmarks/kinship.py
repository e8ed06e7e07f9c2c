"""The mixed model: whole processes against JAMMA, FaST-LMM and GEMMA; null fits; scan rates.

Peers are run, by turns with ours, where their programs are given or on the PATH. All make the
kinship from the genotypes (mice, 1,940, 9,286 variants; those with values for the traits
are analysed).

    python benchmarks/kinship.py processes --jamma PATH --fastlmm PATH_OF_ITS_PYTHON
    python benchmarks/kinship.py processes --loco --jamma PATH
    python benchmarks/kinship.py null
    python benchmarks/kinship.py scan
"""

import argparse
import shutil
import statistics
import subprocess
import sys
import tempfile
import time
from pathlib import Path

import numpy as np
from threadpoolctl import threadpool_limits

DATA = Path(__file__).parent.parent / "examples" / "data"
MICE = str(DATA / "mouse_hs1940")
_FASTLMM = """
import sys, numpy as np
from fastlmm.association import single_snp
single_snp(sys.argv[1] + ".bed", sys.argv[2], leave_out_one_chrom=bool(int(sys.argv[3])),
           count_A1=True, output_file_name=sys.argv[4])
"""


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("what", choices=("processes", "null", "scan"))
    parser.add_argument("--loco", action="store_true", help="leave one chromosome out")
    parser.add_argument("--gemma", default=shutil.which("gemma"))
    parser.add_argument("--jamma", default=shutil.which("jamma"))
    parser.add_argument("--fastlmm", help="python that has fastlmm (and six)")
    parser.add_argument("--runs", type=int, default=3)
    options = parser.parse_args()
    {"processes": processes, "null": null_fits, "scan": scan_rates}[options.what](options)


def processes(options):
    """Seconds of whole processes, and how many times ours they are."""
    with tempfile.TemporaryDirectory() as folder:
        for traits in (["cd8"], ["cd8", "mch"]):
            _write_traits(traits, folder)
            found = _times(_commands(traits, folder, options), options.runs)
            best = statistics.median(found["gemcont"])
            for name, seconds in found.items():
                middle = statistics.median(seconds)
                shown = ", ".join(f"{s:.1f}" for s in seconds)
                print(
                    f"{'+'.join(traits):9} {name:8} {middle:6.2f} s ({shown}) {middle / best:.1f}x"
                )


def _write_traits(traits, folder):
    """The traits as GEMMA and as PLINK have them."""
    head, *rows = (line.split("\t") for line in Path(MICE + ".pheno.tsv").read_text().splitlines())
    columns = [head.index(trait) for trait in traits]
    gemma = ["\t".join(row[c] for c in columns) for row in rows]
    plink = ["\t".join([*row[:2], *(row[c] for c in columns)]) for row in rows]
    Path(folder, "traits.gemma").write_text("\n".join(gemma) + "\n")
    complete = [line for line in plink if "NA" not in line]
    Path(folder, "traits.plink").write_text("\n".join(complete) + "\n")


def _commands(traits, folder, options):
    """Lists of commands by program; one after another is one run."""
    loco = ["--loco"] * options.loco
    ours = ["gemcont-gwas", "--bfile", MICE, "--chr-set", "19", "--pheno", MICE + ".pheno.tsv"]
    ours += ["--pheno-name", ",".join(traits), "--kinship", "grm", "--maf", "0.01", "--no-plot"]
    found = {"gemcont": [[*ours, *loco, "--out", f"{folder}/ours"]]}
    same = ["-bfile", MICE, "-p", f"{folder}/traits.gemma", "-outdir", folder]
    if options.gemma and not options.loco:
        one, numbers = [options.gemma, *same], map(str, range(1, len(traits) + 1))
        two = ["-n", *numbers, "-k", f"{folder}/k.cXX.txt", "-lmm", "1", "-o", "g"]
        found["GEMMA"] = [[*one, "-gk", "1", "-o", "k"], [*one, *two]]
    if options.jamma and len(traits) == 1:
        one = [options.jamma, *same, "--no-telemetry"]
        found["JAMMA"] = (
            [[*one, "-loco", "-lmm", "1", "-o", "j"]]
            if options.loco
            else [
                [*one, "-gk", "1", "-o", "jk"],
                [*one, "-k", f"{folder}/jk.cXX.npy", "-lmm", "1", "-o", "j"],
            ]
        )
    if options.fastlmm and len(traits) == 1:
        last = [str(int(options.loco)), f"{folder}/f.tsv"]
        found["FaST-LMM"] = [
            [options.fastlmm, "-c", _FASTLMM, MICE, f"{folder}/traits.plink", *last]
        ]
    return found


def _times(commands, runs):
    """Seconds of every run by program, by turns."""
    found = {name: [] for name in commands}
    for _ in range(runs):
        for name, steps in commands.items():
            started = time.perf_counter()
            for step in steps:
                done = subprocess.run(step, capture_output=True, text=True)
                if done.returncode:
                    sys.exit(f"{name} failed: {(done.stderr + done.stdout)[-500:]}")
            found[name].append(time.perf_counter() - started)
    return found


def null_fits(options):
    """Seconds of ``fit_null``, the decomposition included: N = 2,000."""
    from gemcont.stats.mixed import model as mixed

    rng, n = np.random.default_rng(1), 2000
    factors = rng.standard_normal((n, 3 * n))
    kinship = factors @ factors.T / (3 * n)
    root = np.linalg.cholesky(kinship)
    for d in (1, 2, 8, 32, 64):
        mix = rng.standard_normal((d, max(d // 2, 1)))  # a genetic covariance of half the rank
        traits = root @ rng.standard_normal((n, mix.shape[1])) @ mix.T / np.sqrt(d)
        traits += rng.standard_normal((n, d))
        started = time.perf_counter()
        found = mixed.fit_null(traits, np.ones((n, 1)), kinship)
        seconds = time.perf_counter() - started
        slopes = f"slope {found.gradient_norm:.2g}, curvature {found.fit.curvature:.2g}"
        print(f"N = {n:,}, D = {d:2}: {seconds:.2f} s, {slopes}")


def scan_rates(options):
    """Variants a second on one thread, and the share of the time in matrix products."""
    for n in (2000, 5000, 10_000):
        for d in (1, 8, 64):
            model, block, mean = _model(n, d)
            rows = np.arange(block.count)
            with threadpool_limits(1, user_api="blas"):
                model.sums(block, mean, rows[:32])
                started = time.perf_counter()
                model.sums(block, mean, rows)
                seconds = time.perf_counter() - started
                products = _products_alone(model, block.count)
            print(
                f"N = {n:6,}, D = {d:2}: {block.count / seconds:7,.0f} variants/s, "
                f"{products / seconds:.0%} in BLAS"
            )


def _model(n, d, variants=1024):
    """A ``MixedModel`` of drawn traits, three covariates and the intercept, and a block."""
    from gemcont.genotype.kernels.packed import moments, pack_hardcalls
    from gemcont.genotype.source import Block
    from gemcont.stats.mixed.likelihood import Rotated, evaluate
    from gemcont.workflows.gwas.relatives.mixed_model import MixedModel

    rng = np.random.default_rng(n + d)
    data = Rotated(
        traits=rng.standard_normal((n, d)),
        covariates=rng.standard_normal((n, 4)),
        eigenvalues=rng.chisquare(1, n),
    )
    fit = evaluate(data, np.eye(d) / 2, np.eye(d) / 2)
    vectors = rng.standard_normal((n, n)).astype(np.float32) / np.float32(np.sqrt(n))
    dosages = rng.binomial(2, 0.3, (variants, n)).astype(np.float32)
    block = Block(first=0, count=variants, n_samples=n, packed=pack_hardcalls(dosages))
    return MixedModel(vectors, data, fit, [], None), block, moments(block).mean


def _products_alone(model, variants):
    """Seconds of the same matrix products and nothing else."""
    from gemcont.genotype.kinship import turned_at_once

    size = turned_at_once(len(model.vectors))
    columns, weights = model.joint_regressions.columns, model.joint_regressions.weights
    genotypes = np.random.default_rng(0).standard_normal((size, len(weights)), dtype=np.float32)
    wide = genotypes.astype(np.float64)
    started = time.perf_counter()
    for first in range(0, variants, size):
        here = slice(min(size, variants - first))
        genotypes[here] @ model.vectors
        wide[here] @ columns
        wide[here] @ weights
    return time.perf_counter() - started


if __name__ == "__main__":
    main()
