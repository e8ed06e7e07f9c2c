"""How people and values reach a scan: ids, columns, codes, lists, in every frame and file."""

import logging

import numpy as np
import pandas as pd
import polars as pl
import pytest
from conftest import named_variants, random_dosages, write_table
from reference.packed import write_fileset

from gemcont import ArraySource, GemcontError, run_each_trait, run_gwas
from gemcont.tables.phenotypes import read_sample_table
from gemcont.workflows.gwas.files.inputs import Files
from gemcont.workflows.gwas.files.outputs import Outputs
from gemcont.workflows.gwas.files.write import write_gwas

N, M = 60, 12


class Cohort:
    """A fileset of people called 1 to 60 (FID f1 ...), their traits, covariates and kinship."""

    def __init__(self, folder):
        rng = np.random.default_rng(4)
        self.dosages = random_dosages(rng, M, N, missing=0.05, low=0.3, high=0.7)
        self.iid = [str(i) for i in range(1, N + 1)]
        self.fid = [f"f{i}" for i in range(1, N + 1)]
        samples = [(f, i, 1 + k % 2) for k, (f, i) in enumerate(zip(self.fid, self.iid))]  # noqa: B905
        self.prefix = str(folder / "g")
        write_fileset(self.prefix, self.dosages, samples, named_variants(M))
        y = rng.standard_normal(N) + np.nan_to_num(self.dosages[3])
        self.traits = pd.DataFrame({"y": y}, index=pd.Index(self.iid, name="IID"))
        age = pd.Series(rng.uniform(20, 60, N), self.traits.index)
        self.covariates = pd.DataFrame({"age": age})
        filled = np.nan_to_num(self.dosages - 1)
        self.kinship = filled.T @ filled / M + np.eye(N)

    def p(self, genotypes=None, traits=None, covariates=None, **settings):
        """-log10 p of every variant."""
        genotypes = self.prefix if genotypes is None else genotypes
        traits = self.traits if traits is None else traits
        return run_gwas(genotypes, traits, covariates, **settings).neg_log_10_p_value.to_numpy()


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


def scanned(cohort, folder, pheno, covar=None, **settings):
    """-log10 p of a scan from files, and its ``GwasRun``."""
    out = str(folder / "o")
    files = Files(cohort.prefix, str(pheno), None if covar is None else str(covar))
    run = write_gwas(files, Outputs(out), **settings)
    table = pd.read_csv(f"{out}.gwas.tsv", sep="\t")
    return table.neg_log_10_p_value.to_numpy(), run


def rows_of(cohort, names, columns):
    """Text of a table whose columns are given by name."""
    known = {"FID": cohort.fid, "IID": cohort.iid, "y": cohort.traits.y, "SEX": ["1"] * N}
    known |= {
        "age": cohort.covariates.age,
        "SID": range(N),
        "PAT": range(N),
        "MAT": range(5, N + 5),
    }
    known |= columns
    values = [known[name.lstrip("#").upper() if name.lstrip("#").upper() in known else name]
              for name in names]  # fmt: skip
    lines = ["\t".join(names)] + ["\t".join(map(str, row)) for row in zip(*values)]  # noqa: B905
    return "\n".join(lines) + "\n"


HEADERS = [
    ["FID", "IID", "y"],
    ["IID", "FID", "y"],
    ["#IID", "y"],
    ["#IID", "SID", "y"],
    ["#FID", "IID", "SID", "y"],
    ["FID", "IID", "PAT", "MAT", "SEX", "y"],
    ["#FID", "IID", "SID", "PAT", "MAT", "SEX", "y"],
    ["y", "IID"],
    ["SID", "y", "FID", "IID"],
    ["iid", "fid", "y"],
    ["iid", "sid", "mat", "y"],
]


@pytest.mark.parametrize("header", HEADERS, ids=" ".join)
@pytest.mark.parametrize("ending", ["tsv", "parquet"])
def test_id_columns_are_never_traits(cohort, tmp_path, header, ending):
    text = rows_of(cohort, header, {n.lower(): [1.5] * N for n in ("SID", "MAT")})
    path = tmp_path / f"t.{ending}"
    path.write_text(text)
    if ending == "parquet":
        frame = pl.read_csv(text.encode(), separator="\t", schema_overrides={"IID": pl.String})
        frame.write_parquet(path)
    found, run = scanned(cohort, tmp_path, path)
    assert run.people.trait_names == ["y"]
    np.testing.assert_allclose(found, cohort.p(), rtol=1e-6)


