"""Greedy clumping of arrays: against the slow way, its boundaries, and what must not matter."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import ld as reference

from gemcont.stats.clump import (
    clump,
    greedy,
    least_neg_log_10_p,
    radius_of,
    ranking,
    significance_bins,
)


def simulated(seed, n=60):
    """chromosome, position, -log10 p with ties, and a symmetric r2 of n variants."""
    rng = np.random.default_rng(seed)
    chromosome = np.sort(rng.integers(0, 3, n))
    position = rng.integers(0, 2_000_000, n)
    p = np.round(rng.random(n) ** 6, 4) + 1e-5
    noise = rng.random((n, n))
    r2 = np.maximum(noise, noise.T) ** 2
    r2[rng.random((n, n)) < 0.05] = np.nan
    r2 = np.fmax(r2, r2.T)
    return chromosome, position, p, r2


@settings(deadline=None, max_examples=60)
@given(st.integers(0, 2**32), st.sampled_from([0.0, 0.2, 0.5]), st.sampled_from([0.001, 50, 5000]))
def test_equals_the_slow_way(seed, bound, kb):
    chromosome, position, p, r2 = simulated(seed)
    found = clump(
        chromosome,
        position,
        -np.log10(p),
        lambda i, others: r2[i, others],
        p1=0.01,
        r2_above=bound,
        kb=kb,
    )
    expected = reference.clump(
        chromosome, position, p, lambda i, j: r2[i, j], p1=0.01, bound=bound, kb=kb
    )
    assert found.tolist() == expected


@settings(deadline=None, max_examples=30)
@given(st.integers(0, 2**32))
def test_no_two_index_variants_are_near_and_linked(seed):
    chromosome, position, p, r2 = simulated(seed)
    owner = clump(
        chromosome,
        position,
        -np.log10(p),
        lambda i, o: r2[i, o],
        p1=0.1,
        r2_above=0.3,
        kb=500,
    )
    index = np.flatnonzero(owner == np.arange(len(owner)))
    for i in index:
        for j in index[index != i]:
            near = chromosome[i] == chromosome[j] and abs(position[i] - position[j]) < 500_000
            assert not (near and r2[i, j] > 0.3)
    assert (p[index] <= 0.1).all()
    assert ((owner == -1) | np.isin(owner, index)).all()


def test_shuffled_rows_give_the_same_clumps():
    chromosome, position, p, r2 = simulated(5)
    p = p + np.arange(len(p)) * 1e-9  # no ties
    owner = clump(chromosome, position, -np.log10(p), lambda i, o: r2[i, o], p1=0.05)
    order = np.random.default_rng(1).permutation(len(p))
    shuffled = clump(
        chromosome[order],
        position[order],
        -np.log10(p)[order],
        lambda i, o: r2[order[i], order[o]],
        p1=0.05,
    )
    back = np.where(shuffled < 0, -1, order[shuffled])
    np.testing.assert_array_equal(back, owner[order])


def test_boundaries():
    position = np.array([0, 249_999, 250_000])
    neg_log_10_p = np.array([5.0, 1.0, 1.0])
    one = np.zeros(3, dtype=int)
    owner = clump(one, position, neg_log_10_p, lambda i, o: np.ones(len(o)))
    assert owner.tolist() == [0, 0, -1]  # a distance of 250 kb is not below it
    assert clump(one, position, np.array([4.0, 1, 1]), lambda i, o: np.ones(len(o)))[0] == 0
    assert clump(one, position, np.array([3.9999, 1, 1]), lambda i, o: np.ones(len(o)))[0] == -1
    half = clump(one, position, neg_log_10_p, lambda i, o: np.full(len(o), 0.5))
    assert half.tolist() == [0, -1, -1]  # r2 must be above 0.5
    unknown = clump(one, position, neg_log_10_p, lambda i, o: np.full(len(o), np.nan), r2_above=0)
    assert unknown.tolist() == [0, -1, -1]


def test_ties_go_to_the_first_and_nan_to_nobody():
    p = np.array([3.0, 5.0, 5.0, np.nan, 5.0])
    assert ranking(p, 0).tolist() == [1, 2, 4, 0]
    owner = clump(np.zeros(5, int), np.arange(5), p, lambda i, o: np.ones(len(o)))
    assert owner.tolist() == [1, 1, 1, -1, 1]


def test_who_may_be_an_index_variant():
    owner = greedy(np.zeros(4), lambda i, o: np.zeros(len(o), bool), radius=5, n_candidates=2)
    assert owner.tolist() == [0, 1, -1, -1]


def test_bounds_of_p_and_distance():
    assert least_neg_log_10_p(1e-4) <= 4.0
    assert least_neg_log_10_p(1.0) == 0
    assert least_neg_log_10_p(0.0) == math.inf
    assert radius_of(250) == 249_999
    assert radius_of(0.001) == 0


@pytest.mark.parametrize(
    ("p", "column"),
    [(1.0, 0), (0.05, 0), (0.0499, 1), (0.01, 1), (0.00999, 2), (0.001, 2), (1e-4, 3), (9e-5, 4)],
)
def test_bins_hold_their_upper_bound(p, column):
    assert significance_bins(-np.log10(np.array([p]))).tolist() == [column]
