"""Checks that the columns of a cohort hold what their names say; they refuse or warn.

Effects: p has to follow from effect and standard error. Where it follows from another reading of
the columns (odds ratios as effects, logarithms as odds ratios, the standard error of the ratio
itself) the message names that reading. Frequencies: over variants that are not palindromic they
have to correlate with those of the other cohorts. Content: no two cohorts have the same effects.
"""

import logging
from collections.abc import Sequence
from itertools import combinations
from typing import Protocol

import numpy as np
import polars as pl

from gemcont.errors import GemcontError
from gemcont.stats.harmonise import align
from gemcont.stats.special import normal_isf
from gemcont.workflows.common.alleles import AlleleCodes

log = logging.getLogger(__name__)

_SAMPLE = 200_000  # rows of a cohort that are checked
_FEWEST = 20  # rows, below which there is no verdict
_FEWEST_P = 5  # different p, below which p is not compared
_TELLING_Z = 0.3, 30.0  # a z within is neither lost in rounding nor at the floor of p
_FITS, _BETTER = 0.1, 5.0  # misfit of a right reading, and how many times better than as stated
_MISFIT = np.log(1.5)  # misfit above which p belongs to something else
_RATIOS = (0.5, 2.0)  # the median of ratios lies between
_IMPOSSIBLE_Z = 5.0  # a median z that no genome-wide study has
_CLEAR = (0.4, 0.6)  # frequencies outside are clearly below or above one half
_FEWEST_MINOR = 100  # frequencies, none of them above one half
_FEWEST_COMPARED = 20  # variants with two frequencies
_MIRRORED, UNRELATED = -0.3, 0.5  # correlations below which frequencies are of the other allele,
_MOST_ACROSS = 0.3  # or of something else; as is a larger share on the other side of one half
_SPREAD = 0.05  # least standard deviation of frequencies that are correlated
# In independent cohorts one effect in seven is alike, in rounded copies all are, and in cohorts
# that share 99 % of their samples nine in ten.
_COPIED = 0.95  # share of variants with the same effect that makes a copy
_ALIKE = 0.25  # standard errors within which effects are the same
_COMPARED = 20_000  # variants on which cohorts are compared


class NamedColumns(Protocol):
    """A file of summary statistics, as far as messages name its columns.

    roles: role -> column
    p_column: column that the p comes from, or None
    """

    roles: dict[str, str]

    @property
    def p_column(self) -> str | None:
        """Column that the p comes from, or None."""


class Variants(Protocol):
    """Variants that a cohort's frequencies are compared with; ``meta.union.Union`` is one.

    codes: ``AlleleCodes``
    effect, other: int32 (variants,), codes of the alleles
    frequency: (variants,), of the effect alleles, NaN unknown
    """

    codes: AlleleCodes
    effect: np.ndarray
    other: np.ndarray
    frequency: np.ndarray


class FrequencyRows(Protocol):
    """Rows of a cohort, as ``meta.rows.RawRows`` has them.

    effect, other: int32 (rows,), codes of the alleles
    frequency: (rows,), of the effect alleles, NaN unknown
    """

    effect: np.ndarray
    other: np.ndarray
    frequency: np.ndarray


class Confirmable(Protocol):
    """A cohort, as far as its frequencies may be those of the minor allele.

    name: of the cohort
    minor_only: whether no frequency is above one half
    confirmed: whether its frequencies agree with those of earlier cohorts
    """

    name: str
    minor_only: bool
    confirmed: bool


class AlignedEffects(Protocol):
    """A cohort's effects, aligned to the union's alleles.

    name: of the cohort
    slot: int (rows,), variant of the union
    beta, standard_error: (rows,)
    """

    name: str
    slot: np.ndarray
    beta: np.ndarray
    standard_error: np.ndarray


