"""The true rate of every likelihood ratio that a run writes: computed, logged, warned of."""

import logging
from typing import NamedTuple

from gemcont.stats.calibration import GENOME_WIDE, lrt_true_rate, wilks_true_rate

log = logging.getLogger(__name__)

_CALIBRATED = (0.95, 1.05)  # true over nominal rate that needs no warning


class Rate(NamedTuple):
    """True over nominal rate at 5e-8 of one statistic, as of unrelated people.

    statistic: which, in words; ratio: true rate / 5e-8
    """

    statistic: str
    ratio: float

    def as_dict(self):
        """For the summary."""
        return {"level": GENOME_WIDE, "statistic": self.statistic, "ratio": self.ratio}


def rates_of(null, test, contrast="any", words="", *, refits=0.0):
    """Return the ``Rate`` of each likelihood ratio in the results by its key in the summary.

    null: what knows N, D and K; contrast: as in ``stats.contrasts``, words: its name; refits: p
    below which covariances are re-estimated beside a variant. {} for the F test.
    """
    if test != "lrt":
        return {}
    sizes = null.n_samples, null.n_covariates, null.n_traits
    ratio = lrt_true_rate(*sizes, contrast=contrast) / GENOME_WIDE
    what = f"one scale per variant, {words or 'any effects'}"
    found = {"lrt_true_over_nominal_rate": Rate(what, ratio)}
    if refits:
        what = f"covariances re-estimated, p < {refits:g}"
        ratio = wilks_true_rate(*sizes) / GENOME_WIDE
        found["refitted_true_over_nominal_rate"] = Rate(what, ratio)
    return found


def log_rates(rates, test, *, related=False):
    """Log the rates, and warn of the one that the strongest p-values have.

    related: a mixed model is used, whose own rates are not known exactly
    """
    if test == "f":
        kind = "approximate, with kinship" if related else "exact for Gaussian traits"
        log.info("the F test is %s", kind)
    for rate in rates.values():
        log.info(
            "true over nominal rate at 5e-8%s: %.3g (likelihood ratio; %s)",
            " (for unrelated samples)" if related else "",
            rate.ratio,
            rate.statistic,
        )
    if not rates:
        return
    rate = list(rates.values())[-1]
    if not _CALIBRATED[0] <= rate.ratio <= _CALIBRATED[1]:
        log.warning(
            "the likelihood-ratio test is %s for this N, D and K (%s): its true rate at 5e-8 is "
            "%.3g times nominal; --test f is %s",
            "anti-conservative" if rate.ratio > 1 else "conservative",
            rate.statistic,
            rate.ratio,
            "closer" if related else "exact",
        )
