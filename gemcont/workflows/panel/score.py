"""Polygenic scores: find a panel's variants in genotypes and sum their weights."""

import logging
import os
import re
from typing import TYPE_CHECKING, Any, NamedTuple

import numpy as np
import polars as pl

from gemcont.errors import GemcontError
from gemcont.genotype import open_genotypes
from gemcont.genotype.chromosomes import autosomes_of
from gemcont.genotype.kernels.packed import moments
from gemcont.genotype.score import FEWEST_CALLED, scores
from gemcont.genotype.source import GenotypeSource
from gemcont.settings.shared import SampleLists
from gemcont.stats.harmonise import Reason, Strand, align, count_strands, strand_of
from gemcont.tables.sumstats.read import Sumstats
from gemcont.workflows.common.alleles import coded_alleles
from gemcont.workflows.common.dataframes import to_pandas
from gemcont.workflows.common.plausible import UNRELATED, correlation_of
from gemcont.workflows.common.samples import kept_samples, log_selection
from gemcont.workflows.common.variant_index import VariantIndex

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)

WEIGHTS = ("beta_shrunk", "beta")
MIN_FOUND = 0.75  # share of a panel's variants, below which the score is that of another panel
_BLOCK = 1024  # variants


def polygenic_score(
    genotypes: str | os.PathLike | GenotypeSource,
    panel: object,
    *,
    weights: str = "beta_shrunk",
    autosomes: int | None = None,
    keep: Any = None,
    remove: Any = None,
    min_found: float = MIN_FOUND,
) -> "pd.DataFrame":
    """Compute the polygenic score of every sample from a panel.

    The score is the sum over variants of weight times the number of effect alleles. A missing
    genotype is the variant's mean over all samples in the genotypes, or the panel's frequency where
    fewer than 50 samples are called. Variants are matched by id, else by chromosome, position and
    alleles, and aligned to the panel's effect allele and strand.

    Args:
        genotypes: a path or ``GenotypeSource``.
        panel: a file or DataFrame with the columns of ``PREFIX.panel.tsv``, or a file of the PGS
            Catalog (with weights="beta").
        weights: column of the weights, "beta_shrunk" or "beta".
        autosomes: number of autosomes; None = as the genotypes state it, else 22.
        keep: samples to score, a file or ids; None = all.
        remove: samples to leave out, a file or ids; None = none.
        min_found: smallest share of the panel's variants that has to be in the genotypes.

    Returns:
        pandas DataFrame of FID, IID, SCORE and ALLELE_CT, the number of called alleles.

    Raises:
        GemcontError: too few of the panel's variants are in the genotypes.
    """
    source = open_genotypes(genotypes)
    table = score_table(
        source, panel, weights, autosomes, keep=keep, remove=remove, min_found=min_found
    )
    return to_pandas(table)


def score_table(
    source: GenotypeSource,
    panel: object,
    weights: str = "beta_shrunk",
    autosomes: int | None = None,
    *,
    keep: Any = None,
    remove: Any = None,
    min_found: float = MIN_FOUND,
) -> pl.DataFrame:
    """Return the result of ``polygenic_score`` as a polars table; arguments as there."""
    if isinstance(min_found, (bool, str)) or not 0 <= min_found <= 1:
        raise GemcontError(f"--min-found: {min_found!r} is no share from 0 to 1")
    match = match_panel(source, panel, weights, autosomes, min_found=min_found)
    samples = None
    if keep is not None or remove is not None:
        lists = SampleLists(keep=keep, remove=remove)
        kept, removed = kept_samples(source, lists)
        log_selection("samples scored", kept.sum(), source.n_samples, removed)
        samples = np.flatnonzero(kept)
    dosage = 2 * np.where(match.sign > 0, match.frequency, 1 - match.frequency)
    sums = scores(source, match.variants, match.sign * match.weights, samples, dosage)
    # Where the genotypes count the other allele, its number is 2 - g: weight * (2 - g).
    total = sums.total + 2 * match.weights[(match.sign < 0) & ~sums.unknown].sum()
    if sums.unknown.any():
        log.warning(
            "%d variants of the panel have no genotype in anybody and no frequency in the panel: "
            "they count as nothing",
            sums.unknown.sum(),
        )
    ids = source.samples if samples is None else source.samples[samples]
    names = {"fid": "FID", "iid": "IID"}
    return ids.select(pl.col(c).alias(n) for c, n in names.items()).with_columns(
        pl.Series("SCORE", total), pl.Series("ALLELE_CT", 2 * sums.n_called)
    )


