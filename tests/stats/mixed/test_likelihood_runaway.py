"""Maximum likelihood that grows without bound towards a singular residual covariance."""

import logging
from dataclasses import replace
from pathlib import Path

import numpy as np
import pandas as pd
import pytest

from gemcont import open_genotypes
from gemcont.genotype.kinship import relationship
from gemcont.stats.mixed import model as mixed
from gemcont.stats.mixed.likelihood import evaluate, fit, maximise, runs_away
from gemcont.stats.mixed.regressions import refitted, single_fits

MAIZE = Path(__file__).parents[3] / "examples" / "data" / "maize"


@pytest.fixture(scope="module")
def maize():
    """A function of traits: their values, the intercept, the kinship of the lines with them."""
    source = open_genotypes(str(MAIZE))
    table = pd.read_csv(f"{MAIZE}.pheno", sep=r"\s+", dtype={"IID": str}).set_index("IID")
    table = table.reindex(source.samples["iid"].to_list())

    def of(*names):
        kept = np.flatnonzero(table[list(names)].notna().all(axis=1))
        y = table[list(names)].to_numpy()[kept]
        everywhere = np.arange(source.n_variants)
        return y, np.ones((len(y), 1)), relationship(source, everywhere, kept).matrix

    return of


@pytest.mark.parametrize(
    ("traits", "genetic", "residual"),
    [
        (("EarHT", "dpoll"), [330.057, 97.1908, 34.9057], [162.398, -7.16412, 2.95998]),
        (("EarHT",), None, None),
    ],
)
def test_the_maximum_inside_is_what_gemma_reports(maize, traits, genetic, residual):
    """GEMMA 0.98.5, -lmm 4, maximum likelihood, on its kinship of all lines: a little another."""
    y, design, kinship = maize(*traits)
    null = mixed.fit_null(y, design, kinship)
    assert null.gradient_norm < 1e-3
    assert null.fit.curvature < 1e-3
    assert not runs_away(null.data, null.fit)
    if genetic is not None:
        rows = np.tril_indices(2)
        np.testing.assert_allclose(null.genetic_covariance[rows], genetic, rtol=0.02)
        np.testing.assert_allclose(null.residual_covariance[rows], residual, rtol=0.02)


def test_the_likelihood_is_larger_still_where_it_runs_to(maize):
    """So the maximum is a local one, and the unbounded one is real."""
    y, design, kinship = maize("EarHT", "dpoll")
    kinship = kinship - kinship.mean(axis=0)  # in float64: then it is 0 there to 1e-16
    null = mixed.fit_null(y, design, kinship - kinship.mean(axis=1, keepdims=True))
    axis = np.linalg.eigh(null.residual_covariance)[1][:, :1]
    towards = [
        evaluate(null.data, null.genetic_covariance, null.residual_covariance - (1 - e) * least)
        for e in 10.0 ** -np.arange(2, 14, 4)
        for least in [axis @ axis.T * np.linalg.eigvalsh(null.residual_covariance)[0]]
    ]
    likelihoods = [found.log_likelihood for found in towards]
    assert (np.diff(likelihoods) > 0.4 * np.log(1e4)).all()  # -1/2 log det Cn, without end
    assert [runs_away(null.data, found) for found in towards] == [False, True, True]


def test_without_a_maximum_it_is_said(maize, caplog):
    y, design, kinship = maize("EarHT", "dpoll", "EarDia")
    null = mixed.fit_null(y, design, kinship)
    assert "the likelihood has no maximum" in caplog.text
    assert runs_away(null.data, null.fit)
    caplog.clear()
    restricted = mixed.fit_null(y, design, kinship, method="reml")
    assert not caplog.text
    assert restricted.gradient_norm < 1e-3
    found = fit(null.data, or_restricted=True)
    assert found.reml
    np.testing.assert_allclose(found.residual, restricted.residual_covariance, rtol=1e-4)
    again = maximise(null.data, found.genetic, found.residual)  # nor is there one beside it
    assert runs_away(null.data, again)


@pytest.mark.parametrize("rank", [None, 1])
def test_a_bounded_likelihood_is_left_alone(maize, rank, caplog):
    """Nothing is 0 along the intercept: Cn is the traits' own, however related they are."""
    y, design, kinship = maize("EarHT", "dpoll")
    kinship = kinship + 0.2
    with caplog.at_level(logging.WARNING, "gemcont"):
        null = mixed.fit_null(y, design, kinship, rank=rank)
    assert not null.fit.reml
    assert null.gradient_norm < 0.02
    assert not caplog.text


@pytest.mark.parametrize("method", ["ml", "reml"])
def test_the_traits_mean_and_units_change_nothing(maize, method, caplog):
    y, design, kinship = maize("EarHT", "dpoll")
    y = y - y.mean(axis=0)
    first = mixed.fit_null(y, design, kinship, method=method)
    units = np.array([1e-3, 1e4])
    moved = mixed.fit_null((y + 1e5) * units, design, kinship, method=method)
    assert not caplog.text
    np.testing.assert_allclose(
        moved.residual_covariance / np.outer(units, units), first.residual_covariance, rtol=1e-3
    )
    gained = len(y) - (method == "reml")  # of N, or N - K, values in other units
    expected = first.log_likelihood - gained * np.log(units).sum()
    np.testing.assert_allclose(moved.log_likelihood, expected, rtol=1e-8)


def all_genetic(seed=4, n=80):
    """A trait that follows a centred kinship alone, and a genotype that does not."""
    rng = np.random.default_rng(seed)
    a = rng.standard_normal((n, 4 * n))
    a -= a.mean(axis=0)
    kinship = a @ a.T / (4 * n)
    y = a @ rng.standard_normal((4 * n, 1)) / np.sqrt(4 * n)
    return y, np.ones((n, 1)), kinship, rng.binomial(2, 0.4, n).astype(float)


def test_a_trait_alone_falls_back_to_the_restricted_likelihood():
    y, design, kinship, _ = all_genetic()
    null = mixed.fit_null(np.hstack([y, y + np.random.default_rng(0).normal(size=y.shape)]),
                          design, kinship, method="ml")  # fmt: skip
    genetic, noisy = single_fits(null.data)
    assert (genetic.reml, noisy.reml) == (True, False)


def test_a_heritability_of_one_is_no_runaway_where_the_likelihood_is_bounded(caplog):
    y, design, kinship, _ = all_genetic(seed=1)
    null = mixed.fit_null(y, design, kinship + 1.0)
    assert null.residual_covariance[0, 0] < 1e-4 * y.var()
    assert not runs_away(null.data, null.fit)
    assert not fit(null.data, or_restricted=True).reml
    assert not caplog.text


def test_a_refit_that_runs_away_is_none():
    y, design, kinship, g = all_genetic()
    y = y + 2.0 * (g - g.mean())[:, None]
    found = mixed.decompose(kinship)
    turn = found.vectors.T
    null = mixed.fit_null(y, design, found)
    assert not runs_away(null.data, null.fit)
    other = np.random.default_rng(1).binomial(2, 0.4, g.shape).astype(float)
    chi2, *_ = refitted(null.data, null.fit, np.stack([g, other]) @ turn.T)
    np.testing.assert_array_equal(np.isnan(chi2), [True, False])
    reml = replace(null.data, reml=True)
    assert not runs_away(reml, fit(reml))
