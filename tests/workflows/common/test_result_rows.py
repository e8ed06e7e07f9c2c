"""Rows of the result files."""

from types import SimpleNamespace

import numpy as np
import polars as pl
import pytest
from scipy import stats

from gemcont.stats.multitrait import JointTest
from gemcont.tables.schema import (
    GENOTYPE_SS,
    GROUP,
    joint_columns,
    single_columns,
    store_variant_columns,
)
from gemcont.workflows.common.result_rows import (
    SORT_KEY,
    effects_frame,
    joint_frame,
    place_frame,
    single_frame,
    untested_frame,
    variants_frame,
    wide_frame,
)

VARIANTS = pl.DataFrame(
    {
        "chromosome": ["1", "1", "2"],
        "variant_id": ["a", "b", "c"],
        "base_pair_location": [10, 20, 5],
        "effect_allele": ["A", "C", "G"],
        "other_allele": ["G", "T", "T"],
        "founder": [1, 2, 3],
    }
)
ROWS = np.array([4, 6, 7])


@pytest.fixture
def variant_columns():
    return place_frame(VARIANTS, np.array([0.1, np.nan, 0.5]), np.array([9, 8, 0]), ROWS)


def names_and_types(columns):
    return {c.name: c.dtype for c in columns} | {SORT_KEY: pl.Int32}


def test_variants_come_with_frequency_n_and_the_sort_key(variant_columns):
    assert variant_columns["effect_allele_frequency"].to_list() == [0.1, None, 0.5]
    assert variant_columns["n"].to_list() == [9, 8, 0]
    assert variant_columns[SORT_KEY].to_list() == ROWS.tolist()
    assert "founder" not in variant_columns.columns


@pytest.mark.parametrize("test", ["lrt", "f"])
@pytest.mark.parametrize("n_traits", [1, 2])
def test_joint_rows_have_the_columns_of_the_file(variant_columns, test, n_traits):
    null = SimpleNamespace(n_traits=n_traits, residual_dof=50)
    p, statistic = np.array([3.0, np.nan, 1.0]), np.array([20.0, np.nan, 2.0])
    result = JointTest(statistic, p, np.array([0.2, np.nan, 0.02]))
    beta_se = (np.array([[1.0], [np.nan], [3.0]]), np.array([[0.5], [np.nan], [0.25]]))
    frame = joint_frame(variant_columns, result, beta_se, null, test)
    assert dict(frame.schema) == names_and_types(joint_columns(test, n_traits))
    np.testing.assert_allclose(frame["neg_log_10_p_value"].to_numpy(), p)
    assert frame["neg_log_10_p_value"].null_count() == 1
    for name in {"dof", "dof2"} & set(frame.columns):
        assert frame[name].to_list() == [{"dof": n_traits, "dof2": 50}[name], None] + [
            {"dof": n_traits, "dof2": 50}[name]
        ]
    if n_traits == 1:
        assert frame["beta"].to_list() == [1.0, None, 3.0]
        assert frame["standard_error"].to_list() == [0.5, None, 0.25]


def test_untested_rows_are_nulls_of_the_same_columns(variant_columns):
    frame = untested_frame(VARIANTS, ROWS, "lrt", 2)
    assert dict(frame.schema) == names_and_types(joint_columns("lrt", 2))
    assert frame["variant_id"].to_list() == ["a", "b", "c"]
    assert frame["neg_log_10_p_value"].null_count() == 3
    tested = joint_frame(
        variant_columns,
        JointTest(*np.full((3, 3), np.nan)),
        None,
        SimpleNamespace(n_traits=2, residual_dof=9),
        "lrt",
    )
    assert pl.concat([frame, tested]).height == 6


def test_single_rows_are_the_t_tests_of_pairs(variant_columns):
    beta, se = np.array([0.3, -0.2]), np.array([0.1, 0.1])
    frame = single_frame(variant_columns, np.array([2, 0]), np.array([1, 0]), (beta, se), 40)
    kinds = names_and_types(single_columns()) | {"trait": pl.Int32}
    assert dict(frame.schema) == kinds
    assert frame["variant_id"].to_list() == ["c", "a"]
    assert frame["trait"].to_list() == [1, 0]
    p = 2 * stats.t.sf(np.abs(beta / se), 40)
    np.testing.assert_allclose(frame["neg_log_10_p_value"].to_numpy(), -np.log10(p), rtol=1e-6)


def test_a_column_a_trait():
    values = np.array([[1, np.nan], [3, 4], [5, 6]], dtype=np.float32)
    frame = wide_frame(values, ["x", "y"], ROWS)
    assert dict(frame.schema) == {"x": pl.Float32, "y": pl.Float32, SORT_KEY: pl.Int32}
    np.testing.assert_array_equal(frame.select("x", "y").to_numpy(), values)


def test_variants_of_a_store(variant_columns):
    frame = variants_frame(
        variant_columns, np.array([3.5, np.nan, 1.0]), np.array([18, 16, 0]), "autosomes"
    )
    assert frame.columns == [*(c.name for c in store_variant_columns()), SORT_KEY]
    assert frame[GENOTYPE_SS.name].to_list() == [3.5, None, 1.0]
    assert set(frame[GROUP.name]) == {"autosomes"}


def test_effects_of_every_trait(variant_columns):
    beta = np.arange(6.0).reshape(3, 2)
    frame = effects_frame(variant_columns, (beta, beta + 10), ["x", "y"])
    np.testing.assert_array_equal(frame.select("beta.x", "beta.y").to_numpy(), beta)
    errors = frame.select("standard_error.x", "standard_error.y").to_numpy()
    np.testing.assert_array_equal(errors, beta + 10)
