"""Chunks, resumed runs, stores and what is asked of them, as their user meets them."""

from pathlib import Path

import numpy as np
import polars as pl
import pytest

from gemcont.cli import gwas, meta, project


def scan(study, *flags, out=None):
    base = ["--bfile", study.bfile, "--pheno", study.pheno, "--out", out or study.out]
    return gwas.main([*base, "--no-plot", *flags])


def fails(command, argv, capsys, *messages):
    assert command(argv) == 2
    error = capsys.readouterr().err
    assert error.count("\n") == 1, error
    for message in messages:
        assert message in error


def names(study, prefix):
    return sorted(p.name.removeprefix(prefix) for p in study.folder.glob(f"{prefix}.*"))


def test_chunks_and_their_merge(study, capsys):
    assert scan(study, "--block-size", "9", "--each-trait", out=str(study.folder / "whole")) == 0
    for i in (3, 1, 2):
        assert scan(study, "--block-size", "9", "--each-trait", "--chunk", f"{i}/3") == 0
    assert names(study, "result") == sorted(
        f".chunk-{i}-of-3.{kind}" for i in (1, 2, 3) for kind in ("blocks", "log")
    )
    assert gwas.main(["merge", "--out", study.out]) == 0
    for suffix in (".gwas.tsv", ".traits.parquet", ".traits.summary.tsv"):
        whole = (study.folder / f"whole{suffix}").read_bytes()
        assert (study.folder / f"result{suffix}").read_bytes() == whole
    assert (study.folder / "result.manhattan.png").exists()
    assert "3 chunks put together" in Path(study.out + ".log").read_text()


def test_a_merge_without_all_chunks_says_which(study, capsys):
    for i in (1, 3):
        assert scan(study, "--block-size", "9", "--chunk", f"{i}/3") == 0
    fails(gwas.main, ["merge", "--out", study.out], capsys, "of 3 chunks these are not finished: 2")
    fails(gwas.main, ["merge", "--out", study.out + "x"], capsys, "run the chunks first")


def test_a_chunk_can_be_run_again_and_resumed(study, capsys):
    for _ in range(2):
        assert scan(study, "--block-size", "9", "--chunk", "1/3") == 0
    whole = study.folder / "result.chunk-1-of-3.blocks" / "joint.tsv"
    before = whole.stat().st_mtime_ns
    assert scan(study, "--block-size", "9", "--chunk", "1/3", "--resume") == 0
    assert whole.stat().st_mtime_ns == before  # it stood there already
    assert scan(study, "--block-size", "9", "--chunk", "2/3", "--resume") == 0


def test_project(study, capsys):
    assert scan(study, "--save-products") == 0
    weights = study.folder / "w.csv"
    weights.write_text("trait,sum,difference\r\nheight,1,1\r\nweight,1,-1\r\n")
    out = str(study.folder / "axes")
    argv = ["--products", study.out, "--weights", str(weights), "--each-trait", "--out", out]
    assert project.main(argv) == 0
    files = [".gwas.tsv", ".log", ".manhattan.png", ".qq.png", ".summary.json", ".traits.parquet"]
    assert names(study, "axes") == files
    assert "true rate at 5e-8" in Path(out + ".log").read_text()
    read = {"separator": "\t", "null_values": "NA", "schema_overrides": {"chromosome": pl.String}}
    found, expected = (pl.read_csv(f, **read) for f in (out + ".gwas.tsv", study.out + ".gwas.tsv"))
    np.testing.assert_allclose(found["chi2"], expected["chi2"], rtol=1e-5)
    assert pl.read_parquet(out + ".traits.parquet")["trait"].unique().sort().to_list() == [
        "difference",
        "sum",
    ]


def test_project_of_one_trait_has_its_effect(study):
    assert scan(study, "--save-products") == 0
    out = str(study.folder / "one")
    argv = ["--products", study.out, "--traits", "weight", "--p-max", "0.2", "--out", out]
    assert project.main([*argv, "--no-plot", "--format", "parquet"]) == 0
    found = pl.read_parquet(out + ".gwas.parquet")
    assert {"beta", "standard_error"} <= set(found.columns)
    assert 0 < found.height < 60
    assert found["neg_log_10_p_value"].min() >= -np.log10(0.2)


@pytest.mark.parametrize(
    ("flags", "messages"),
    [
        (["--traits", "hight"], ("--traits: 'hight' is not a trait", "height, weight")),
        (["--traits", "height,height"], ("--traits: duplicate name",)),
        (["--weights", "nowhere"], ("nowhere: no such file",)),
    ],
)
def test_project_mistakes(study, capsys, flags, messages):
    assert scan(study, "--save-products") == 0
    capsys.readouterr()
    argv = ["--products", study.out, "--out", str(study.folder / "p"), *flags]
    fails(project.main, argv, capsys, *messages)
    argv = ["--products", study.out, "--out", study.out, "--traits", "height"]
    fails(project.main, argv, capsys, "is the scan that is read")
    argv = ["--products", study.out + "x", "--out", str(study.folder / "p"), "--traits", "height"]
    fails(project.main, argv, capsys, "resultx.products: not a store")


def test_joint_meta_refuses_the_same_people_and_idle_flags(study, capsys):
    second = str(study.folder / "second")
    assert scan(study, "--save-products") == 0
    assert scan(study, "--save-products", out=second) == 0
    capsys.readouterr()
    base = ["--joint", study.out, second, "--out", str(study.folder / "m")]
    fails(meta.main, base, capsys, "101 people", "--same-ids")
    fails(meta.main, [*base, "--scheme", "samplesize"], capsys, "--scheme goes with --sumstats")
    fails(meta.main, ["--joint", study.out, "--out", second], capsys, "two stores or more")
    argv = ["--sumstats", study.out + ".gwas.tsv", "--test", "f", "--out", second]
    fails(meta.main, argv, capsys, "--test goes with --joint")
    assert meta.main([*base, "--same-ids", "--test", "f"]) == 0
    files = [".log", ".manhattan.png", ".meta.tsv", ".qq.png", ".summary.json"]
    assert names(study, "m") == files
    fails(meta.main, [*base, "--chr-set", "30"], capsys, "--chr-set goes with --sumstats")
    fails(meta.main, [*base[:3], "--same-ids", "--out", second], capsys, "is the scan that is read")
    found = pl.read_csv(study.folder / "m.meta.tsv", separator="\t", null_values="NA")
    assert 101 < found["n"].max() <= 202


def test_traits_from_npy(study):
    np.save(study.folder / "t.npy", study.traits)
    table = pl.read_csv(study.pheno, separator="\t")
    table.select("FID", "IID").write_csv(study.folder / "t.ids.tsv", separator="\t")
    (study.folder / "t.names.txt").write_text("height\nweight\n")
    assert scan(study) == 0
    expected = Path(study.out + ".gwas.tsv").read_bytes()
    study.pheno = str(study.folder / "t.npy")
    assert scan(study) == 0
    assert Path(study.out + ".gwas.tsv").read_bytes() == expected
