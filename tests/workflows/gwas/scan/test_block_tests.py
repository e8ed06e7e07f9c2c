"""Statistics of a block of variants in unrelated people, against the slow reference."""

from types import SimpleNamespace

import numpy as np
import pytest
from conftest import random_dosages
from reference.joint import joint_test, residuals, single_trait, with_intercept

from gemcont.genotype.chromosomes import Ploidy
from gemcont.genotype.kernels.packed import moments, pack_hardcalls
from gemcont.genotype.source import Block
from gemcont.workflows.gwas.scan import null_models
from gemcont.workflows.gwas.scan.block_tests import centred_products
from gemcont.workflows.gwas.scan.null_models import CompletePeople, fit_trait_group
from gemcont.workflows.gwas.scan.plan import Stopwatch

N, M, D, K = 150, 40, 3, 2


@pytest.fixture(scope="module")
def data():
    rng = np.random.default_rng(12)
    dosages = random_dosages(rng, M, N, missing=0.03, low=0.2, high=0.8)
    dosages[6] = 1  # no variance
    design = rng.standard_normal((N, K))
    design[:, 0] += 20 * np.nan_to_num(dosages[9], nan=1.0)  # nearly all of variant 9
    traits = rng.standard_normal((N, D)) @ rng.standard_normal((D, D))
    return dosages, traits, design


def group_of(data, ploidy=Ploidy.AUTOSOME, *, joint=True, single=True):
    _, traits, design = data
    people = CompletePeople(
        samples=np.arange(N),
        traits=traits,
        trait_names=list("abc"),
        design=design,
        design_names=["u", "v"],
        sex=np.ones(N, dtype=int),
        codes=np.arange(D),
    )
    return fit_trait_group(people, ploidy, N, joint=joint, single=single)[0]


def block_of(dosages):
    called = np.where(np.isnan(dosages), -1, dosages).astype(np.int8)
    return Block(first=0, count=len(dosages), n_samples=N, packed=pack_hardcalls(called))


def plan_of(**changes):
    settings = {"test": "lrt", "contrast": "any", "effects": True, "products": False}
    return SimpleNamespace(**{**settings, "threads_per_block": 1, **changes})


def statistics(data, kept, group, **changes):
    block = block_of(data[0])
    return group.statistics(block, moments(block), kept, plan_of(**changes), Stopwatch())


@pytest.mark.parametrize("test", ["lrt", "f"])
def test_the_joint_test_is_the_reference_s(data, test):
    found = statistics(data, np.arange(M), group_of(data), test=test)
    expected = joint_test(*data, test)
    np.testing.assert_allclose(found.joint.statistic, expected["statistic"], rtol=1e-6)
    np.testing.assert_allclose(found.joint.neg_log_10_p, expected["neg_log_10_p"], rtol=1e-6)
    np.testing.assert_allclose(found.joint.r2, expected["q"], rtol=1e-6)


def test_effects_are_those_of_each_trait_alone(data):
    found = statistics(data, np.arange(M), group_of(data))
    for d in range(D):
        expected = single_trait(data[0], data[1][:, d], data[2])
        np.testing.assert_allclose(found.effect[0][:, d], expected["beta"], rtol=1e-6)
        np.testing.assert_allclose(found.effect[1][:, d], expected["standard_error"], rtol=1e-6)


def test_the_residual_is_what_covariates_leave_of_a_genotype(data):
    found = statistics(data, np.arange(M), group_of(data))
    filled = np.where(np.isnan(data[0]), np.nanmean(data[0], axis=1)[:, None], data[0])
    left = residuals(filled.T, with_intercept(data[2], N))
    expected = np.square(left).sum(axis=0)
    expected[6] = np.nan
    np.testing.assert_allclose(found.residual, expected, rtol=1e-6)


def test_variants_are_alike_in_any_company(data):
    whole = statistics(data, np.arange(M), group_of(data))
    kept = np.array([3, 9, 30])
    some = statistics(data, kept, group_of(data))
    np.testing.assert_array_equal(some.joint.statistic, whole.joint.statistic[kept])
    np.testing.assert_array_equal(some.residual, whole.residual[kept])
    none = statistics(data, np.empty(0, dtype=int), group_of(data))
    assert none.joint.statistic.shape == (0,)


def test_haploids_are_counted_once(data):
    """Their dosages are 0 and 2: an allele's effect is twice that of a dosage unit."""
    once = statistics(data, np.arange(M), group_of(data, Ploidy.MT))
    twice = statistics(data, np.arange(M), group_of(data))
    np.testing.assert_allclose(once.effect[0], 2 * twice.effect[0], rtol=1e-12)
    np.testing.assert_array_equal(once.joint.statistic, twice.joint.statistic)


def test_what_is_not_asked_for_is_not_made(data):
    found = statistics(data, np.arange(M), group_of(data, joint=False))
    assert (found.joint, found.effect) == (None, None)
    found = statistics(data, np.arange(M), group_of(data, single=False), effects=False)
    assert found.effect is None
    assert list(found.scores) == []


def test_scores_of_single_traits_are_those_of_all_together(data, monkeypatch):
    (whole,) = statistics(data, np.arange(M), group_of(data, joint=False)).scores
    monkeypatch.setattr(null_models, "TRAITS_AT_ONCE", 2)
    group = group_of(data, joint=False)
    assert len(group.trait_blocks) == 2
    parts = list(statistics(data, np.arange(M), group).scores)
    for part in parts:
        scale = np.sqrt(whole.total[part.part])
        np.testing.assert_allclose(
            part.values / scale, whole.values[:, part.part] / scale, atol=1e-5
        )
        np.testing.assert_allclose(part.total, whole.total[part.part])
    expected = [single_trait(data[0], data[1][:, d], data[2])["t_statistic"] for d in range(D)]
    residual = statistics(data, np.arange(M), group).residual
    r = whole.values / np.sqrt(residual[:, None] * whole.total)
    t = r * np.sqrt((N - K - 2) / (1 - r**2))
    np.testing.assert_allclose(t, np.transpose(expected), rtol=1e-6)


def test_few_variants_need_more_digits(data, monkeypatch):
    block = block_of(data[0])
    monkeypatch.setattr(null_models, "TRAITS_AT_ONCE", 2)
    group = group_of(data, joint=False)
    products, inexact = centred_products(group, block, moments(block), threads=1)
    assert products.shape == (M, K)  # the traits come some at a time
    assert 9 in inexact
    assert len(inexact) < 4
