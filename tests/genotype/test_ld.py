"""Linkage of pairs: bit planes and dosages against the slow way, and what must not matter."""

import numpy as np
import polars as pl
import pytest
from conftest import random_dosages
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import ld as reference

from gemcont import ArraySource, GemcontError
from gemcont.genotype.chromosomes import Ploidy
from gemcont.genotype.kernels.packed import pack_hardcalls
from gemcont.genotype.ld import Linkage, Near
from gemcont.genotype.source import Block, GenotypeSource

KINDS = ("phased", "unphased")


class PackedSource(GenotypeSource):
    """Hard calls in memory, packed as a .bed's."""

    name = "packed"
    bytes_per_variant = 100

    def __init__(self, dosage, sex=None):
        array = ArraySource(dosage)
        self.samples, self.variants = array.samples, array.variants
        if sex is not None:
            self.samples = self.samples.with_columns(pl.Series("sex", sex, dtype=pl.Int8))
        self._calls = np.where(np.isnan(dosage), -1, np.nan_to_num(dosage)).astype(np.int8)

    def read(self, variants, samples=None, first=0):
        calls = self._calls[variants]
        calls = calls if samples is None else calls[:, samples]
        return Block(
            first=first, count=len(calls), n_samples=calls.shape[1], packed=pack_hardcalls(calls)
        )


def linked_pairs(rng, n_variants, n_samples, missing=0.0):
    """Genotypes of neighbours that resemble each other."""
    haplotypes = np.zeros((n_variants, 2, n_samples))
    frequency = rng.uniform(0.05, 0.95, n_variants)
    for v in range(n_variants):
        fresh = rng.random((2, n_samples)) < frequency[v]
        copied = rng.random((2, n_samples)) < 0.8
        haplotypes[v] = np.where(copied, haplotypes[v - 1], fresh) if v else fresh
    dosages = haplotypes.sum(axis=1)
    dosages[rng.random(dosages.shape) < missing] = np.nan
    return dosages


def matrix(source, kind, ploidy=Ploidy.AUTOSOME, samples=None):
    samples = np.arange(source.n_samples) if samples is None else samples
    linkage = Linkage(source, samples, kind)
    everything = np.arange(source.n_variants)
    rows = linkage.rows(everything, ploidy)
    return np.array([linkage.r2(rows, i, everything) for i in everything])


@pytest.mark.parametrize("missing", [0.0, 0.1])
@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("make", [PackedSource, ArraySource])
def test_every_pair_is_that_of_the_slow_way(kind, make, missing):
    dosages = linked_pairs(np.random.default_rng(1), 12, 203, missing)
    dosages[5] = 1.0
    slow = getattr(reference, f"{kind}_r2")
    expected = [[slow(x, y) for y in dosages] for x in dosages]
    if kind == "phased":  # all heterozygous says nothing of linkage but is not monomorphic
        np.testing.assert_allclose(matrix(make(dosages), kind), expected, atol=1e-9)
    else:
        np.testing.assert_allclose(matrix(make(dosages), kind), expected, atol=1e-12)


@settings(deadline=None, max_examples=100)
@given(st.integers(0, 2**32), st.floats(0, 0.99), st.sampled_from(KINDS))
def test_above_a_bound_is_the_value_above_it(seed, bound, kind):
    dosages = linked_pairs(np.random.default_rng(seed), 6, 70, 0.05)
    source = PackedSource(dosages)
    linkage = Linkage(source, np.arange(70), kind)
    rows, everything = linkage.rows(np.arange(6), Ploidy.AUTOSOME), np.arange(6)
    for i in everything:
        found = linkage.linked(rows, i, everything, r2=bound)
        value = linkage.r2(rows, i, everything)
        clear = ~(np.abs(value - bound) < 1e-9)
        np.testing.assert_array_equal(found[clear], value[clear] > bound)


@pytest.mark.parametrize("kind", KINDS)
def test_r2_is_strictly_above_its_bound(kind):
    x = np.array([0.0] * 6 + [2.0] * 2)
    y = np.array([0.0] * 6 + [2.0, 0.0])
    value = reference.unphased_r2(x, y)  # no heterozygote: both kinds are the same
    linkage = Linkage(PackedSource(np.array([x, y])), np.arange(8), kind)
    rows = linkage.rows(np.arange(2), Ploidy.AUTOSOME)
    assert not linkage.linked(rows, 0, [1], r2=value)[0]
    assert linkage.linked(rows, 0, [1], r2=value - 1e-9)[0]
    assert linkage.linked(rows, 0, [0], r2=0.999)[0]


