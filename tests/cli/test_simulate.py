"""gemcont-simulate: what its flags become, and its mistakes in one line."""

import json

import numpy as np
import polars as pl
import pytest
from conftest import BUNDLED

from gemcont.cli.simulate import main

IMAGES = ["--images", str(BUNDLED / "emnist_sample.npz")]
SIZES = {"n-train": 60, "n-test": 40, "variants": 5, "null-variants": 7, "n-external": 50}


def command(out, *flags):
    sizes = [word for name, size in SIZES.items() for word in (f"--{name}", str(size))]
    return [*IMAGES, *sizes, *flags, "--out", str(out)]


def test_the_folder_holds_what_the_flags_say(tmp_path):
    assert main(command(tmp_path / "s", "--seed", "3", "--threads", "1")) == 0
    names = {path.name for path in (tmp_path / "s").iterdir()}
    assert {
        "study.bed",
        "study.bim",
        "study.fam",
        "images.npy",
        "people.tsv",
        "study.json",
    } <= names
    assert {"causal.tsv", "external.gwas.tsv", "panel.tsv"} <= names
    people = pl.read_csv(tmp_path / "s" / "people.tsv", separator="\t")
    assert people["split"].to_list() == ["train"] * 60 + ["test"] * 40
    assert len(np.load(tmp_path / "s" / "images.npy")) == 100
    assert len((tmp_path / "s" / "study.bim").read_text().splitlines()) == 12
    assert pl.read_csv(tmp_path / "s" / "causal.tsv", separator="\t").height == 5
    facts = json.loads((tmp_path / "s" / "study.json").read_text())["settings"]
    assert (facts["seed"], facts["n_train"], facts["null_variants"]) == (3, 60, 7)
    assert "gemcont-simulate --images" in (tmp_path / "s.simulate.log").read_text()


def test_test_people_depend_on_the_seed_alone(tmp_path):
    assert main(command(tmp_path / "a", "--split", "0")) == 0
    assert main(command(tmp_path / "b", "--split", "1")) == 0
    a, b = (np.load(tmp_path / name / "images.npy") for name in "ab")
    np.testing.assert_array_equal(a[60:], b[60:])
    assert (a[:60] != b[:60]).any()


def test_a_folder_of_something_else_is_not_replaced(tmp_path, capsys):
    (tmp_path / "s").mkdir()
    (tmp_path / "s" / "notes.txt").write_text("mine")
    assert main(command(tmp_path / "s")) == 2
    assert capsys.readouterr().err.count("\n") == 1
    assert (tmp_path / "s" / "notes.txt").read_text() == "mine"


@pytest.mark.parametrize(
    ("flags", "message"),
    [
        (["--n-train", "0"], "argument --n-train: '0' is not a whole number from 1 up"),
        (["--h-g", "2"], "argument --h-g: '2' is not a number from 0 to 1"),
        (["--images", "nowhere.npz"], "nowhere.npz"),
    ],
)
def test_mistakes_are_one_line(tmp_path, capsys, flags, message):
    try:
        code = main(command(tmp_path / "s", *flags))
    except SystemExit as stopped:
        code = stopped.code
    error = capsys.readouterr().err
    assert code == 2
    assert message in error
    assert error.count("\n") == 1
    assert not (tmp_path / "s").exists()
