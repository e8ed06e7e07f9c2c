"""Which allele of the genotypes a panel's weight is of, on whichever strand they are."""

import logging

import numpy as np
import polars as pl

from gemcont.stats.harmonise import align, flipped_of, strand_of
from gemcont.workflows.alleles import AlleleCodes
from gemcont.workflows.reference import allele_frequency

log = logging.getLogger(__name__)

_FEWEST = 5  # variants of a panel that are not palindromic, from which they tell the strand
_AMBIGUOUS = 0.4  # frequencies from here to its complement tell no strand


def panel_signs(source, variants, rows):
    """Return 1 where the genotypes count the panel's effect allele, -1 the other, 0 neither.

    source: ``GenotypeSource``; variants: indices of its variants (rows,); rows: table of
    effect_allele, other_allele (null: unknown) and effect_allele_frequency. Palindromic variants
    go by the strand of the others (``stats.harmonise.strand_of``); of panels of both strands, or
    too small to tell, by frequency. Where that tells nothing they go by the letters, and of panels
    of both strands they are left out.
    """
    codes = AlleleCodes()
    table = source.variants[variants]
    ours = [
        codes.encode(table[a].cast(pl.String).str.to_uppercase())
        for a in ("effect_allele", "other_allele")
    ]
    theirs = [codes.encode(rows[a]) for a in ("effect_allele", "other_allele")]
    lone = theirs[1] < 0  # without an other allele, the effect allele has to be one of the two
    theirs[1] = np.where(lone, np.where(theirs[0] == ours[0], ours[1], ours[0]), theirs[1])
    complement = codes.complement
    strand = strand_of(*theirs, *ours, complement, fewest=_FEWEST)
    nothing = np.full(len(lone), np.nan)
    letters, _, _ = align(*theirs, nothing, *ours, nothing, complement, palindromic="keep")
    mirrored = (letters != 0) & (complement[ours[0]] == ours[1])
    sign = letters * np.where(mirrored & (strand == -1), -1, 1)
    if strand == 0 and mirrored.any():
        both = flipped_of(*theirs, *ours, complement).any()
        sign[mirrored] = _by_frequency(source, variants, rows, letters, mirrored, both)
    if strand == -1:
        log.info("the panel is on the other strand than the genotypes: palindromic variants turned")
    sign[theirs[0] < 0] = 0
    return sign.astype(np.int8)


def _by_frequency(source, variants, rows, letters, mirrored, both):
    """Signs of palindromic variants of a panel whose strand the others do not tell.

    both: whether the others show that there are variants on either strand
    """
    at = np.flatnonzero(mirrored)
    panel = rows["effect_allele_frequency"].fill_null(np.nan).to_numpy()[at]
    own = allele_frequency(source, variants[at])
    own = np.where(letters[at] < 0, 1 - own, own)
    unknown = np.isnan(panel) | np.isnan(own)
    middle = unknown | _is_middle(panel) | _is_middle(own)
    turned = ~middle & ((panel < 0.5) != (own < 0.5))
    lost = middle & both
    if turned.any() or lost.any():
        log.warning(
            "%d palindromic variants of the panel turned by their frequency, %d left out whose "
            "frequency is unknown or near one half: the others do not tell the strand",
            turned.sum(),
            lost.sum(),
        )
    return letters[at] * np.where(turned, -1, 1) * ~lost


def _is_middle(frequency):
    return (frequency >= _AMBIGUOUS) & (frequency <= 1 - _AMBIGUOUS)
