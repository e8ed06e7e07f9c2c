"""Simulated genotypes with linkage disequilibrium, for tests, examples and benchmarks."""

from collections.abc import Iterator
from typing import Any

import numpy as np
import polars as pl

from gemcont._numba import njit
from gemcont.genotype.readers.bed import write_fileset

_CHUNK = 1024  # variants simulated at a time


def simulate_genotypes(
    n_variants: int,
    n_samples: int,
    *,
    seed: int,
    ld: float = 0.0,
    missing: float = 0.0,
    maf: tuple[float, float] = (0.05, 0.5),
) -> Iterator[np.ndarray]:
    """Yield int8 chunks (variants, samples) of effect allele counts, -127 where missing.

    The same seed gives the same genotypes. The effect allele is the minor one but for the drift
    that copying adds.

    Args:
        n_variants: number of variants.
        n_samples: number of samples, with two haplotypes each.
        seed: of the random numbers.
        ld: probability that a haplotype carries the allele of its neighbour before, else a fresh
            draw at the variant's own frequency.
        missing: share of the genotypes that are missing, independently.
        maf: range of the frequencies, which are uniform in it.
    """
    rng = np.random.default_rng(seed)
    haplotypes = np.zeros((2, n_samples), dtype=np.int8)
    for first in range(0, n_variants, _CHUNK):
        count = min(_CHUNK, n_variants - first)
        frequency = rng.uniform(*maf, size=count)
        copy = np.full(count, ld)
        if first == 0:
            copy[0] = 0  # the first variant has no neighbour before it
        chunk = np.empty((count, n_samples), dtype=np.int8)
        _simulate((frequency, copy), missing, int(rng.integers(2**31)), haplotypes, chunk)
        yield chunk


@njit
def _simulate(variants, missing, seed, haplotypes, out):
    frequency, copy = variants
    np.random.seed(seed)
    for v in range(len(frequency)):
        for s in range(out.shape[1]):
            for h in range(2):
                if copy[v] == 0 or np.random.random() >= copy[v]:
                    haplotypes[h, s] = np.random.random() < frequency[v]
            out[v, s] = haplotypes[0, s] + haplotypes[1, s]
            if missing > 0 and np.random.random() < missing:
                out[v, s] = -127


def simulate_fileset(
    prefix: str,
    n_variants: int,
    n_samples: int,
    *,
    seed: int,
    chromosomes: int = 22,
    **options: Any,
) -> None:
    """Write PREFIX.bed, .bim, .fam of simulated genotypes.

    Variants v1, v2, ... are a kilobase apart; samples are s1, s2, ...; effect allele A, other
    allele G.

    Args:
        prefix: of the files.
        n_variants: number of variants.
        n_samples: number of samples.
        seed: of the random numbers.
        chromosomes: number of chromosomes, of equal size.
        options: as ``simulate_genotypes``.
    """
    number = np.arange(n_variants)
    per_chromosome = -(-n_variants // chromosomes)
    variants = pl.DataFrame(
        {
            "chromosome": (number // per_chromosome + 1).astype(str),
            "variant_id": [f"v{i + 1}" for i in range(n_variants)],
            "base_pair_location": 1000 * (number % per_chromosome + 1),
            "effect_allele": ["A"] * n_variants,
            "other_allele": ["G"] * n_variants,
        }
    )
    iid = [f"s{i + 1}" for i in range(n_samples)]
    samples = pl.DataFrame({"fid": iid, "iid": iid, "sex": np.arange(n_samples) % 2 + 1})
    chunks = simulate_genotypes(n_variants, n_samples, seed=seed, **options)
    write_fileset(prefix, chunks, samples, variants)
