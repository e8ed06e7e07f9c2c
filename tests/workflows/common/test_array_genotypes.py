"""Genotypes in memory as a source: arrays and DataFrames, with and without a table of traits."""

import numpy as np
import pandas as pd
import polars as pl
import pytest

from gemcont import ArraySource, GemcontError
from gemcont.genotype.kernels.packed import moments
from gemcont.tables.phenotypes import SampleTable
from gemcont.workflows.common.array_genotypes import as_source, labelled_source

DOSAGES = np.array([[0.0, 1.0, 2.0], [2.0, np.nan, 0.5]])
SAMPLES, VARIANTS = ["s1", "s2", "s3"], ["rs1", "rs2"]
TRAITS = SampleTable(
    name="traits", fid=["f1", "f2", "f3"], iid=SAMPLES, columns=pl.DataFrame({"y": [0.0, 1.0, 2.0]})
)


def check(source):
    """The dosages are there: mean of each variant over the samples that have it."""
    (block,) = source.blocks(size=2)
    moment = moments(block)
    np.testing.assert_array_equal(moment.n, [3, 2])
    np.testing.assert_allclose(moment.mean, [1.0, 1.25])


def labelled_pandas():
    return pd.DataFrame(DOSAGES, index=VARIANTS, columns=SAMPLES)


def labelled_polars():
    table = pl.DataFrame(dict(zip(SAMPLES, DOSAGES.T, strict=True)))
    return table.insert_column(0, pl.Series("variant_id", VARIANTS))


@pytest.mark.parametrize("make", [labelled_pandas, labelled_polars])
@pytest.mark.parametrize("door", [lambda g: as_source(g, TRAITS), labelled_source])
def test_a_table_names_its_samples_and_variants(make, door):
    source = door(make())
    check(source)
    assert source.samples["iid"].to_list() == SAMPLES
    assert source.variants["variant_id"].to_list() == VARIANTS


@pytest.mark.parametrize("make", [np.asarray, pd.DataFrame, lambda d: pl.from_numpy(d)])
def test_an_array_has_the_samples_of_the_traits(make):
    source = as_source(make(DOSAGES), TRAITS)
    check(source)
    assert source.samples["iid"].to_list() == SAMPLES
    assert source.samples["fid"].to_list() == ["f1", "f2", "f3"]


def test_without_traits_an_array_numbers_its_samples():
    source = labelled_source(DOSAGES)
    check(source)
    assert source.n_samples == 3


def test_a_source_stays_itself():
    source = ArraySource(DOSAGES)
    assert as_source(source, TRAITS) is source
    assert labelled_source(source) is source


def test_shapes_and_tables_that_cannot_be():
    with pytest.raises(GemcontError, match=r"has shape \(3, 2\); it must be \(variants, 3\)"):
        as_source(DOSAGES.T, TRAITS)
    rows = pl.DataFrame({"IID": SAMPLES} | dict(zip(VARIANTS, DOSAGES, strict=True)))
    for transposed in (labelled_pandas().T, rows):
        with pytest.raises(GemcontError, match="has samples as its rows"):
            as_source(transposed, TRAITS)
    two_texts = labelled_polars().with_columns(pl.lit("A").alias("allele"))
    with pytest.raises(GemcontError, match="holds text in 'allele', not dosages"):
        as_source(two_texts, TRAITS)
