"""The training loop."""

import json
import math
import subprocess
import sys
import time
from dataclasses import replace
from pathlib import Path

import numpy as np
import pytest
import torch
from reference.image_cohorts import cohort_of

from gemcont import GemcontError
from gemcont.learn.files import Inputs, Split, train_files
from gemcont.learn.training import train as trainer
from gemcont.learn.training.model import hash_of, read_model
from gemcont.settings.train import METHODS, TrainSettings

QUICK = TrainSettings(encoder="mlp", epochs=3, batch_size=64, lr=1e-3)


def fit(study, out, settings=QUICK, **options):
    return train_files(Inputs(study=study), Split(), settings, str(out), **options)


def numbers(folder):
    return (Path(folder) / "model.pt").read_bytes() and hash_of(
        read_model(folder).method.state_dict()
    )


def test_the_learning_rate_rises_and_falls():
    settings = TrainSettings(epochs=150, lr=1.0)
    rates = [trainer.learning_rate(step, 4, settings) for step in range(600)]
    assert settings.warmup == 10
    np.testing.assert_allclose(rates[:40], np.arange(1, 41) / 40)
    assert rates[40] == 1
    assert abs(rates[320] - 0.5) < 1e-12
    assert 0 < rates[-1] < 1e-4
    assert np.all(np.diff(rates[40:]) < 0)
    assert replace(settings, epochs=12).warmup == pytest.approx(1.2)
    assert replace(settings, epochs=12, warmup_epochs=5).warmup == 5


@pytest.mark.parametrize("method", METHODS)
def test_every_method_learns(image_study, tmp_path, method):
    lines = fit(image_study, tmp_path / "m", replace(QUICK, method=method, epochs=6))
    assert lines[-1]["loss"] < lines[0]["loss"]
    assert lines[-1]["effective_rank"] > 1
    facts = json.loads((tmp_path / "m" / "model.json").read_text())
    assert facts["n_train"] == 570
    assert facts["n_validation"] == 30
    assert facts["n_variants"] == (8 if method in ("gemcont", "prs") else 0)
    assert [
        json.loads(x) for x in (tmp_path / "m" / "metrics.jsonl").read_text().split("\n")[:-1]
    ] == lines
    for name in ("curve.png", "last.pt", "people.tsv"):
        assert (tmp_path / "m" / name).exists()


@pytest.mark.parametrize(
    "options",
    [
        {"loss": "clip"},
        {"loss": "clip", "normalise": False},
        {"loss": "dosage"},
        {"start": "beta-shared"},
        {"start": "random", "mask_equal_genotypes": True},
        {"temperature": 0.1},
        {"encoder": "cnn", "epochs": 2, "width": 16},
        {"augment": ("crop", "jitter", "blur", "erase"), "epochs": 2},
        {"weights": "beta_shrunk", "corruption": 0.0},
    ],
    ids=str,
)
def test_options_are_followed(image_study, tmp_path, options):
    settings = replace(QUICK, **options)
    lines = fit(image_study, tmp_path / "m", settings)
    model = read_model(tmp_path / "m")
    assert model.facts["settings"] == settings
    assert all(math.isfinite(line["loss"]) for line in lines)
    plain = fit(image_study, tmp_path / "plain", replace(QUICK, epochs=settings.epochs))
    assert lines != plain
    scale = lines[-1].get("logit_scale")
    if "temperature" in options:
        assert scale == pytest.approx(10)
    elif options.get("normalise") is False:
        assert abs(scale - 1) < 0.2
    elif "loss" not in options or options["loss"] == "clip":
        assert scale != 1 / 0.07
        assert abs(scale - 1 / 0.07) < 1


def test_the_same_seed_gives_the_same_bits_and_another_others(image_study, tmp_path):
    for name, seed in (("a", 0), ("b", 0), ("c", 1)):
        fit(image_study, tmp_path / name, replace(QUICK, seed=seed))
    assert numbers(tmp_path / "a") == numbers(tmp_path / "b") != numbers(tmp_path / "c")


@pytest.mark.parametrize("method", ["gemcont", "supervised"])
def test_a_training_cut_off_goes_on_to_the_same_bits(image_study, tmp_path, monkeypatch, method):
    settings = replace(QUICK, epochs=5, method=method)
    whole = fit(image_study, tmp_path / "a", settings)
    kept = trainer._Trainer._keep

    def keep_two(self, epoch, lines):
        kept(self, epoch, lines)
        if epoch == 1:
            raise KeyboardInterrupt

    monkeypatch.setattr(trainer._Trainer, "_keep", keep_two)
    with pytest.raises(KeyboardInterrupt):
        fit(image_study, tmp_path / "b", settings)
    assert not (tmp_path / "b" / "model.pt").exists()
    with pytest.raises(GemcontError, match="has not ended; run it with --resume"):
        read_model(tmp_path / "b")
    monkeypatch.setattr(trainer._Trainer, "_keep", kept)
    lines = fit(image_study, tmp_path / "b", settings, resume=True)
    assert numbers(tmp_path / "a") == numbers(tmp_path / "b")
    assert [line["loss"] for line in lines] == [line["loss"] for line in whole]
    with pytest.raises(
        GemcontError, match=r"--lr was 0.001, is 0.01; the training in .*b is another"
    ):
        fit(image_study, tmp_path / "b", replace(settings, lr=0.01), resume=True)


