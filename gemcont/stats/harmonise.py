"""Align the effects of one study to the alleles of another.

Alleles are integer codes; ``complement`` gives the code of the complementary letters. A row is
allele-swapped if its effect allele is the reference's other allele, and strand-flipped if only the
complementary letters fit. The letters of a palindromic variant (A/T, C/G) fit both ways, so they do
not tell the strand; its allele frequency may.
"""

from enum import IntEnum

import numpy as np


class Reason(IntEnum):
    """Reason why a row cannot be aligned; 0 if it can."""

    KEPT = 0
    ALLELES = 1
    PALINDROMIC = 2
    NO_FREQUENCY = 3
    AMBIGUOUS = 4
    FREQUENCY = 5


REASONS = {
    Reason.ALLELES: "alleles are not those of the reference",
    Reason.PALINDROMIC: "palindromic (--palindromic drop)",
    Reason.NO_FREQUENCY: "palindromic, no allele frequency to tell the strand by",
    Reason.AMBIGUOUS: "palindromic, allele frequency too near one half",
    Reason.FREQUENCY: "allele frequency differs from the reference's (--max-eaf-diff)",
}
MODES = ("infer", "keep", "drop")
_FEWEST_COUNTED = 20  # variants that tell a study's strand
_NEARLY_ALL = 0.99  # share of them on one strand: the rest are mistakes


class Strand(IntEnum):
    """Strand that a study's letters refer to: the reference's, the opposite one, or unknown."""

    UNTOLD = 0
    SAME = 1
    OTHER = 2


def count_strands(
    effect: np.ndarray,
    other: np.ndarray,
    ref_effect: np.ndarray,
    ref_other: np.ndarray,
    complement: np.ndarray,
) -> tuple[int, int]:
    """Return the numbers of rows on the reference's strand and on the opposite one.

    Arguments as ``align``. Palindromic rows, and rows whose alleles do not fit, are not counted.
    """
    # (rows,): the letters as they are
    here = np.logical_or(*_fits(effect, other, ref_effect, ref_other))
    flipped = complement[effect], complement[other]
    there = np.logical_or(*_fits(*flipped, ref_effect, ref_other))  # (rows,): their complements
    return int((here & ~there).sum()), int((there & ~here).sum())


def strand_of(same: int, flipped: int) -> Strand:
    """Return the ``Strand`` of a study, given its variants on the same and the opposite strand."""
    total = same + flipped
    if total < _FEWEST_COUNTED or _NEARLY_ALL * total > max(same, flipped):
        return Strand.UNTOLD
    return Strand.SAME if same > flipped else Strand.OTHER


def align(
    effect: np.ndarray,
    other: np.ndarray,
    frequency: np.ndarray,
    ref_effect: np.ndarray,
    ref_other: np.ndarray,
    ref_frequency: np.ndarray,
    complement: np.ndarray,
    *,
    palindromic: str = "infer",
    ambiguous: float = 0.4,
    max_difference: float | None = None,
    same_strand: bool | np.ndarray = False,
) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
    """Return how each row's effect must be changed to refer to the reference's effect allele.

    Args:
        effect: int (rows,), allele codes of the study's effect alleles.
        other: int (rows,), allele codes of its other alleles.
        frequency: float (rows,), of its effect alleles, NaN unknown.
        ref_effect: int (rows,), effect alleles of the reference.
        ref_other: int (rows,), other alleles of the reference.
        ref_frequency: float (rows,), of the reference's effect alleles, NaN unknown.
        complement: int (codes,), the code of each code's complementary letters.
        palindromic: "keep" trusts the letters; "drop" excludes the rows; "infer" trusts the letters
            where same_strand is True, elsewhere flips the strand if the two frequencies lie on
            different sides of one half.
        ambiguous: under "infer" a row is excluded if either frequency lies within
            [ambiguous, 1 - ambiguous] or is unknown.
        max_difference: largest difference of the frequencies; None = any.
        same_strand: whether the study's letters refer to the reference's strand, for all or
            (rows,).

    Returns:
        sign: int8 (rows,), the factor of the effect: 1, -1 if allele-swapped (its frequency f is
            then 1 - f), 0 if the row cannot be used.
        flipped: bool (rows,), whether the strand was flipped.
        reason: uint8 (rows,), a ``Reason``.
    """
    # int8, bool (rows,)
    sign, flipped = _by_letters(effect, other, ref_effect, ref_other, complement)
    reason = np.where(sign == 0, Reason.ALLELES, Reason.KEPT).astype(np.uint8)
    palindrome = (sign != 0) & (complement[effect] == other)
    if palindromic == "drop":
        reason[palindrome] = Reason.PALINDROMIC
    elif palindromic == "infer":
        palindrome &= ~np.asarray(same_strand)
        aligned = np.where(sign < 0, 1 - frequency, frequency)
        unknown = np.isnan(aligned) | np.isnan(ref_frequency)
        undecided = _is_middle(aligned, ambiguous) | _is_middle(ref_frequency, ambiguous)  # (rows,)
        reason[palindrome & undecided] = Reason.AMBIGUOUS
        reason[palindrome & unknown] = Reason.NO_FREQUENCY
        strand = palindrome & ((aligned < 0.5) != (ref_frequency < 0.5)) & (reason == Reason.KEPT)
        sign[strand] *= -1
        flipped |= strand
    if max_difference is not None:
        aligned = np.where(sign < 0, 1 - frequency, frequency)
        distant = np.abs(aligned - ref_frequency) > max_difference
        reason[distant & (reason == Reason.KEPT)] = Reason.FREQUENCY
    sign[reason != Reason.KEPT] = 0
    return sign, flipped & (sign != 0), reason


def _is_middle(frequency, ambiguous):
    return (frequency >= ambiguous) & (frequency <= 1 - ambiguous)


def _by_letters(effect, other, ref_effect, ref_other, complement):
    """Return each row's sign by the letters of either strand, 0 if neither fits, and the flips."""
    same, swapped = _fits(effect, other, ref_effect, ref_other)
    theirs = complement[effect], complement[other]
    same_other_strand, swapped_other_strand = _fits(*theirs, ref_effect, ref_other)
    here = same | swapped
    sign = np.zeros(len(effect), dtype=np.int8)
    sign[same | (same_other_strand & ~here)] = 1  # the letters as they are come first
    sign[swapped | (swapped_other_strand & ~here)] = -1
    return sign, (sign != 0) & ~here


def _fits(effect, other, ref_effect, ref_other):
    same = (effect == ref_effect) & (other == ref_other)
    swapped = (effect == ref_other) & (other == ref_effect)
    return same, swapped & ~same
