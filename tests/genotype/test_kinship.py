"""The genetic relationship matrix against plain numpy, one variant after another."""

import numpy as np
import pytest
from conftest import named_samples, named_variants, random_dosages
from reference.packed import write_fileset

from gemcont import ArraySource, GemcontError, open_genotypes
from gemcont.genotype import kinship
from gemcont.genotype.kernels.packed import moments
from gemcont.genotype.kinship import Relationship, centred_dosages, relationship

N = 83
REASONS = ["--kinship-maf", "missing above 5%", "no variance"]


def slow_grm(dosages, kind="centred", maf=0.01):
    """The GRM, the number of variants in it, and those left out by reason."""
    n, total, used = dosages.shape[1], 0, 0
    left_out = dict.fromkeys(REASONS, 0)
    for row in dosages:
        called = row[~np.isnan(row)]
        frequency = called.mean() / 2 if len(called) else 0
        if min(frequency, 1 - frequency) < maf * (1 - 1e-12):
            left_out["--kinship-maf"] += 1
        elif len(called) < 0.95 * n:
            left_out["missing above 5%"] += 1
        elif called.var() == 0:
            left_out["no variance"] += 1
        else:
            g = np.where(np.isnan(row), 0, row - called.mean())
            if kind == "standardised":
                g = g / np.sqrt(g @ g / n)
            total, used = total + np.outer(g, g), used + 1
    return total / max(used, 1), used, left_out


