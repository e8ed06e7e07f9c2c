"""Sums over pairs of variants, of hard calls and of dosages, against plain sums."""

import numpy as np
import pytest
from conftest import random_dosages

from gemcont.genotype.kernels.packed import pack_hardcalls
from gemcont.genotype.kernels.pairs import STEPS, make_rows, pair_sums
from gemcont.genotype.source import Block


def packed(dosages):
    calls = np.where(np.isnan(dosages), -1, dosages).astype(np.int8)
    rows = pack_hardcalls(calls)
    return Block(first=0, count=len(dosages), n_samples=dosages.shape[1], packed=rows)


def dosed(dosages):
    values = dosages.astype(np.float32)
    return Block(first=0, count=len(dosages), n_samples=dosages.shape[1], dosage=values)


def slow_sums(x, y, weight=1.0):
    """Sums over the called; the last one of heterozygous parts, the distance to a homozygote."""
    both = ~(np.isnan(x) | np.isnan(y))
    x, y = x[both], y[both]
    part = np.minimum(x, 2 - x) @ np.minimum(y, 2 - y)
    return weight * np.array([len(x), x.sum(), y.sum(), x @ x, y @ y, x @ y, part])


def all_pairs(rows, n):
    return np.array([[pair_sums(rows, i, rows, j) for j in range(n)] for i in range(n)])


@pytest.mark.parametrize("make", [packed, dosed])
@pytest.mark.parametrize("missing", [0.0, 0.2])
@pytest.mark.parametrize("n", [1, 31, 64, 65, 200])
def test_sums_are_those_of_the_called_samples(make, missing, n):
    dosages = random_dosages(np.random.default_rng(n), 5, n, missing=missing)
    dosages[4] = 1.0
    expected = [[slow_sums(x, y) for y in dosages] for x in dosages]
    np.testing.assert_allclose(all_pairs(make_rows(make(dosages), None), 5), expected, rtol=1e-12)


def test_dosages_between_genotypes_are_summed_in_steps():
    rng = np.random.default_rng(2)
    dosages = rng.integers(0, 2 * STEPS + 1, (4, 90)) / STEPS
    dosages[rng.random(dosages.shape) < 0.1] = np.nan
    expected = [[slow_sums(x, y) for y in dosages] for x in dosages]
    np.testing.assert_allclose(all_pairs(make_rows(dosed(dosages), None), 4), expected, rtol=1e-12)


@pytest.mark.parametrize("make", [packed, dosed])
@pytest.mark.parametrize("missing", [0.0, 0.1])
def test_the_second_segment_counts_half_and_has_no_heterozygotes(make, missing):
    rng = np.random.default_rng(3)
    women, men = (random_dosages(rng, 4, n, missing=missing) for n in (70, 45))
    sums = all_pairs(make_rows(make(women), make(men)), 4)
    haploid = np.where(men == 1, np.nan, men)
    expected = [
        [slow_sums(women[i], women[j]) + slow_sums(haploid[i], haploid[j], 0.5) for j in range(4)]
        for i in range(4)
    ]
    np.testing.assert_allclose(sums, expected, rtol=1e-12)


@pytest.mark.parametrize("make", [packed, dosed])
def test_one_segment_may_be_empty(make):
    rng = np.random.default_rng(4)
    dosages, nobody = random_dosages(rng, 3, 40), np.empty((3, 0))
    haploid = np.where(dosages == 1, np.nan, dosages)
    alone = all_pairs(make_rows(make(dosages), make(nobody)), 3)
    np.testing.assert_allclose(alone, all_pairs(make_rows(make(dosages), None), 3))
    males = all_pairs(make_rows(make(nobody), make(dosages)), 3)
    expected = [[slow_sums(x, y, 0.5) for y in haploid] for x in haploid]
    np.testing.assert_allclose(males, expected, rtol=1e-12)


def test_completeness_is_of_all_samples():
    dosages = random_dosages(np.random.default_rng(5), 3, 20)
    dosages[1, 7] = np.nan
    dosages[:, 0] = 1.0
    assert make_rows(packed(dosages), None).complete.tolist() == [True, False, True]
    assert not make_rows(packed(dosages), None, haploid=True).complete.any()
