"""gemcont-meta: what it writes, and its mistakes in one line."""

import gzip
import re

import numpy as np
import polars as pl
import pytest
from conftest import ROOT

from gemcont.cli import meta

SHARED = ROOT.parent / "shared" / "data" / "meta"


def write(path, seed=1, *, swap=False, n=200, **columns):
    """A cohort of n variants with effects of their own."""
    rng = np.random.default_rng(seed)
    frequency = np.linspace(0.05, 0.35, n)
    frame = pl.DataFrame(
        {
            "CHR": np.repeat(["1", "2"], n // 2),
            "POS": np.arange(n) * 1000 + 5,
            "SNP": [f"rs{i}" for i in range(n)],
            "EA": np.where(swap, "G", np.repeat("A", n)),
            "OA": np.where(swap, "A", np.repeat("G", n)),
            "EAF": 1 - frequency if swap else frequency,
            "BETA": rng.normal(0, 0.1, n).round(5),
            "SE": np.full(n, 0.05),
            "P": np.full(n, 0.5),
            "N": np.full(n, 1000 * seed),
        }
    )
    frame.with_columns(**columns).write_csv(path, separator="\t")
    return str(path)


@pytest.fixture
def files(tmp_path):
    return [write(tmp_path / "a.tsv"), write(tmp_path / "b.tsv", 2, swap=True)]


def names(folder):
    return sorted(p.name for p in folder.glob("o.*"))


def test_everything_it_writes(tmp_path, files, capsys):
    assert meta.main(["--sumstats", *files, "--out", str(tmp_path / "o")]) == 0
    out, err = capsys.readouterr()
    assert err == ""
    assert names(tmp_path) == [
        *("o.dropped.tsv.gz", "o.frequency.png", "o.log", "o.manhattan.png", "o.meta.tsv"),
        "o.qq.png",
    ]
    table = pl.read_csv(tmp_path / "o.meta.tsv", separator="\t", null_values="NA")
    assert table.columns[:10] == [
        *("chromosome", "base_pair_location", "effect_allele", "other_allele", "beta"),
        *("standard_error", "effect_allele_frequency", "neg_log_10_p_value", "variant_id", "n"),
    ]
    assert table.height == 200
    assert set(table["n"]) == {3000}
    np.testing.assert_allclose(
        table["effect_allele_frequency"], np.linspace(0.05, 0.35, 200), rtol=1e-6
    )
    first, second = (pl.read_csv(f, separator="\t") for f in files)
    np.testing.assert_allclose(table["beta"], (first["BETA"] - second["BETA"]) / 2, atol=1e-7)
    assert "b: 200 rows, 200 entered (200 effect turned over)" in out
    assert gzip.open(tmp_path / "o.dropped.tsv.gz").read() == b"cohort\trow\tvariant_id\treason\n"


def test_layouts_and_schemes(tmp_path, files):
    out = ["--out", str(tmp_path / "o"), "--no-plot", "--sumstats", *files]
    assert meta.main([*out, "--format", "parquet", "--random-effects", "--genomic-control"]) == 0
    table = pl.read_parquet(tmp_path / "o.meta.parquet")
    assert (table["tau2"] >= 0).all()
    assert meta.main([*out, "--scheme", "samplesize", "--format", "tsv.gz"]) == 0
    table = pl.read_csv(gzip.open(tmp_path / "o.meta.tsv.gz"), separator="\t")
    assert "z" in table.columns
    flags = ["--format", "ssf", "--genome-build", "GRCh38"]
    assert meta.main([*out, *flags]) == 0
    assert (tmp_path / "o.meta.ssf.tsv-meta.yaml").exists()
    table = pl.read_csv(tmp_path / "o.meta.ssf.tsv", separator="\t")
    assert table.columns[:8] == [
        *("chromosome", "base_pair_location", "effect_allele", "other_allele", "beta"),
        *("standard_error", "effect_allele_frequency", "neg_log_10_p_value"),
    ]


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--sumstats", "a.tsv", "none.tsv"], "none.tsv: no such file"),
        (["--sumstats", "a.tsv", "--names", "x", "y"], "2 names for 1 files"),
        (["--sumstats", "a.tsv", "--build", "37,38,38"], "--build: 3 builds for 1 files"),
        (["--sumstats", "a.tsv", "b.tsv", "--build", "37,38"], "the builds differ"),
        (["--sumstats", "a.tsv", "--liftover", "chain"], "say the build of every file"),
        (["--sumstats", "a.tsv", "--format", "ssf"], "--format ssf needs it"),
        (["--sumstats", "a.tsv", "./a.tsv"], "--sumstats: .*a.tsv stands twice"),
        (
            ["--sumstats", "a.tsv", "--columns", "beta=X,z=X"],
            "'z=X' names a role or a column a sec",
        ),
        (["--sumstats", "a.tsv", "--columns", "beta=X"], "has no column 'X' for beta"),
        (["--sumstats", "noallele.tsv"], "no column for effect_allele; say which by --columns"),
        (
            ["--sumstats", "a.tsv", "--ambiguous", "0.7"],
            "'0.7' is not a number above 0 and up to 0.5",
        ),
        (["--sumstats", "a.tsv", "--trait", "x"], "has no column of traits"),
        (["--sumstats", "empty.tsv"], "the file is empty"),
        (["--sumstats", "a.tsv", "--bfile", "none"], "none.bed: no such file"),
    ],
)
def test_mistakes_are_one_line(tmp_path, files, capsys, monkeypatch, flags, message):
    monkeypatch.chdir(tmp_path)
    (tmp_path / "noallele.tsv").write_text("CHR\tPOS\tBETA\tSE\n1\t1\t1\t1\n")
    (tmp_path / "empty.tsv").write_text("")
    (tmp_path / "chain").write_text("chain 1 chr1 9 + 0 9 chr1 9 + 0 9 1\n9\n")
    try:
        code = meta.main([*flags, "--out", str(tmp_path / "o")])
    except SystemExit as stopped:
        code = stopped.code
    error = capsys.readouterr().err
    assert code == 2
    assert re.search(message, error)
    assert error.count("\n") == 1
    assert names(tmp_path) in ([], ["o.log"])


