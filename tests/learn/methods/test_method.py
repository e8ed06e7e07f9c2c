"""The base of every method, and the pairs of a batch that are no true negatives."""

from dataclasses import FrozenInstanceError, fields

import numpy as np
import pytest
import torch

from gemcont.learn.methods.baselines import METHODS
from gemcont.learn.methods.method import Batch, Method, MethodOptions, same_people
from gemcont.learn.training.model import build_method
from gemcont.settings.train import TrainSettings


def batch_of(person, code):
    images = torch.zeros(len(person), 1, 4, 4)
    return Batch(images=images, person=torch.tensor(person), code=torch.tensor(code))


@pytest.mark.parametrize("genotypes", [False, True])
def test_same_people_is_the_loop_over_pairs(genotypes):
    person, code = [5, 2, 5, 9], [1, 1, 1, 3]
    same, first = same_people(batch_of(person, code), genotypes=genotypes)
    for i in range(4):
        for j in range(4):
            expected = person[i] == person[j] or (genotypes and code[i] == code[j])
            assert bool(same[i, j]) == expected
    assert first == 0


def test_options_are_those_of_the_settings_and_of_the_images():
    settings = TrainSettings(encoder="mlp", temperature=0.2, normalise=False, seed=3)
    method = build_method(settings, [1, 8, 8], torch.eye(4), np.ones(4), binary_target=True)
    options = method.options
    shared = {f.name for f in fields(options)} - {"shape", "width", "binary_target"}
    assert {n: getattr(options, n) for n in shared} == {n: getattr(settings, n) for n in shared}
    assert (options.shape, options.width, options.binary_target) == ((1, 8, 8), 64, True)
    with pytest.raises(FrozenInstanceError):
        options.width = 3


def test_options_are_named_and_complete():
    with pytest.raises(TypeError, match="missing .* keyword-only arguments"):
        MethodOptions(width=3)
    with pytest.raises(TypeError, match="unexpected keyword argument 'lr'"):
        MethodOptions(lr=1.0)


def test_a_method_without_a_loss_is_none():
    with pytest.raises(TypeError, match="abstract method '?loss"):
        Method(None)


@pytest.mark.parametrize("name", METHODS)
def test_what_is_exported_is_of_the_width(name):
    settings = TrainSettings(method=name, encoder="mlp", width=10)
    method = build_method(settings, (1, 6, 6), torch.eye(4), np.ones(4)).eval()
    assert method.embed(torch.rand(3, 1, 6, 6)).shape == (3, 10)
