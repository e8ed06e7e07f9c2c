"""Scans from files to files: killed and resumed, in chunks and put together, always the same."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import polars as pl
import pytest

from gemcont import GemcontError
from gemcont.tables.files import remove
from gemcont.workflows.gwas.files.inputs import Files
from gemcont.workflows.gwas.files.merge import merge_gwas
from gemcont.workflows.gwas.files.outputs import Outputs
from gemcont.workflows.gwas.files.write import write_gwas
from gemcont.workflows.gwas.run import GwasRun

RUNS = [
    ({}, {}),
    ({"layout": "tsv.gz"}, {"test": "f"}),
    ({"layout": "parquet"}, {"effects": True}),
    ({}, {"each_trait": True, "geno": 0.05}),
    ({}, {"each_trait": True, "joint": False, "neg_log10_p_min": 0.3}),
    ({}, {"each_trait": True, "joint": False, "top_k": 3}),
    ({}, {"each_trait": True, "save_products": True}),
    ({}, {"each_trait": True, "joint": False, "dense": True}),
    ({"layout": "ssf", "split": True, "genome_build": "GRCh38"}, {"each_trait": True}),
]
SIZE = 7  # variants in a block: nine blocks of the study's 60


@pytest.fixture
def scan(study):
    def run(name="result", kind=RUNS[0], **more):
        outputs, settings = kind
        if outputs.get("layout") == "ssf":
            settings = settings | {"joint": False}
        prefix = str(study.folder / name)
        settings = {"block_size": SIZE} | settings
        files = Files(study.bfile, study.pheno, study.covar)
        return write_gwas(files, Outputs(prefix, **outputs), **settings | more)

    return run


def contents(study, name="result"):
    """Bytes of every result file, the yaml's date apart."""
    files = [p for p in study.folder.glob(f"{name}.*") if p.is_file()]
    files += [p for kind in ("t", "products") for p in study.folder.glob(f"{name}.{kind}/*")]
    found = {p.name.removeprefix(name): p.read_bytes() for p in files}
    return {k: v.replace(f"{name}.".encode(), b"") if "yaml" in k else v for k, v in found.items()}


class Killed(BaseException):
    pass


def kill(*_):
    raise Killed


def kill_scan(scan, monkeypatch, n_blocks, kind=RUNS[0], **more):
    """A scan that dies once ``n_blocks`` are written."""
    blocks = GwasRun.blocks

    def mortal(run, **options):
        for done, block in enumerate(blocks(run, **options)):
            if done == n_blocks:
                raise Killed
            yield block

    with monkeypatch.context() as patch:
        patch.setattr(GwasRun, "blocks", mortal)
        with pytest.raises(Killed):
            scan(kind=kind, **more)


@pytest.mark.parametrize("kind", RUNS)
@pytest.mark.parametrize("n_blocks", [1, 4, 8])
def test_a_resumed_scan_writes_the_same_bytes(study, scan, monkeypatch, kind, n_blocks):
    whole = scan(kind=kind)
    expected = contents(study)
    for path in study.folder.glob("result.*"):
        remove(path)
    kill_scan(scan, monkeypatch, n_blocks, kind)
    assert [p.name for p in study.folder.glob("result.*")] == ["result.partial"]
    leave_half_a_block(study.folder / "result.partial")
    run = scan(kind=kind, resume=True, threads=1)
    assert contents(study) == expected
    np.testing.assert_array_equal(run.row_variants, whole.row_variants)
    np.testing.assert_array_equal(run.all_neg_log_10_p, whole.all_neg_log_10_p)
    assert (run.removed_variants, run.written) == (whole.removed_variants, whole.written)
    counts, expected = run.tally.to_json(), whole.tally.to_json()
    counts["written"] = expected["written"] = None  # by --top-k as many as the threads saw pass
    assert counts == expected


def test_threads_and_memory_may_change(study, scan, monkeypatch):
    scan(block_size=None, threads=2)
    expected = contents(study)
    kill_scan(scan, monkeypatch, 2)
    scan(block_size=None, threads=1, memory=16, resume=True)
    assert contents(study) == expected


def leave_half_a_block(folder):
    """What a process killed while it writes a block leaves behind the journal."""
    with open(folder / "journal.jsonl", "a") as file:
        file.write('{"n_read": 7, "n_ro')
    with open(folder / "tests.bin", "ab") as file:
        file.write(b"\0" * 13)
    for path in folder.glob("*.tsv*"):
        with open(path, "ab") as file:
            file.write(b"half a li")
    for parts in (p for p in folder.iterdir() if p.is_dir()):
        last = max(parts.iterdir())
        number = last.stem.removeprefix("part-")
        further = parts / last.name.replace(number, f"{int(number) + 1:0{len(number)}d}")
        shutil.copytree(last, further) if last.is_dir() else shutil.copy(last, further)


def test_a_run_killed_while_it_finishes_can_be_resumed(study, scan, monkeypatch):
    scan(kind=RUNS[3])
    expected = contents(study)
    with pytest.raises(Killed):
        scan(kind=RUNS[3], report=kill)
    assert (study.folder / "result.partial").exists()
    scan(kind=RUNS[3], resume=True)
    assert contents(study) == expected


@pytest.mark.parametrize(
    ("change", "message"),
    [
        ({"maf": 0.1}, "maf was not given, is 0.1"),
        ({"test": "f"}, "test was lrt, is f"),
        ({"block_size": 8}, "blocks of 7 variants then, 8 now"),
    ],
)
def test_other_arguments_are_refused(scan, monkeypatch, change, message):
    kill_scan(scan, monkeypatch, 3)
    with pytest.raises(GemcontError, match=message):
        scan(resume=True, **change)
    scan(resume=True)  # what is done is still there


