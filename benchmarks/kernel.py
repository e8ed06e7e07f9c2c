"""The product of packed genotypes with columns, alone: GF/s of multiply-adds against BLAS.

Four ways on the same block, one thread and several: ours (``genotype.product``), decoding to
float32 and sgemm (what one would write otherwise; tiles as in the engine's first version), sgemm
on genotypes that are floats already, and two bounds: the same tables when everything is in the
nearest cache, and the time to read the packed block from memory once.

    python benchmarks/kernel.py
    python benchmarks/kernel.py --rare
    python benchmarks/kernel.py --few
"""

import argparse
import time
from concurrent.futures import ThreadPoolExecutor
from functools import partial

import numpy as np
from threadpoolctl import threadpool_limits

from gemcont._numba import available_threads, njit
from gemcont.genotype.kernels import product as engine
from gemcont.genotype.kernels.fixed_point import FOLD, FixedPoint
from gemcont.genotype.kernels.packed import moments, pack_hardcalls
from gemcont.genotype.kernels.partial_sums import ROWS, SAMPLES
from gemcont.genotype.kernels.product import product
from gemcont.genotype.source import Block

TILE_VARIANTS, TILE_SAMPLES = 128, 4096


def main():
    parser = argparse.ArgumentParser(description=__doc__.split("\n", 1)[0])
    parser.add_argument("--rare", action="store_true", help="rare variants and missing genotypes")
    parser.add_argument("--few", action="store_true", help="few variants: how threads share them")
    parser.add_argument("--variants", type=int, default=2048)
    parser.add_argument("--samples", type=int, nargs="+", default=[10_000, 100_000])
    parser.add_argument("--columns", type=int, nargs="+", default=[8, 32, 52, 64, 128])
    options = parser.parse_args()
    with threadpool_limits(1, user_api="blas"):
        (rare if options.rare else few if options.few else dense)(options)


def dense(options):
    threads = sorted({1, available_threads()})
    print("GF/s (2 x variants x samples x columns / time); frequencies from 0.05 to 0.95")
    print("samples columns threads   ours  decode+sgemm  sgemm   ours/dec+sgemm  ours/sgemm")
    for n in options.samples:
        block = simulated(options.variants, n, 0.05)
        means = moments(block).mean
        floats = decoded(block, means)
        for c in options.columns:
            values = np.random.default_rng(1).standard_normal((n, c))
            columns, single = FixedPoint(values, exact=False), values.astype(np.float32)
            for t in threads:
                ours, both, blas = (
                    rate(work, t, options.variants * n * c)
                    for work in (
                        partial(product, block, means, columns),
                        partial(decode_and_multiply, block.packed, n, means, single),
                        partial(np.matmul, floats, single),
                    )
                )
                print(
                    f"{n:7d} {c:7d} {t:7d} {ours:6.0f} {both:13.0f} {blas:6.0f} "
                    f"{ours / both:16.2f} {ours / blas:11.2f}",
                    flush=True,
                )
        bounds(block)


