"""Allele counts by ploidy: chromosomes and effect alleles of the called samples."""

import numpy as np
import pytest
from conftest import random_dosages

from gemcont import ArraySource
from gemcont.genotype.chromosomes import Ploidy
from gemcont.genotype.kernels.packed import moments
from gemcont.genotype.ploidy import allele_counts, group_name

MALES = np.arange(40) < 15


def counted(dosages, ploidy, males=None):
    block = ArraySource(dosages).read(np.arange(len(dosages)))
    return allele_counts(block, moments(block), ploidy, males)


@pytest.fixture
def dosages():
    """Males have no heterozygous calls, as on X."""
    dosages = random_dosages(np.random.default_rng(1), 8, 40, missing=0.1)
    dosages[:, MALES] = np.where(dosages[:, MALES] == 1, 0, dosages[:, MALES])
    return dosages


def slow_counts(dosages, copies):
    """copies: (samples,), chromosomes that each carries; dosages are of two."""
    called = ~np.isnan(dosages)
    return (np.nan_to_num(dosages) * copies / 2).sum(axis=1), (called * copies).sum(axis=1)


@pytest.mark.parametrize(
    ("ploidy", "copies"),
    [
        (Ploidy.AUTOSOME, np.full(40, 2)),
        (Ploidy.XY, np.full(40, 2)),
        (Ploidy.X, np.where(MALES, 1, 2)),
        (Ploidy.Y, np.ones(40)),
        (Ploidy.MT, np.ones(40)),
    ],
)
def test_alleles_are_counted_by_the_chromosomes_that_samples_carry(dosages, ploidy, copies):
    found = counted(dosages, ploidy, MALES)
    effect, total = slow_counts(dosages, copies)
    np.testing.assert_allclose(found.effect, effect)
    np.testing.assert_array_equal(found.total, total)
    np.testing.assert_allclose(found.frequency, effect / total)
    np.testing.assert_allclose(found.minor_count, np.minimum(effect, total - effect))


def test_x_without_males_is_as_an_autosome(dosages):
    expected = counted(dosages, Ploidy.AUTOSOME)
    for males in (None, np.zeros(40, dtype=bool)):
        for ours, theirs in zip(counted(dosages, Ploidy.X, males), expected, strict=True):
            np.testing.assert_array_equal(ours, theirs)


def test_a_variant_without_calls_has_no_frequency():
    found = counted(np.full((1, 4), np.nan), Ploidy.AUTOSOME)
    assert found.total.tolist() == found.minor_count.tolist() == [0]
    assert np.isnan(found.frequency).all()


def test_groups_are_named_by_their_null_model():
    names = [group_name(kind) for kind in Ploidy]
    assert names == ["autosomes", "X", "Y", "autosomes", "haploid"]
