"""Bringing the effects of one study to the alleles of another.

Alleles are integer codes; ``complement`` gives the code of the other strand's letters. A row is
turned over where its effect allele is the reference's other one; a strand is turned where only
the other strand's letters fit. The letters of a palindromic variant (A/T, C/G) fit both ways, so
they say nothing of the strand. The other variants of the same study do: where nearly all of them
are on one strand, palindromic ones are too; only of a study of both strands their frequency is
asked.
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
_FEWEST = 20  # variants that are not palindromic, below which they do not tell the strand
_MIXED = 0.01  # share on the rarer strand, above which a study is of both


def strand_of(effect, other, ref_effect, ref_other, complement, *, fewest=_FEWEST):
    """Return the strand of a study by its variants that are not palindromic.

    Arrays as of ``align``, of variants that the reference has. 1: the reference's, -1: the other
    one, 0: both, or fewer variants than ``fewest`` to tell by.
    """
    flipped = flipped_of(effect, other, ref_effect, ref_other, complement)
    if len(flipped) < fewest:
        return 0
    share = flipped.mean()
    return 1 if share <= _MIXED else -1 if share >= 1 - _MIXED else 0


def flipped_of(effect, other, ref_effect, ref_other, complement):
    """Return, of the variants that tell it, whether they are on the other strand: bool (some,)."""
    sign, flipped = _by_letters(effect, other, ref_effect, ref_other, complement)
    return flipped[(sign != 0) & (complement[effect] != other)]


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
    strand=0,
):
    """How each row's effect is to be turned: (sign int8, strand flipped bool, reason uint8).

    effect, other, ref_effect, ref_other: int (rows,) allele codes; frequency, ref_frequency: of
    the effect alleles, NaN unknown; complement: int (codes,), the other strand's code of each.
    palindromic: "keep" goes by the letters, "drop" takes none, "infer" by ``strand`` (1 the
    letters, -1 their complements, see ``strand_of``); where that is 0 it turns the strand where the
    frequencies lie on different sides of one half, and leaves the row out where either lies within
    [ambiguous, 1 - ambiguous] or is unknown. max_difference: largest difference of frequencies.

    sign is 1 or -1, the factor of the effect; 0 where the row cannot be used, for the reason.
    A sign of -1 turns the frequency over too.
    """
    sign, flipped = _by_letters(effect, other, ref_effect, ref_other, complement)
    reason = np.where(sign == 0, Reason.ALLELES, Reason.KEPT).astype(np.uint8)
    mirrored = (sign != 0) & (complement[effect] == other)
    if palindromic == "drop":
        reason[mirrored] = Reason.PALINDROMIC
    elif palindromic == "infer" and strand == -1:
        sign[mirrored] *= -1
        flipped |= mirrored
    elif palindromic == "infer" and strand == 0:
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
