"""What the log says of a fitted mixed model."""

import logging
from types import SimpleNamespace

import numpy as np
import pytest

from gemcont.genotype.chromosomes import Ploidy
from gemcont.workflows.gwas.relatives.log import log_model

GROUP = SimpleNamespace(ploidy=Ploidy.AUTOSOME)
NAMES = ["height", "weight"]


def fit_of(to_gain=0.0, reml=False):
    return SimpleNamespace(
        log_likelihood=-12.5,
        gradient_norm=0.25,
        curvature=-0.1,
        to_gain=to_gain,
        weights=np.ones((100, 2)),
        reml=reml,
    )


def model_of(joint=None, single=(), rank=None, reml=False, heritabilities=None):
    return SimpleNamespace(
        joint=joint,
        single=list(single),
        rank=rank,
        data=SimpleNamespace(reml=reml),
        heritabilities=heritabilities or {},
    )


def logged(caplog, model):
    caplog.clear()
    with caplog.at_level(logging.INFO, "gemcont"):
        log_model(model, GROUP, NAMES, 1.5)
    return [(record.levelname, record.getMessage()) for record in caplog.records]


@pytest.mark.parametrize(("reml", "method"), [(False, "ML"), (True, "REML")])
def test_the_fit_is_said_with_its_method(caplog, reml, method):
    ((level, text),) = logged(caplog, model_of(fit_of(), reml=reml))
    assert level == "INFO"
    assert text.startswith(
        f"autosomes, null model: log-likelihood -12.500000 ({method}), largest s"
    )
    assert "slope 0.25" in text
    assert text.endswith("1.5 s")
    assert "bound to rank" not in text


def test_a_bound_rank_is_said(caplog):
    fit = fit_of()
    fit.gradient_norm = 1e-9
    ((_, text),) = logged(caplog, model_of(fit, rank=1))
    assert "(Cg is bound to rank 1)" in text


def test_a_fit_that_is_no_optimum_is_warned_of(caplog):
    (_, (level, text)) = logged(caplog, model_of(fit_of(to_gain=10.0)))
    assert level == "WARNING"
    assert text.startswith("autosomes, null model has not converged (slope 0.25)")
    ((_, text),) = logged(caplog, model_of(single=[fit_of(), fit_of(to_gain=10.0)]))
    assert "null model of weight alone has not converged" in text


def test_heritabilities_are_said_with_their_errors(caplog):
    shares = {"": (np.array([0.25, 0.5]), np.array([0.1, 0.2])),
              "own_": (np.array([0.125, 0.5]), np.array([0.1, 0.2]))}  # fmt: skip
    texts = [text for _, text in logged(caplog, model_of(heritabilities=shares))]
    assert texts == [
        "autosomes, heritability: height 0.250 (se 0.100), weight 0.500 (se 0.200)",
        "autosomes, heritability of traits alone: height 0.125 (se 0.100), weight 0.500 (se 0.200)",
    ]


def test_a_heritability_that_cannot_be_told_is_no_number(caplog):
    shares = {"": (np.array([0.25, 0.5]), np.array([0.1, np.inf]))}
    ((level, text),) = logged(caplog, model_of(heritabilities=shares))
    assert level == "WARNING"
    assert (
        text == "autosomes, heritability: not estimable: the kinship is that of unrelated samples"
    )


def test_a_trait_without_a_maximum_is_fitted_by_reml(caplog):
    lines = logged(caplog, model_of(single=[fit_of(), fit_of(reml=True)]))
    assert lines == [
        ("WARNING", "autosomes, weight alone: the likelihood has no maximum, REML is used")
    ]
