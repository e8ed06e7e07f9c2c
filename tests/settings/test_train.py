"""Settings of training: what means nothing with a method is refused, not ignored."""

import pytest

from gemcont import GemcontError
from gemcont.settings.train import LEAST_TEMPERATURE, TrainCommand, TrainSettings


@pytest.mark.parametrize(
    ("method", "given"),
    [
        ("simclr", {"loss": "clip"}),
        ("vae", {"loss": "clip"}),
        ("prs", {"loss": "dosage"}),
        ("prs", {"start": "random"}),
        ("supervised", {"normalise": False}),
        ("simclr", {"mask_equal_genotypes": True}),
        ("vae", {"temperature": 0.5}),
        ("simclr", {"corruption": 0.3}),
        ("gemcont", {"patience": 3}),
    ],
)
def test_what_means_nothing_with_a_method(method, given):
    (name,) = given
    flag = {"normalise": "--no-normalise"}.get(name, "--" + name.replace("_", "-"))
    with pytest.raises(GemcontError, match=f"^{flag}: means nothing with --method {method}"):
        TrainSettings(method=method, **given)


@pytest.mark.parametrize(
    ("method", "given"),
    [
        ("gemcont", {"loss": "clip", "start": "random", "temperature": 0.1, "corruption": 0.2}),
        ("gemcont", {"normalise": False, "mask_equal_genotypes": True}),
        ("prs", {"loss": "clip", "temperature": 0.1}),
        ("simclr", {"temperature": 0.5}),
        ("supervised", {"patience": 3}),
    ],
)
def test_what_a_method_has(method, given):
    settings = TrainSettings(method=method, **given)
    assert all(getattr(settings, name) == value for name, value in given.items())


def test_a_regression_on_dosages_has_no_contrast():
    with pytest.raises(
        GemcontError, match="^--temperature: means nothing with --method gemcont --loss dosage"
    ):
        TrainSettings(loss="dosage", temperature=0.5)


@pytest.mark.parametrize(
    ("given", "epochs"),
    [
        ({}, 10),
        ({"epochs": 50}, 5),
        ({"epochs": 1}, 0.1),
        ({"epochs": 50, "warmup_epochs": 20}, 20),
        ({"epochs": 50, "warmup_epochs": 0}, 0),
    ],
)
def test_the_learning_rate_rises_over_some_epochs(given, epochs):
    assert TrainSettings(**given).warmup == pytest.approx(epochs)


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"epochs": 3, "warmup_epochs": 4}, "--warmup-epochs: more than the 3 of --epochs"),
        ({"augment": ("flip",)}, r"--augment: 'flip' is not one of .* \(or none\)"),
        ({"temperature": LEAST_TEMPERATURE / 2}, "--temperature: 0.005 is not from 0.01 up"),
        ({"lr": 0.0}, "--lr: 0 is not above 0"),
        ({"batch_size": 1}, "--batch-size: 1 is not from 2 up"),
        ({"precision": "float16"}, "--precision: 'float16' is not one of float32, bf16"),
    ],
)
def test_values_out_of_bounds(given, message):
    with pytest.raises(GemcontError, match=f"^{message}"):
        TrainSettings(**given)


@pytest.mark.parametrize(
    ("given", "last"),
    [({}, True), ({"encoder": "mlp"}, False), ({"precision": "bf16"}, False)],
)
def test_channels_are_innermost_where_that_is_faster(given, last):
    assert TrainSettings(**given).channels_last is last


@pytest.mark.parametrize(
    ("given", "message"),
    [
        ({"study": "s", "train_fraction": 0.5}, "--train-fraction: --study has its own split"),
        ({"study": "s", "target": "y"}, "--target goes with --method supervised"),
        ({"study": "s", "target_kind": "class"}, "--target-kind goes with --method supervised"),
        ({"images": "x", "residualise": False}, "--no-residualise: there is no --covar"),
    ],
)
def test_flags_that_do_not_go_together(given, message):
    with pytest.raises(GemcontError, match=f"^{message}"):
        TrainCommand(out="m", **given)


def test_inputs_have_the_target_of_a_supervised_training():
    given = {"pheno": "p", "target": "y", "target_kind": "number"}
    command = TrainCommand(out="m/", images="x.npy", method="supervised", **given)
    assert given.items() <= command.inputs.items()
    assert command.log_prefix == "m.train"
