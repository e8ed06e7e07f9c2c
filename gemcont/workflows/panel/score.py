"""Polygenic scores: a panel's weights found in genotypes, and summed."""

import logging
import re
from typing import NamedTuple

import numpy as np
import polars as pl

from gemcont.errors import GemcontError
from gemcont.genotype import open_genotypes
from gemcont.genotype.chromosomes import autosomes_of
from gemcont.genotype.kernels.packed import moments
from gemcont.genotype.lists import keep_and_remove
from gemcont.genotype.score import FEWEST_CALLED, scores
from gemcont.stats.harmonise import Reason, Strand, align, count_strands, strand_of
from gemcont.tables.sumstats.read import Sumstats
from gemcont.workflows.common.alleles import coded_alleles
from gemcont.workflows.common.dataframes import to_pandas
from gemcont.workflows.common.plausible import UNRELATED, correlation_of
from gemcont.workflows.common.variant_index import VariantIndex

log = logging.getLogger(__name__)

WEIGHTS = ("beta_shrunk", "beta")
MIN_FOUND = 0.75  # share of a panel, below which a score is another one
_BLOCK = 1024  # variants


def polygenic_score(
    genotypes,
    panel,
    *,
    weights="beta_shrunk",
    autosomes=None,
    keep=None,
    remove=None,
    min_found=MIN_FOUND,
):
    """Score people by a panel: a pandas DataFrame of FID, IID, SCORE, ALLELE_CT.

    genotypes: a path or ``GenotypeSource``; panel: a file or DataFrame with the columns of
    ``PREFIX.panel.tsv``, or a PGS Catalog's file (weights="beta"); weights: which of its columns,
    "beta_shrunk" or "beta"; keep, remove: who is scored, and who is not (files or ids), None for
    all; min_found: smallest share of the panel that has to be in the genotypes.

    SCORE is the sum over variants of weight times the number of effect alleles. A missing genotype
    is the variant's mean over everyone in the genotypes, or the panel's frequency where fewer than
    50 people are called; ALLELE_CT counts the alleles that are called. Variants are matched by id,
    else by chromosome, position and alleles, turned to the panel's effect allele and strand, and
    counted in the log where they are not in the genotypes. Raises GemcontError where too few are.
    """
    source = open_genotypes(genotypes)
    table = score_table(
        source, panel, weights, autosomes, keep=keep, remove=remove, min_found=min_found
    )
    return to_pandas(table)


def score_table(
    source,
    panel,
    weights="beta_shrunk",
    autosomes=None,
    *,
    keep=None,
    remove=None,
    min_found=MIN_FOUND,
):
    """``polygenic_score`` as a polars table."""
    if isinstance(min_found, (bool, str)) or not 0 <= min_found <= 1:
        raise GemcontError(f"--min-found: {min_found!r} is no share from 0 to 1")
    found = match_panel(source, panel, weights, autosomes, min_found=min_found)
    samples = None
    if keep is not None or remove is not None:
        samples = np.flatnonzero(keep_and_remove(source, keep, remove)[0])
    dosage = 2 * np.where(found.sign > 0, found.frequency, 1 - found.frequency)
    sums = scores(source, found.variants, found.sign * found.weights, samples, dosage)
    # 2 - g counts the allele that the genotypes do not.
    total = sums.total + 2 * found.weights[(found.sign < 0) & ~sums.unknown].sum()
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
    """A panel's variants in the genotypes: arrays (variants,) in the panel's order.

    variants: indices of the source; weights: per effect allele of the panel; sign: 1 where the
    genotypes count that allele, -1 where they count the other; frequency: of the effect allele as
    the panel has it, NaN where it has none
    """

    variants: np.ndarray
    weights: np.ndarray
    sign: np.ndarray
    frequency: np.ndarray


