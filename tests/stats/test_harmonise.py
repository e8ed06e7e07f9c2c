"""Turning effects to another study's alleles."""

import numpy as np
import pytest
from hypothesis import given, settings
from hypothesis import strategies as st

from gemcont.stats.harmonise import REASONS, Reason, align

A, C, G, T = range(4)
COMPLEMENT = np.array([T, G, C, A])


def one(effect, other, ref_effect, ref_other, frequency=np.nan, ref_frequency=np.nan, **options):
    arrays = [np.array([x]) for x in (effect, other)]
    reference = [np.array([x]) for x in (ref_effect, ref_other)]
    sign, flipped, reason = align(
        *arrays,
        np.array([frequency]),
        *reference,
        np.array([ref_frequency]),
        COMPLEMENT,
        **options,
    )
    return int(sign[0]), bool(flipped[0]), Reason(reason[0])


@pytest.mark.parametrize(
    ("effect", "other", "sign", "flipped"),
    [(A, G, 1, False), (G, A, -1, False), (T, C, 1, True), (C, T, -1, True)],
)
def test_the_four_ways_to_write_a_variant(effect, other, sign, flipped):
    assert one(effect, other, A, G) == (sign, flipped, Reason.KEPT)


@pytest.mark.parametrize("pair", [(A, C), (A, T), (G, T), (C, G)])
def test_other_alleles_are_refused(pair):
    assert one(*pair, A, G) == (0, False, Reason.ALLELES)


@pytest.mark.parametrize(("effect", "other", "sign"), [(A, T, 1), (T, A, -1)])
def test_palindromes_by_letters_or_not_at_all(effect, other, sign):
    assert one(effect, other, A, T, 0.5, 0.5, palindromic="keep") == (sign, False, Reason.KEPT)
    found = one(effect, other, A, T, 0.1, 0.1, palindromic="drop")
    assert found == (0, False, Reason.PALINDROMIC)


@pytest.mark.parametrize(
    ("frequency", "ref_frequency", "expected"),
    [
        (0.1, 0.2, (1, False, Reason.KEPT)),
        (0.9, 0.2, (-1, True, Reason.KEPT)),
        (0.4, 0.2, (0, False, Reason.AMBIGUOUS)),
        (0.39999, 0.2, (1, False, Reason.KEPT)),
        (0.6, 0.2, (0, False, Reason.AMBIGUOUS)),
        (0.60001, 0.2, (-1, True, Reason.KEPT)),
        (0.2, 0.4, (0, False, Reason.AMBIGUOUS)),
        (0.2, 0.6, (0, False, Reason.AMBIGUOUS)),
        (0.2, 0.60001, (-1, True, Reason.KEPT)),
        (np.nan, 0.2, (0, False, Reason.NO_FREQUENCY)),
        (0.2, np.nan, (0, False, Reason.NO_FREQUENCY)),
    ],
)
def test_palindromes_by_frequency(frequency, ref_frequency, expected):
    assert one(A, T, A, T, frequency, ref_frequency) == expected
    # Written the other way round, the effect is turned once more.
    sign, flipped, reason = expected
    assert one(T, A, A, T, 1 - frequency, ref_frequency) == (-sign, flipped, reason)


def test_ambiguity_is_a_setting():
    assert one(A, T, A, T, 0.45, 0.45, ambiguous=0.46)[0] == 1
    assert one(A, T, A, T, 0.3, 0.2, ambiguous=0.25)[2] == Reason.AMBIGUOUS


def test_far_frequencies():
    assert one(G, A, A, G, 0.9, 0.3, max_difference=0.21)[2] == Reason.KEPT
    assert one(G, A, A, G, 0.9, 0.3, max_difference=0.19)[2] == Reason.FREQUENCY
    assert one(G, A, A, G, np.nan, 0.3, max_difference=0.19)[2] == Reason.KEPT


def test_every_reason_has_words():
    assert set(REASONS) == set(Reason) - {Reason.KEPT}


@settings(deadline=None, max_examples=200)
@given(st.integers(0, 3), st.integers(0, 3), st.integers(0, 3), st.integers(0, 3))
def test_turning_twice_is_no_turn(effect, other, ref_effect, ref_other):
    there, _, reason = one(effect, other, ref_effect, ref_other, palindromic="keep")
    back, _, back_reason = one(ref_effect, ref_other, effect, other, palindromic="keep")
    assert (reason == Reason.KEPT) == (back_reason == Reason.KEPT)
    if reason == Reason.KEPT and effect != other:
        assert there * back == 1


def test_no_wrong_sign_among_100000_palindromes():
    """Strand errors of a fifth, frequencies with the noise of 5,000 people."""
    rng = np.random.default_rng(11)
    n = 100_000
    ref_effect = rng.integers(0, 4, n)
    ref_other = COMPLEMENT[ref_effect]
    true = rng.uniform(0.02, 0.98, n)
    seen, ref_seen = (rng.binomial(10_000, true) / 10_000 for _ in range(2))
    swapped, wrong_strand = rng.random(n) < 0.5, rng.random(n) < 0.2
    effect = np.where(swapped, ref_other, ref_effect)
    other = np.where(swapped, ref_effect, ref_other)
    effect = np.where(wrong_strand, COMPLEMENT[effect], effect)
    other = np.where(wrong_strand, COMPLEMENT[other], other)
    frequency = np.where(swapped, 1 - seen, seen)
    sign, flipped, reason = align(
        effect, other, frequency, ref_effect, ref_other, ref_seen, COMPLEMENT
    )
    kept = reason == Reason.KEPT
    assert (sign[kept] == np.where(swapped, -1, 1)[kept]).all()
    np.testing.assert_array_equal(flipped[kept], wrong_strand[kept])
    np.testing.assert_array_equal(
        ~kept, ((seen >= 0.4) & (seen <= 0.6)) | ((ref_seen >= 0.4) & (ref_seen <= 0.6))
    )
    assert (sign[~kept] == 0).all()
