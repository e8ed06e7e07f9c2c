"""Chunks put together are the whole; missing, mixed, stale and damaged ones are named."""

import os
import shutil
from pathlib import Path

import pytest
from reference.scans import DAMAGE, RUNS, contents, in_chunks, spoil

from gemcont import GemcontError
from gemcont.workflows.gwas.files.merge import merge_gwas


@pytest.mark.parametrize("how", DAMAGE)
@pytest.mark.parametrize("name", ["joint.tsv", "tests.bin", "journal.jsonl"])
def test_damaged_chunks_are_refused_by_name(study, scan, name, how):
    for i in (1, 2):
        scan(f"result.chunk-{i}-of-2", chunk=(i, 2))
    folder = study.folder / "result.chunk-2-of-2.blocks"
    spoil(folder / name, how)
    with pytest.raises(GemcontError, match="result.chunk-2-of-2.blocks.*"):
        merge_gwas(str(study.folder / "result"))
    assert not (study.folder / "result.gwas.tsv").exists()


@pytest.mark.parametrize("kind", RUNS)
def test_chunks_put_together_are_the_whole(study, scan, kind):
    whole = scan(kind=kind)
    expected = contents(study)
    for i in (2, 1, 3, 4):
        scan(f"m.chunk-{i}-of-4", kind, chunk=(i, 4))
    run = merge_gwas(str(study.folder / "m"))
    found = contents(study, "m")
    assert {k: v for k, v in found.items() if "chunk" not in k} == expected
    assert run.written == whole.written
    assert run.removed_variants == whole.removed_variants


def test_a_chunk_that_is_missing_is_named(study, scan):
    in_chunks(scan, 4)
    os.rename(study.folder / "m.chunk-3-of-4.blocks", study.folder / "elsewhere")
    with pytest.raises(GemcontError, match="of 4 chunks these are not finished: 3$"):
        merge_gwas(str(study.folder / "m"))
    with pytest.raises(GemcontError, match="run the chunks first"):
        merge_gwas(str(study.folder / "other"))


def test_two_sets_of_chunks_are_not_mixed(study, scan):
    in_chunks(scan, 2)
    in_chunks(scan, 3)
    with pytest.raises(GemcontError, match="chunks of 2 and of 3 lie side by side"):
        merge_gwas(str(study.folder / "m"))


def test_chunks_of_different_runs_are_refused(study, scan):
    in_chunks(scan, 2)
    scan("m.chunk-2-of-2", chunk=(2, 2), maf=0.01)
    with pytest.raises(GemcontError, match="maf was not given, is 0.01"):
        merge_gwas(str(study.folder / "m"))


def test_a_chunk_copied_over_another_is_refused(study, scan):
    in_chunks(scan, 2)
    shutil.rmtree(study.folder / "m.chunk-2-of-2.blocks")
    shutil.copytree(study.folder / "m.chunk-1-of-2.blocks", study.folder / "m.chunk-2-of-2.blocks")
    with pytest.raises(GemcontError, match="chunk-2-of-2.blocks is chunk 1 of 2"):
        merge_gwas(str(study.folder / "m"))


def test_inputs_changed_after_the_chunks_are_refused(study, scan):
    in_chunks(scan, 2)
    os.utime(study.pheno)  # touched, or copied: the same file
    merge_gwas(str(study.folder / "m"))
    text = Path(study.pheno).read_text()
    Path(study.pheno).write_text(text.replace("s7\t", "s7\t1", 1))
    with pytest.raises(GemcontError, match=r"study.pheno has changed; run the chunks again"):
        merge_gwas(str(study.folder / "m"))
