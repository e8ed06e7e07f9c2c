"""Whether a cohort can be what its columns say: one check, which refuses or warns.

Effects: p has to follow from effect and standard error. Where it follows from another reading of
the columns (odds ratios as effects, logarithms as odds ratios, the standard error of the ratio
itself) that reading is named. Frequencies: on the variants whose letters tell the strand they have
to go with those of the other cohorts. Content: two cohorts do not have the same effects.
"""

import logging
from itertools import combinations

import numpy as np

from gemcont.errors import GemcontError
from gemcont.stats.harmonise import align
from gemcont.stats.special import normal_isf

log = logging.getLogger(__name__)

_SAMPLE = 200_000  # rows of a cohort that are looked at
_FEWEST = 20  # rows, below which nothing is said
_FEWEST_P = 5  # different p, below which they tell nothing
_TELLING_Z = 0.3, 30.0  # a z within is neither lost in rounding nor at the floor of p
_FITS, _BETTER = 0.1, 5.0  # misfit of a right reading, and how much better than as stated
_MISFIT = np.log(1.5)  # of the typical z, above which p is of something else
_RATIOS = (0.5, 2.0)  # the median of ratios lies between
_IMPOSSIBLE_Z = 5.0  # typical z of a genome-wide study that cannot be
_CLEAR = (0.4, 0.6)  # frequencies outside are on one side of one half
_FEWEST_MINOR = 100  # frequencies, none of them above one half
_FEWEST_COMPARED = 20  # variants with two frequencies
_MIRRORED, UNRELATED = -0.3, 0.5  # correlations below which frequencies are of the other allele,
_MOST_ACROSS = 0.3  # or of something else, and share across one half that says so too
_SPREAD = 0.05  # least standard deviation of frequencies that a correlation is taken of
# Independent cohorts are so near in one variant of seven, rounded ones in all, and cohorts that
# share 99 % of their people in nine of ten.
_COPIED = 0.95  # share of variants with the same effect that makes a copy
_ALIKE = 0.25  # standard errors within which effects are the same
_COMPARED = 20_000  # variants on which cohorts are compared


class EffectSample:
    """Effects, errors, p and kind of the first rows of a file."""

    def __init__(self):
        self._parts, self.n_rows = [], 0

    def add(self, batch):
        """Take rows of a batch with the columns of ``canonical.COLUMNS``, while they are wanted."""
        if self.n_rows >= _SAMPLE:
            return
        batch = batch.head(_SAMPLE - self.n_rows)
        self.n_rows += batch.height
        names = ("beta", "standard_error", "neg_log_10_p_value")
        values = [batch[name].fill_null(np.nan).to_numpy() for name in names]
        self._parts.append((*values, batch["is_ratio"].fill_null(False).to_numpy()))

    def of_kind(self, is_ratio):
        """(effect as the file has it, its error, z of its p): arrays of the rows of that kind."""
        if not self._parts:
            return np.empty(0), np.empty(0), np.empty(0)
        beta, error, p, kind = (np.concatenate(column) for column in zip(*self._parts, strict=True))
        here = (kind == is_ratio) & ~np.isnan(beta)
        beta, p = beta[here], p[here]
        z = normal_isf(np.where(np.isfinite(p), p, 0.0))
        return np.exp(beta) if is_ratio else beta, error[here], np.where(np.isfinite(p), z, np.nan)


def check_effects(sample, file, name, *, refuse=True):
    """Raise GemcontError, or only warn, where effect, standard error and p contradict each other.

    sample: ``EffectSample``; file: the ``Sumstats`` it is of; name: of the cohort, for messages
    """
    for is_ratio in (False, True):
        effect, error, z = sample.of_kind(is_ratio)
        fault = _fault(effect, error, z, is_ratio, _Words(file, name, is_ratio))
        if fault is None:
            continue
        text, sure = fault
        if sure and refuse:
            raise GemcontError(f"{name}: {text}")
        log.warning("%s: %s", name, text)


class _Words:
    """What the columns of a file are called, for messages."""

    def __init__(self, file, name, is_ratio):
        ratio = next((r for r in ("odds_ratio", "hazard_ratio") if r in file.roles), "odds_ratio")
        roles = file.roles
        self.effect = roles.get(ratio if is_ratio else "beta", "the effect")
        self.error = roles.get("standard_error", "the standard error")
        self.p = file.p_column or "p"
        self.file = name


