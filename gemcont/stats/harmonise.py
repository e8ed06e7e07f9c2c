"""Bringing the effects of one study to the alleles of another.

Alleles are integer codes; ``complement`` gives the code of the other strand's letters. A row is
turned over where its effect allele is the reference's other one; a strand is turned where only
the other strand's letters fit. The letters of a palindromic variant (A/T, C/G) fit both ways, so
they say nothing of the strand; its frequency may.
"""

from enum import IntEnum

import numpy as np


class Reason(IntEnum):
    """Why a row cannot be aligned; 0 where it can."""

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
    """Which strand a study's letters are of: the reference's, the other one, or untold."""

    UNTOLD = 0
    SAME = 1
    OTHER = 2


def count_strands(effect, other, ref_effect, ref_other, complement):
    """Return how many rows are (on the reference's strand, on the other), by letters that tell.

    Arguments as of ``align``. Palindromic rows, and those whose alleles do not fit, do not count.
    """
    here = np.logical_or(*_fits(effect, other, ref_effect, ref_other))
    there = np.logical_or(*_fits(complement[effect], complement[other], ref_effect, ref_other))
    return int((here & ~there).sum()), int((there & ~here).sum())


def strand_of(same, flipped):
    """Return the ``Strand`` of a study of which so many variants are on either strand."""
    total = same + flipped
    if total < _FEWEST_COUNTED or _NEARLY_ALL * total > max(same, flipped):
        return Strand.UNTOLD
    return Strand.SAME if same > flipped else Strand.OTHER


def align(
    effect,
    other,
    frequency,
    ref_effect,
    ref_other,
    ref_frequency,
    complement,
    *,
    palindromic="infer",
    ambiguous=0.4,
    max_difference=None,
    same_strand=False,
):
    """How each row's effect is to be turned: (sign int8, strand flipped bool, reason uint8).

    effect, other, ref_effect, ref_other: int (rows,) allele codes; frequency, ref_frequency: of
    the effect alleles, NaN unknown; complement: int (codes,), the other strand's code of each.
    palindromic: "keep" goes by the letters, "drop" takes none, "infer" goes by them where
    same_strand (bool, or bool (rows,)) says that they are of the reference's strand; elsewhere it
    turns the strand where the frequencies lie on different sides of one half and leaves the row out
    where either lies within [ambiguous, 1 - ambiguous] or is unknown. max_difference: largest
    difference of frequencies.

    sign is 1 or -1, the factor of the effect; 0 where the row cannot be used, for the reason.
    A sign of -1 turns the frequency over too.
    """
    sign, flipped = _by_letters(effect, other, ref_effect, ref_other, complement)
    reason = np.where(sign == 0, Reason.ALLELES, Reason.KEPT).astype(np.uint8)
    mirrored = (sign != 0) & (complement[effect] == other)
    if palindromic == "drop":
        reason[mirrored] = Reason.PALINDROMIC
    elif palindromic == "infer":
        mirrored &= ~np.asarray(same_strand)
        turned = np.where(sign < 0, 1 - frequency, frequency)
        unknown = np.isnan(turned) | np.isnan(ref_frequency)
        middle = _is_middle(turned, ambiguous) | _is_middle(ref_frequency, ambiguous)
        reason[mirrored & middle] = Reason.AMBIGUOUS
        reason[mirrored & unknown] = Reason.NO_FREQUENCY
        strand = mirrored & ((turned < 0.5) != (ref_frequency < 0.5)) & (reason == Reason.KEPT)
        sign[strand] *= -1
        flipped |= strand
    if max_difference is not None:
        turned = np.where(sign < 0, 1 - frequency, frequency)
        far = np.abs(turned - ref_frequency) > max_difference
        reason[far & (reason == Reason.KEPT)] = Reason.FREQUENCY
    sign[reason != Reason.KEPT] = 0
    return sign, flipped & (sign != 0), reason


def _is_middle(frequency, ambiguous):
    return (frequency >= ambiguous) & (frequency <= 1 - ambiguous)


def _by_letters(effect, other, ref_effect, ref_other, complement):
    """Sign by the letters of either strand, 0 where neither fits; whether the strand was turned."""
    same, swapped = _fits(effect, other, ref_effect, ref_other)
    theirs = complement[effect], complement[other]
    same_other_strand, swapped_other_strand = _fits(*theirs, ref_effect, ref_other)
    here = same | swapped
    sign = np.zeros(len(effect), dtype=np.int8)
    sign[same | (same_other_strand & ~here)] = 1
    sign[swapped | (swapped_other_strand & ~here)] = -1
    return sign, (sign != 0) & ~here


def _fits(effect, other, ref_effect, ref_other):
    same = (effect == ref_effect) & (other == ref_other)
    swapped = (effect == ref_other) & (other == ref_effect)
    return same, swapped & ~same
