"""How variants are cut into blocks and chunks."""

from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest

from gemcont import GemcontError
from gemcont.workflows.gwas.scan.blocks import (
    block_edges,
    block_size,
    chunk_block_size,
    variants_of_chunk,
)
from gemcont.workflows.gwas.scan.groups import VariantGroups


def test_more_chunks_than_blocks_are_refused(scan):
    with pytest.raises(GemcontError, match="60 variants make 9 blocks of 7 at most"):
        scan("m.chunk-1-of-10", chunk=(1, 10))


def test_chunks_are_counted_before_anything_is_fitted(scan, monkeypatch):
    from gemcont.workflows.gwas.files import write as gwas_files

    def prepared(*_, **__):
        raise AssertionError("the null model was fitted")

    monkeypatch.setattr(gwas_files, "prepare", prepared)
    with pytest.raises(GemcontError, match="--chunk 1/10: 60 variants make 9 blocks of 7 at most"):
        scan("m.chunk-1-of-10", chunk=(1, 10))


def groups_of(names):
    """Groups of a chromosome each, in the order of the names."""
    plain = VariantGroups.by_ploidy(np.zeros(len(names), dtype=np.uint8))
    return plain.with_chromosomes(np.arange(len(names)), pl.Series(names))


PLAIN = VariantGroups.by_ploidy(np.zeros(100, dtype=np.uint8))


@pytest.mark.parametrize(("count", "size"), [(100, 7), (100, 100), (100, 1), (99, 33), (5, 8)])
def test_blocks_are_cut_every_so_many_variants(count, size):
    edges = block_edges(np.arange(count), PLAIN, size)
    sizes = [len(part) for part in np.split(np.arange(count), edges)]
    assert sizes[:-1] == [size] * (len(sizes) - 1)
    assert 0 < sizes[-1] <= size
    assert sum(sizes) == count


@pytest.mark.parametrize("size", [1, 3, 4, 50])
def test_blocks_begin_anew_with_each_chromosome(size):
    names = ["1"] * 10 + ["2"] * 3 + ["1"] * 5
    groups, variants = groups_of(names), np.arange(18)
    blocks = np.split(variants, block_edges(variants, groups, size))
    assert np.concatenate(blocks).tolist() == variants.tolist()
    for block in blocks:
        assert 0 < len(block) <= size
        assert len({names[i] for i in block}) == 1
    rest = np.split(variants[10:], block_edges(variants[10:], groups, size))
    assert [b.tolist() for b in rest] == [b.tolist() for b in blocks[-len(rest) :]]


def test_no_variant_has_no_edge():
    assert len(block_edges(np.empty(0, dtype=int), PLAIN, 5)) == 0


def run_of(names, size, by_chromosome):
    groups = groups_of(names) if by_chromosome else PLAIN
    variants = np.arange(len(names))
    return SimpleNamespace(variants=variants, size=size, plan=SimpleNamespace(groups=groups))


@pytest.mark.parametrize("by_chromosome", [False, True])
@pytest.mark.parametrize("n", [1, 2, 5, 9])
def test_chunks_part_the_variants_at_the_blocks_edges(n, by_chromosome):
    run = run_of(["1"] * 30 + ["2"] * 25, 6, by_chromosome)
    chunks = [variants_of_chunk(run, i, n) for i in range(1, n + 1)]
    parts = [run.variants[chunk].tolist() for chunk in chunks]
    assert sum(parts, []) == run.variants.tolist()
    edges = {0, 55, *block_edges(run.variants, run.plan.groups, 6).tolist()}
    assert all(chunk.start in edges for chunk in chunks)
    assert all(parts)


def test_more_chunks_than_blocks_are_none():
    with pytest.raises(GemcontError, match="^--chunk 1/4: 30 variants make 3 blocks of 10 at most"):
        variants_of_chunk(run_of(["1"] * 30, 10, False), 1, 4)


class Stub:
    """A source of a size."""

    def __init__(self, bytes_per_variant, n_variants=10**6):
        self.bytes_per_variant, self.n_variants = bytes_per_variant, n_variants


@pytest.mark.parametrize(("per_variant", "size"), [(100, 2048), (4096, 1024), (10**6, 128)])
def test_a_chunk_s_block_depends_on_the_genotypes_alone(per_variant, size):
    assert chunk_block_size(Stub(per_variant)) == size


def size_of(threads=4, memory=512 << 20, n_variants=10**6, per_variant=2500, n_traits=2):
    null = SimpleNamespace(n_traits=n_traits, n_covariates=5)
    model = SimpleNamespace(null=null, single=True, trait_blocks=[])
    singles = SimpleNamespace(dense=False, min_neg_log_10_p=5)
    plan = SimpleNamespace(models={"autosomes": [model]}, singles=singles, products=False)
    return block_size(
        Stub(per_variant), plan, threads=threads, memory=memory, n_variants=n_variants
    )


def test_blocks_fit_the_memory_and_share_the_work():
    assert size_of(memory=0) == 128
    assert 128 < size_of(memory=16 << 20) < size_of(memory=64 << 20)
    assert size_of(memory=1 << 40) == 6710  # 16 MiB of genotypes
    assert size_of(memory=64 << 20, threads=8) < size_of(memory=64 << 20, threads=1)
    assert size_of(n_variants=4000, threads=2) == 2000  # one a thread, not one in all
    assert size_of(n_variants=10) == 512
    assert size_of(n_traits=5000, memory=64 << 20) < size_of(memory=64 << 20)
    assert size_of(per_variant=10**6) < size_of(per_variant=10**4)
