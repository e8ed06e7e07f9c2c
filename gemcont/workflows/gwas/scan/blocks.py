"""How the variants of a run are cut into blocks and chunks."""

from typing import TYPE_CHECKING

import numpy as np

from gemcont.errors import GemcontError
from gemcont.genotype.source import GenotypeSource
from gemcont.stats.screen import N_BINS
from gemcont.workflows.gwas.scan.groups import VariantGroups
from gemcont.workflows.gwas.scan.null_models import TRAITS_AT_ONCE
from gemcont.workflows.gwas.scan.plan import Plan

if TYPE_CHECKING:
    from gemcont.settings.gwas import GwasSettings
    from gemcont.workflows.gwas.run import GwasRun

_CHUNK_BLOCK_BYTES = 4 << 20  # of genotypes
_FEWEST, _MOST = 128, 8192  # variants in a block
_BLOCKS_PER_THREAD = 3  # at least, if each is large enough
_ENOUGH = 2048  # variants, to which the tables of a product are worth their making
# Measured at 10,000 and 100,000 samples: below it threads that share the columns of a block are
# faster than threads that have each a block of their own; above it neither is.
_SHARED = 512
_BLOCK_BYTES = 16 << 20  # of genotypes: enough for one block to amortise its overhead


def block_size(
    source: GenotypeSource, plan: Plan, *, threads: int, memory: int, n_variants: int
) -> int:
    """Return the variants per block that keep the blocks in flight within ``memory`` bytes.

    Each worker holds a block, a copy of the rows that miss genotypes, and results; as many results
    wait. Every thread gets its share.

    Args:
        source: genotypes.
        plan: models and outputs.
        threads: number of threads.
        memory: bytes.
        n_variants: number of variants to read.
    """
    models = [model for group in plan.models.values() if group for model in group]
    columns = max(_columns_at_once(model) for model in models)
    tested = sum(model.null.n_traits for model in models) / len(plan.models)
    singles = sum(model.null.n_traits for model in models if model.single) / len(plan.models)
    results = tested * (4 * plan.singles.dense + 12 * plan.products)
    if not plan.singles.dense:  # as arrays, or the share of pairs that pass as rows
        bound = plan.singles.min_neg_log_10_p
        results += singles * (80 if bound is None else 300 * 10.0**-bound)
    results = 8 * (4 * columns + 40) + 2 * int(results)
    per_variant = 2 * source.bytes_per_variant + 2 * results
    histograms = 4 * N_BINS * int(singles)
    affordable = int(max(memory / threads - histograms, 0) / per_variant)
    share = -(-n_variants // threads)
    share = max(-(-share // _BLOCKS_PER_THREAD), min(share, _ENOUGH), _SHARED)
    size = min(affordable, max(_BLOCK_BYTES // source.bytes_per_variant, _ENOUGH), share)
    return int(np.clip(size, _FEWEST, _MOST))


def _columns_at_once(model):
    if model.trait_blocks:
        return TRAITS_AT_ONCE + model.null.n_covariates
    return model.null.n_traits + model.null.n_covariates


def block_edges(variants: np.ndarray, groups: VariantGroups, size: int) -> np.ndarray:
    """Return the positions at which the variants are cut into blocks.

    Blocks have ``size`` variants; where models differ between chromosomes each chromosome begins a
    block, so that the rest of a run is cut as the whole.

    Args:
        variants: indices of the variants to read.
        groups: groups of the source's variants.
        size: variants per block.
    """
    if not groups.by_chromosome or not len(variants):
        return np.arange(size, len(variants), size)
    starts = np.flatnonzero(np.diff(groups.code[variants].astype(np.int64), prepend=-1))
    ends = [*starts[1:], len(variants)]
    runs = [np.arange(a, b, size) for a, b in zip(starts, ends, strict=True)]
    return np.concatenate(runs)[1:]


def chunk_block_size(source: GenotypeSource) -> int:
    """Return the block size of chunks, the same on every machine whatever its threads."""
    return int(np.clip(_CHUNK_BLOCK_BYTES // source.bytes_per_variant, 128, 2048))


def refuse_too_many_chunks(
    source: GenotypeSource, settings: "GwasSettings", i: int, n: int
) -> None:
    """Raise GemcontError, before anything is fitted, if there are fewer blocks than chunks.

    Chunks are whole blocks, each of one group of chromosomes.

    Args:
        source: genotypes.
        settings: block_size, loco and pred of it.
        i: number of the chunk, from 1.
        n: number of chunks.
    """
    size = settings.block_size or chunk_block_size(source)
    most = -(-source.n_variants // size)
    if settings.loco or settings.pred is not None:
        most += source.variants["chromosome"].n_unique()
    if n > most:
        raise _too_many_chunks((i, n), source.n_variants, most, size)


def _too_many_chunks(chunk, n_variants, n_blocks, size):
    i, n = chunk
    return GemcontError(
        f"--chunk {i}/{n}: {n_variants} variants make {n_blocks} blocks of {size} at most; ask for "
        "fewer chunks or a smaller --block-size"
    )


def variants_of_chunk(run: "GwasRun", i: int, n: int) -> slice:
    """Return the slice of the i-th (from 1) of n parts of a run's variants, in whole blocks."""
    starts = [0, *block_edges(run.variants, run.plan.groups, run.size), len(run.variants)]
    n_blocks = len(starts) - 1
    if n > n_blocks:
        raise _too_many_chunks((i, n), len(run.variants), n_blocks, run.size)
    return slice(starts[(i - 1) * n_blocks // n], starts[i * n_blocks // n])
