"""The folder of a trained model."""

import os
from dataclasses import replace

import numpy as np
import pytest
import torch

from gemcont import GemcontError
from gemcont.learn.data.split import HELD_OUT, KIN, TRAIN, VALIDATION
from gemcont.learn.files import Inputs, Split, train_files
from gemcont.learn.training.model import (
    build_method,
    hash_of,
    load_numbers,
    read_model,
    save_numbers,
)
from gemcont.settings.train import TrainSettings

QUICK = TrainSettings(encoder="mlp", epochs=3, batch_size=64, lr=1e-3)


def fit(study, out, settings=QUICK, **options):
    return train_files(Inputs(study=study), Split(), settings, str(out), **options)


class Evil:
    def __reduce__(self):
        return os.system, ("true",)


def test_files_of_a_model_that_are_not_what_they_seem(image_study, tmp_path):
    folder = tmp_path / "m"
    fit(image_study, folder)
    torch.save({"x": Evil()}, folder / "model.pt")
    with pytest.raises(
        GemcontError, match="damaged, or holds more than numbers, and is not opened"
    ):
        read_model(folder)
    (folder / "model.pt").write_bytes(b"PK damaged")
    with pytest.raises(GemcontError, match="damaged, or holds more"):
        read_model(folder)
    fit(image_study, tmp_path / "wide", replace(QUICK, width=32))
    (tmp_path / "wide" / "model.pt").replace(folder / "model.pt")
    with pytest.raises(GemcontError, match="of another architecture"):
        read_model(folder)
    people = (folder / "people.tsv").read_text()
    (folder / "model.pt").unlink()
    fit(image_study, folder)
    (folder / "people.tsv").write_text("\n".join(people.splitlines()[:5]) + "\n")
    with pytest.raises(GemcontError, match="damaged: 4 training and 0 validation people, not 570"):
        read_model(folder)
    (folder / "people.tsv").write_text(people)
    facts = (folder / "model.json").read_text()
    (folder / "model.json").write_text(facts.replace('"width": 64', '"width": 32'))
    with pytest.raises(GemcontError, match="its width is not the model's"):
        read_model(folder)
    (folder / "model.json").write_text("{}")
    with pytest.raises(GemcontError, match="damaged or of another version"):
        read_model(folder)
    with pytest.raises(GemcontError, match="is no folder of gemcont-train"):
        read_model(tmp_path)


def test_numbers_come_back_as_they_were(tmp_path):
    path = str(tmp_path / "x.pt")
    content = {"epoch": 3, "w": torch.arange(6.0).reshape(2, 3), "lines": ["a"]}
    save_numbers(path, content)
    back = load_numbers(path)
    assert (back["epoch"], back["lines"]) == (3, ["a"])
    torch.testing.assert_close(back["w"], content["w"], rtol=0, atol=0)
    assert os.listdir(tmp_path) == ["x.pt"]
    with pytest.raises(GemcontError, match="none.pt: cannot be read"):
        load_numbers(str(tmp_path / "none.pt"))
    with pytest.raises(GemcontError, match="cannot be written"):
        save_numbers(str(tmp_path / "x.pt" / "y"), content)


def test_a_hash_is_of_names_and_numbers_whatever_the_order():
    state = {"a": torch.ones(2), "b": torch.zeros(3)}
    whole = hash_of(state)
    assert hash_of({"b": state["b"], "a": state["a"]}) == whole
    assert hash_of({"a": state["a"], "c": state["b"]}) != whole
    assert hash_of(state | {"b": torch.tensor([0.0, 0.0, 1e-30])}) != whole


def test_people_by_role(model):
    trained = read_model(model)
    roles = [trained.role[iid] for iid in trained.role]
    iid = list(trained.role)
    assert trained.have(iid, TRAIN).tolist() == [r == "train" for r in roles]
    assert trained.have(iid, TRAIN, VALIDATION).sum() == 600
    assert not trained.have(["a stranger"], TRAIN, VALIDATION, HELD_OUT, KIN).any()
    assert set(trained.seen.iid) == {i for i, r in zip(iid, roles, strict=True) if r != "test"}
    assert trained.seen.fid == [trained.fid[i] for i in trained.seen.iid]


def test_the_seed_makes_the_network():
    settings = TrainSettings(encoder="mlp", width=4)
    genotypes, weights = torch.eye(3), np.ones(3)
    one, two, other = (
        hash_of(build_method(replace(settings, seed=s), (1, 4, 4), genotypes, weights).state_dict())
        for s in (0, 0, 1)
    )
    assert one == two != other


def test_the_width_is_that_of_the_images_unless_asked_for():
    settings = TrainSettings(encoder="mlp", method="simclr")
    for shape, width in (((1, 28, 28), 64), ((1, 65, 2), 128)):
        assert build_method(settings, shape).options.width == width
    assert build_method(replace(settings, width=5), (1, 28, 28)).options.width == 5
