"""Every t of a dense scan, read back."""

import numpy as np
import pytest
from conftest import named_samples, named_variants, random_dosages, write_table
from reference.packed import write_fileset

from gemcont import GemcontError, read_dense
from gemcont.workflows.gwas import Files, write_gwas

M, N, NAMES = 40, 90, ["a", "b", "c"]


@pytest.fixture(scope="module")
def scanned(tmp_path_factory):
    """PREFIX of a dense scan, and of the scan that writes rows."""
    import polars as pl

    folder = tmp_path_factory.mktemp("dense")
    rng = np.random.default_rng(8)
    write_fileset(
        str(folder / "g"),
        random_dosages(rng, M, N, missing=0.05),
        named_samples(N),
        named_variants(M, ("1", "X")),
    )
    pheno = write_table(folder / "y.tsv", NAMES, rng.standard_normal((N, 3)))
    files = Files(str(folder / "g"), pheno)
    each = {"each_trait": True, "joint": False}
    write_gwas(files, str(folder / "dense"), dense=True, **each)
    write_gwas(files, str(folder / "rows"), **each)
    return str(folder / "dense"), pl.read_parquet(folder / "rows.traits.parquet")


def test_a_trait_is_that_of_the_rows(scanned):
    prefix, rows = scanned
    dense = read_dense(prefix)
    assert dense.traits == NAMES
    for name in NAMES:
        table, expected = dense.trait(name), rows.filter(rows["trait"] == name)
        assert list(table.columns) == expected.columns
        assert table["variant_id"].tolist() == expected["variant_id"].to_list()
        for column in ("beta", "standard_error", "neg_log_10_p_value", "t_statistic"):
            ours, theirs = table[column].to_numpy(), expected[column].fill_null(np.nan).to_numpy()
            np.testing.assert_allclose(ours, theirs, rtol=1e-5, atol=1e-7)


def test_blocks_hold_the_chosen_traits_in_order(scanned):
    dense = read_dense(scanned[0])
    whole = np.concatenate([t for _, t in dense.blocks()])
    assert whole.shape == (M, 3)
    assert whole.dtype == np.float32
    chosen = np.concatenate([t for _, t in dense.blocks(["c", "a"])])
    np.testing.assert_array_equal(chosen, whole[:, [2, 0]])
    assert len(dense.variants) == M


def test_what_is_not_there_is_said(scanned, tmp_path):
    with pytest.raises(KeyError, match="no trait 'height'"):
        read_dense(scanned[0]).trait("height")
    with pytest.raises(GemcontError, match=r"none\.t"):
        read_dense(str(tmp_path / "none"))
