"""r2 of a pair's sums against the slow way, for any small table, and the frequency behind it."""

import math

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st
from reference import ld as reference

from gemcont.genotype.kernels.haplotypes import (
    haplotype_frequency,
    phased_above,
    phased_r2,
    unphased_above,
    unphased_r2,
)

genotype = st.sampled_from([0, 1, 2, np.nan])
TABLES = st.lists(st.tuples(genotype, genotype), min_size=1, max_size=12)


def slow_sums(x, y):
    """(n, x, y, xx, yy, xy, double heterozygotes) over the samples with both variants called."""
    both = ~(np.isnan(x) | np.isnan(y))
    x, y = x[both], y[both]
    double = ((x == 1) & (y == 1)).sum()
    return tuple(float(v) for v in (len(x), x.sum(), y.sum(), x @ x, y @ y, x @ y, double))


@settings(deadline=None, max_examples=300)
@given(TABLES)
def test_any_small_table(pairs):
    x, y = np.array(pairs, dtype=float).T
    for ours, slow in ((phased_r2, reference.phased_r2), (unphased_r2, reference.unphased_r2)):
        found, expected = ours(slow_sums(x, y)), slow(x, y)
        assert np.isnan(found) == np.isnan(expected)
        if not np.isnan(found):
            assert 0 <= found <= 1
            np.testing.assert_allclose(found, expected, atol=1e-6)


@settings(deadline=None, max_examples=300)
@given(TABLES, st.floats(0, 0.99))
def test_above_is_the_value_above_the_bound(pairs, bound):
    sums = slow_sums(*np.array(pairs, dtype=float).T)
    for above, r2 in ((phased_above, phased_r2), (unphased_above, unphased_r2)):
        value = r2(sums)
        if not abs(value - bound) < 1e-9:
            assert above(sums, bound) == (value > bound)


@settings(deadline=None, max_examples=300)
@given(TABLES)
def test_an_allele_swap_changes_no_r2(pairs):
    x, y = np.array(pairs, dtype=float).T
    for r2 in (phased_r2, unphased_r2):
        values = [r2(slow_sums(*pair)) for pair in ((x, y), (2 - x, y), (y, x))]
        np.testing.assert_allclose(values, values[0], atol=1e-9)


def log_likelihood(f, known, uncertain, p, q):
    """Of haplotype shares (both alleles, the first's only, the second's only, neither)."""
    shares = known, p - known - uncertain, q - known - uncertain, 1 - p - q + known
    cells = f, p - f, q - f, 1 - p - q + f
    pair = cells[0] * cells[3] + cells[1] * cells[2]
    parts = [*zip(shares, cells, strict=True), (uncertain, pair)]
    return sum(s * math.log(v) if v > 0 else -math.inf for s, v in parts if s > 1e-12)


@pytest.mark.parametrize("seed", range(20))
def test_no_other_frequency_is_likelier(seed):
    haplotypes = np.random.default_rng(seed).dirichlet(np.full(4, 0.7))
    both, first, second, neither = haplotypes
    uncertain = both * neither + first * second  # half of the haplotypes of double heterozygotes
    p, q = both + first, both + second
    known = max(both - both * neither, 0)
    found = haplotype_frequency(known, uncertain, p, q)
    grid = np.linspace(known, known + uncertain, 400)[1:-1]
    best = max(log_likelihood(f, known, uncertain, p, q) for f in grid)
    assert known <= found <= known + uncertain
    assert log_likelihood(found, known, uncertain, p, q) >= best - 1e-9


def test_without_double_heterozygotes_the_frequency_is_known():
    assert haplotype_frequency(0.3, 0.0, 0.5, 0.4) == 0.3
