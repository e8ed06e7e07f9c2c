"""Simulated genotypes: their files, frequencies, linkage and missing values."""

import numpy as np
import pytest
from bed_reader import open_bed

from gemcont import open_genotypes
from gemcont.genotype.kernels.packed import decode
from gemcont.genotype.simulate import simulate_fileset, simulate_genotypes


def test_simulated_fileset_agrees_with_bed_reader(tmp_path):
    prefix = str(tmp_path / "sim")
    simulate_fileset(prefix, 50, 31, seed=1, missing=0.1, ld=0.5, chromosomes=3)
    ours = decode(open_genotypes(prefix).read(np.arange(50)))
    np.testing.assert_array_equal(ours, open_bed(prefix + ".bed").read(dtype="float64").T)
    assert 0.02 < np.isnan(ours).mean() < 0.2
    simulate_fileset(prefix + "again", 50, 31, seed=1, missing=0.1, ld=0.5, chromosomes=3)
    assert (tmp_path / "sim.bed").read_bytes() == (tmp_path / "simagain.bed").read_bytes()


def dosages_of(n_variants, n_samples, **options):
    chunks = list(simulate_genotypes(n_variants, n_samples, **options))
    assert all(chunk.dtype == np.int8 for chunk in chunks)
    return np.vstack(chunks)


def test_the_seed_decides():
    first, same, other = (dosages_of(1100, 20, seed=seed) for seed in (1, 1, 2))
    assert first.shape == (1100, 20)
    np.testing.assert_array_equal(first, same)
    assert (first != other).any()


def test_frequencies_are_in_their_range():
    frequency = dosages_of(300, 2000, seed=3, maf=(0.1, 0.2)).mean(axis=1) / 2
    assert 0.08 < frequency.min() < 0.12
    assert 0.18 < frequency.max() < 0.22


def test_neighbours_are_correlated_by_ld():
    for ld in (0.0, 0.9):
        dosages = dosages_of(200, 1000, seed=4, ld=ld, maf=(0.3, 0.5))
        r = [np.corrcoef(a, b)[0, 1] for a, b in zip(dosages, dosages[1:], strict=False)]
        assert np.mean(r) == pytest.approx(ld, abs=0.03)


def test_missing_genotypes_are_marked():
    dosages = dosages_of(300, 500, seed=5, missing=0.2)
    assert (dosages == -127).mean() == pytest.approx(0.2, abs=0.01)
    assert set(np.unique(dosages)) == {-127, 0, 1, 2}


def test_chromosomes_have_equal_shares_a_kilobase_apart(tmp_path):
    simulate_fileset(str(tmp_path / "s"), 10, 3, seed=6, chromosomes=3)
    variants = open_genotypes(str(tmp_path / "s")).variants
    assert variants["chromosome"].cast(str).to_list() == ["1"] * 4 + ["2"] * 4 + ["3"] * 2
    assert variants["base_pair_location"].to_list() == [1000, 2000, 3000, 4000] * 2 + [1000, 2000]