def test_killed_and_resumed_is_the_same_model(image_study, tmp_path):
    command = [sys.executable, "-m", "gemcont.cli.train", "--study", image_study]
    command += ["--encoder", "mlp", "--epochs", "40", "--batch-size", "64", "--resume", "--out"]
    process = subprocess.Popen([*command, str(tmp_path / "a")], stdout=subprocess.DEVNULL)
    while not (tmp_path / "a" / "last.pt").exists() and process.poll() is None:
        time.sleep(0.02)
    process.kill()
    process.wait()
    for name in "ab":
        subprocess.run([*command, str(tmp_path / name)], check=True, stdout=subprocess.DEVNULL)
    assert numbers(tmp_path / "a") == numbers(tmp_path / "b")


def test_supervised_training_stops_early_with_its_best(image_study, tmp_path):
    settings = replace(QUICK, method="supervised", epochs=60, patience=2, lr=5e-3)
    lines = fit(image_study, tmp_path / "m", settings)
    assert len(lines) < 60
    losses = [line["validation_loss"] for line in lines]
    assert int(np.argmin(losses)) == len(lines) - 1 - settings.patience


def test_a_training_goes_on_with_the_same_data_only(image_study, tmp_path, monkeypatch):
    inputs = cohort_of(image_study, tmp_path, range(400))
    split = Split(fraction=0.8)
    kept = trainer._Trainer._keep

    def keep_one(self, epoch, lines):
        kept(self, epoch, lines)
        raise KeyboardInterrupt

    monkeypatch.setattr(trainer._Trainer, "_keep", keep_one)
    with pytest.raises(KeyboardInterrupt):
        train_files(inputs, split, QUICK, str(tmp_path / "m"))
    monkeypatch.setattr(trainer._Trainer, "_keep", kept)
    pixels = np.load(inputs.images)
    for other, part, what in (
        (pixels, Split(fraction=0.79), "n_train|people"),
        (255 - pixels, split, "images"),
    ):
        np.save(inputs.images, other)
        with pytest.raises(GemcontError, match=f"--resume: the training in .* had other ({what})"):
            train_files(inputs, part, QUICK, str(tmp_path / "m"), resume=True)
    np.save(inputs.images, pixels)
    train_files(inputs, split, QUICK, str(tmp_path / "m"), resume=True)
    with pytest.raises(GemcontError, match="holds a trained model; delete it"):
        train_files(inputs, split, QUICK, str(tmp_path / "m"))


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"method": "simclr", "loss": "clip"}, "--loss: means nothing with --method simclr"),
        ({"method": "prs", "loss": "dosage"}, "--loss: means nothing with --method prs"),
        ({"loss": "dosage", "start": "random"}, "--start: means nothing .* --loss dosage"),
        ({"loss": "dosage", "normalise": False}, "--no-normalise: means nothing"),
        ({"method": "vae", "corruption": 0.5}, "--corruption: means nothing"),
        ({"method": "supervised", "temperature": 1.0}, "--temperature: means nothing"),
        ({"patience": 3}, "--patience: means nothing"),
        ({"temperature": 1e-9}, "--temperature: 1e-09 is not from 0.01 up"),
        ({"epochs": 2, "warmup_epochs": 5}, "--warmup-epochs: more than the 2 of --epochs"),
    ],
)
def test_flags_that_would_do_nothing_are_refused(options, message):
    with pytest.raises(GemcontError, match=message):
        TrainSettings(**options)


@pytest.mark.parametrize(
    ("options", "message"),
    [
        ({"batch_size": 1000}, "--batch-size: 1000 is more than the 570 images"),
        (
            {"lr": 1e30, "epochs": 30},
            r"the loss is (nan|inf) at step \d+ of epoch \d+; .*lower --lr",
        ),
        ({"encoder": "resnet50"}, "--encoder: 'resnet50' is not cnn, mlp"),
    ],
)
def test_trainings_that_cannot_be(image_study, tmp_path, options, message):
    with pytest.raises(GemcontError, match=message):
        fit(image_study, tmp_path / "m", replace(QUICK, **options))


@pytest.mark.parametrize(
    ("field", "value"),
    [
        ("method", "magic"),
        ("loss", "x"),
        ("start", "x"),
        ("augment", ("flip",)),
        ("precision", "8"),
    ],
)
def test_settings_that_are_not_known(field, value):
    with pytest.raises(GemcontError, match=f"--{field}: '.*' is not one of"):
        TrainSettings(**{field: value})


def test_bf16_only_where_the_processor_has_it(image_study, tmp_path, monkeypatch):
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: False, raising=False)
    settings = replace(QUICK, precision="bf16", epochs=1)
    with pytest.raises(GemcontError, match="--precision bf16: this processor has no instructions"):
        fit(image_study, tmp_path / "m", settings)
    monkeypatch.setattr(torch.cpu, "_is_avx512_bf16_supported", lambda: True, raising=False)
    (line,) = fit(image_study, tmp_path / "m", settings)
    (exact,) = fit(image_study, tmp_path / "e", replace(QUICK, epochs=1))
    assert 0 < abs(line["loss"] - exact["loss"]) < 0.05


def test_the_effective_rank_counts_directions_of_equal_variance():
    x = torch.linalg.qr(torch.randn(200, 6, generator=torch.Generator().manual_seed(0)))[0]
    x = x - x.mean(dim=0)
    x = torch.linalg.qr(x)[0]  # six orthonormal columns of mean 0
    for k in (1, 3, 6):
        weights = torch.tensor([1.0] * k + [0.0] * (6 - k))
        assert trainer.effective_rank(x * weights) == pytest.approx(k, rel=1e-4)
    shares = np.array([0.7, 0.2, 0.1])
    uneven = x[:, :3] * torch.tensor(np.sqrt(shares), dtype=torch.float32)
    entropy = -(shares * np.log(shares)).sum()
    assert trainer.effective_rank(uneven) == pytest.approx(np.exp(entropy), rel=1e-4)