class PanelMatch(NamedTuple):
    """A panel's variants in the genotypes, in the panel's order.

    variants: int64 (variants,), indices in the source
    weights: float64 (variants,), per effect allele of the panel
    sign: float64 (variants,), 1 where the genotypes count the panel's effect allele, -1 where they
        count the other
    frequency: float64 (variants,), of the panel's effect allele, NaN where the panel has none
    """

    variants: np.ndarray
    weights: np.ndarray
    sign: np.ndarray
    frequency: np.ndarray


def match_panel(
    source: GenotypeSource,
    panel: object,
    weights: str,
    autosomes: int | None = None,
    *,
    min_found: float = MIN_FOUND,
) -> PanelMatch:
    """Find a panel's variants in genotypes; arguments as in ``polygenic_score``.

    Raises:
        GemcontError: fewer than the share ``min_found`` of them, or none, are in the genotypes.
    """
    rows = _read_panel(panel, weights)
    n_rows, weightless = rows.height, rows["beta"].null_count()
    index = VariantIndex(source, np.arange(source.n_variants), autosomes_of(source, autosomes))
    variant = index.find(rows)
    index.refuse_repeated(rows, variant)
    here = variant >= 0
    rows, variant, lost = rows.filter(here), variant[here], int((~here).sum())
    frequency = rows["effect_allele_frequency"].fill_null(np.nan).to_numpy(writable=True)
    sign, untold = _signs(source, variant, rows, frequency)
    usable = (sign != 0) & rows["beta"].is_not_null().to_numpy()
    repeated = _repeated(variant, usable)
    usable &= ~repeated
    log.info(
        "%d variants of the panel used (%d not in the genotypes, %d with other alleles, %d "
        "palindromic of unknown strand, %d without a weight, %d repeated)",
        usable.sum(),
        lost,
        ((sign == 0) & ~untold).sum(),
        untold.sum(),
        weightless,
        repeated.sum(),
    )
    if not usable.any():
        raise GemcontError(f"no variant of the panel is in {source.name} with its alleles")
    _refuse_few(int(usable.sum()), n_rows - weightless - int(repeated.sum()), min_found)
    return PanelMatch(
        variants=variant[usable],
        weights=rows["beta"].to_numpy()[usable],
        sign=sign[usable].astype(np.float64),
        frequency=frequency[usable],
    )


def _repeated(variant, usable):
    """Return whether a usable row repeats the variant of an earlier one: bool (rows,)."""
    at, repeated = np.flatnonzero(usable), usable.copy()
    repeated[at[np.unique(variant[at], return_index=True)[1]]] = False
    return repeated


def _read_panel(panel, weights):
    """Return the panel's rows, the chosen weights as beta."""
    if weights not in WEIGHTS:
        raise GemcontError(f"--weights: {weights!r} is not one of {', '.join(WEIGHTS)}")
    columns = {} if weights == "beta" else {"beta": weights}
    try:
        file = Sumstats(panel, columns=columns, needed=("effect_allele", "beta"))
    except GemcontError as error:
        hint = "; --weights beta takes its own" if f"column {weights!r}" in str(error) else ""
        text = re.sub(r"; say which by --columns [^:]*: its", "; its", str(error))
        raise GemcontError(f"{text}{hint or '; name its columns so'}") from None
    log.info("%s: read as %s", file.name, file.dialect)
    return file.read()


def _refuse_few(n_found, n_wanted, min_found):
    """Raise GemcontError, or warn, where too few of the panel's variants are in the genotypes."""
    if n_found >= MIN_FOUND * n_wanted:
        return
    text = (
        f"{n_found} of the panel's {n_wanted} variants are in the genotypes: another build, ids of "
        "another kind, or not imputed?"
    )
    if n_found < min_found * n_wanted:
        raise GemcontError(f"{text} A score of fewer is another one: --min-found SHARE allows it")
    log.warning("%s", text)


