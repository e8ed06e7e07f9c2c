"""Each chromosome tested on the kinship of the others."""

import threading
import time

import numpy as np
import pandas as pd
import polars as pl
import pytest
from reference.relatives import EACH, design_of, families, same, slow_grm

from gemcont import run_each_trait, run_gwas
from gemcont.stats.mixed import model as mixed
from gemcont.workflows.gwas.relatives.leave_one_out import Queue


@pytest.fixture(scope="module")
def study():
    return families()


# Leave-one-chromosome-out


def loco_reference(study, d, chromosome, method="ml"):
    y, design = study.traits.to_numpy()[:, :d], design_of(study, 1)
    null = mixed.fit_null(y, design, slow_grm(study.dosages), method=method)
    here = study.names == chromosome
    return here, mixed.scan(
        mixed.MixedNull.from_covariances(
            y, design, slow_grm(study.dosages[~here]), null.genetic_covariance,
            null.residual_covariance, method=method,
        ),
        study.dosages[here],
    )  # fmt: skip


@pytest.mark.parametrize("shuffled", [False, True])
@pytest.mark.parametrize("method", ["ml", "reml"])
@pytest.mark.parametrize("d", [1, 3])
def test_each_chromosome_on_the_kinship_of_the_others(study, d, method, shuffled):
    found_in = study
    if shuffled:
        order = np.random.default_rng(4).permutation(len(study.names))
        found_in = study._replace(
            dosages=study.dosages[order], names=study.names[order], variants=study.variants[order]
        )
    found = run_gwas(
        found_in.source, study.traits.iloc[:, :d], study.covariates[["u"]], kinship="grm",
        loco=True, reml=method == "reml", block_size=13,
    )  # fmt: skip
    assert found.variant_id.to_list() == found_in.variants["variant_id"].to_list()
    for chromosome in EACH:
        here, expected = loco_reference(found_in, d, chromosome, method)
        same(found[here], expected.chi2, rtol=1e-3)


def test_loco_by_factors_and_by_eigenvectors_are_the_same(study, monkeypatch):
    from gemcont.workflows.gwas.relatives import leave_one_out

    found = {}
    for cheaper in (False, True):
        monkeypatch.setattr(leave_one_out, "whitening_is_cheaper", lambda *_, c=cheaper: c)
        joint = run_gwas(study.source, study.traits, study.covariates, kinship="grm", loco=True)
        single = run_each_trait(study.source, study.traits, kinship="grm", loco=True)
        found[cheaper] = joint, single
    for one, other in zip(found[False], found[True], strict=True):
        pd.testing.assert_frame_equal(one, other, rtol=1e-3, atol=1e-4)


def test_loco_each_trait_keeps_the_variances_of_the_whole_genome(study):
    found = run_each_trait(
        study.source, study.traits[["b"]], study.covariates[["u"]], kinship="grm", loco=True
    )
    alone = study._replace(traits=study.traits[["b"]])
    for chromosome in EACH:
        here, expected = loco_reference(alone, 1, chromosome)
        scale = np.abs(expected.effects).max()
        np.testing.assert_allclose(found.beta[here], expected.effects[:, 0], atol=1e-3 * scale)
        np.testing.assert_allclose(
            found.standard_error[here], expected.standard_errors[:, 0], rtol=1e-3
        )


def test_loco_refits_beside_strong_variants(study):
    plain = run_gwas(study.source, study.traits, kinship="grm", loco=True)
    found = run_gwas(study.source, study.traits, kinship="grm", loco=True, refit=1e-3)
    strong = (plain.neg_log_10_p_value >= 0.9 * 3).to_numpy()
    assert strong[4]
    np.testing.assert_allclose(found.chi2[~strong], plain.chi2[~strong], rtol=1e-3, atol=1e-4)
    here = study.names == "1"
    y, design, others = study.traits.to_numpy(), design_of(study, 0), slow_grm(study.dosages[~here])
    g = np.where(np.isnan(study.dosages[4]), np.nanmean(study.dosages[4]), study.dosages[4])
    null = mixed.fit_null(y, design, others)
    other = mixed.fit_null(y, np.column_stack([design, g]), others)
    ratio = 2 * (other.log_likelihood - null.log_likelihood)
    assert abs(found.chi2[4] - ratio) < 5e-2


def test_a_single_chromosome_of_several(study):
    whole = run_gwas(study.source, study.traits, kinship="grm", loco=True)
    part = run_gwas(study.source, study.traits, kinship="grm", loco=True, chromosomes="2")
    expected = whole[whole.chromosome == "2"].reset_index(drop=True)
    pd.testing.assert_frame_equal(part, expected, rtol=1e-3, atol=1e-5)


def test_one_chromosome_by_two_names_is_one(study):
    names = np.where((study.names == "1") & (np.arange(len(study.names)) % 2 == 0), "chr1",
                     study.names)  # fmt: skip
    renamed = study.variants.with_columns(pl.Series("chromosome", names))
    found = run_gwas(
        study._replace(variants=renamed).source, study.traits, kinship="grm", loco=True
    )
    plain = run_gwas(study.source, study.traits, kinship="grm", loco=True)
    np.testing.assert_allclose(found.chi2, plain.chi2, rtol=1e-4, atol=1e-5)


class Maker:
    """Makes models, and knows which, how many at once, and whom somebody still holds."""

    def __init__(self):
        self.made, self.at_work, self.most, self.lock = [], 0, 0, threading.Lock()

    def __call__(self, name):
        with self.lock:
            self.made.append(name)
            self.at_work += 1
            self.most = max(self.most, self.at_work)
        time.sleep(0.002)
        with self.lock:
            self.at_work -= 1
        if name == "broken":
            raise ValueError("no model")
        return f"model of {name}"


CHROMOSOMES = [str(i) for i in range(1, 9)]


@pytest.mark.parametrize("at_once", [1, 3])
def test_models_are_made_once_and_in_order(at_once):
    make = Maker()
    queue = Queue(CHROMOSOMES, make, at_once)
    for name in CHROMOSOMES:
        for _ in range(2):
            assert queue.get(name) == f"model of {name}"
    assert sorted(make.made) == CHROMOSOMES
    assert make.most <= at_once
    if at_once == 1:
        assert make.made == CHROMOSOMES


def test_few_models_are_made_ahead_and_old_ones_let_go():
    make = Maker()
    queue = Queue(CHROMOSOMES, make, 2)
    queue.get("3")
    assert set(make.made) <= {"3", "4", "5"}  # two at a time, and one ahead
    queue.get("6")
    assert set(queue._futures) == {"5", "6", "7", "8"}  # with the one before
    assert queue.get("5") == "model of 5"  # a thread that lags behind by one block
    queue.get("3")
    assert make.made.count("3") == 2  # it had been let go


def test_threads_that_ask_at_once_share_a_model():
    make = Maker()
    queue, found = Queue(CHROMOSOMES, make, 2), []
    threads = [threading.Thread(target=lambda: found.append(queue.get("1"))) for _ in range(8)]
    for thread in threads:
        thread.start()
    for thread in threads:
        thread.join()
    assert found == ["model of 1"] * 8
    assert make.made.count("1") == 1


def test_a_model_that_cannot_be_made_is_an_error_where_it_is_asked_for():
    queue = Queue(["1", "broken", "2"], Maker(), 1)
    assert queue.get("1") == "model of 1"
    with pytest.raises(ValueError, match="no model"):
        queue.get("broken")
    assert queue.get("2") == "model of 2"