def bounds(block):
    """Hot tables, and memory: what the best could be."""
    columns = np.random.default_rng(1).integers(-9, 9, (FOLD, 16)).astype(np.int32)
    codes = np.ascontiguousarray(block.packed.view(np.uint64)[:256, : FOLD // SAMPLES].T)
    tables, sums = engine._aligned(ROWS * 24), engine._aligned(256 * 24)
    hot = rate(
        lambda: engine._sum_fold(codes, columns, 0, 0, 16, tables, sums),
        1,
        256 * 16 * codes.size / 4,
    )
    copy = np.empty_like(block.packed)
    seconds = best(lambda: np.copyto(copy, block.packed))
    print(f"hot tables, 16 columns, 256 variants: {hot:.0f} GF/s")
    print(f"the packed block alone is copied at {block.packed.nbytes / seconds / 1e9:.1f} GB/s, ")
    print(f"  {seconds / block.count * 1e6:.2f} microseconds a variant\n")


def rare(options):
    print("microseconds a variant, one thread: listed, tabled; and what the code picks")
    print("samples columns  others   listed   tabled   picked")
    for n in options.samples:
        for c in (8, 52, 128):
            columns = FixedPoint(np.random.default_rng(1).standard_normal((n, c)), exact=False)
            for share in (0.0005, 0.002, 0.01, 0.03, 0.06, 0.12):
                block = simulated(512, n, share, rare=True)
                means, found = moments(block).mean, []
                for most in (2.0, -1.0, None):
                    kept = engine._LISTED, engine._MOST_LISTED
                    if most is not None:
                        engine._LISTED = engine._MOST_LISTED = most
                    found.append(best(partial(product, block, means, columns)) / 512 * 1e6)
                    engine._LISTED, engine._MOST_LISTED = kept
                print(f"{n:7d} {c:7d} {share:7.2%} " + " ".join(f"{f:8.2f}" for f in found))
    print("\nmissing genotypes: microseconds a variant of frequency 0.3")
    for n in options.samples:
        columns = FixedPoint(np.random.default_rng(1).standard_normal((n, 52)), exact=False)
        for missing in (0, 0.001, 0.01, 0.05, 0.2):
            block = simulated(512, n, 0.3, missing=missing)
            means = moments(block).mean
            spent = best(partial(product, block, means, columns)) / 512 * 1e6
            print(f"{n:7d}      52 {missing:7.2%} {spent:8.2f}")


def few(options):
    threads = available_threads()
    print(f"ms a product; {threads} threads that share a block's variants, or its columns")
    print("samples columns variants  one thread  by variants  by columns")
    for n in options.samples:
        for c in (32, 64, 256):
            columns = FixedPoint(np.random.default_rng(1).standard_normal((n, c)), exact=False)
            for variants in (64, 256, 512, 1024, 2048):
                block = simulated(variants, n, 0.05)
                means = moments(block).mean
                shares = np.array_split(np.arange(variants), threads)
                shares = [slice(s[0], s[-1] + 1) for s in shares]

                def by_variants(block=block, means=means, columns=columns, shares=shares):
                    with ThreadPoolExecutor(threads) as pool:
                        parts = [
                            pool.submit(product, block.slice(s), means[s], columns) for s in shares
                        ]
                        for part in parts:
                            part.result()

                spent = [
                    1e3 * best(work)
                    for work in (
                        partial(product, block, means, columns),
                        by_variants,
                        partial(product, block, means, columns, threads=threads),
                    )
                ]
                shown = " ".join(f"{ms:11.2f}" for ms in spent)
                print(f"{n:7d} {c:7d} {variants:8d} {shown}", flush=True)


def simulated(n_variants, n_samples, low, *, rare=False, missing=0.0):
    rng = np.random.default_rng(0)
    frequency = np.full(n_variants, low / 2) if rare else rng.uniform(low, 1 - low, n_variants)
    calls = np.empty((n_variants, n_samples), dtype=np.int8)
    for v, p in enumerate(frequency):
        calls[v] = rng.binomial(2, p, n_samples)
        if missing:
            calls[v, rng.random(n_samples) < missing] = -1
    return Block(first=0, count=n_variants, n_samples=n_samples, packed=pack_hardcalls(calls))


def decoded(block, means):
    out = np.empty((block.count, block.n_samples), dtype=np.float32)
    for start in range(0, block.n_samples, TILE_SAMPLES):
        stop = min(start + TILE_SAMPLES, block.n_samples)
        tile = np.empty((block.count, TILE_SAMPLES), dtype=np.float32)
        decode_tile(block.packed[:, start // 4 : -(-stop // 4)], means, tile)
        out[:, start:stop] = tile[:, : stop - start]
    return out


def decode_and_multiply(packed, n_samples, means, columns):
    out = np.zeros((len(packed), columns.shape[1]))
    tile = np.empty((TILE_VARIANTS, TILE_SAMPLES), dtype=np.float32)
    for first in range(0, len(packed), TILE_VARIANTS):
        rows = slice(first, first + TILE_VARIANTS)
        for start in range(0, n_samples, TILE_SAMPLES):
            stop = min(start + TILE_SAMPLES, n_samples)
            decode_tile(packed[rows, start // 4 : -(-stop // 4)], means[rows], tile)
            out[rows] += tile[: len(out[rows]), : stop - start] @ columns[start:stop]
    return out


@njit
def decode_tile(packed, means, tile):
    """Centred float32 genotypes, two a look-up."""
    pairs = np.empty((16, 2), dtype=tile.dtype)
    for v in range(packed.shape[0]):
        values = (2 - means[v], 0.0, 1 - means[v], -means[v])
        for code in range(16):
            pairs[code, 0], pairs[code, 1] = values[code & 3], values[code >> 2]
        for b in range(packed.shape[1]):
            byte = packed[v, b]
            tile[v, 4 * b], tile[v, 4 * b + 1] = pairs[byte & 15, 0], pairs[byte & 15, 1]
            tile[v, 4 * b + 2], tile[v, 4 * b + 3] = pairs[byte >> 4, 0], pairs[byte >> 4, 1]


def rate(work, threads, multiply_adds):
    """GF/s of all threads together, each doing the same work."""
    work()
    with ThreadPoolExecutor(threads) as pool:

        def together():
            for future in [pool.submit(work) for _ in range(threads)]:
                future.result()

        return 2 * threads * multiply_adds / best(together) / 1e9


def best(work, least=0.3):
    """Shortest time of several."""
    work()
    shortest, began = np.inf, time.perf_counter()
    while time.perf_counter() - began < least:
        start = time.perf_counter()
        work()
        shortest = min(shortest, time.perf_counter() - start)
    return shortest


if __name__ == "__main__":
    main()
