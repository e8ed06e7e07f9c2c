import re

import numpy as np
import polars as pl
import pytest
from conftest import named_samples, named_variants, random_dosages
from reference.packed import pack, write_fileset

from gemcont import ArraySource, GemcontError, open_genotypes
from gemcont.genotype.chromosomes import (
    Ploidy,
)
from gemcont.genotype.filters import (
    FLAGS,
    VariantFilter,
    missing_share,
    select_variants,
)
from gemcont.genotype.kernels.packed import Moments, moments, repack
from gemcont.genotype.ploidy import AlleleCounts, allele_counts
from gemcont.genotype.source import Block


@pytest.fixture
def variants():
    return ArraySource(
        np.zeros((5, 2)),
        variants=pl.DataFrame(
            {
                "chromosome": ["1", "1", "2", "chrX", "23"],
                "variant_id": ["a", "a", ".", "b", "c"],
                "base_pair_location": [1, 1, 5, 6, 7],
                "effect_allele": ["A"] * 5,
                "other_allele": ["C"] * 5,
            }
        ),
    ).variants


def test_select_variants(variants):
    assert select_variants(variants)[0].tolist() == [0, 1, 2, 3, 4]
    assert select_variants(variants, chromosomes="X")[0].tolist() == [3, 4]
    chosen, taken = select_variants(variants, chromosomes="1,2", extract={"a", "zz"}, exclude={"b"})
    assert chosen.tolist() == [0, 1]
    assert taken == {"--chr": 2, "--extract": 1, "--exclude": 0}


def test_positions_need_one_chromosome_and_include_their_ends(variants):
    assert select_variants(variants, chromosomes="X", from_bp=7)[0].tolist() == [4]
    assert select_variants(variants, chromosomes="2", from_bp=5, to_bp=5)[0].tolist() == [2]
    for asked in ({}, {"chromosomes": "1,2"}):
        with pytest.raises(GemcontError, match="--from-bp and --to-bp need one chromosome"):
            select_variants(variants, to_bp=5, **asked)


def test_a_filter_that_leaves_nothing_says_what_there_is(variants):
    with pytest.raises(
        GemcontError, match="--chr 5: no variant lies there; the file has 1, 2, chrX"
    ):
        select_variants(variants, chromosomes="5")
    with pytest.raises(
        GemcontError, match=r"--extract: no variant .* \(it has zz; they have a, a, \.\)"
    ):
        select_variants(variants, extract={"zz"})
    with pytest.raises(GemcontError, match="--exclude"):
        select_variants(variants, exclude={"a", ".", "b", "c"})


@pytest.mark.parametrize(
    ("wrong", "cause"),
    [("chr1:5_A_G", "spelled otherwise"), ("RS7", "spelled otherwise"), ("rs7,rs8", "commas")],
)
def test_ids_that_no_variant_has_are_told_with_their_cause(wrong, cause, caplog):
    ids = ["1:5:A:G", "rs7", "rs8"]
    table = ArraySource(np.zeros((3, 2)), variants=ids).variants
    for flag, kept in (("extract", [1]), ("exclude", [0, 2])):
        with pytest.raises(GemcontError, match=f"--{flag}: no variant of the list .*{cause}"):
            select_variants(table, **{flag: [wrong]})
        caplog.clear()
        assert select_variants(table, **{flag: [wrong, "rs7"]})[0].tolist() == kept
        (record,) = caplog.records
        assert record.levelname == "WARNING"
        assert re.search(f"--{flag}: 1 of 2 ids are not in the genotypes.*{cause}", record.message)


def failures(bounds, n, alleles, n_samples=20):
    """First failed flag per variant, from called samples and effect allele counts."""
    n, alleles = np.array(n, dtype=float), np.array(alleles, dtype=float)
    found = Moments(n, alleles, alleles / np.maximum(n, 1), np.zeros(len(n)))
    block = Block(
        first=0,
        count=len(n),
        n_samples=n_samples,
        dosage=np.zeros((len(n), n_samples), dtype=np.float32),
    )
    codes = bounds.failures(block, found, AlleleCounts(alleles, 2 * n))
    return [FLAGS[c - 1] if c else None for c in codes]


