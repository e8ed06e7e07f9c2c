"""gemcont-meta --joint: several stores, and flags that do nothing with them."""

import polars as pl
from reference.commands import fails, names, scan

from gemcont.cli import meta


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
