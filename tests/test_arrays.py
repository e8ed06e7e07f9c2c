"""The door for arrays: every container of numbers, masked and missing values, and what is none."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
import scipy.sparse

from gemcont import ArraySource, GemcontError
from gemcont.arrays import as_array
from gemcont.stats import multitrait
from gemcont.stats.mixed import model as mixed
from gemcont.stats.null import fit_null

NAN = np.nan
VALUES = np.array([[0.0, 1.0, NAN], [2.0, 0.0, 1.0]])
WHOLE = np.array([[0, 1, 2], [2, 0, 1]])


class Tensor:
    """What a tensor of torch looks like from outside."""

    def detach(self):
        return self

    cpu = detach

    def numpy(self):
        return VALUES


def masked(values=VALUES, dtype=float, fill=1):
    array = np.ma.masked_array(np.nan_to_num(values, nan=fill).astype(dtype), np.isnan(values))
    return array


@pytest.mark.parametrize(
    "given",
    [
        VALUES,
        VALUES.tolist(),
        masked(),
        masked(dtype=np.int8),
        masked(fill=NAN),
        [[0, 1, None], [2, 0, 1]],
        np.array([[0, 1, None], [2, 0, 1]], dtype=object),
        np.array([[0, 1, pd.NA], [2, 0, 1]], dtype=object),
        pd.DataFrame(VALUES),
        pd.DataFrame(VALUES).astype("Float64"),
        pd.DataFrame({"a": [0, 2], "b": [1, 0], "c": [None, 1]}).astype("Int64"),
        pl.DataFrame(VALUES, orient="row"),
        pl.DataFrame({"a": [0, 2], "b": [1, 0], "c": [None, 1]}),
        pl.DataFrame(VALUES, orient="row").lazy(),
        VALUES.astype(np.float16),
        Tensor(),
    ],
)
def test_every_container_gives_the_same_numbers(given):
    np.testing.assert_array_equal(as_array(given, "x"), VALUES)
    assert as_array(given, "x", np.float32).dtype == np.float32


@pytest.mark.parametrize("given", [WHOLE, WHOLE > 0, scipy.sparse.csr_array(WHOLE)])
def test_whole_numbers_bools_and_sparse(given):
    expected = WHOLE if not isinstance(given, np.ndarray) or given.dtype != bool else WHOLE > 0
    np.testing.assert_array_equal(as_array(given, "x"), expected.astype(float))


def test_a_mask_without_anything_masked_and_a_mask_of_all():
    np.testing.assert_array_equal(as_array(np.ma.masked_array(WHOLE), "x"), WHOLE)
    assert np.isnan(as_array(np.ma.masked_all((2, 3)), "x")).all()


def test_the_array_itself_is_not_written_in():
    given = masked()
    before = given.data.copy()
    as_array(given, "x")
    np.testing.assert_array_equal(given.data, before)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        (VALUES + 1j, "x: holds complex numbers, not numbers"),
        (np.ma.masked_array(WHOLE + 1j), "x: holds complex numbers"),
        ([[1j, 2]], "x: holds complex numbers"),
        (np.array([["0", "1"]]), "x: holds text"),
        (np.array([["0", 1]], dtype=object), "x: holds '0', not a number"),
        (np.array([["2001-01-01"]], dtype="M8[D]"), "x: holds dates"),
        (np.array([[{}, 1]], dtype=object), "x: holds a dict, not a number"),
        ([[1, 2], [3]], "x: the rows are of different lengths"),
        (pd.DataFrame({"a": ["u"]}), "x: holds 'u', not a number"),
    ],
)
def test_what_is_no_number_is_refused(given, message):
    with pytest.raises(GemcontError, match=message):
        as_array(given, "x")


RNG = np.random.default_rng(3)
N = 40
TRAITS, COVARIATES = RNG.standard_normal((N, 2)), RNG.standard_normal((N, 1))
GENOTYPES = RNG.binomial(2, 0.4, (5, N)).astype(float)
MASK = RNG.random((5, N)) < 0.2
MISSING = np.where(MASK, NAN, GENOTYPES)
KINSHIP = GENOTYPES.T @ GENOTYPES + np.eye(N)


def test_masked_is_missing_at_every_door_of_arrays():
    hidden = np.ma.masked_array(GENOTYPES, MASK)
    null = fit_null(TRAITS, COVARIATES)
    of_related = mixed.fit_null(TRAITS, COVARIATES, KINSHIP)
    doors = (
        lambda g: multitrait.scan(null, g).neg_log_10_p,
        lambda g: mixed.scan(of_related, g).neg_log_10_p,
        lambda g: ArraySource(g).read(np.arange(5)).dosage,
    )
    for door in doors:
        np.testing.assert_array_equal(door(hidden), door(MISSING))
        np.testing.assert_allclose(door(pd.DataFrame(MISSING)), door(MISSING), rtol=1e-12)


def test_traits_covariates_and_kinship_that_are_masked_are_refused_as_missing():
    hidden = np.ma.masked_array(TRAITS, np.arange(2 * N).reshape(N, 2) == 7)
    with pytest.raises(GemcontError, match="traits: row 3, column 1 is nan"):
        fit_null(hidden, COVARIATES)
    with pytest.raises(GemcontError, match="traits: holds values that are not finite"):
        mixed.fit_null(hidden, COVARIATES, KINSHIP)
    with pytest.raises(GemcontError, match="covariates"):
        fit_null(TRAITS, np.ma.masked_array(COVARIATES, COVARIATES > 1))
    with pytest.raises(GemcontError, match="kinship: holds values that are not finite"):
        mixed.decompose(np.ma.masked_array(KINSHIP, np.eye(N) > 0))
    for arguments in ((TRAITS + 0j, COVARIATES), (TRAITS, COVARIATES + 0j)):
        with pytest.raises(GemcontError, match="complex"):
            fit_null(*arguments)
        with pytest.raises(GemcontError, match="complex"):
            mixed.fit_null(*arguments, KINSHIP)