def _signs(source, variant, rows, frequency):
    """Align a panel's rows to their variants.

    The variants that are not palindromic show which strand the panel is on. Where they leave that
    open, frequencies decide for the palindromic ones; where these do not either, their letters do
    if no variant is on the opposite strand.

    frequency: (rows,), of the effect alleles; set to NaN where it cannot be that.

    Returns sign, int8 (rows,), 0 where a row cannot be used, and bool (rows,), whether that is
    because the strand of a palindromic variant is unknown.
    """
    codes, theirs, ours, known = coded_alleles(source.variants[variant], rows)
    complement = codes.complement
    same, flipped = count_strands(*(a[known] for a in (*theirs, *ours)), complement)
    strand, is_sure = _strand(same, flipped)
    if strand is Strand.OTHER:
        theirs = [np.where(known, complement[alleles], alleles) for alleles in theirs]
    here = _frequency(source, variant)
    letters, _, _ = align(*theirs, frequency, *ours, here, complement, palindromic="keep")
    fits, mirrored = known & (letters != 0), complement[theirs[0]] == theirs[1]
    _compare_frequencies(frequency, np.where(letters < 0, 1 - here, here), fits & ~mirrored)
    inferred, flipped_rows, reason = align(*theirs, frequency, *ours, here, complement)
    palindromic, unclear = fits & mirrored, reason != Reason.KEPT
    if strand is Strand.UNTOLD:
        of_palindromic = np.where(unclear, 0 if flipped else letters, inferred)
    elif is_sure:
        of_palindromic = letters
    else:  # few variants to judge by: a palindromic one is out where its frequency disagrees
        of_palindromic = np.where(flipped_rows & ~unclear, 0, letters)
    sign = np.where(known, np.where(palindromic, of_palindromic, letters), 0)
    untold = palindromic & (sign == 0)
    _log_strand(strand, same, flipped, palindromic, untold)
    return sign, untold


def _strand(same, flipped):
    """Return the strand, given the counts of variants on each, and whether it is certain."""
    strand = strand_of(same, flipped)
    is_sure = strand is not Strand.UNTOLD
    if not is_sure and min(same, flipped) == 0 < max(same, flipped):
        strand = Strand.SAME if same else Strand.OTHER
    return strand, is_sure


def _compare_frequencies(frequency, ours, compared):
    """Set a panel's frequencies to NaN where they do not correlate with the genotypes'.

    compared: bool (rows,), variants that are not palindromic.
    """
    both = compared & ~np.isnan(frequency) & ~np.isnan(ours)
    correlation = correlation_of(frequency[both], ours[both])
    if correlation is not None and correlation < UNRELATED:
        log.warning(
            "the panel's frequencies do not go with those of the genotypes (correlation %.2f over "
            "%d variants): they are not used",
            *(correlation, both.sum()),
        )
        frequency[:] = np.nan


def _log_strand(strand, same, flipped, palindromic, untold):
    if not palindromic.any():
        return
    words = {
        Strand.SAME: "go by their letters",
        Strand.OTHER: "are turned with them",
        Strand.UNTOLD: "go by their frequency",
    }
    level = logging.WARNING if flipped or untold.any() else logging.INFO
    log.log(
        level,
        "of the panel's variants that tell the strand %d are on the genotypes' and %d are not: the "
        "%d palindromic ones %s%s",
        *(same, flipped, palindromic.sum(), words[strand]),
        f", but {untold.sum()} are left out" if untold.any() else "",
    )


def _frequency(source, variants):
    """Return effect allele frequencies (variants,), NaN where fewer than 50 are called."""
    unique, which = np.unique(variants, return_inverse=True)
    moment = [moments(block) for block in source.blocks(unique, size=_BLOCK)]
    parts = [np.where(m.n >= FEWEST_CALLED, m.mean / 2, np.nan) for m in moment]
    return np.concatenate(parts)[which] if parts else np.empty(0)