class EffectSample:
    """Effects, standard errors, p and scale (ratio or not) of the first rows of a file.

    n_rows: number of rows taken so far
    """

    def __init__(self) -> None:
        self._parts: list[tuple] = []
        self.n_rows = 0

    def add(self, batch: pl.DataFrame) -> None:
        """Take rows of a batch (columns of ``canonical.COLUMNS``) until the sample is full."""
        if self.n_rows >= _SAMPLE:
            return
        batch = batch.head(_SAMPLE - self.n_rows)
        self.n_rows += batch.height
        names = ("beta", "standard_error", "neg_log_10_p_value")
        values = [batch[name].fill_null(np.nan).to_numpy() for name in names]
        self._parts.append((*values, batch["is_ratio"].fill_null(False).to_numpy()))

    def of_kind(self, is_ratio: bool) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Return the rows whose effects are ratios, or those whose are not.

        Returns:
            effect: (rows,), as the file has it: a ratio itself, not its logarithm.
            error: (rows,), standard errors, NaN missing.
            z: (rows,), |z| of p, NaN where p is missing or 0.
        """
        if not self._parts:
            return np.empty(0), np.empty(0), np.empty(0)
        beta, error, p, ratio = (np.concatenate(c) for c in zip(*self._parts, strict=True))
        here = (ratio == is_ratio) & ~np.isnan(beta)
        beta, p = beta[here], p[here]
        z = normal_isf(np.where(np.isfinite(p), p, 0.0))
        return np.exp(beta) if is_ratio else beta, error[here], np.where(np.isfinite(p), z, np.nan)


def check_effects(
    sample: EffectSample, file: NamedColumns, name: str, *, refuse: bool = True
) -> None:
    """Warn, or raise GemcontError, where effect, standard error and p contradict each other.

    Args:
        sample: first rows of the file.
        file: the ``Sumstats`` they are of.
        name: name of the cohort, for messages.
        refuse: raise GemcontError where another reading of the columns fits; False: only warn.
    """
    for is_ratio in (False, True):
        effect, error, z = sample.of_kind(is_ratio)
        fault = _fault(effect, error, z, _Words(file, name, is_ratio))
        if fault is None:
            continue
        text, sure = fault
        if sure and refuse:
            raise GemcontError(f"{name}: {text}")
        log.warning("%s: %s", name, text)


class _Words:
    """Names of a file's columns, for messages about its effects that are ratios, or are not."""

    def __init__(self, file, name, is_ratio):
        ratio = next((r for r in ("odds_ratio", "hazard_ratio") if r in file.roles), "odds_ratio")
        roles, self.is_ratio = file.roles, is_ratio
        self.effect = roles.get(ratio if is_ratio else "beta", "the effect")
        self.error = roles.get("standard_error", "the standard error")
        self.p = file.p_column or "p"
        self.file = name


def _fault(effect, error, z, words):
    """Return (text of the fault, whether it is certain) of the rows of one kind, or None."""
    telling = np.isfinite(z) & (z > _TELLING_Z[0]) & (z < _TELLING_Z[1]) & (effect != 0)
    by_p = telling & (error > 0)
    if by_p.sum() >= _FEWEST_P and len(np.unique(z[by_p])) >= _FEWEST_P:
        return _fault_by_p(effect[by_p], error[by_p], z[by_p], words)
    return _fault_by_median(effect, error, words)


def _other_readings(effect, error, words):
    """Return the z scores (rows,) of every other reading of the columns, by the words for it."""
    readings = {}
    if words.is_ratio:
        readings[
            f"{words.effect} holds logarithms, not ratios: {words.p} follows from {words.effect} / "
            f"{words.error} (--columns {words.file}:beta={words.effect})"
        ] = effect / error
    if (effect > 0).all():
        readings[
            f"{words.error} is the error of the ratio {words.effect} itself, not of its logarithm: "
            f"{words.p} follows from log({words.effect}) * {words.effect} / {words.error}; divide "
            f"it by {words.effect}, or leave the column out and give --se-from-p"
        ] = np.log(effect) * effect / error
        if not words.is_ratio:
            readings[
                f"{words.effect} holds odds ratios, not effects: {words.p} follows from "
                f"log({words.effect}) / {words.error} (--columns "
                f"{words.file}:odds_ratio={words.effect})"
            ] = np.log(effect) / error
    return readings


