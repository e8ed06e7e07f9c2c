"""Variants of several stores, matched."""

import numpy as np
import polars as pl
import pytest
from reference.product_stores import NAMES, M, edit, joint, same, scan, write_cohort

from gemcont import GemcontError


def test_traits_in_another_order_and_cohorts_turned_round(two):
    folder, *_ = two
    found, _ = joint(folder, "a", "b")
    table = pl.read_csv(folder / "b.pheno", separator="\t")
    table.select(*table.columns[:2], *NAMES[::-1]).write_csv(folder / "r.pheno", separator="\t")
    scan(folder, "b", "r", folder / "r.pheno", save_products=True)
    reordered, _ = joint(folder, "a", "r")
    same(reordered, found)
    turned, _ = joint(folder, "b", "a")
    np.testing.assert_allclose(turned["chi2"], found["chi2"], rtol=1e-5)
    flipped = [i in (0, 3, 7) for i in range(M)]
    eaf = np.where(flipped, 1 - found["effect_allele_frequency"], found["effect_allele_frequency"])
    np.testing.assert_allclose(turned["effect_allele_frequency"], eaf)


def test_a_place_that_stands_twice_in_one_cohort_is_left_out_and_said(two, caplog):
    folder, *_ = two
    variants = pl.read_parquet(folder / "a.products" / "variants.parquet")
    same_place = variants.with_columns(
        pl.when(pl.int_range(pl.len()) == 7)
        .then(pl.col("base_pair_location").shift(3))
        .otherwise(pl.col("base_pair_location"))
        .alias("base_pair_location"),
        *(
            pl.when(pl.int_range(pl.len()) == 7)
            .then(pl.col(c).shift(3))
            .otherwise(pl.col(c))
            .alias(c)
            for c in ("effect_allele", "other_allele", "chromosome")
        ),
    )
    same_place.write_parquet(folder / "a.products" / "variants.parquet")
    edit(folder, "a")
    with caplog.at_level("INFO", "gemcont"):
        found, _ = joint(folder, "a", "b")
    assert "2 place and alleles stand twice" in caplog.text
    position = variants["base_pair_location"][4]
    assert found.filter(pl.col("base_pair_location") == position).height == 0


def test_another_coding_of_alleles_is_refused(tmp_path):
    write_cohort(tmp_path, "a", 240, seed=1)
    write_cohort(
        tmp_path, "b", 180, seed=2, first=240, alleles=lambda v: [(*r[:3], "0", "9") for r in v]
    )
    for name in "ab":
        scan(tmp_path, name, save_products=True)
    with pytest.raises(GemcontError, match="shares no variant .* another coding of the alleles"):
        joint(tmp_path, "a", "b")
