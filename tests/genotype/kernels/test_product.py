import numpy as np
import pytest
from conftest import random_dosages
from hypothesis import given, settings
from hypothesis import strategies as st
from reference.joint import mean_impute

from gemcont.genotype.kernels.fixed_point import FOLD, FixedPoint
from gemcont.genotype.kernels.packed import moments, pack_hardcalls
from gemcont.genotype.kernels.product import genotype_sums, product
from gemcont.genotype.source import Block

Z_BOUND = 2e-5  # of a whitened z: what the engine promises


def packed_block(dosages):
    calls = np.where(np.isnan(dosages), -1, dosages).astype(np.int8)
    return Block(
        first=0, count=len(dosages), n_samples=dosages.shape[1], packed=pack_hardcalls(calls)
    )


def dosage_block(dosages):
    return Block(
        first=0, count=len(dosages), n_samples=dosages.shape[1], dosage=dosages.astype(np.float32)
    )


def genotypes(rng, n_variants, n_samples, missing):
    """Of every frequency, so that all ways of summing are taken: rare, common, major, fixed."""
    frequency = np.resize([0.001, 0.02, 0.1, 0.3, 0.5, 0.9, 0.995, 0.0, 1.0], n_variants)
    dosages = rng.binomial(2, frequency[:, None], (n_variants, n_samples)).astype(float)
    dosages[rng.random(dosages.shape) < missing] = np.nan
    return dosages


def slow_product(dosages, columns):
    filled = mean_impute(np.where(np.isnan(dosages).all(axis=1, keepdims=True), 0, dosages))
    return (filled - filled.mean(axis=1, keepdims=True)) @ columns


@pytest.mark.parametrize("kind", [packed_block, dosage_block])
@pytest.mark.parametrize(("exact", "bound"), [(True, 1e-11), (False, Z_BOUND)])
@pytest.mark.parametrize("n_samples", [3, 64, 2048, 2049, 9001])
@pytest.mark.parametrize("missing", [0, 0.02, 0.4])
def test_product_is_that_of_centred_mean_imputed_genotypes(kind, exact, bound, n_samples, missing):
    rng = np.random.default_rng(3)
    dosages = genotypes(rng, 27, n_samples, missing)
    columns = rng.standard_normal((n_samples, 5))
    block = kind(dosages)
    found = product(block, moments(block).mean, FixedPoint(columns, exact=exact))
    assert found.dtype == np.float64
    expected = slow_product(dosages, columns)
    deviation = np.sqrt(np.maximum(moments(block).sum_of_squares, 1))
    np.testing.assert_allclose(found / deviation[:, None], expected / deviation[:, None], 0, bound)


@settings(deadline=None, max_examples=60)
@given(
    st.integers(1, 200),
    st.integers(1, 40),
    st.floats(0, 0.5),
    st.floats(0, 1),
    st.integers(1, 9),
    st.integers(0, 2**32),
)
def test_sums_of_integers_are_exact_however_they_are_made(
    n, n_columns, missing, share, threads, seed
):
    rng = np.random.default_rng(seed)
    dosages = rng.binomial(2, share, (4, n)).astype(float)
    dosages[rng.random(dosages.shape) < missing] = np.nan
    limbs = np.zeros((FOLD, 8 * -(-n_columns // 8)), dtype=np.int32)
    limbs[:n, :n_columns] = rng.integers(-(2**17), 2**17, (n, n_columns))
    sums, rows, unknown = genotype_sums(packed_block(dosages), limbs, threads)
    wide, missed = limbs[:n].astype(np.int64), np.isnan(dosages)
    np.testing.assert_array_equal(sums, np.nan_to_num(dosages).astype(np.int64) @ wide)
    np.testing.assert_array_equal(rows, np.flatnonzero(missed.any(axis=1)))
    np.testing.assert_array_equal(unknown, missed[rows].astype(np.int64) @ wide)


@pytest.mark.parametrize("exact", [True, False])
@pytest.mark.parametrize("n_columns", [1, 2, 3, 7, 16, 33, 64])
def test_product_of_a_variant_depends_on_nothing_else(exact, n_columns):
    """Neither on its block nor, bit for bit, on the columns beside."""
    rng = np.random.default_rng(4)
    dosages = genotypes(rng, 300, 5000, 0.01)
    columns = rng.standard_normal((5000, n_columns))
    whole = packed_block(dosages)
    together = product(whole, moments(whole).mean, FixedPoint(columns, exact=exact))
    for first, last in ((0, 1), (1, 130), (130, 300), (297, 300)):
        part = whole.slice(slice(first, last))
        found = product(part, moments(part).mean, FixedPoint(columns, exact=exact))
        np.testing.assert_array_equal(found, together[first:last])
    alone = FixedPoint(columns[:, :1], columns[:, 1:], exact=exact)
    np.testing.assert_array_equal(product(whole, moments(whole).mean, alone), together)
    first = product(whole, moments(whole).mean, FixedPoint(columns[:, :1], exact=exact))
    np.testing.assert_array_equal(first, together[:, :1])


@pytest.mark.parametrize("exact", [True, False])
def test_an_allele_flip_turns_the_product_over(exact):
    rng = np.random.default_rng(5)
    dosages = genotypes(rng, 40, 3000, 0.05)
    columns = FixedPoint(rng.standard_normal((3000, 9)), exact=exact)
    block, flipped = packed_block(dosages), packed_block(2 - dosages)
    found = product(block, moments(block).mean, columns)
    turned = product(flipped, moments(flipped).mean, columns)
    np.testing.assert_allclose(turned, -found, rtol=1e-9, atol=1e-9)


def test_order_of_samples_changes_only_what_fixed_point_leaves_out():
    rng = np.random.default_rng(6)
    dosages, columns = genotypes(rng, 20, 5000, 0.02), rng.standard_normal((5000, 4))
    order = rng.permutation(5000)
    block, shuffled = packed_block(dosages), packed_block(dosages[:, order])
    found = product(block, moments(block).mean, FixedPoint(columns))
    other = product(shuffled, moments(shuffled).mean, FixedPoint(columns[order]))
    np.testing.assert_allclose(other, found, rtol=0, atol=1e-9)


@pytest.mark.parametrize("scale", [1e-12, 1.0, 1e9])
def test_heavy_tails_and_any_unit_keep_the_promised_digits(scale):
    """One person with all of a column's variance, and columns in any unit."""
    rng = np.random.default_rng(7)
    dosages = random_dosages(rng, 30, 20_000, missing=0.01)
    columns = np.column_stack([np.zeros(20_000), rng.standard_cauchy((20_000, 2))])
    columns[77, 0] = 1
    columns *= scale * np.sqrt(20_000 / np.square(columns).sum(axis=0))
    block = packed_block(dosages)
    deviation = np.sqrt(moments(block).sum_of_squares)[:, None]
    found = product(block, moments(block).mean, FixedPoint(columns, exact=False))
    expected = slow_product(dosages, columns)
    np.testing.assert_allclose(found / scale / deviation, expected / scale / deviation, 0, Z_BOUND)


def test_columns_of_zeros_and_no_columns():
    rng = np.random.default_rng(8)
    block = packed_block(random_dosages(rng, 5, 100))
    assert not product(block, moments(block).mean, FixedPoint(np.zeros((100, 3)))).any()
    assert product(block, moments(block).mean, FixedPoint(np.zeros((100, 0)))).shape == (5, 0)