def _fault_by_p(effect, error, z, words):
    """Compare p with the z of every reading of the columns; as ``_fault``."""
    stated = np.log(effect) if words.is_ratio else effect
    misfit = _misfit(stated / error, z)
    readings = _other_readings(effect, error, words)
    misfits = {text: _misfit(value, z) for text, value in readings.items()}
    best = min(misfits, key=misfits.__getitem__, default=None)
    if best is not None and misfits[best] < _FITS and misfits[best] * _BETTER < misfit:
        return best, True
    if misfit > _MISFIT and len(z) >= _FEWEST:
        factor = np.exp(misfit)
        return (
            f"{words.p} does not follow from {words.effect} and {words.error}: the typical z of "
            f"the one is {factor:.1f} times that of the other, up or down; are the columns what "
            "they are taken for (--columns)?"
        ), False
    return None


def _misfit(value, z):
    with np.errstate(divide="ignore"):
        return float(np.median(np.abs(np.log(np.maximum(np.abs(value), 1e-300) / z))))


def _fault_by_median(effect, error, words):
    """Judge effects by their median where there is no p to compare with; as ``_fault``."""
    if len(effect) < _FEWEST:
        return None
    median = float(np.median(effect))
    if words.is_ratio:
        if _RATIOS[0] <= median <= _RATIOS[1]:
            return None
        return (
            f"the median of {words.effect} is {median:.4g}, where ratios are near 1: does it hold "
            f"logarithms (--columns {words.file}:beta={words.effect})?"
        ), True
    known = error[error > 0]
    impossible = not len(known) or np.median(effect[error > 0] / known) > _IMPOSSIBLE_Z
    if (effect > 0).all() and _RATIOS[0] <= median <= _RATIOS[1] and impossible:
        return (
            f"{words.effect} is above 0 in every row and its median is {median:.4g}: does it hold "
            f"odds ratios (--columns {words.file}:odds_ratio={words.effect})?"
        ), True
    return None


def check_frequencies(
    name: str, rows: FrequencyRows, union: Variants, known: np.ndarray, slot: np.ndarray
) -> bool:
    """Compare a cohort's frequencies with the union's, over variants that are not palindromic.

    Frequencies of something else than the effect allele (the minor allele, say) are warned of and
    set to NaN in ``rows``.

    Args:
        name: name of the cohort.
        rows: the cohort's ``RawRows``.
        union: the variants so far.
        known: indices of the rows to compare.
        slot: int64 (rows,), variant of the union of each row.

    Returns:
        whether they correlate with the union's, and some are above one half.

    Raises:
        GemcontError: they are those of the other allele.
    """
    mine, theirs = _compared_frequencies(rows, union, known, slot)
    correlation = correlation_of(mine, theirs)
    if correlation is None:
        return False
    across = _across(mine, theirs)
    if correlation < _MIRRORED:
        raise GemcontError(
            f"{name}: its allele frequencies mirror those before it (correlation {correlation:.2f} "
            f"over {len(mine)} variants that are not palindromic): the frequency is that of the "
            "other allele (--columns FILE:other_allele_frequency=NAME), or effect and other allele "
            "are exchanged (--columns FILE:effect_allele=NAME,other_allele=NAME)"
        )
    if correlation > UNRELATED and across < _MOST_ACROSS:
        return max(np.nanmax(rows.frequency), np.nanmax(union.frequency)) > 0.5
    log.warning(
        "%s: its allele frequencies do not go with those before it (correlation %.2f over %d "
        "variants, %.0f %% on the other side of one half)%s: they are not used; where alleles are "
        "exchanged, so are effects",
        *(name, correlation, len(mine), 100 * across, _minor(rows.frequency, union.frequency)),
    )
    rows.frequency = np.full(len(rows.frequency), np.nan)
    return False


