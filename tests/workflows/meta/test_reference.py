"""Alleles and variants of a reference."""

import numpy as np
import polars as pl
import pytest
from conftest import random_dosages
from reference.small_cohorts import frame, small_cohort

from gemcont import ArraySource, GemcontError, run_meta
from gemcont.settings.meta import MetaSettings
from gemcont.workflows.common.alleles import AlleleCodes
from gemcont.workflows.meta.reference import allele_frequency, reference_union


def test_a_reference_rules_and_adds_nothing():
    reference = frame(CHR=[1, 1], POS=[100, 200], SNP=["r1", "r2"], EA=["G", "A"], OA=["A", "G"],
                      EAF=[0.7, 0.3], BETA=[0, 0], SE=[1, 1])  # fmt: skip
    found = run_meta([small_cohort([0.2, 0.3, 0.4])], reference=reference)
    assert found.variant_id.tolist() == ["r1", "r2"]
    np.testing.assert_allclose(found.beta, [-0.2, 0.3])
    far = small_cohort([0.1] * 3, pos=(7, 8, 9))
    with pytest.raises(GemcontError, match="3 of 3 rows are not in the reference; its positions"):
        run_meta([far], reference=reference)


def test_genotypes_rule_too():
    rng = np.random.default_rng(4)
    dosages = random_dosages(rng, 3, 500)
    source = ArraySource(dosages)
    variants = source.variants.with_columns(
        chromosome=pl.Series(["1"] * 3, dtype=pl.Categorical),
        base_pair_location=pl.Series([100, 200, 300], dtype=pl.Int32),
        effect_allele=pl.Series(["G", "A", "T"], dtype=pl.Categorical),
        other_allele=pl.Series(["A", "G", "A"], dtype=pl.Categorical),
    )
    source = ArraySource(dosages, variants=variants)
    frequency = dosages.mean(axis=1) / 2
    one = small_cohort([0.2, 0.3, 0.1], effect=["A", "A", "A"], other=["G", "G", "T"],
                 eaf=[1 - frequency[0], frequency[1], frequency[2]])  # fmt: skip
    found = run_meta([one], genotypes=source)
    far = not 0.4 <= frequency[2] <= 0.6
    expected = [-0.2, 0.3, 0.1] if far else [-0.2, 0.3]  # A/T with T counted: the other strand
    np.testing.assert_allclose(found.beta, expected)


def test_a_small_reference_of_the_right_build_is_no_mistake():
    reference = small_cohort([0.0] * 20, pos=range(100, 120))
    wide = small_cohort([0.1] * 500, pos=range(100, 600))
    assert len(run_meta([wide], reference=reference)) == 20
    columns = {"beta": "BETA", "standard_error": "SE"}
    assert len(run_meta([wide], reference=reference.drop(columns="BETA"), columns=columns)) == 20


def test_frequencies_are_means_over_those_called():
    dosages = random_dosages(np.random.default_rng(4), 30, 50, missing=0.3)
    dosages[7] = np.nan
    expected = [np.nan if np.isnan(row).all() else np.nanmean(row) / 2 for row in dosages]
    np.testing.assert_allclose(allele_frequency(ArraySource(dosages)), expected, atol=1e-6)


def test_of_a_duplicate_variant_the_first_row_counts():
    table = frame(CHR=[1, 1, 1], POS=[100, 100, 100], SNP=["a", "b", "c"], EA=["A", "G", "A"],
                  OA=["G", "A", "C"], EAF=[0.1, 0.2, 0.3], BETA=[0] * 3, SE=[1] * 3)  # fmt: skip
    union = reference_union(AlleleCodes(), MetaSettings(), table, None)
    assert union.fixed
    assert union.ids.to_list() == ["a", "c"]
    assert union.variant.tolist() == [0, 2]
    np.testing.assert_allclose(union.frequency, [0.1, 0.3])
