"""The folder of a trained model."""

import os
from dataclasses import replace

import pytest
import torch

from gemcont import GemcontError
from gemcont.learn.files import Inputs, Split, train_files
from gemcont.learn.training.model import read_model
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
