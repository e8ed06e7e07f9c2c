"""Null models of traits on each kind of chromosome."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from conftest import random_dosages
from reference.joint import residuals

from gemcont import ArraySource, GemcontError, fit_null, run_gwas
from gemcont.genotype.chromosomes import Ploidy
from gemcont.workflows.gwas.scan import null_models
from gemcont.workflows.gwas.scan.null_models import (
    CompletePeople,
    fit_trait_group,
    people_on,
    sex_trait_groups,
    trait_slices,
)


def test_x_without_a_known_sex_is_an_error_not_a_number():
    dosage = random_dosages(np.random.default_rng(2), 6, 50)
    variants = ArraySource(dosage).variants.with_columns(
        chromosome=pl.Series(["X"] * 6, dtype=pl.Categorical)
    )
    ids = [str(i) for i in range(50)]
    source = ArraySource(dosage, samples=ids, variants=variants)
    traits = pd.DataFrame({"a": np.random.default_rng(3).standard_normal(50)}, index=ids)
    with pytest.raises(GemcontError, match="no variant can be tested"):
        run_gwas(source, traits)
    assert run_gwas(source, traits, x_sex=False)["beta"].notna().all()


def test_powers_of_a_year_are_kept_and_sums_are_not():
    rng = np.random.default_rng(2)
    yob = rng.integers(1937, 1970, 500).astype(float)
    powers = np.column_stack([yob, yob**2, yob**3])
    null = fit_null(rng.standard_normal((500, 1)), powers)
    assert list(null.kept_covariates) == [0, 1, 2]
    null = fit_null(rng.standard_normal((500, 1)), np.column_stack([yob, 2 * yob + 3]))
    assert list(null.kept_covariates) == [0]


N = 60


def people_of(seed=1, n_traits=2, k=2):
    rng = np.random.default_rng(seed)
    return CompletePeople(
        samples=np.arange(N) * 2,
        traits=rng.standard_normal((N, n_traits)),
        trait_names=[f"t{d}" for d in range(n_traits)],
        design=rng.standard_normal((N, k)),
        design_names=[f"c{j}" for j in range(k)],
        sex=np.arange(N) % 3,
        codes=np.arange(n_traits) + 5,
    )


def test_some_people_keep_their_rows_and_their_codes():
    people = people_of()
    kept = people.sex == 2
    some = people.take(kept)
    np.testing.assert_array_equal(some.samples, people.samples[kept])
    np.testing.assert_array_equal(some.traits, people.traits[kept])
    np.testing.assert_array_equal(some.design, people.design[kept])
    np.testing.assert_array_equal(some.codes, people.codes)
    more = people.take(kept, ("further", people.samples.astype(float)))
    assert more.design_names == ["c0", "c1", "further"]
    np.testing.assert_array_equal(more.design[:, -1], some.samples)
    assert people.design_names == ["c0", "c1"]


def test_people_of_each_chromosome():
    people = people_of()
    for ploidy in (Ploidy.AUTOSOME, Ploidy.XY, Ploidy.MT):
        assert people_on(people, ploidy) is people
    on_y = people_on(people, Ploidy.Y)
    assert set(on_y.sex) == {1}
    assert on_y.design_names == people.design_names
    on_x = people_on(people, Ploidy.X)
    assert set(on_x.sex) == {1, 2}
    assert on_x.design_names[-1] == "sex"
    np.testing.assert_array_equal(on_x.design[:, -1], on_x.sex == 1)
    assert people_on(people, Ploidy.X, x_sex=False) is people


@pytest.mark.parametrize("joint", [True, False])
def test_a_group_has_the_traits_and_covariates_that_can_be_tested(joint):
    people = people_of(n_traits=3, k=3)
    people.design[:, 2] = 2 * people.design[:, 0] + 1
    if not joint:
        people.traits[:, 1] = 4.0
    group, dropped, faults = fit_trait_group(
        people, Ploidy.AUTOSOME, 2 * N, joint=joint, single=True
    )
    assert dropped == ["c2"]
    assert group.null.n_covariates == 3
    assert group.trait_codes.tolist() == ([5, 6, 7] if joint else [5, 7])
    assert list(faults) == ([] if joint else ["t1"])
    np.testing.assert_array_equal(group.samples, people.samples)
    design = np.column_stack([np.ones(N), people.design[:, :2]])
    tested = people.traits[:, group.trait_codes - 5]
    expected = np.square(residuals(tested, design)).sum(axis=0)
    np.testing.assert_allclose(group.null.total_sum_of_squares, expected)


def test_everyone_is_no_list_of_samples():
    people = people_of()
    group, _, _ = fit_trait_group(people, Ploidy.AUTOSOME, N, joint=True, single=False)
    assert group.samples is None


@pytest.mark.parametrize(("n_traits", "sizes"), [(1, [256]), (256, [256]), (257, [256, 512])])
def test_traits_come_some_hundreds_at_a_time(n_traits, sizes):
    assert [part.stop for part in trait_slices(n_traits)] == sizes
    assert trait_slices(0) == []


def test_blocks_of_traits_are_for_single_tests_of_many(monkeypatch):
    monkeypatch.setattr(null_models, "TRAITS_AT_ONCE", 2)
    people = people_of(n_traits=5)
    joint, _, _ = fit_trait_group(people, Ploidy.AUTOSOME, N, joint=True, single=True)
    single, _, _ = fit_trait_group(people, Ploidy.AUTOSOME, N, joint=False, single=True)
    assert joint.trait_blocks == []
    assert [columns.count for _, columns in single.trait_blocks] == [2, 2, 1]
    assert (joint.covariates_alone, single.covariates_alone) == (False, True)


@pytest.mark.parametrize(
    ("ploidy", "dose"), [(Ploidy.AUTOSOME, 1), (Ploidy.X, 1), (Ploidy.Y, 2), (Ploidy.MT, 2)]
)
def test_haploids_are_tested_as_none_or_one_allele(ploidy, dose):
    group, _, _ = fit_trait_group(people_of(), ploidy, N, joint=True, single=False)
    assert group.dose == dose


def test_a_chromosome_that_nobody_can_be_tested_on_is_said(caplog):
    people = people_of()
    nobody = people.take(people.sex == 0)
    assert sex_trait_groups([(nobody, True, False)], Ploidy.Y, N, x_sex=True) is None
    assert "chromosome Y is not tested (NA): no sample has the sex it needs" in caplog.text
    few = people.take(np.isin(np.arange(N), [1, 2, 4]))
    assert sex_trait_groups([(few, True, False)], Ploidy.X, N, x_sex=True) is None
    assert "chromosome X is not tested (NA): 3 samples are too few" in caplog.text
    (group,) = sex_trait_groups([(people, True, False)], Ploidy.X, N, x_sex=True)
    assert group.null.n_samples == (people.sex > 0).sum()
    assert group.null.n_covariates == 4
