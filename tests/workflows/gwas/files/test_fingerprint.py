"""What a scan's results depend on: files and arguments, told apart by their names."""

import json
import os
import shutil

import numpy as np
import pytest
from reference.scans import kill_scan

from gemcont import GemcontError
from gemcont.workflows.gwas.files.fingerprint import difference, fingerprint


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


ARGUMENTS = {
    "files": {"pheno": "y.tsv", "covar": None},
    "outputs": {"layout": "tsv", "split": False},
    "maf": 0.01,
    "trait_names": ["a"],
    "x_sex": True,
    "chunk": None,
}


def made(path, block_size=7, **changes):
    return fingerprint([str(path)], {**ARGUMENTS, **changes}, block_size)


@pytest.fixture
def path(tmp_path):
    (tmp_path / "input").write_bytes(bytes(range(256)) * 100)
    return tmp_path / "input"


def test_the_same_scan_has_the_same_fingerprint(path):
    now = made(path)
    assert difference(now, made(path)) == ""
    assert difference(json.loads(json.dumps(now)), now) == ""
    assert difference(made(path, trait_names=("a",)), now) == ""  # a tuple is a list in JSON


@pytest.mark.parametrize(
    ("changes", "said"),
    [
        ({"maf": 0.05}, "--maf was 0.01, is 0.05"),
        ({"maf": None}, "--maf was 0.01, is not given"),
        ({"trait_names": ["a", "b"]}, r"--pheno-name was ['a'], is ['a', 'b']"),
        ({"x_sex": False}, "--no-x-sex was True, is not given"),
        ({"files": {"pheno": "z.tsv", "covar": None}}, "--pheno was y.tsv, is z.tsv"),
        ({"outputs": {"layout": "parquet", "split": False}}, "--format was tsv, is parquet"),
        ({"outputs": {"layout": "tsv", "split": True}}, "--split-traits was not given, is True"),
        ({"chunk": (1, 3)}, "--chunk was not given, is [1, 3]"),
        ({"encoder": "abc"}, "--encoder was not given, is abc"),
        ({"block_size": 8}, "blocks of 7 variants then, 8 now"),
    ],
)
def test_a_difference_is_said_by_its_flag(path, changes, said):
    assert difference(made(path), made(path, **changes)) == said


def test_another_version_is_another_scan(path):
    assert difference({**made(path), "gemcont": "0.0"}, made(path)).startswith("gemcont 0.0 then, ")


def test_inputs_are_told_by_what_they_hold(path):
    before = made(path)
    os.utime(path, ns=(1, 1))
    assert difference(before, made(path)) == f"{path} has changed"
    assert difference(before, made(path), times=False) == ""  # copied to another machine
    path.write_bytes(path.read_bytes()[:-1] + b"x")
    assert difference(before, made(path), times=False) == f"{path} has changed"
    (path.parent / "other").write_text("")
    more = fingerprint([str(path), str(path.parent / "other")], ARGUMENTS, 7)
    assert difference(made(path), more) == f"{path.parent / 'other'} is read by only one of them"


@pytest.mark.parametrize(
    ("size", "at"), [(4_000_000, 2_200_000), (9_000_000, 0), (9_000_000, 60_000), (9_000_000, -1)]
)
def test_a_file_is_read_whole_or_in_pieces_from_its_first_byte_to_its_last(tmp_path, size, at):
    data = np.zeros(size, dtype=np.uint8)
    data.tofile(tmp_path / "large")
    os.utime(tmp_path / "large", ns=(1, 1))
    before = made(tmp_path / "large")
    data[at] = 1
    data.tofile(tmp_path / "large")
    os.utime(tmp_path / "large", ns=(1, 1))
    assert "has changed" in difference(before, made(tmp_path / "large"))


def test_an_input_that_is_not_there_is_said(tmp_path):
    with pytest.raises(GemcontError, match=r"nowhere: cannot be read \(No such file"):
        made(tmp_path / "nowhere")
