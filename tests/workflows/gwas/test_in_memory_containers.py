"""How people and values reach a scan from Python: every frame, array and list."""

import numpy as np
import pandas as pd
import polars as pl
import pytest
from reference.doors import Cohort, M, N

from gemcont import ArraySource, GemcontError, run_each_trait


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    return Cohort(tmp_path_factory.mktemp("doors"))


def frames_of(table):
    """The same table in the frames that people hand over, each saying who is who."""
    with_ids = table.reset_index()
    fid = [f"f{i}" for i in table.index]
    double = table.set_index(pd.MultiIndex.from_arrays([fid, table.index], names=["FID", "IID"]))
    exchanged = table.set_index(pd.MultiIndex.from_arrays([table.index, fid], names=["IID", "FID"]))
    yield "indexed", table
    yield "shuffled", table.sample(frac=1, random_state=1)
    yield "numbers as index", table.set_axis(table.index.astype(int).rename("IID"))
    yield "column IID", with_ids
    yield "column IID behind", with_ids[[*table.columns, "IID"]]
    yield "columns IID FID", with_ids.assign(FID=fid)
    yield "whole floats", with_ids.assign(IID=with_ids["IID"].astype(float))
    yield "SID, PAT and MAT", with_ids.assign(SID="x", PAT=0, MAT=1.5)
    yield "lower case", with_ids.rename(columns={"IID": "iid"}).assign(sid=3)
    yield "two levels", double
    yield "two levels exchanged", exchanged
    yield "two levels without names", double.rename_axis([None, None])
    yield "polars", pl.from_dict(with_ids.to_dict("list"))
    yield "polars, numbers", pl.from_dict(with_ids.astype({"IID": int}).to_dict("list"))
    yield "lazy polars", pl.from_dict(with_ids.to_dict("list")).lazy()
    yield "polars with FID behind", pl.from_dict(with_ids.assign(FID=fid).to_dict("list"))


NAMES = [
    name for name, _ in frames_of(pd.DataFrame({"y": [1.0]}, index=pd.Index(["1"], name="IID")))
]


@pytest.mark.parametrize("name", NAMES)
def test_every_frame_that_names_its_people_gives_the_same(cohort, name):
    expected = cohort.p(covariates=cohort.covariates)
    traits, covariates = (
        dict(frames_of(table))[name] for table in (cohort.traits, cohort.covariates)
    )
    found = cohort.p(traits=traits, covariates=covariates)
    np.testing.assert_allclose(found, expected, rtol=1e-9)
    single = run_each_trait(cohort.prefix, traits, cohort.covariates)
    assert single.trait.unique().tolist() == ["y"]


def numbered(table):
    """Frames whose index nobody chose."""
    bare = table.reset_index(drop=True)
    yield bare
    yield bare.iloc[::2]
    yield bare.sample(frac=1, random_state=2)
    yield bare.set_axis(np.arange(1, len(bare) + 1))
    yield pl.from_dict(bare.to_dict("list"))
    yield bare.to_numpy()


@pytest.mark.parametrize("which", range(6))
def test_rows_that_nobody_named_are_not_matched_to_people_of_a_file(cohort, which):
    traits = list(numbered(cohort.traits))[which]
    with pytest.raises(GemcontError, match=r"rows are numbered, .* \.set_index\('IID'\)"):
        cohort.p(traits=traits)
    with pytest.raises(GemcontError, match=r"rows are numbered, .* \.set_index\('IID'\)"):
        run_each_trait(cohort.prefix, traits)
    covariates = list(numbered(cohort.covariates))[which]
    with pytest.raises(GemcontError, match="the covariates table: its rows are numbered"):
        cohort.p(covariates=covariates)


def test_arrays_of_genotypes_go_by_position_with_rows_that_are_numbered(cohort):
    bare, covariates = (t.reset_index(drop=True) for t in (cohort.traits, cohort.covariates))
    expected = cohort.p(cohort.dosages, covariates=cohort.covariates)
    np.testing.assert_array_equal(cohort.p(cohort.dosages, bare, covariates), expected)
    np.testing.assert_array_equal(cohort.p(ArraySource(cohort.dosages), bare, covariates), expected)
    some = covariates.iloc[::-1]
    np.testing.assert_allclose(cohort.p(cohort.dosages, bare, some), expected, rtol=1e-9)
    with pytest.raises(GemcontError, match="is named by sample id, but the genotypes' samples are"):
        cohort.p(cohort.dosages, bare, cohort.covariates)
    with pytest.raises(GemcontError, match="its rows are numbered"):
        cohort.p(cohort.dosages, cohort.traits, covariates)


