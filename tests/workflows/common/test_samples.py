"""Founders and variants that linkage is measured in."""

from pathlib import Path

import pytest
from conftest import named_samples
from reference.clump_reports import awkward, small
from reference.packed import write_fileset

from gemcont import GemcontError, run_clump


def test_only_founders_and_kept_samples_count(tmp_path):
    prefix, report, dosages, variants, _ = awkward(tmp_path)
    settings = {"p1": 0.05, "r2": 0.1, "kb": 0.05}
    everyone = run_clump(prefix, report, **settings).plink_table()
    half = [f"{f}\t{i}" for f, i, _ in named_samples(160)[:80]]
    (tmp_path / "keep").write_text("\n".join(half))
    kept = run_clump(prefix, report, keep=str(tmp_path / "keep"), **settings).plink_table()
    assert not kept.equals(everyone)
    lines = Path(prefix + ".fam").read_text().split("\n")
    lines[80:160] = [line.replace(" 0 0 ", " dad 0 ", 1) for line in lines[80:160]]
    lines[80:160] = [line.replace("\t0\t0\t", "\tdad\t0\t", 1) for line in lines[80:160]]
    Path(prefix + ".fam").write_text("\n".join(lines))
    assert run_clump(prefix, report, **settings).plink_table().equals(kept)
    (tmp_path / "keep").write_text("f0\ts0\n")
    with pytest.raises(GemcontError, match="1 founders among the samples"):
        run_clump(prefix, report, keep=str(tmp_path / "keep"), **settings)
    write_fileset(str(tmp_path / "b"), dosages[:, :80], named_samples(80), variants)
    assert run_clump(str(tmp_path / "b"), report, **settings).plink_table().equals(kept)


def test_chromosome_0_is_left_out(tmp_path):
    variants = [("0", "a", 0, "A", "G"), ("1", "b", 20, "C", "T"), ("1", "c", 30, "A", "C")]
    rows = [("a", 0, 0, "A", "G", 1e-9), ("b", 1, 20, "C", "T", 1e-9)]
    loci = run_clump(*small(tmp_path, rows, variants=variants))
    assert loci.loci["variant_id"].tolist() == ["b"]
