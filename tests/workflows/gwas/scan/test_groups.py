"""Groups of chromosomes that share null models."""

import numpy as np
import polars as pl
import pytest

from gemcont.genotype.chromosomes import Ploidy
from gemcont.workflows.gwas.scan.groups import Group, VariantGroups

PLOIDY = np.array(
    [Ploidy.AUTOSOME, Ploidy.AUTOSOME, Ploidy.X, Ploidy.AUTOSOME, Ploidy.MT, Ploidy.X],
    dtype=np.uint8,
)
NAMES = ["2", "1", "X", "2", "MT", "X"]


@pytest.fixture
def plain():
    return VariantGroups.by_ploidy(PLOIDY)


def group_of(groups, variant):
    return groups.groups[groups.code[variant]]


def test_by_ploidy_alone_chromosomes_share_their_models(plain):
    assert [group_of(plain, i) for i in range(6)] == [Group(Ploidy(p)) for p in PLOIDY]
    assert not plain.by_chromosome
    assert plain.code.dtype == np.uint16


def test_every_variant_of_a_chromosome_is_of_its_group(plain):
    chosen = np.flatnonzero(PLOIDY == Ploidy.AUTOSOME)
    groups = plain.with_chromosomes(chosen, pl.Series(np.array(NAMES)[chosen]))
    assert groups.by_chromosome
    for variant, name in enumerate(NAMES):
        group = group_of(groups, variant)
        assert group.ploidy == PLOIDY[variant]
        assert group.chromosome == (name if variant in chosen else None)
    assert not plain.by_chromosome  # what it is made of stays


def test_one_name_of_two_ploidies_is_two_groups(plain):
    groups = plain.with_chromosomes(np.arange(6), pl.Series(["a"] * 6))
    found = {group_of(groups, i) for i in range(6)}
    assert found == {Group(Ploidy(p), "a") for p in PLOIDY}


def test_chromosomes_of_no_variant_change_nothing(plain):
    assert plain.with_chromosomes(np.empty(0, dtype=int), pl.Series([], dtype=pl.String)) is plain


def test_present_are_those_of_the_variants_in_their_order(plain):
    assert plain.present(np.array([4, 2, 0, 5])) == [
        Group(Ploidy.MT), Group(Ploidy.X), Group(Ploidy.AUTOSOME),
    ]  # fmt: skip
    assert plain.present(np.array([1, 3])) == [Group(Ploidy.AUTOSOME)]
    groups = plain.with_chromosomes(np.arange(6), pl.Series(NAMES))
    assert [g.chromosome for g in groups.present(np.arange(6))] == ["2", "1", "X", "MT"]


def test_counts_are_of_the_chosen_variants(plain):
    groups = plain.with_chromosomes(np.arange(6), pl.Series(NAMES))
    counts = groups.count(np.array([0, 1, 3, 5]))
    assert {g.chromosome: n for g, n in counts.items() if n} == {"2": 2, "1": 1, "X": 1}
    assert sum(counts.values()) == 4
    assert counts.keys() == set(groups.groups)