def test_kinship_by_labels_by_position_and_by_neither(cohort):
    expected = cohort.p(kinship=cohort.kinship)
    shuffled = np.random.default_rng(1).permutation(N)
    ids = [cohort.iid[i] for i in shuffled]
    matrix = cohort.kinship[np.ix_(shuffled, shuffled)]
    labelled = pd.DataFrame(matrix, index=ids, columns=ids)
    polars = pl.DataFrame(matrix, schema=ids, orient="row")
    for kinship in (labelled, polars, polars.with_columns(pl.Series("IID", ids))):
        np.testing.assert_allclose(cohort.p(kinship=kinship), expected, rtol=1e-5)
    for kinship in (cohort.kinship.tolist(), np.ma.masked_array(cohort.kinship)):
        np.testing.assert_allclose(cohort.p(kinship=kinship), expected, rtol=1e-9)
    bare = pd.DataFrame(cohort.kinship)
    for kinship in (bare, bare.rename(lambda i: i + 1).rename(columns=lambda i: i + 1),
                    pl.DataFrame(cohort.kinship, orient="row")):  # fmt: skip
        with pytest.raises(GemcontError, match="kinship: its rows and columns are numbered"):
            cohort.p(kinship=kinship)
    traits = cohort.traits.reset_index(drop=True)
    dosages = ArraySource(cohort.dosages)
    np.testing.assert_array_equal(
        cohort.p(dosages, traits, kinship=bare), cohort.p(dosages, traits, kinship=cohort.kinship)
    )
    with pytest.raises(GemcontError, match="columns must be the samples of IID"):
        cohort.p(kinship=polars.with_columns(pl.Series("IID", ids[::-1])))
    hidden = np.ma.masked_array(cohort.kinship, np.eye(N) > 0)
    with pytest.raises(GemcontError, match="holds values that are not finite"):
        cohort.p(kinship=hidden)


@pytest.mark.parametrize(
    "make",
    [
        lambda g, ids: pd.DataFrame(g, columns=ids),
        lambda g, ids: pd.DataFrame(g, columns=ids).iloc[:, ::-1],
        lambda g, ids: pd.DataFrame(g, columns=pd.Index(ids).astype(int).rename("IID")),
        lambda g, ids: pl.DataFrame(g, schema=ids, orient="row"),
        lambda g, ids: pl.DataFrame(g, schema=ids, orient="row").lazy(),
        lambda g, ids: pl.DataFrame(g, schema=ids, orient="row").with_columns(
            pl.Series("variant_id", [f"rs{i}" for i in range(len(g))])
        ),
        lambda g, ids: g.tolist(),
        lambda g, ids: np.ma.masked_invalid(g),
        lambda g, ids: np.ma.masked_array(np.nan_to_num(g, nan=2).astype(np.int8), np.isnan(g)),
    ],
)
def test_genotypes_in_every_container(cohort, make):
    expected = cohort.p(cohort.dosages)
    genotypes = make(cohort.dosages, cohort.iid)
    np.testing.assert_allclose(cohort.p(genotypes), expected, rtol=1e-9)


def test_genotypes_that_are_not_variants_by_samples(cohort):
    by_sample = pd.DataFrame(cohort.dosages.T, index=cohort.iid)
    by_sample.columns = [f"rs{i}" for i in range(M)]
    with pytest.raises(GemcontError, match=r"samples as its rows.*genotypes\.T"):
        cohort.p(by_sample)
    with pytest.raises(GemcontError, match=r"has shape \(60, 12\); it must be \(variants, 60\)"):
        cohort.p(cohort.dosages.T)
    with pytest.raises(GemcontError, match="complex"):
        cohort.p(cohort.dosages + 0j)
    frame = pl.DataFrame({"id": ["a"], "gene": ["b"], "1": [0.0]})
    with pytest.raises(GemcontError, match="holds text in 'gene'"):
        cohort.p(frame)
    strangers = pd.DataFrame(cohort.dosages, columns=[f"x{i}" for i in cohort.iid])
    with pytest.raises(GemcontError, match="no sample of the traits table is in"):
        cohort.p(strangers)