def match_panel(source, panel, weights, autosomes=None, *, min_found=MIN_FOUND):
    """Return the ``PanelMatch`` of a panel, as ``polygenic_score`` finds its variants.

    Raises GemcontError where fewer than the share ``min_found`` of them, or none, are there.
    """
    rows = _read_panel(panel, weights)
    n_rows, weightless = rows.height, rows["beta"].null_count()
    index = VariantIndex(source, np.arange(source.n_variants), autosomes_of(source, autosomes))
    found = index.find(rows)
    index.refuse_repeated(rows, found)
    rows, found, lost = rows.filter(found >= 0), found[found >= 0], int((found < 0).sum())
    frequency = rows["effect_allele_frequency"].fill_null(np.nan).to_numpy(writable=True)
    sign, untold = _signs(source, found, rows, frequency)
    usable = (sign != 0) & rows["beta"].is_not_null().to_numpy()
    repeated = _repeated(found, usable)
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
    weight = rows["beta"].to_numpy()[usable]
    return PanelMatch(found[usable], weight, sign[usable].astype(np.float64), frequency[usable])


def _repeated(found, usable):
    """Which usable rows are of a variant that an earlier one is of: bool (rows,)."""
    at, repeated = np.flatnonzero(usable), usable.copy()
    repeated[at[np.unique(found[at], return_index=True)[1]]] = False
    return repeated


def _read_panel(panel, weights):
    """The panel's rows, with the weights asked for as beta."""
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
    """Raise GemcontError, or warn, where the score would be that of another panel."""
    if n_found >= MIN_FOUND * n_wanted:
        return
    text = (
        f"{n_found} of the panel's {n_wanted} variants are in the genotypes: another build, ids of "
        "another kind, or not imputed?"
    )
    if n_found < min_found * n_wanted:
        raise GemcontError(f"{text} A score of fewer is another one: --min-found SHARE allows it")
    log.warning("%s", text)


def _signs(source, found, rows, frequency):
    """(sign int8, whether its strand is untold) of a panel's rows against their variants.

    frequency: of the effect alleles (rows,), emptied where it cannot be that. The variants whose
    letters tell say which strand the panel is on. Without a clear answer the frequencies decide;
    where these do not either, letters do if there is no sign of another strand.
    """
    codes, theirs, ours, known = coded_alleles(source.variants[found], rows)
    complement = codes.complement
    same, flipped = count_strands(*(a[known] for a in (*theirs, *ours)), complement)
    strand, is_sure = _strand(same, flipped)
    if strand is Strand.OTHER:
        theirs = [np.where(known, complement[alleles], alleles) for alleles in theirs]
    here = _frequency(source, found)
    letters, _, _ = align(*theirs, frequency, *ours, here, complement, palindromic="keep")
    fits, mirrored = known & (letters != 0), complement[theirs[0]] == theirs[1]
    _compare_frequencies(frequency, np.where(letters < 0, 1 - here, here), fits & ~mirrored)
    guess, turned, reason = align(*theirs, frequency, *ours, here, complement)
    palindromic, unclear = fits & mirrored, reason != Reason.KEPT
    if strand is Strand.UNTOLD:
        of_palindromic = np.where(unclear, 0 if flipped else letters, guess)
    elif is_sure:
        of_palindromic = letters
    else:  # few tell: palindromic ones whose frequency says otherwise stay out
        of_palindromic = np.where(turned & ~unclear, 0, letters)
    sign = np.where(known, np.where(palindromic, of_palindromic, letters), 0)
    untold = palindromic & (sign == 0)
    _log_strand(strand, same, flipped, palindromic, untold)
    return sign, untold


def _strand(same, flipped):
    """The strand of so many variants that tell, and whether they are enough to be sure of it."""
    strand = strand_of(same, flipped)
    is_sure = strand is not Strand.UNTOLD
    if not is_sure and min(same, flipped) == 0 < max(same, flipped):
        strand = Strand.SAME if same else Strand.OTHER
    return strand, is_sure


def _compare_frequencies(frequency, ours, tells):
    """Empty a panel's frequencies where those of the variants that tell are not the genotypes'."""
    both = tells & ~np.isnan(frequency) & ~np.isnan(ours)
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
    """Effect allele frequency (variants,) over everyone; NaN where fewer than 50 are called."""
    unique, which = np.unique(variants, return_inverse=True)
    found = [moments(block) for block in source.blocks(unique, size=_BLOCK)]
    parts = [np.where(m.n >= FEWEST_CALLED, m.mean / 2, np.nan) for m in found]
    return np.concatenate(parts)[which] if parts else np.empty(0)
