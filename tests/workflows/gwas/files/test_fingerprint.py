"""What a scan's results depend on: files and arguments, told apart by their names."""

import shutil

import pytest
from reference.scans import kill_scan

from gemcont import GemcontError


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
