"""How ids, columns and codes of tables become people and traits."""

import logging

import numpy as np
import pandas as pd
import polars as pl
import pytest
from conftest import write_table
from reference.doors import Cohort, M, N

from gemcont import GemcontError
from gemcont.tables.phenotypes import read_sample_table
from gemcont.workflows.gwas.files.inputs import Files
from gemcont.workflows.gwas.files.outputs import Outputs
from gemcont.workflows.gwas.files.write import write_gwas


@pytest.fixture(scope="module")
def cohort(tmp_path_factory):
    return Cohort(tmp_path_factory.mktemp("doors"))


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