def _compared_frequencies(rows, union, known, slot):
    """Return the frequencies of a cohort and of the union, for the union's effect allele.

    Palindromic variants, and those without both frequencies, are left out.
    """
    at, own = slot[known], rows.frequency[known]
    mine = rows.effect[known], rows.other[known], own
    theirs = union.effect[at], union.other[at], union.frequency[at]
    sign, _, _ = align(*mine, *theirs, union.codes.complement, palindromic="drop")
    own = np.where(sign < 0, 1 - own, own)
    both = (sign != 0) & ~np.isnan(own) & ~np.isnan(theirs[2])
    return own[both], theirs[2][both]


def warn_of_minor_alleles(cohorts: Sequence[Confirmable]) -> None:
    """Warn of a cohort without a frequency above one half, unless another cohort confirms one.

    cohorts: the ``StudyRows`` of all cohorts
    """
    if any(cohort.confirmed for cohort in cohorts):
        return
    for cohort in cohorts:
        if cohort.minor_only:
            log.warning(
                "%s: no frequency is above one half: if they are the minor allele's, not the "
                "effect allele's (of PLINK 1's A1 they are both), leave the column out",
                cohort.name,
            )


def correlation_of(mine: np.ndarray, theirs: np.ndarray) -> float | None:
    """Return the correlation of two arrays of frequencies, None where they are few or alike."""
    if len(mine) < _FEWEST_COMPARED or min(mine.std(), theirs.std()) < _SPREAD:
        return None
    return float(np.corrcoef(mine, theirs)[0, 1])


def _across(mine, theirs):
    """Return the share of the clear frequencies that lie on different sides of one half."""
    low, high = _CLEAR
    clear = ((mine < low) | (mine > high)) & ((theirs < low) | (theirs > high))
    return float(((mine < 0.5) != (theirs < 0.5))[clear].mean()) if clear.any() else 0.0


def is_minor_only(frequency: np.ndarray) -> bool:
    """Return whether there are many frequencies, none above one half; NaN is unknown."""
    known = frequency[~np.isnan(frequency)]
    return len(known) >= _FEWEST_MINOR and known.max() <= 0.5


def _minor(mine, theirs):
    for values, whose in ((mine, "its own"), (theirs, "those before it")):
        if np.nanmax(values) <= 0.5:
            return f"; {whose} never exceed 0.5, so are they the minor allele's?"
    return ""


def refuse_copies(cohorts: Sequence[AlignedEffects], n_variants: int) -> None:
    """Raise GemcontError where two cohorts have the same effects, so that samples count twice.

    A file that was compressed, reordered, rounded, allele-swapped or corrected for inflation is
    still recognised.

    Args:
        cohorts: the aligned ``StudyRows`` of all cohorts.
        n_variants: number of variants in the union.
    """
    step = n_variants // _COMPARED + 1
    tables = [_thinned(cohort, step) for cohort in cohorts]
    for (i, one), (j, two) in combinations(enumerate(tables), 2):
        _, first, second = np.intersect1d(one[0], two[0], return_indices=True)
        if len(first) < _FEWEST:
            continue
        beta, error = one[1][first], one[2][first]
        if len(np.unique(beta)) < _FEWEST // 2:
            continue
        error = np.minimum(error, two[2][second])
        same = np.abs(beta - two[1][second]) <= _ALIKE * error
        if same.mean() >= _COPIED:
            raise GemcontError(
                f"{cohorts[i].name} and {cohorts[j].name} have the same effects in "
                f"{same.mean():.0%} of {len(first)} variants: one cohort twice? Leave one out"
            )


def _thinned(cohort, step):
    """Return (slot, beta, standard error) of every ``step``-th variant of the union."""
    here = cohort.slot % step == 0
    return cohort.slot[here], cohort.beta[here], cohort.standard_error[here]