def _fault(effect, error, z, is_ratio, words):
    """(what is wrong, whether that is sure) of the rows of one kind, or None."""
    telling = np.isfinite(z) & (z > _TELLING_Z[0]) & (z < _TELLING_Z[1]) & (effect != 0)
    by_p = telling & (error > 0)
    if by_p.sum() >= _FEWEST_P and len(np.unique(z[by_p])) >= _FEWEST_P:
        return _fault_by_p(effect[by_p], error[by_p], z[by_p], is_ratio, words)
    return _fault_by_median(effect, error, is_ratio, words)


def _fault_by_p(effect, error, z, is_ratio, words):
    """What p says: the misfit of a reading is the typical | log(|its z| / z of p) |."""
    stated = np.log(effect) if is_ratio else effect
    misfit = _misfit(stated / error, z)
    readings = {}
    if is_ratio:
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
        if not is_ratio:
            readings[
                f"{words.effect} holds odds ratios, not effects: {words.p} follows from "
                f"log({words.effect}) / {words.error} (--columns "
                f"{words.file}:odds_ratio={words.effect})"
            ] = np.log(effect) / error
    misfits = {text: _misfit(value, z) for text, value in readings.items()}
    best = min(misfits, key=misfits.get, default=None)
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


def _fault_by_median(effect, error, is_ratio, words):
    """What the median of effects says where there is no p to compare with."""
    if len(effect) < _FEWEST:
        return None
    median = float(np.median(effect))
    if is_ratio:
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


def check_frequencies(name, rows, union, known, slot):
    """Compare a cohort's frequencies with the union's, on variants whose letters tell the strand.

    rows: the cohort's ``RawRows``; known: indices of rows to compare; slot: variant of each row.
    Returns whether they go together, and some are above one half. Raises GemcontError where they
    are those of the other allele; where they are of something else (the minor allele, say) they are
    warned of, and ``rows`` loses them.
    """
    at, complement = slot[known], union.codes.complement
    effect, other = rows.effect[known], rows.other[known]
    alleles = effect, other, rows.frequency[known], union.effect[at], union.other[at]
    theirs = union.frequency[at]
    sign, _, _ = align(*alleles, theirs, complement, palindromic="drop")
    mine = np.where(sign < 0, 1 - rows.frequency[known], rows.frequency[known])
    both = (sign != 0) & ~np.isnan(mine) & ~np.isnan(theirs)
    mine, theirs = mine[both], theirs[both]
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


def warn_of_minor_alleles(cohorts):
    """Warn of frequencies of which none is above one half, where no other cohort's confirm any.

    cohorts: list of ``StudyRows``
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


def correlation_of(mine, theirs):
    """Return the correlation of two sets of frequencies, None where it would say little."""
    if len(mine) < _FEWEST_COMPARED or min(mine.std(), theirs.std()) < _SPREAD:
        return None
    return float(np.corrcoef(mine, theirs)[0, 1])


def _across(mine, theirs):
    """Share of the clear frequencies that lie on different sides of one half."""
    low, high = _CLEAR
    clear = ((mine < low) | (mine > high)) & ((theirs < low) | (theirs > high))
    return float(((mine < 0.5) != (theirs < 0.5))[clear].mean()) if clear.any() else 0.0


def is_minor_only(frequency):
    """Return whether no frequency of many is above one half (NaN unknown)."""
    known = frequency[~np.isnan(frequency)]
    return len(known) >= _FEWEST_MINOR and known.max() <= 0.5


def _minor(mine, theirs):
    for values, whose in ((mine, "its own"), (theirs, "those before it")):
        if np.nanmax(values) <= 0.5:
            return f"; {whose} never exceed 0.5, so are they the minor allele's?"
    return ""


def refuse_copies(cohorts, n_variants):
    """Raise GemcontError where two cohorts have the same effects: nobody counts twice.

    cohorts: list of ``StudyRows``, aligned; n_variants: of the union. Files packed, reordered,
    rounded or with alleles exchanged or errors corrected are the same too.
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
    """(slot, beta, standard error) of every so many variants of the union."""
    here = cohort.slot % step == 0
    return cohort.slot[here], cohort.beta[here], cohort.standard_error[here]