@pytest.mark.parametrize("kind", KINDS)
@pytest.mark.parametrize("missing", [0.0, 0.1])
def test_what_must_not_matter(kind, missing):
    rng = np.random.default_rng(4)
    dosages = linked_pairs(rng, 8, 150, missing)
    expected = matrix(PackedSource(dosages), kind)
    np.testing.assert_allclose(expected, expected.T, atol=1e-12)
    order = rng.permutation(150)
    np.testing.assert_allclose(matrix(PackedSource(dosages[:, order]), kind), expected, atol=1e-12)
    flipped = dosages.copy()
    flipped[2:5] = 2 - flipped[2:5]
    np.testing.assert_allclose(matrix(PackedSource(flipped), kind), expected, atol=1e-9)
    some = np.sort(rng.choice(150, 90, replace=False))
    np.testing.assert_allclose(
        matrix(PackedSource(dosages), kind, samples=some),
        matrix(PackedSource(dosages[:, some]), kind),
        atol=1e-12,
    )


@pytest.mark.parametrize("make", [PackedSource, ArraySource])
def test_males_count_half_on_x(make):
    rng = np.random.default_rng(6)
    dosages, sex = linked_pairs(rng, 6, 131, 0.05), rng.integers(0, 3, 131)
    source = PackedSource(dosages, sex)
    if make is ArraySource:
        source = ArraySource(dosages, samples=source.samples)
    found = matrix(source, "phased", Ploidy.X)
    known = np.where((sex == 1) & (dosages == 1), np.nan, dosages)  # heterozygous males
    weight = np.where(sex == 1, 0.5, 1.0)
    expected = [[reference.phased_r2(x, y, weight) for y in known] for x in known]
    np.testing.assert_allclose(found, expected, atol=1e-9)
    everyone_female = matrix(PackedSource(dosages, np.full(131, 2)), "phased", Ploidy.X)
    np.testing.assert_allclose(everyone_female, matrix(PackedSource(dosages), "phased"))
    males = matrix(PackedSource(dosages, np.full(131, 1)), "unphased", Ploidy.X)
    haploid = np.where(dosages == 1, np.nan, dosages)
    np.testing.assert_allclose(males, matrix(PackedSource(haploid), "unphased"), atol=1e-12)


def test_y_is_of_males_without_heterozygotes():
    rng = np.random.default_rng(7)
    dosages, sex = linked_pairs(rng, 5, 90, 0.05), rng.integers(0, 3, 90)
    males = np.where(dosages == 1, np.nan, dosages)[:, sex == 1]
    for kind in KINDS:
        found = matrix(PackedSource(dosages, sex), kind, Ploidy.Y)
        np.testing.assert_allclose(found, matrix(PackedSource(males), kind), atol=1e-12)


@pytest.mark.parametrize("make", [PackedSource, ArraySource])
def test_y_without_males_and_x_of_males_alone(make):
    dosages = random_dosages(np.random.default_rng(7), 4, 200, low=0.3, high=0.7)
    for sex, ploidy, linked in ((2, Ploidy.Y, False), (1, Ploidy.X, True), (2, Ploidy.X, True)):
        source = PackedSource(dosages, np.full(200, sex))
        if make is ArraySource:
            source = ArraySource(dosages, samples=source.samples)
        assert np.isfinite(matrix(source, "unphased", ploidy)).all() == linked


def test_first_linked_is_the_first_that_is_near_and_linked():
    rng = np.random.default_rng(8)
    dosages = linked_pairs(rng, 200, 120, 0.02)
    position = np.sort(rng.integers(0, 40_000, 200))
    linkage = Linkage(PackedSource(dosages), np.arange(120), "phased")
    rows = linkage.rows(np.arange(200), Ploidy.AUTOSOME)
    chosen = rng.permutation(200)[:40]
    near = Near(rows, chosen, position[chosen])
    found = linkage.first_linked(near, rows, position, r2=0.2, radius=5000)
    values = matrix(PackedSource(dosages), "phased")
    for j in range(200):
        close = np.abs(position[chosen] - position[j]) <= 5000
        fits = np.flatnonzero(close & (values[chosen, j] > 0.2))
        assert found[j] == (fits[0] if len(fits) else -1)


def test_nothing_to_compare():
    dosages = random_dosages(np.random.default_rng(2), 4, 20)
    dosages[0], dosages[1] = 2.0, np.nan
    dosages[2, :10], dosages[3, 10:] = np.nan, np.nan
    for kind in KINDS:
        found = matrix(PackedSource(dosages), kind)
        assert np.isnan(found[0]).all()
        assert np.isnan(found[1]).all()
        assert np.isnan(found[2, 3])


def test_mistakes():
    source = PackedSource(random_dosages(np.random.default_rng(2), 4, 20))
    with pytest.raises(GemcontError, match="neither phased nor unphased"):
        Linkage(source, np.arange(20), "both")
    with pytest.raises(GemcontError, match="1 founders among the samples; linkage needs two"):
        Linkage(source, np.arange(1))
