"""Whether a cohort's numbers are what their columns say: effects, errors, p and frequencies."""

import logging

import numpy as np

from gemcont.errors import GemcontError
from gemcont.stats.special import normal_isf

log = logging.getLogger(__name__)

_ENOUGH = 20  # rows from which something can be said
_MOST = 200_000  # rows that are looked at
_NEAR_ONE = (0.5, 2.0)  # median of odds ratios
_OFF = 0.15  # median |log| of z by p over effect / error, above which they do not belong together
_WELL_OFF = 0.5
_MIRRORED, _UNLIKE = -0.5, 0.3  # correlations of frequencies
_MAF = 100  # rows of which none is above one half


class Plausibility:
    """What is seen of a cohort's rows while they are read, and what it says in the end.

    name: of the cohort; rows come by ``add``, as the file has them
    """

    def __init__(self, name):
        self.name, self._parts, self._seen = name, [], 0

    def add(self, batch, *, own_error):
        """Look at a batch (columns of ``canonical.COLUMNS``); own_error: bool (rows,), whether a
        standard error is the file's and not made of its p."""
        if self._seen >= _MOST:
            return
        columns = [
            batch[name].fill_null(np.nan).to_numpy()
            for name in ("beta", "standard_error", "neg_log_10_p_value", "effect_allele_frequency")
        ]
        self._parts.append([*columns, own_error])
        self._seen += batch.height

    def check(self):
        """Raise GemcontError, or warn, where effects, errors and p cannot belong together."""
        if not self._parts:
            return
        beta, error, p, frequency, own = (np.concatenate(c) for c in zip(*self._parts, strict=True))
        _warn_of_minor_frequencies(self.name, frequency)
        known = np.isfinite(beta) & (beta != 0)
        if known.sum() < _ENOUGH:
            return
        usable = known & own & (error > 0) & np.isfinite(p) & (p > 0)
        strong = usable & (p > 0.5)  # p below 0.3: a z that rounding does not move
        z = np.divide(beta, error, out=np.full(len(beta), np.nan), where=error > 0)
        off = np.abs(np.log(normal_isf(p[strong]) / np.abs(z[strong])))
        agrees = strong.sum() >= _ENOUGH and np.median(off) <= _OFF
        if not agrees:
            _refuse_ratios(self.name, beta[known])
        if strong.sum() < _ENOUGH or agrees:
            return
        _refuse_errors_of_ratios(self.name, beta[strong], off, p[strong], z[strong])
        level = "far from" if np.median(off) > _WELL_OFF else "not"
        log.warning(
            "%s: p is %s that of effect over standard error (z is %.2f times it at the median): "
            "are these columns of one test?",
            self.name,
            level,
            np.median(normal_isf(p[strong]) / np.abs(z[strong])),
        )


def _refuse_ratios(name, beta):
    """Effects that are all positive with a median near 1 are ratios, not their logarithms."""
    low, high = _NEAR_ONE
    if (beta > 0).all() and low < np.median(beta) < high:
        raise GemcontError(
            f"{name}: its effects are all positive, with a median of {np.median(beta):.3g}: odds "
            "ratios, not their logarithms? Then name the column by --columns odds_ratio=NAME"
        )


def _refuse_errors_of_ratios(name, beta, off, p, z):
    """The standard error of an odds ratio is that of its logarithm times the ratio."""
    apart = np.abs(beta) > 0.02
    if apart.sum() < _ENOUGH:
        return
    mended = np.abs(np.log(normal_isf(p) / np.abs(z * np.exp(beta))))
    if np.median(mended[apart]) < 0.3 * np.median(off[apart]):
        raise GemcontError(
            f"{name}: its standard errors are those of the ratios, not of their logarithms (effect "
            "over error gives p only if they are divided by the ratio); write SE / OR"
        )


def _warn_of_minor_frequencies(name, frequency):
    known = frequency[~np.isnan(frequency)]
    if len(known) >= _MAF and known.max() <= 0.5:
        log.warning(
            "%s: no frequency is above one half: are they those of the minor allele rather than of "
            "the effect allele?",
            name,
        )


def check_frequencies(name, frequency, reference):
    """Refuse frequencies that mirror those of the cohorts before, warn where they are unlike.

    frequency, reference: (rows,) of the same allele by the letters, of variants that are not
    palindromic; NaN unknown
    """
    known = ~np.isnan(frequency) & ~np.isnan(reference)
    if known.sum() < _ENOUGH:
        return
    ours, theirs = frequency[known], reference[known]
    if ours.std() == 0 or theirs.std() == 0:
        return
    correlation = np.corrcoef(ours, theirs)[0, 1]
    if correlation < _MIRRORED:
        raise GemcontError(
            f"{name}: its allele frequencies mirror those of the others (correlation "
            f"{correlation:.2f}): the frequency is that of the other allele (--columns "
            "FILE:other_allele_frequency=NAME), or effect and other allele are exchanged "
            "(--columns FILE:effect_allele=NAME,FILE:other_allele=NAME)"
        )
    if correlation < _UNLIKE:
        log.warning(
            "%s: its allele frequencies are unlike those of the others (correlation %.2f): is the "
            "column the effect allele's frequency?",
            name,
            correlation,
        )
