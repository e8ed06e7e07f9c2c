"""True rate of every likelihood-ratio test that a run writes: computed, logged, warned of."""

import logging
from collections.abc import Mapping
from typing import NamedTuple, Protocol

from gemcont.stats.calibration import GENOME_WIDE, lrt_true_rate, wilks_true_rate
from gemcont.stats.contrasts import Contrast

log = logging.getLogger(__name__)

_CALIBRATED = (0.95, 1.05)  # true over nominal rate that needs no warning


class Sizes(Protocol):
    """Numbers that the rate of a test depends on; every null model has them."""

    @property
    def n_samples(self) -> int:
        """Number of samples, N."""

    @property
    def n_covariates(self) -> int:
        """Number of covariates, K, the intercept included."""

    @property
    def n_traits(self) -> int:
        """Number of traits, D."""


class Rate(NamedTuple):
    """True over nominal rate at 5e-8 of one statistic, for unrelated samples.

    statistic: name of the statistic, in words
    ratio: true rate / 5e-8
    """

    statistic: str
    ratio: float

    def as_dict(self) -> dict[str, object]:
        """Return the rate as the summary has it."""
        return {"level": GENOME_WIDE, "statistic": self.statistic, "ratio": self.ratio}


def rates_of(
    null: Sizes, test: str, contrast: Contrast = "any", words: str = "", *, refits: float = 0.0
) -> dict[str, Rate]:
    """Return the ``Rate`` of each likelihood-ratio test in the results, {} for the F test.

    Args:
        null: a null model.
        test: "lrt" or another.
        contrast: as in ``stats.contrasts``.
        words: name of the contrast.
        refits: p below which the covariances are re-estimated for a variant; 0 = never.

    Returns:
        the rates by their key in the summary, that of the strongest p-values last.
    """
    if test != "lrt":
        return {}
    sizes = null.n_samples, null.n_covariates, null.n_traits
    ratio = lrt_true_rate(*sizes, contrast=contrast) / GENOME_WIDE
    statistic = f"one scale per variant, {words or 'any effects'}"
    rates = {"lrt_true_over_nominal_rate": Rate(statistic, ratio)}
    if refits:
        statistic = f"covariances re-estimated, p < {refits:g}"
        ratio = wilks_true_rate(*sizes) / GENOME_WIDE
        rates["refitted_true_over_nominal_rate"] = Rate(statistic, ratio)
    return rates


def log_rates(rates: Mapping[str, Rate], test: str, *, related: bool = False) -> None:
    """Log the rates, and warn of the one that applies to the strongest p-values.

    Args:
        rates: as ``rates_of`` returns them.
        test: "lrt", "f" or another.
        related: whether a mixed model is used, whose own rates are not known exactly.
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
