"""Triangular factors of known covariances, and the models that whiten by them."""

import subprocess
import sys

import numpy as np
import polars as pl
import pytest
from conftest import random_dosages

from gemcont import ArraySource, run_gwas
from gemcont.genotype.kernels.packed import moments, pack_hardcalls
from gemcont.genotype.source import Block
from gemcont.stats.mixed import MixedNull
from gemcont.stats.mixed.regressions import Regressions, single_fits
from gemcont.workflows.gwas.relatives import leave_one_out
from gemcont.workflows.gwas.relatives.whitened import Factor, whitened, whitening_is_cheaper


def covariance(n, seed=1):
    a = np.random.default_rng(seed).standard_normal((n, 2 * n))
    return (0.5 * a @ a.T / (2 * n) + 0.5 * np.eye(n)).astype(np.float32)


@pytest.mark.parametrize("n", [1, 7, 128, 301])
def test_a_factor_whitens_as_the_dense_inverse_does(n):
    matrix, rows = covariance(n), np.random.default_rng(2).standard_normal((9, n))
    factor = Factor.of(matrix.copy())
    np.testing.assert_allclose(factor.lower @ factor.lower.T, matrix, atol=1e-5)
    assert not np.triu(factor.lower, 1).any()
    exact = np.linalg.solve(np.linalg.cholesky(matrix.astype(float)), rows.T).T
    np.testing.assert_allclose(factor.whitened(rows.astype(np.float32)), exact, atol=1e-4)


def test_a_row_is_whitened_alike_in_any_company():
    factor = Factor.of(covariance(200))
    rows = np.random.default_rng(3).standard_normal((320, 200)).astype(np.float32)
    together = factor.whitened(rows)
    for first in (0, 64, 256):
        part = factor.whitened(rows[first : first + 64])
        np.testing.assert_array_equal(part, together[first : first + 64])


def test_a_singular_covariance_is_an_error():
    with pytest.raises(np.linalg.LinAlgError):
        Factor.of(-np.eye(5, dtype=np.float32))


def test_few_regressions_and_many_samples_are_whitened():
    assert whitening_is_cheaper(20_000, 1000, 2)
    assert not whitening_is_cheaper(20_000, 1000, 200)
    assert not whitening_is_cheaper(1000, 10**6, 2)


@pytest.mark.parametrize(("joint", "single"), [(True, True), (True, False), (False, True)])
def test_sums_are_those_of_the_eigenvector_model(joint, single):
    n, d, rng = 80, 2, np.random.default_rng(4)
    kinship = covariance(n, 5).astype(float)
    traits, design = rng.standard_normal((n, d)), np.column_stack([np.ones(n), rng.random(n)])
    null = MixedNull.from_covariances(traits, design, kinship, 0.6 * np.eye(d), np.diag([1.0, 0.4]))
    fits = single_fits(null.data) if single else []
    model = whitened(traits, design, kinship, null.fit if joint else None, fits)
    dosages = random_dosages(rng, 70, n, low=0.2, high=0.8)
    block = Block(first=0, count=70, n_samples=n, packed=pack_hardcalls(dosages.astype(np.int8)))
    rows = np.arange(1, 70)
    found = model.sums(block, moments(block).mean, rows)
    centred = dosages - dosages.mean(axis=1, keepdims=True)
    rotated = centred[rows] @ null.vectors
    expected = [null.regressions.sums(rotated)] if joint else []
    if single:
        regressions = Regressions.of_single_fits(fits, null.covariates)
        expected.append(regressions.sums(rotated))
    assert len(found) == len(expected)
    for ours, theirs in zip(found, expected, strict=True):
        for a, b in zip(ours, theirs, strict=True):
            np.testing.assert_allclose(a, b, rtol=1e-3, atol=1e-3 * np.abs(b).max())


def test_a_solver_loaded_before_a_limit_of_threads_keeps_it():
    code = (
        "import numpy as np\n"
        "from threadpoolctl import threadpool_info, threadpool_limits\n"
        "from gemcont.workflows.gwas.relatives.whitened import Factor, load_solver\n"
        "load_solver()\n"
        "with threadpool_limits(1, user_api='blas'):\n"
        "    Factor.of(np.eye(3, dtype=np.float32))\n"
        "    blas = [x['num_threads'] for x in threadpool_info() if x['user_api'] == 'blas']\n"
        "print(*blas)"
    )
    run = subprocess.run([sys.executable, "-c", code], capture_output=True, text=True, check=True)
    assert set(run.stdout.split()) == {"1"}


@pytest.mark.parametrize("cheaper", [True, False])
def test_the_solver_is_loaded_before_a_scan_that_whitens(cheaper, monkeypatch):
    loaded, rng = [], np.random.default_rng(6)
    monkeypatch.setattr(leave_one_out, "whitening_is_cheaper", lambda *_: cheaper)
    monkeypatch.setattr(leave_one_out, "load_solver", lambda: loaded.append(True))
    dosages = random_dosages(rng, 60, 50, low=0.2, high=0.8)
    variants = pl.DataFrame(
        {
            "chromosome": ["1"] * 30 + ["2"] * 30,
            "variant_id": [f"v{i}" for i in range(60)],
            "base_pair_location": range(60),
            "effect_allele": ["A"] * 60,
            "other_allele": ["C"] * 60,
        }
    )
    source = ArraySource(dosages, variants=variants)
    found = run_gwas(source, rng.standard_normal((50, 1)), kinship="grm", loco=True)
    assert found.neg_log_10_p_value.notna().all()
    assert bool(loaded) == cheaper