def test_scores_without_a_standard_error_column(tmp_path, files):
    """METAL's classic input: effect, p and N."""
    for path in files:
        pl.read_csv(path, separator="\t").drop("SE").write_csv(path, separator="\t")
    flags = ["--scheme", "samplesize", "--sumstats", *files, "--out", str(tmp_path / "o")]
    assert meta.main([*flags, "--no-plot"]) == 0
    table = pl.read_csv(tmp_path / "o.meta.tsv", separator="\t")
    assert table["n_studies"].to_list() == [2] * 200
    assert table["z"].is_not_nan().all()


def test_an_input_is_not_written_over(tmp_path, files, capsys):
    path = tmp_path / "o.meta.tsv"
    path.write_bytes((tmp_path / "a.tsv").read_bytes())
    assert meta.main(["--sumstats", str(path), files[1], "--out", str(tmp_path / "o")]) == 2
    assert "is also an input" in capsys.readouterr().err


@pytest.mark.skipif(not SHARED.exists(), reason="shared/data/meta is not there")
def test_palindromes_of_the_simulated_cohorts(tmp_path):
    files = [str(SHARED / f"open.{n}.tsv") for n in ("mvp", "finngen", "third")]
    assert (
        meta.main(["--sumstats", *files, "--names", "a", "b", "c", "--out", str(tmp_path / "o")])
        == 0
    )
    dropped = pl.read_csv(gzip.open(tmp_path / "o.dropped.tsv.gz"), separator="\t")
    assert set(dropped["reason"]) == {
        "palindromic, allele frequency too near one half",
        "standard error not above 0",
        "the variant stands twice, its first row is used",
        "effect or standard error missing",
    }