def test_another_table_is_refused_by_its_flag(study, scan, monkeypatch):
    kill_scan(scan, monkeypatch, 3)
    shutil.copy(study.pheno, study.folder / "other.pheno")
    study.pheno = str(study.folder / "other.pheno")
    with pytest.raises(GemcontError, match=r"--pheno was .*study.pheno, is .*other.pheno"):
        scan(resume=True)


@pytest.mark.parametrize("file", ["bed", "pheno", "covar"])
def test_changed_inputs_are_refused(study, scan, monkeypatch, file):
    kill_scan(scan, monkeypatch, 3)
    path = study.folder / f"study.{file}"
    data = bytearray(path.read_bytes())
    data[-2] ^= 1
    path.write_bytes(data)
    with pytest.raises(GemcontError, match=f"study.{file} has changed"):
        scan(resume=True)


def flipped(data):
    """The bytes with one bit in their middle turned over."""
    middle = len(data) // 2
    return data[:middle] + bytes([data[middle] ^ 1]) + data[middle + 1 :]


DAMAGE = {"cut": lambda data: data[: len(data) // 3], "turned": flipped, "gone": None}


def spoil(path, how):
    if DAMAGE[how] is None:
        path.unlink()
    else:
        path.write_bytes(DAMAGE[how](path.read_bytes()))


@pytest.mark.parametrize("how", DAMAGE)
@pytest.mark.parametrize(
    "name", ["joint.tsv", "tests.bin", "effects/000001.arrow", "tally-3.npz", "fingerprint.json",
             "every/000000/values-0.npy", "variants/000002.arrow", "products/part-00000.parquet"],
)  # fmt: skip
def test_damaged_work_is_refused_by_name(study, scan, monkeypatch, name, how):
    settings = {"effects": True, "each_trait": True, "save_products": True}
    kill_scan(scan, monkeypatch, 3, **settings)
    spoil(study.folder / "result.partial" / name, how)
    if (name, how) == ("fingerprint.json", "gone"):
        with pytest.raises(GemcontError, match="a folder of yours is in the way"):
            scan(resume=True, **settings)
        return
    shown = name.removesuffix("/values-0.npy")
    with pytest.raises(GemcontError, match=rf"{shown}: missing or damaged.* without --resume"):
        scan(resume=True, **settings)


def test_a_damaged_journal_is_refused_by_its_line(study, scan, monkeypatch):
    kill_scan(scan, monkeypatch, 3)
    path = study.folder / "result.partial" / "journal.jsonl"
    whole = path.read_bytes()
    first = whole.index(b"\n")
    path.write_bytes(flipped(whole[:first]) + whole[first:])
    with pytest.raises(GemcontError, match=r"journal.jsonl: (line 1 is|missing or) damaged"):
        scan(resume=True)
    path.write_bytes(whole.replace(b'"rare": ', b'"rare": 1', 1))
    with pytest.raises(GemcontError, match="journal.jsonl: missing or damaged"):
        scan(resume=True)
    path.write_bytes(whole[:-9])  # as a kill leaves it: the last line does not count
    assert scan(resume=True).n_rows == 60


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


def test_nothing_of_the_user_is_deleted(study, scan):
    for name in ("result.partial", "result.products"):
        (study.folder / name).mkdir()
        (study.folder / name / "notes.txt").write_text("mine")
        with pytest.raises(GemcontError, match=f"{name}: .* in the way"):
            scan(save_products=True)
        assert (study.folder / name / "notes.txt").read_text() == "mine"
        shutil.rmtree(study.folder / name)


def test_a_scan_without_variants_leaves_nothing(study, scan):
    with pytest.raises(GemcontError, match="no variant is left"):
        scan(mac=10_000)
    assert not list(study.folder.glob("result.*"))


def test_a_full_disk_is_said_and_the_work_kept(study, scan, monkeypatch):
    def full(*_, **__):
        raise pl.exceptions.ComputeError("underlying IO error: No space left on device")

    with monkeypatch.context() as patch:
        patch.setattr(pl.LazyFrame, "sink_parquet", full)
        with pytest.raises(GemcontError, match="No space left on device.* --resume goes on from"):
            scan(kind=RUNS[2])
    scan(kind=RUNS[2], resume=True)
    assert (study.folder / "result.gwas.parquet").exists()


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


def in_chunks(scan, n, **settings):
    for i in range(1, n + 1):
        scan(f"m.chunk-{i}-of-{n}", chunk=(i, n), **settings)


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


def test_more_chunks_than_blocks_are_refused(scan):
    with pytest.raises(GemcontError, match="60 variants make 9 blocks of 7 at most"):
        scan("m.chunk-1-of-10", chunk=(1, 10))


def test_chunks_are_counted_before_anything_is_fitted(scan, monkeypatch):
    from gemcont.workflows.gwas.files import write as gwas_files

    def prepared(*_, **__):
        raise AssertionError("the null model was fitted")

    monkeypatch.setattr(gwas_files, "prepare", prepared)
    with pytest.raises(GemcontError, match="--chunk 1/10: 60 variants make 9 blocks of 7 at most"):
        scan("m.chunk-1-of-10", chunk=(1, 10))


def test_arrays_of_kinship_do_not_go_with_files(study, scan):
    with pytest.raises(GemcontError, match="kinship: files of results need a path"):
        scan(kinship=np.eye(3))


def test_the_journal_says_what_a_block_was(study, scan, monkeypatch):
    kill_scan(scan, monkeypatch, 2)
    with open(study.folder / "result.partial" / "journal.jsonl") as file:
        records = [json.loads(line) for line in file]
    assert [r["tally"]["n_read"] for r in records] == [SIZE, 2 * SIZE]
    assert pl.read_csv(study.folder / "result.partial" / "joint.tsv", separator="\t").height == 14
