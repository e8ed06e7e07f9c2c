"""How the time of a scan grows with people, variants, traits and threads: a figure of four lines.

The scan alone is timed (the median of three), everything else held; docs/scaling.png.

    python benchmarks/scaling.py --out docs/scaling.png
"""

import argparse
import logging
import statistics

import numpy as np
import polars as pl
from matplotlib.figure import Figure
from matplotlib.ticker import NullLocator

from gemcont._numba import available_threads
from gemcont.genotype.kernels.packed import pack_hardcalls
from gemcont.genotype.readers.arrays import ArraySource
from gemcont.genotype.source import Block
from gemcont.settings.gwas import GwasSettings
from gemcont.tables.phenotypes import SampleTable
from gemcont.workflows.gwas.prepare import prepare

BASE = {"people": 20_000, "variants": 40_000, "traits": 64}
STEPS = {
    "people": [2_500, 5_000, 10_000, 20_000, 40_000, 80_000],
    "variants": [5_000, 10_000, 20_000, 40_000, 80_000],
    "traits": [4, 16, 32, 64, 128, 256, 512],
}


class Repeated(ArraySource):
    """A source of as many variants as asked for, from a few that are in memory, packed."""

    has_dosages = False

    def __init__(self, n_samples, n_variants, held=2048):
        rng = np.random.default_rng(1)
        calls = rng.binomial(2, rng.uniform(0.05, 0.95, (held, 1)), (held, n_samples))
        super().__init__(np.zeros((1, n_samples)), variants=["a"])
        self._packed = pack_hardcalls(calls.astype(np.int8))
        self.variants = ArraySource(np.zeros((n_variants, 1))).variants

    @property
    def bytes_per_variant(self):
        """As a .bed."""
        return self.n_samples // 4

    def read(self, variants, samples=None, first=0):
        """Packed rows, repeated; everyone."""
        rows = self._packed[variants % len(self._packed)]
        return Block(first=first, count=len(variants), n_samples=self.n_samples, packed=rows)


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--out", default="scaling.png")
    options = parser.parse_args()
    logging.disable()  # what every scan warns of
    lines = {name: [seconds(BASE | {name: x}) for x in STEPS[name]] for name in STEPS}
    threads = list(range(1, available_threads() + 1))
    lines["threads"] = [seconds(BASE, t) for t in threads]
    for name, times in lines.items():
        steps = STEPS.get(name, threads)
        print(name, " ".join(f"{x}: {t:.2f} s" for x, t in zip(steps, times, strict=True)))
    draw(lines, STEPS | {"threads": threads}).savefig(options.out, dpi=130)


def seconds(shape, threads=1):
    n, rng = shape["people"], np.random.default_rng(2)
    source = Repeated(n, shape["variants"])
    names = [f"t{d}" for d in range(shape["traits"])]
    values = rng.standard_normal((n, len(names)))
    ids = source.samples["iid"].to_list()
    columns = pl.from_numpy(values, schema=names)
    table = SampleTable(name="traits", fid=ids, iid=ids, columns=columns)
    settings = GwasSettings(threads=threads, joint=True, block_size=2048)
    found = []
    for _ in range(3):
        run = prepare(source, table, None, settings)
        for _ in run.blocks():
            pass
        found.append(run.seconds["scan"])
    return statistics.median(found)


def draw(lines, steps):
    figure = Figure(figsize=(9, 2.6), layout="constrained")
    panels = figure.subplots(1, 4)
    for axes, (name, times) in zip(panels, lines.items(), strict=True):
        x = np.array(steps[name], dtype=float)
        if name == "threads":
            axes.plot(x, times[0] / np.array(times), "o-", color="#1f4e79", markersize=4)
            axes.plot(x, x, "--", color="0.5", linewidth=0.9)
            axes.set(xlabel="threads", ylabel="times as fast", xticks=x, xlim=(0.8, x[-1] + 0.2))
            axes.set_ylim(bottom=0)
            continue
        axes.loglog(x, times, "o-", color="#1f4e79", markersize=4)
        line = times[-1] * x / x[-1]
        axes.loglog(x, line, "--", color="0.5", linewidth=0.9)
        axes.set(xlabel=name, ylabel="seconds")
        few = x[::2]
        axes.set_xticks(few, [f"{value:,.0f}" for value in few])
        axes.xaxis.set_minor_locator(NullLocator())
    for axes in panels:
        axes.spines[["top", "right"]].set_visible(False)
    return figure


if __name__ == "__main__":
    main()
