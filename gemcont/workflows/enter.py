"""A cohort's rows matched to the union of variants and brought to its alleles."""

import logging

import numpy as np
import polars as pl

from gemcont.errors import GemcontError
from gemcont.stats.harmonise import REASONS, Reason, align, strand_of
from gemcont.workflows.plausibility import check_frequencies
from gemcont.workflows.union import ABSENT, ENTERED, FLIPPED, REPEATED, TURNED, note

log = logging.getLogger(__name__)

_REPEATING = 0.4  # share of rows that repeat a variant, above which a file holds several of each


def enter(rows, union, settings, cohort):
    """Match a cohort's rows to the union and bring them to its alleles; fills ``cohort``."""
    keys = union.keys(rows)
    first = np.zeros(len(keys), dtype=bool)
    first[np.unique(keys, return_index=True)[1]] = True
    _note_rows(cohort, rows, ~first, REPEATED)
    _refuse_repeating(cohort, first)
    slot = union.find(rows, keys)
    new = slot < 0
    stranger = new & union.knows(rows)
    if union.fixed:
        _note_rows(cohort, rows, first & new & ~stranger, ABSENT)
        first &= ~new | stranger
    _check_frequencies(cohort, rows, union, slot, first & ~new)
    sign, flipped, reason = _aligned(rows, union, slot, new, settings, first & ~new)
    reason[stranger] = Reason.ALLELES
    for code, text in REASONS.items():
        _note_rows(cohort, rows, first & (reason == code), text)
    used = first & (reason == Reason.KEPT)
    if (used & new).any():
        slot[used & new] = union.add(rows.take(used & new), keys[used & new])
    cohort.counts[ENTERED] = int(used.sum())
    for text, some in ((TURNED, sign < 0), (FLIPPED, flipped)):
        if (used & some).any():
            cohort.counts[text] = int((used & some).sum())
    _fill(cohort, rows, slot, sign, used)


def _refuse_repeating(cohort, first):
    """Raise GemcontError where nearly half of the rows repeat a variant: no GWAS does."""
    if len(first) >= 10 and (~first).mean() >= _REPEATING:
        raise GemcontError(
            f"{cohort.name}: {(~first).sum()} of {len(first)} rows repeat a variant that stands "
            "before: several genes, traits or models in one file? Name the column that tells them "
            "apart by --columns trait=NAME (such as gene_id), and one of them by --trait"
        )


def _check_frequencies(cohort, rows, union, slot, shared):
    """Compare frequencies with the union's where the letters tell which allele is which."""
    at = np.flatnonzero(shared & (union.codes.complement[rows.effect] != rows.other))
    if not len(at):
        return
    theirs = slot[at]
    sign, _, _ = align(
        rows.effect[at], rows.other[at], rows.frequency[at],
        union.effect[theirs], union.other[theirs], union.frequency[theirs],
        union.codes.complement, palindromic="keep",
    )  # fmt: skip
    mine = np.where(sign < 0, 1 - rows.frequency[at], rows.frequency[at])
    check_frequencies(cohort.name, np.where(sign == 0, np.nan, mine), union.frequency[theirs])


def _strand(rows, union, slot, shared):
    """``strand_of`` the rows that the union has."""
    at = np.flatnonzero(shared)
    theirs = slot[at]
    letters = rows.effect[at], rows.other[at], union.effect[theirs], union.other[theirs]
    return strand_of(*letters, union.codes.complement)


def _aligned(rows, union, slot, new, settings, shared):
    """Signs against the union's alleles; new variants keep their own."""
    at = np.where(new, 0, slot)
    nothing = len(union) == 0
    reference = [
        np.where(new, own, own if nothing else theirs[at])
        for own, theirs in (
            (rows.effect, union.effect),
            (rows.other, union.other),
            (rows.frequency, union.frequency),
        )
    ]
    sign, flipped, reason = align(
        rows.effect,
        rows.other,
        rows.frequency,
        *reference,
        union.codes.complement,
        palindromic=settings.palindromic,
        ambiguous=settings.ambiguous,
        max_difference=settings.max_eaf_diff,
        strand=_strand(rows, union, slot, shared) if len(union) else 1,
    )
    fresh = new & ~((reason == Reason.PALINDROMIC) | (reason == Reason.ALLELES))
    sign[fresh], reason[fresh], flipped[fresh] = 1, Reason.KEPT, False
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