def test_frequency_bounds_are_inclusive_and_by_minor_allele():
    # 20 samples; allele counts 4 of 40 (0.1), 36 of 40 (0.1), 3, 0 of none called
    n, alleles = [20, 20, 20, 0], [4, 36, 3, 0]
    assert failures(VariantFilter(maf=0.1), n, alleles) == [None, None, "--maf", "--maf"]
    assert failures(VariantFilter(mac=4), n, alleles) == [None, None, "--mac", "--mac"]
    assert failures(VariantFilter(), n, alleles) == [None] * 4


def test_the_first_failed_flag_counts():
    bounds = VariantFilter(maf=0.4, mac=5, geno=0.1)
    assert failures(bounds, [10, 18, 20], [1, 1, 1]) == ["--geno", "--maf", "--maf"]
    assert bounds.flags == ["--geno", "--maf", "--mac"]


def test_hwe_on_chosen_people_and_not_on_haploids():
    dosages = np.array([[2.0] * 10 + [0.0] * 10, [1.0] * 10 + [0.0, 2] * 5])
    block = Block(first=0, count=2, n_samples=20, packed=repack(pack(dosages), 20))
    alleles = AlleleCounts(dosages.sum(axis=1), np.array([40.0, 40]))
    found = moments(block)
    bounds = VariantFilter(hwe=1e-3)
    assert (bounds.failures(block, found, alleles) > 0).tolist() == [True, False]
    women = np.arange(20) < 10
    assert not bounds.failures(block, found, alleles, hwe_people=women)[0]
    assert not bounds.failures(block, found, alleles, haploid=True).any()


def test_info_is_stated_or_computed():
    dosages = np.array([[0, 1, 2, 1, 0, 2], [0.9, 1.0, 1.1, 1.0, 0.9, 1.1]], dtype=np.float32)
    block = Block(first=0, count=2, n_samples=6, dosage=dosages)
    found, bounds = moments(block), VariantFilter(info=0.5)
    alleles = AlleleCounts(dosages.sum(axis=1), np.array([12.0, 12]))
    assert (bounds.failures(block, found, alleles) > 0).tolist() == [False, True]
    stated = np.array([0.1, np.nan])
    assert bounds.failures(block, found, alleles, quality=stated).tolist() == [5, 5]


def test_missing_share_of_samples(tmp_path):
    dosages = random_dosages(np.random.default_rng(2), 30, 11, missing=0.3)
    write_fileset(str(tmp_path / "g"), dosages, named_samples(11), named_variants(30))
    expected = np.isnan(dosages[5:25]).mean(axis=0)
    for source in (open_genotypes(str(tmp_path / "g")), ArraySource(dosages)):
        np.testing.assert_allclose(missing_share(source, np.arange(5, 25), size=7), expected)


@pytest.mark.parametrize("flag", ["mac", "maf", "geno"])
def test_bounds_hold_at_any_frequency(flag):
    n = 10_000
    dosages = np.full((12, n), 2.0)
    for k in range(1, 13):
        dosages[k - 1, :k] = 1 if flag != "geno" else np.nan
    block = Block(first=0, count=12, n_samples=n, packed=repack(pack(dosages), n))
    found = moments(block)
    alleles = allele_counts(block, found, Ploidy.AUTOSOME)
    for k in range(1, 13):
        bound = {"mac": k, "maf": k / (2 * n), "geno": k / n}[flag]
        failed = VariantFilter(**{flag: bound}).failures(block, found, alleles) > 0
        kept = np.arange(1, 13) <= k if flag == "geno" else np.arange(1, 13) >= k
        np.testing.assert_array_equal(~failed, kept)


def test_missing_y_counts_against_males_only(tmp_path):
    dosages = random_dosages(np.random.default_rng(3), 20, 30)
    dosages[15:, 1::2] = np.nan  # Y: females (every second sample) have none
    dosages[16, 0] = np.nan
    prefix = str(tmp_path / "y")
    write_fileset(prefix, dosages, named_samples(30), named_variants(20, ("1", "2", "3", "Y")))
    share = missing_share(open_genotypes(prefix), np.arange(20))
    expected = np.zeros(30)
    expected[0] = 1 / 20
    np.testing.assert_allclose(share, expected)
