"""The folder of a simulated study, read back."""

import json
import os
import shutil
from pathlib import Path

import numpy as np
import pytest

from gemcont import GemcontError
from gemcont.learn.simulation.study import open_study


@pytest.fixture
def copy(image_study, tmp_path):
    """A copy of the study that may be changed."""
    return Path(shutil.copytree(image_study, tmp_path / "study"))


def test_what_was_written_is_read(image_study):
    study = open_study(image_study)
    assert study.folder == image_study
    assert study.facts == json.loads((Path(image_study) / "study.json").read_text())
    assert study.images.shape == (1, 28, 28)
    assert len(study.images.pixels) == len(study.people.iid) == study.source.n_samples == 1100
    assert study.people.iid == study.source.samples["iid"].to_list() == study.images.ids.iid
    assert study.causal == [f"c{i + 1}" for i in range(8)]
    assert os.path.samefile(study.panel, f"{image_study}/panel.tsv")


def test_the_training_split_is_what_is_not_tested(image_study):
    trained = open_study(image_study).in_training
    np.testing.assert_array_equal(trained, np.arange(1100) < 600)


def test_the_hash_is_of_people_split_and_images(image_study, copy):
    whole = open_study(image_study).hash
    assert open_study(copy).hash == whole
    pixels = np.load(copy / "images.npy")
    pixels[:, 0, 0] ^= 1
    np.save(copy / "images.npy", pixels)
    assert open_study(copy).hash != whole


@pytest.mark.parametrize(
    ("name", "text", "message"),
    [
        ("study.json", None, "is no folder of gemcont-simulate"),
        ("study.json", "{", "study.json: cannot be read"),
        ("causal.tsv", None, "causal.tsv: cannot be read"),
        ("causal.tsv", "variant_id\tbeta\nc1\t1\nx9\t1\n", "x9 is not in .*; simulate the study"),
        ("causal.tsv", "variant_id\tbeta\n", "names no variant; simulate the study anew"),
        ("people.tsv", "IID\tz\na\t1\n", "--study: 'split' is not a column"),
        ("people.tsv", "IID\tsplit\tz\na\tleft\t1\n", "split is 'left'; it is train or test"),
        ("images.npy", "x", "images.npy: not a whole .npy"),
    ],
)
def test_what_a_folder_lacks_is_named(copy, name, text, message):
    (copy / name).unlink()
    if text is not None:
        (copy / name).write_text(text)
    with pytest.raises(GemcontError, match=message):
        open_study(copy)
