"""Align a cohort's rows to the variants, alleles and strand of the cohorts before it."""

import logging

import numpy as np
import polars as pl

from gemcont.errors import GemcontError
from gemcont.settings.meta import MetaSettings
from gemcont.stats.harmonise import REASONS, Reason, Strand, align, count_strands, strand_of
from gemcont.workflows.common.plausible import check_frequencies, is_minor_only
from gemcont.workflows.meta.builds import doubt_shared
from gemcont.workflows.meta.rows import (
    ENTERED,
    FLIPPED,
    NOT_IN_REFERENCE,
    REPEATED,
    TURNED,
    RawRows,
    StudyRows,
    note,
)
from gemcont.workflows.meta.union import Union

log = logging.getLogger(__name__)

_FEWEST = 20  # rows, below which repeats are not counted
_MOST_REPEATED = 1 / 3  # share of repeated rows that no GWAS has
_MANY_REPEATED = 1 / 20  # share of repeated rows that is warned of


def enter(rows: RawRows, union: Union, settings: MetaSettings, cohort: StudyRows) -> None:
    """Match a cohort's rows to the variants of the union and align them to its alleles.

    Args:
        rows: the usable rows; their alleles change where the cohort is on the opposite strand.
        union: the variants so far; unless it is fixed, new variants are added.
        settings: of the meta-analysis.
        cohort: is filled with the aligned rows and with the counts.

    Raises:
        GemcontError: a third of the rows repeat others, or the frequencies are those of the other
            allele.
    """
    match = union.match(rows)
    _refuse_repeated(cohort, match)
    first, new = ~match.repeated, match.slot < 0
    _note_rows(cohort, rows, match.repeated, REPEATED)
    if union.fixed:
        _note_rows(cohort, rows, first & new, NOT_IN_REFERENCE)
        first &= ~new
    else:
        by_place = settings.match == "key"
        doubt_shared(cohort.name, rows, union, int((~new).sum()), by_place=by_place)
    known = np.flatnonzero(~new)
    known = known[union.certain[match.slot[known]]]
    cohort.minor_only = is_minor_only(rows.frequency)
    cohort.confirmed = check_frequencies(cohort.name, rows, union, known, match.slot)
    compared = known, match.slot[known]
    strand = _strand(cohort.name, rows, union, compared, settings.palindromic)
    sign, flipped, reason = _aligned(rows, union, match, strand, settings)
    for code, text in REASONS.items():
        _note_rows(cohort, rows, first & (reason == code), text)
    used = first & (reason == Reason.KEPT)
    slot = match.slot
    if (used & new).any():
        certain = len(union) == 0 or strand is not Strand.UNTOLD
        slot[used & new] = union.add(rows, match, used & new, certain=certain)
    cohort.counts[ENTERED] = int(used.sum())
    for text, some in ((TURNED, sign < 0), (FLIPPED, flipped)):
        if (used & some).any():
            cohort.counts[text] = int((used & some).sum())
    _fill(cohort, rows, slot, sign, used)


def _refuse_repeated(cohort, match):
    """Raise GemcontError, or warn, where so many rows repeat as in a file of several traits."""
    rows, repeated = len(match.slot), int(match.repeated.sum())
    if rows < _FEWEST or repeated < _MANY_REPEATED * rows:
        return
    column = cohort.telling[0] if cohort.telling else "COLUMN"
    text = f"{cohort.name}: {repeated} of {rows} rows repeat a variant that stands before them"
    if repeated < _MOST_REPEATED * rows:
        log.warning("%s; the first row of each is used", text)
        return
    raise GemcontError(
        f"{text}: several traits, genes or models in one file? Say which column tells them apart "
        f"and which one to read: --columns trait={column} --trait NAME"
    )


def _strand(name, rows, union, compared, palindromic):
    """Return the strand of the cohort's alleles, judged by variants that are not palindromic.

    Where it is the opposite one the alleles of ``rows`` are replaced by their complements.
    compared: the rows of variants whose letters are certain, and their slots.
    """
    if len(union) == 0:
        return Strand.SAME  # the first cohort defines the strand
    (known, at), complement = compared, union.codes.complement
    letters = rows.effect[known], rows.other[known], union.effect[at], union.other[at]
    counts = count_strands(*letters, complement)
    strand = strand_of(*counts)
    _log_strand(name, counts, strand, palindromic)
    if strand is Strand.OTHER and palindromic == "infer":
        rows.effect, rows.other = complement[rows.effect], complement[rows.other]
    return strand


def _log_strand(name, counts, strand, palindromic):
    same, flipped = counts
    words = {
        Strand.SAME: "palindromic ones go by their letters",
        Strand.OTHER: "so all are turned, and palindromic ones go by their letters",
        Strand.UNTOLD: "palindromic ones go by their frequency",
    }
    if palindromic == "infer":
        log.info(
            "%s: of %d variants that are not palindromic, %d are on the strand of the others and "
            "%d are not: %s",
            *(name, same + flipped, same, flipped, words[strand]),
        )
    elif palindromic == "keep" and flipped > same:
        log.warning(
            "%s: %d of %d variants that tell are on the other strand, and --palindromic keep takes "
            "the letters of palindromic ones as they are: --palindromic infer turns them",
            *(name, flipped, same + flipped),
        )


def _aligned(rows, union, match, strand, settings):
    """Return what ``align`` does for the union's alleles; new variants keep their own alleles."""
    new = match.slot < 0
    at, nothing = np.where(new, 0, match.slot), len(union) == 0
    reference = [
        np.where(new, own, own if nothing else theirs[at])
        for own, theirs in (
            (rows.effect, union.effect),
            (rows.other, union.other),
            (rows.frequency, union.frequency),
        )
    ]
    is_known = strand is not Strand.UNTOLD
    own = rows.effect, rows.other, rows.frequency
    sign, flipped, reason = align(
        *own,
        *reference,
        union.codes.complement,
        palindromic=settings.palindromic,
        ambiguous=settings.ambiguous,
        max_difference=settings.max_eaf_diff,
        same_strand=is_known & (new if nothing else union.certain[at]),
    )
    fresh = new & ~((reason == Reason.PALINDROMIC) | (reason == Reason.ALLELES))
    sign[fresh], reason[fresh], flipped[fresh] = 1, Reason.KEPT, False
    reason[match.taken] = Reason.ALLELES
    sign[match.taken] = 0
    if strand is Strand.OTHER and settings.palindromic == "infer":
        flipped = ~flipped & (sign != 0)
    return sign, flipped, reason


def _note_rows(cohort, rows, wrong, reason):
    if wrong.any():
        at = np.flatnonzero(wrong)
        note(cohort, pl.Series(rows.row[at]), rows.ids.gather(at), reason)


def _fill(cohort, rows, slot, sign, used):
    sign = sign[used]
    cohort.slot = slot[used].astype(np.int32)
    cohort.beta = sign * rows.beta[used]
    cohort.standard_error = rows.standard_error[used]
    frequency = rows.frequency[used]
    cohort.frequency = np.where(sign < 0, 1 - frequency, frequency)
    cohort.n = rows.n[used]