@pytest.mark.parametrize("header", HEADERS, ids=" ".join)
def test_id_columns_are_never_covariates(cohort, tmp_path, header):
    names = ["age" if name == "y" else name for name in header]
    path = tmp_path / "c"
    path.write_text(rows_of(cohort, names, {"SEX": [1, 2] * (N // 2)}))
    pheno = write_table(tmp_path / "p", ["y"], cohort.traits, list(zip(cohort.fid, cohort.iid)))  # noqa: B905
    _, run = scanned(cohort, tmp_path, pheno, path)
    assert [n for n in run.covariate_names if n != "SEX"] == ["age"]
    assert ("SEX" in run.covariate_names) == ("SEX" in header)  # as in plink2, a covariate


def test_what_stands_aside_is_said_and_can_be_asked_for(cohort, tmp_path, caplog):
    caplog.set_level(logging.INFO)
    path = tmp_path / "t"
    path.write_text(rows_of(cohort, ["#IID", "SID", "SEX", "y"], {"SEX": [1, 2] * (N // 2)}))
    _, run = scanned(cohort, tmp_path, path)
    assert "SID, SEX of" in caplog.text
    assert "--pheno-name NAME asks for it" in caplog.text
    _, run = scanned(cohort, tmp_path, path, trait_names=["SID"])
    assert run.people.trait_names == ["SID"]
    path.write_text(rows_of(cohort, ["#IID", "SID"], {}))
    with pytest.raises(GemcontError, match=r"no column beside the sample ids \(ask for SID by"):
        scanned(cohort, tmp_path, path)


@pytest.mark.parametrize(
    ("header", "message"),
    [("FID y", "FID IID or IID among them"), ("IID iid y", "duplicate column IID"),
     ("FID IID fid y", "duplicate column FID"), ("ID y", "FID IID or IID among them")],
)  # fmt: skip
def test_headers_that_name_nobody(tmp_path, header, message):
    path = tmp_path / "t"
    path.write_text(header + "\n" + " ".join("1" * len(header.split())) + "\n")
    with pytest.raises(GemcontError, match=message):
        read_sample_table(path)


WORDS = ["NONE", "None", "none", "NULL", "null", "N/A", "n/a", "#N/A", "<NA>", "NA", "nan", "."]


@pytest.mark.parametrize("word", WORDS)
def test_words_for_missing_in_a_covariate_of_text(cohort, tmp_path, word, caplog):
    sites = [["york", "bath", "leeds"][i % 3] for i in range(N)]
    for i in (3, 10, 40):
        sites[i] = word
    path = tmp_path / "c"
    path.write_text(rows_of(cohort, ["IID", "site"], {"site": sites}))
    pheno = write_table(tmp_path / "p", ["y"], cohort.traits, list(zip(cohort.fid, cohort.iid)))  # noqa: B905
    found, run = scanned(cohort, tmp_path, pheno, path)
    assert run.null.n_samples == N - 3
    assert run.covariate_names == ["site=leeds", "site=york"]
    warned = f"covariate site: {word!r} (3 samples) is taken as missing" in caplog.text
    assert warned == (word.lower() == "none")
    in_memory = pd.DataFrame({"site": sites}, index=cohort.traits.index)
    for frame in (
        in_memory,
        in_memory.astype("category"),
        pl.DataFrame({"IID": cohort.iid, "site": sites}),
    ):
        np.testing.assert_allclose(cohort.p(covariates=frame), found, rtol=1e-6)


@pytest.mark.parametrize("word", WORDS)
def test_words_for_missing_in_numbers(cohort, tmp_path, word):
    y = [str(v) for v in cohort.traits.y]
    y[5] = word
    path = tmp_path / "t"
    path.write_text(rows_of(cohort, ["IID", "y"], {"y": y}))
    _, run = scanned(cohort, tmp_path, path)
    assert run.null.n_samples == N - 1


def test_codes_are_said(cohort, caplog):
    case = pd.DataFrame({"cc": np.arange(N) % 3}, index=cohort.traits.index)
    cohort.p(traits=case)
    assert "trait cc holds 0, 1 and 2 and nothing else" in caplog.text
    caplog.clear()
    assert len(cohort.p(traits=case, missing_codes=("0", "-9"))) == M
    cohort.p(traits=case.replace(0, np.nan))
    cohort.p(traits=case + 1)
    cohort.p(traits=case.assign(cc=case.cc + (case.index == "3")))
    assert "holds 0, 1 and 2" not in caplog.text
    caplog.clear()
    age = cohort.covariates.copy()
    age.iloc[4] = -9
    cohort.p(covariates=age - 30 * (age > 0))  # others lie below it too
    assert "covariate age: -9 is taken as a value (1 samples)" in caplog.text


def test_lists_of_people_in_python(cohort, tmp_path):
    wanted = cohort.iid[10:40]
    path = tmp_path / "keep"
    path.write_text("#IID SEX\n" + "".join(f"{i} 1\n" for i in wanted))
    expected = cohort.p(keep=str(path))
    for keep in (wanted, path, pd.Index(wanted), [int(i) for i in wanted],
                 pd.DataFrame({"SEX": 1, "IID": wanted}), pl.Series(wanted)):  # fmt: skip
        np.testing.assert_array_equal(cohort.p(keep=keep), expected)
    removed = [i for i in cohort.iid if i not in wanted]
    np.testing.assert_array_equal(cohort.p(remove=removed), expected)
    assert len(cohort.p(extract=["rs1", "rs3"])) == 2
    assert len(cohort.p(exclude=["rs1", "rs3"])) == M - 2
