"""Chunks of a scan and their merge, as their user meets them."""

from pathlib import Path

import numpy as np
import polars as pl
from reference.commands import fails, names, scan

from gemcont.cli import gwas


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
