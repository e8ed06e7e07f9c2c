"""Blocks and sources: parts of blocks, streams of them, excluded rows, a reader per thread."""

import threading

import numpy as np
import polars as pl
import pytest
from conftest import random_dosages

from gemcont import ArraySource
from gemcont.genotype.kernels.packed import decode, pack_hardcalls
from gemcont.genotype.source import Block, PackageSource, count_negative, without_negative

DOSAGES = random_dosages(np.random.default_rng(9), 9, 70, missing=0.1)


def packed_block():
    calls = np.where(np.isnan(DOSAGES), -1, DOSAGES).astype(np.int8)
    return Block(first=5, count=9, n_samples=70, packed=pack_hardcalls(calls))


def dosage_block():
    return Block(first=5, count=9, n_samples=70, dosage=DOSAGES.astype(np.float32))


@pytest.fixture(params=[packed_block, dosage_block])
def block(request):
    return request.param()


def test_a_slice_of_a_block_is_its_variants(block):
    part = block.slice(slice(2, 50))
    assert (part.first, part.count, part.n_samples) == (7, 7, 70)
    np.testing.assert_array_equal(decode(part), DOSAGES[2:])


def test_a_block_of_chosen_variants(block):
    part = block.take(np.array([8, 0, 3]))
    assert (part.first, part.count) == (5, 3)
    np.testing.assert_array_equal(decode(part), DOSAGES[[8, 0, 3]])


@pytest.mark.parametrize(("start", "stop"), [(0, 32), (32, 70), (64, 500), (0, 1)])
def test_a_block_of_consecutive_samples(block, start, stop):
    part = block.cut(start, stop)
    assert part.n_samples == min(stop, 70) - start
    np.testing.assert_array_equal(decode(part), DOSAGES[:, start:stop])


@pytest.mark.parametrize("size", [1, 4, 9, 100])
def test_a_stream_has_every_variant_once_in_order(size):
    source, samples = ArraySource(DOSAGES), np.array([1, 5, 60])
    blocks = list(source.blocks(samples=samples, size=size))
    assert [b.first for b in blocks] == list(range(0, 9, size))
    np.testing.assert_allclose(np.vstack([decode(b) for b in blocks]), DOSAGES[:, samples])
    chosen = list(source.blocks(np.array([2, 7]), size=size))
    np.testing.assert_allclose(np.vstack([decode(b) for b in chosen]), DOSAGES[[2, 7]])


def test_contents_and_exclusions_are_logged(caplog):
    caplog.set_level("INFO")
    variants = pl.DataFrame(
        {
            "chromosome": ["1"] * 9,
            "variant_id": [f"v{i}" for i in range(9)],
            "base_pair_location": [3, -1, 0, 4, 5, -7, 6, 7, 8],
            "effect_allele": ["A"] * 9,
            "other_allele": ["C"] * 9,
        }
    )
    source = ArraySource(DOSAGES, variants=variants)
    source.log_contents()
    assert "70 samples, 7 variants" in caplog.text
    assert "2 rows of negative position are left out" in caplog.text
    assert source.sample_ids.iid == [str(i) for i in range(70)]


def test_variants_of_negative_position_are_filtered():
    table = pl.DataFrame({"base_pair_location": [1, None, -5, 0]})
    kept, rows = without_negative(table)
    assert kept["base_pair_location"].to_list() == [1, None, 0]
    assert rows.tolist() == [0, 1, 3]
    assert count_negative(4, rows) == {"negative position": 1}
    assert without_negative(kept)[1] is None
    assert count_negative(3, None) == {}


def test_every_thread_has_a_reader_of_its_own():
    class Counted(PackageSource):
        bytes_per_variant, opened = 1, 0

        def _open_reader(self):
            self.opened += 1
            return object()

        def read(self, variants, samples=None, first=0):
            return self._reader

    source, readers = Counted("name"), []
    threads = [threading.Thread(target=lambda: readers.append(source.read([0]))) for _ in range(3)]
    for thread in threads:
        thread.start()
        thread.join()
    assert source.read([0]) is source.read([1])
    assert source.opened == 4
    assert len(set(map(id, readers))) == 3
