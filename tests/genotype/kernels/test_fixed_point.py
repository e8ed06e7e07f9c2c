"""Columns as fixed-point numbers: their units, limbs and sums."""

import numpy as np
import pytest

from gemcont.genotype.kernels.fixed_point import FOLD, SECOND_UNIT, FixedPoint


def test_few_columns_are_exact_by_default():
    assert FixedPoint(np.zeros((9, 20)), np.zeros((9, 12))).exact
    assert not FixedPoint(np.zeros((9, 20)), np.zeros((9, 13))).exact
    assert FixedPoint(np.zeros((9, 32))).values.dtype == np.float64
    assert FixedPoint(np.zeros((9, 33))).values.dtype == np.float32


@pytest.mark.parametrize("scale", [1e-9, 1.0, 1e12])
@pytest.mark.parametrize(("exact", "smallest"), [(True, SECOND_UNIT), (False, 1.0)])
def test_limbs_are_the_columns_to_half_of_a_unit(exact, smallest, scale):
    columns = scale * np.random.default_rng(1).standard_normal((3000, 5))
    fixed = FixedPoint(columns, exact=exact)
    values = fixed.limbs[:3000, :5].astype(float)
    if exact:
        values += fixed.limbs[:3000, 5:10] * SECOND_UNIT
    assert np.abs(values - columns / fixed.units).max() <= smallest / 2
    assert (fixed.units < 4e-6 * columns.std(axis=0)).all()


@pytest.mark.parametrize("n", [1, FOLD, FOLD + 1])
def test_padding_is_zero_and_of_whole_folds_and_eights(n):
    fixed = FixedPoint(np.ones((n, 3)), exact=False)
    assert fixed.limbs.shape == (FOLD * (1 + (n > FOLD)), 8)
    assert not fixed.limbs[n:].any()
    assert not fixed.limbs[:, 3:].any()
    np.testing.assert_array_equal(fixed.sums, fixed.limbs.sum(axis=0, dtype=np.int64))


@pytest.mark.parametrize("exact", [True, False])
def test_no_fold_overflows_however_its_weight_is_spread(exact):
    """Twice the sum of a fold's absolute values is what two effect alleles each could add."""
    rng = np.random.default_rng(2)
    columns = np.column_stack([np.ones(5000), rng.standard_cauchy(5000), np.eye(5000)[:, 4]])
    limbs = np.abs(FixedPoint(columns, exact=exact).limbs.astype(np.int64))
    folds = limbs.reshape(-1, FOLD, limbs.shape[1]).sum(axis=1)
    assert (2 * folds < 2**31).all()
    assert (2 * folds[:, :3].max(axis=0) > 2**29).all()  # and as many bits are used as fit


def test_columns_side_by_side_are_each_as_alone():
    a, b = np.random.default_rng(3).standard_normal((2, 100, 2))
    together, alone = FixedPoint(a, 1e6 * b, exact=False), FixedPoint(a, exact=False)
    np.testing.assert_array_equal(together.limbs[:, :2], alone.limbs[:, :2])
    np.testing.assert_array_equal(together.units[:2], alone.units)
    expected = np.hstack([a, 1e6 * b]).astype(np.float32)
    np.testing.assert_array_equal(together.values, expected)