def awkward(rng, n=N, count=150):
    """Dosages with some missing genotypes, rare and constant variants, some mostly missing."""
    dosages = random_dosages(rng, count, n, missing=0.02)
    dosages[3], dosages[50] = 0, 2
    dosages[10] = np.arange(n) < 1  # a singleton
    dosages[20, : n // 10] = np.nan
    dosages[21, : int(0.05 * n)] = np.nan
    dosages[21, int(0.05 * n) :] = np.arange(n - int(0.05 * n)) % 3  # just enough
    dosages[22] = np.nan
    dosages[30] = 1  # everyone heterozygous
    dosages[31, 5:] = 1
    dosages[31, :5] = [np.nan, 1, 1, 1, 1]
    return dosages


def source_of(kind, dosages, tmp_path):
    n = dosages.shape[1]
    if kind == "dosage":
        return ArraySource(dosages, samples=[i for _, i, _ in named_samples(n)])
    prefix = str(tmp_path / "g")
    write_fileset(prefix, dosages, named_samples(n), named_variants(len(dosages)))
    return open_genotypes(prefix)


def everything(source):
    return np.arange(source.n_variants)


@pytest.mark.parametrize("source_kind", ["packed", "dosage"])
@pytest.mark.parametrize("kind", kinship.KINSHIP_KINDS)
@pytest.mark.parametrize("maf", [0, 0.01, 0.2])
def test_grm_is_that_of_plain_numpy(source_kind, kind, maf, tmp_path):
    dosages = awkward(np.random.default_rng(1))
    source = source_of(source_kind, dosages, tmp_path)
    found = relationship(source, everything(source), kind=kind, maf=maf)
    expected, used, left_out = slow_grm(dosages, kind, maf)
    assert found.n_variants == used
    assert found.left_out == left_out
    assert left_out["no variance"] >= 2
    assert left_out["missing above 5%"] >= 1
    scale = np.abs(expected).max()
    np.testing.assert_allclose(found.matrix, expected, rtol=0, atol=2e-6 * scale)
    np.testing.assert_array_equal(found.matrix, found.matrix.T)


@pytest.mark.parametrize("kind", kinship.KINSHIP_KINDS)
def test_real_dosages_too(kind):
    rng = np.random.default_rng(2)
    dosages = random_dosages(rng, 60, N, missing=0.02)
    dosages = np.clip(dosages + rng.uniform(-0.3, 0.3, dosages.shape), 0, 2).astype(np.float32)
    source = ArraySource(dosages)
    found = relationship(source, everything(source), kind=kind)
    expected = slow_grm(dosages.astype(float), kind)[0]
    np.testing.assert_allclose(found.matrix, expected, atol=2e-6 * np.abs(expected).max())


@pytest.mark.parametrize("source_kind", ["packed", "dosage"])
@pytest.mark.parametrize("count", [5, 40, 82])
def test_some_samples_are_a_file_of_their_own(source_kind, count, tmp_path):
    """Frequencies, missing shares and means are those of the samples."""
    rng = np.random.default_rng(3)
    dosages = awkward(rng)
    samples = np.sort(rng.choice(N, count, replace=False))
    source = source_of(source_kind, dosages, tmp_path)
    found = relationship(source, everything(source), samples, maf=0.05)
    expected, used, left_out = slow_grm(dosages[:, samples], maf=0.05)
    assert (found.n_variants, found.left_out) == (used, left_out)
    assert found.matrix.shape == (count, count)
    np.testing.assert_allclose(found.matrix, expected, atol=2e-6 * np.abs(expected).max())


@pytest.mark.parametrize("source_kind", ["packed", "dosage"])
def test_blocks_do_not_matter(source_kind, monkeypatch, tmp_path):
    dosages = awkward(np.random.default_rng(4))
    source = source_of(source_kind, dosages, tmp_path)
    whole, seen = relationship(source, everything(source)), []
    for size in (1, 7, 149):
        monkeypatch.setattr(kinship, "block_size", lambda n, size=size: size)
        found = relationship(source, everything(source), progress=seen.append)
        np.testing.assert_allclose(found.mean, whole.mean, rtol=1e-5, atol=1e-6)
        assert (found.n_variants, found.left_out) == (whole.n_variants, whole.left_out)
        assert sum(seen) == len(dosages)
        assert max(seen) == size
        seen.clear()


def test_blocks_fit_into_memory():
    for n in (1, 100, 10_000, 500_000, 10**8):
        assert 128 <= kinship.block_size(n) <= 4096
    assert kinship.block_size(10_000) * 10_000 * 4 <= 64 << 20


def test_sums_without_a_chromosome_are_those_of_the_others(tmp_path):
    dosages = awkward(np.random.default_rng(5))
    source = source_of("packed", dosages, tmp_path)
    rows = everything(source)
    here = rows % 3 == 1
    for kind in kinship.KINSHIP_KINDS:
        whole = relationship(source, rows, kind=kind)
        others = whole.without(relationship(source, rows[here], kind=kind))
        expected = relationship(source, rows[~here], kind=kind)
        assert others.n_variants == expected.n_variants
        np.testing.assert_allclose(others.matrix, expected.matrix, atol=1e-5)


def test_nothing_is_left():
    source = ArraySource(np.ones((4, 9)))
    found = relationship(source, np.arange(4))
    assert found.n_variants == 0
    assert found.left_out == dict(zip(REASONS, (0, 0, 4), strict=True))
    with pytest.raises(GemcontError, match="no variant is left for the GRM"):
        _ = found.matrix
    with pytest.raises(GemcontError, match="no variant is left"):
        _ = (
            Relationship(np.ones((2, 2)), 3, {})
            .without(Relationship(np.ones((2, 2)), 3, {}))
            .matrix
        )


def test_an_unknown_kind_names_the_flag():
    with pytest.raises(GemcontError, match="--kinship-type: 'ibs' is not one of centred, stand"):
        relationship(ArraySource(np.ones((4, 9))), np.arange(4), kind="ibs")


@pytest.mark.parametrize("n", [1, 3, 4, 5, 33, 64])
def test_packed_and_dosages_are_centred_alike(n, tmp_path):
    dosages = random_dosages(np.random.default_rng(n), 12, n, missing=0.1)
    dosages[:, 0] = 1
    scale = np.linspace(0.5, 2, 12)
    for kind in ("packed", "dosage"):
        block = source_of(kind, dosages, tmp_path).read(np.arange(12))
        mean = moments(block).mean
        found = centred_dosages(block, mean, scale)
        assert found.dtype == np.float32
        expected = np.nan_to_num((dosages - np.nanmean(dosages, axis=1)[:, None]) * scale[:, None])
        np.testing.assert_allclose(found, expected, atol=1e-6)
        np.testing.assert_allclose(
            centred_dosages(block, mean), expected / scale[:, None], atol=1e-6
        )
