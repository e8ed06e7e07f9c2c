"""True rates of likelihood-ratio tests, in the summary and in the log."""

import logging
from types import SimpleNamespace

import pytest

from gemcont.stats.calibration import GENOME_WIDE, lrt_true_rate, wilks_true_rate
from gemcont.workflows.common.calibration import Rate, log_rates, rates_of

SMALL = SimpleNamespace(n_samples=200, n_covariates=3, n_traits=20)
LARGE = SimpleNamespace(n_samples=100_000, n_covariates=3, n_traits=2)


@pytest.mark.parametrize("test", ["f", "wald"])
def test_only_a_likelihood_ratio_has_a_rate(test):
    assert rates_of(SMALL, test) == {}


def test_rates_are_true_over_nominal():
    rates = rates_of(SMALL, "lrt", refits=1e-4)
    assert list(rates) == ["lrt_true_over_nominal_rate", "refitted_true_over_nominal_rate"]
    one, refitted = rates.values()
    assert one.ratio == lrt_true_rate(200, 3, 20) / GENOME_WIDE
    assert refitted.ratio == wilks_true_rate(200, 3, 20) / GENOME_WIDE
    assert refitted.statistic == "covariances re-estimated, p < 0.0001"
    assert one.as_dict() == {
        "level": GENOME_WIDE,
        "statistic": "one scale per variant, any effects",
        "ratio": one.ratio,
    }


def test_the_contrast_is_named_and_has_its_own_rate():
    (rate,) = rates_of(SMALL, "lrt", "common", "a common effect").values()
    assert rate.statistic == "one scale per variant, a common effect"
    assert rate.ratio == lrt_true_rate(200, 3, 20, contrast="common") / GENOME_WIDE


def test_a_rate_that_is_off_is_warned_of(caplog):
    caplog.set_level(logging.INFO)
    log_rates(rates_of(LARGE, "lrt"), "lrt")
    assert [r.levelname for r in caplog.records] == ["INFO"]
    caplog.clear()
    log_rates(rates_of(SMALL, "lrt"), "lrt")
    assert [r.levelname for r in caplog.records] == ["INFO", "WARNING"]
    assert "--test f is exact" in caplog.messages[-1]


@pytest.mark.parametrize(
    ("ratio", "word"), [(1.2, "anti-conservative"), (0.8, "conservative"), (1.0, None)]
)
def test_the_warning_is_of_the_last_rate(ratio, word, caplog):
    log_rates({"a": Rate("first", 9.0), "b": Rate("last", ratio)}, "lrt", related=True)
    warnings = [r.getMessage() for r in caplog.records if r.levelname == "WARNING"]
    assert len(warnings) == (word is not None)
    if word:
        assert f"the likelihood-ratio test is {word} for" in warnings[0]
        assert "(last)" in warnings[0]
        assert warnings[0].endswith("--test f is closer")


@pytest.mark.parametrize(
    ("related", "words"),
    [(False, "exact for Gaussian traits"), (True, "approximate, with kinship")],
)
def test_f_is_said_to_be_exact_or_not(related, words, caplog):
    caplog.set_level(logging.INFO)
    log_rates({}, "f", related=related)
    assert caplog.messages == [f"the F test is {words}"]
