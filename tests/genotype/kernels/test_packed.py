import numpy as np
import pytest
from conftest import random_dosages
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.joint import mean_impute
from reference.packed import pack

from gemcont.genotype.kernels.packed import (
    counts,
    decode,
    hard_counts,
    missing_per_sample,
    moments,
    pack_hardcalls,
    repack,
    row_bytes,
)
from gemcont.genotype.source import Block


def packed_block(dosages, samples=None):
    packed = repack(pack(dosages), dosages.shape[1], samples)
    n_samples = dosages.shape[1] if samples is None else len(samples)
    return Block(first=0, count=len(dosages), n_samples=n_samples, packed=packed)


def dosage_block(dosages):
    return Block(
        first=0, count=len(dosages), n_samples=dosages.shape[1], dosage=dosages.astype(np.float32)
    )


@settings(deadline=None, max_examples=60)
@given(st.integers(1, 140), st.integers(0, 2**32 - 1), st.booleans())
def test_packed_genotypes_survive_repacking(n_samples, seed, subset):
    rng = np.random.default_rng(seed)
    dosages = random_dosages(rng, 5, n_samples, missing=0.2)
    samples = np.flatnonzero(rng.random(n_samples) < 0.6) if subset else None
    block = packed_block(dosages, samples)
    expected = dosages if samples is None else dosages[:, samples]
    np.testing.assert_array_equal(decode(block), expected)
    assert block.packed.shape[1] % 8 == 0
    found = counts(block)
    for column, value in enumerate((2, 1, 0)):
        np.testing.assert_array_equal(found[:, column], (expected == value).sum(axis=1))
    np.testing.assert_array_equal(found[:, 3], np.isnan(expected).sum(axis=1))


@pytest.mark.parametrize("n_samples", [1, 2, 3, 5, 33])
@pytest.mark.parametrize("garbage", [0x00, 0x55, 0xAA, 0xFF])
def test_padding_bits_of_the_file_are_ignored(n_samples, garbage):
    dosages = random_dosages(np.random.default_rng(1), 4, n_samples, missing=0.3)
    rows = pack(dosages)
    if n_samples % 4:
        used = (1 << 2 * (n_samples % 4)) - 1
        rows[:, -1] = (rows[:, -1] & used) | (garbage & ~used & 0xFF)
    block = Block(first=0, count=4, n_samples=n_samples, packed=repack(rows, n_samples))
    np.testing.assert_array_equal(decode(block), dosages)
    np.testing.assert_array_equal(counts(block)[:, 3], np.isnan(dosages).sum(axis=1))


@pytest.mark.parametrize("kind", [packed_block, dosage_block])
def test_moments_are_those_of_the_called_genotypes(kind):
    dosages = random_dosages(np.random.default_rng(2), 20, 77, missing=0.1)
    dosages[3], dosages[4] = np.nan, 2
    found = moments(kind(dosages))
    called = ~np.isnan(dosages)
    np.testing.assert_array_equal(found.n, called.sum(axis=1))
    filled = mean_impute(np.delete(dosages, 3, axis=0))
    centred = filled - filled.mean(axis=1, keepdims=True)
    np.testing.assert_allclose(np.delete(found.mean, 3), filled.mean(axis=1), rtol=1e-14)
    np.testing.assert_allclose(
        np.delete(found.sum_of_squares, 3), (centred**2).sum(axis=1), rtol=1e-12, atol=1e-12
    )
    assert found.n[3] == found.mean[3] == found.sum_of_squares[3] == 0
    assert found.sum_of_squares[4] == 0


def test_sum_of_squares_is_exact_at_extreme_frequency():
    dosages = np.full((1, 100_000), 2.0)
    dosages[0, :100] = 1  # A1 frequency 0.9995: a float32 column would lose three digits
    found = moments(packed_block(dosages))
    assert found.sum_of_squares[0] == pytest.approx(100 - 100**2 / 100_000, rel=1e-10)


@settings(deadline=None, max_examples=200)
@given(st.integers(1, 300), st.floats(0, 1), st.integers(0, 2**32))
def test_any_choice_of_samples_keeps_their_genotypes(n_samples, share, seed):
    rng = np.random.default_rng(seed)
    rows = rng.integers(0, 256, (3, -(-n_samples // 4)), dtype=np.uint8)  # padding bits of any kind
    samples = np.flatnonzero(rng.random(n_samples) < share)
    packed = repack(rows, n_samples, samples)
    codes = (rows[:, :, None] >> np.array([0, 2, 4, 6], dtype=np.uint8) & 3).reshape(3, -1)
    expected = np.full((3, 4 * packed.shape[1]), 3)
    expected[:, : len(samples)] = codes[:, samples]
    found = (packed[:, :, None] >> np.array([0, 2, 4, 6], dtype=np.uint8) & 3).reshape(3, -1)
    np.testing.assert_array_equal(found, expected)
    assert packed.shape[1] == -(-len(samples) // 32) * 8


def test_hard_calls_are_packed_as_a_bed_is():
    dosages = random_dosages(np.random.default_rng(6), 7, 45, missing=0.2)
    calls = np.where(np.isnan(dosages), -9, dosages).astype(np.int8)
    np.testing.assert_array_equal(pack_hardcalls(calls), repack(pack(dosages), 45))
    assert pack_hardcalls(calls).shape[1] == row_bytes(45) == 16


@pytest.mark.parametrize("share", [0.0, 0.4, 1.0])
def test_counts_and_moments_of_selected_samples(share):
    rng = np.random.default_rng(7)
    dosages = random_dosages(rng, 6, 133, missing=0.1)
    selected = rng.random(133) < share
    part = dosages[:, selected]
    for block in (packed_block(dosages), dosage_block(dosages)):
        expected = [
            (part == 2).sum(1),
            (part == 1).sum(1),
            (part == 0).sum(1),
            np.isnan(part).sum(1),
        ]
        np.testing.assert_array_equal(hard_counts(block, selected), np.column_stack(expected))
        found = moments(block, selected)
        np.testing.assert_array_equal(found.total, np.nansum(part, axis=1))
        np.testing.assert_array_equal(found.n, (~np.isnan(part)).sum(axis=1))


def test_dosages_far_from_a_genotype_are_no_hard_calls():
    dosages = np.array([[0.0, 0.09, 0.12, 0.92, 1.08, 1.5, 1.93, 2.0, np.nan]])
    assert hard_counts(dosage_block(dosages)).tolist() == [[2, 2, 2, 3]]


@pytest.mark.parametrize("kind", [packed_block, dosage_block])
def test_missing_genotypes_are_added_per_sample(kind):
    dosages = random_dosages(np.random.default_rng(8), 40, 35, missing=0.3)
    missing = np.arange(35)
    missing_per_sample(kind(dosages), missing)
    np.testing.assert_array_equal(missing - np.arange(35), np.isnan(dosages).sum(axis=0))
