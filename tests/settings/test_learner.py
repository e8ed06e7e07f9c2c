"""Flags that the learner's commands share: inputs, folders, logs."""

import dataclasses

import pytest

from gemcont import GemcontError
from gemcont.settings.learner import Device, Folder, LearnerInputs


@pytest.mark.parametrize(
    ("given", "flag"),
    [
        ({"images": "x.npy"}, "--images"),
        ({"image_ids": "i"}, "--image-ids"),
        ({"layout": "hwc"}, "--layout"),
        ({"bfile": "g"}, "--bfile"),
        ({"pfile": "g"}, "--pfile"),
        ({"bgen": "g"}, "--bgen"),
        ({"panel": "p"}, "--panel"),
    ],
)
def test_a_study_has_its_own_files(given, flag):
    with pytest.raises(GemcontError, match=f"^{flag}: --study has its own; leave it out"):
        LearnerInputs(study="s", **given)
    LearnerInputs(**{"images": "x.npy"} | given)


def test_something_has_to_be_given():
    with pytest.raises(GemcontError, match="^--study DIR or --images FILE is needed"):
        LearnerInputs(covar="c")


def test_inputs_are_the_fields_of_the_learner_s():
    from gemcont.learn.files import Inputs

    settings = LearnerInputs(images="x.npy", bfile="a/g", panel="p", covar="c", min_found=0.5)
    inputs = settings.inputs
    assert set(inputs) <= {field.name for field in dataclasses.fields(Inputs)}
    assert inputs["genotypes"] == "a/g.bed"
    assert (inputs["images"], inputs["min_found"], inputs["study"]) == ("x.npy", 0.5, None)


@pytest.mark.parametrize("out", ["models/m", "models/m/", "m//"])
def test_a_folder_has_no_slash_at_its_end(out):
    assert Folder(out=out).folder == out.rstrip("/")


@pytest.mark.parametrize("out", [".", "..", "/", "a/..", "./"])
def test_a_folder_has_a_name(out):
    with pytest.raises(GemcontError, match="is no name for a folder"):
        Folder(out=out)


@pytest.mark.parametrize(("rank", "prefix"), [(None, "a/m.train"), ("0", "a/m.train"),
                                              ("3", "a/m.train.3")])  # fmt: skip
def test_each_process_but_the_first_has_a_log_of_its_own(rank, prefix, monkeypatch):
    class Training(Folder):
        log_kind = "train"

    monkeypatch.delenv("RANK", raising=False)
    if rank is not None:
        monkeypatch.setenv("RANK", rank)
    assert Training(out="a/m").log_prefix == prefix


def test_a_device_is_one_of_those_there_are():
    assert Device().device == "cpu"
    with pytest.raises(GemcontError, match="^--device: 'gpu' is not one of cpu, cuda, mps"):
        Device(device="gpu")
