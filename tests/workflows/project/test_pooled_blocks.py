"""Products of several cohorts, summed."""

import numpy as np
import polars as pl
from reference.product_stores import joint, same, scan, write_cohort


def test_a_variant_of_one_cohort_is_tested_in_it(two):
    folder, *_ = two
    scan(folder, "b", "part", save_products=True, chromosomes="2")
    found, _ = joint(folder, "a", "part")
    alone = pl.read_parquet(folder / "a.gwas.parquet")
    first = found.filter(pl.col("chromosome") != "2")
    same(first, alone.filter(pl.col("chromosome") != "2"))
    both, _ = joint(folder, "a", "b")
    here = pl.col("chromosome") == "2"
    same(found.filter(here), both.filter(here))


def test_x_is_added_to_x(tmp_path):
    write_cohort(tmp_path, "a", 240, seed=1)
    write_cohort(tmp_path, "b", 180, seed=2, first=240)
    for name in "ab":
        scan(tmp_path, name, save_products=True)
    found, _ = joint(tmp_path, "a", "b")
    here = found.filter(pl.col("chromosome") == "23")
    assert here["chi2"].is_not_null().all()
    each = [pl.read_parquet(tmp_path / f"{n}.products" / "variants.parquet") for n in "ab"]
    parts = [e.filter(pl.col("chromosome") == "23") for e in each]
    alleles = sum((p["effect_allele_frequency"] * p["n_chromosomes"]).to_numpy() for p in parts)
    people = sum(p["n_chromosomes"].to_numpy() for p in parts)
    np.testing.assert_allclose(here["effect_allele_frequency"], alleles / people)
    assert (people < 2 * 420).all()
