"""GEMCONT and its twins, as formulas of images and genotypes."""

import math
from dataclasses import replace

import numpy as np
import pytest
import torch
from torch.nn.functional import normalize

from gemcont.learn.methods import losses
from gemcont.learn.methods.contrast import Dosage, Gemcont, Prs
from gemcont.learn.methods.method import Batch
from gemcont.learn.training.model import build_method
from gemcont.settings.train import TrainSettings

SHAPE, N_VARIANTS = (1, 6, 6), 5
PLAIN = TrainSettings(encoder="mlp", width=8)


@pytest.fixture
def genotypes():
    rng = np.random.default_rng(0)
    return torch.tensor(rng.binomial(2, 0.4, (50, N_VARIANTS)) - 0.8, dtype=torch.float32)


def built(settings, genotypes):
    return build_method(settings, SHAPE, genotypes, np.arange(1.0, N_VARIANTS + 1))


def batch_of(genotypes, n=12):
    g = torch.Generator().manual_seed(1)
    return Batch(
        images=torch.rand(n, *SHAPE, generator=g),
        genotypes=genotypes[:n],
        clean=genotypes[:n] + 1,
        person=torch.arange(n),
        code=torch.arange(n) // 2,
    )


def test_both_sides_are_linear_in_embedding_and_genotypes(genotypes):
    method = built(PLAIN, genotypes)
    assert type(method) is Gemcont
    batch = batch_of(genotypes)
    a, b = method.sides(batch)
    projector = method.genotype_projector
    expected = normalize(batch.genotypes @ projector.weight.T + projector.bias)
    torch.testing.assert_close(b, expected)
    torch.testing.assert_close(a, normalize(method.image_projector(method.embed(batch.images))))
    assert a.shape == b.shape == (12, 64)
    plain = built(replace(PLAIN, normalise=False), genotypes)
    torch.testing.assert_close(plain.sides(batch)[1], plain.genotype_side(batch.genotypes))


@pytest.mark.parametrize("loss", ["decoupled", "clip"])
@pytest.mark.parametrize("masked", [False, True])
def test_the_loss_is_of_its_sides(genotypes, loss, masked):
    method = built(replace(PLAIN, loss=loss, mask_equal_genotypes=masked), genotypes)
    batch = batch_of(genotypes)
    same = batch.code[:, None] == batch.code if masked else torch.eye(12, dtype=torch.bool)
    expected = getattr(losses, loss)(*method.sides(batch), method.log_scale.exp(), same=same)
    torch.testing.assert_close(method.loss(batch), expected)


@pytest.mark.parametrize(
    ("options", "scale", "learned"),
    [
        ({}, 1 / 0.07, True),
        ({"normalise": False}, 1.0, True),
        ({"temperature": 0.25}, 4.0, False),
        ({"temperature": 0.25, "normalise": False}, 4.0, False),
    ],
)
def test_where_the_scale_begins(genotypes, options, scale, learned):
    method = built(replace(PLAIN, **options), genotypes)
    assert float(method.log_scale.detach().exp()) == pytest.approx(scale)
    assert method.log_scale.requires_grad == learned


def test_the_scale_is_kept_below_its_bound(genotypes):
    method = built(PLAIN, genotypes)
    with torch.no_grad():
        method.log_scale.fill_(9.0)
    method.after_step()
    assert float(method.log_scale.detach()) == pytest.approx(math.log(100))


def test_the_score_is_standardised_by_the_training_people(genotypes):
    method = built(replace(PLAIN, method="prs"), genotypes)
    assert type(method) is Prs
    score = genotypes.numpy() @ np.arange(1.0, N_VARIANTS + 1)
    z = (score - score.mean()) / score.std(ddof=1)
    weight, bias = (x.detach().numpy() for x in method.score_projector.parameters())
    expected = z[:, None] * weight[:, 0] + bias
    side = method.genotype_side(genotypes).detach().numpy()
    np.testing.assert_allclose(side, expected, rtol=1e-4, atol=1e-5)


def test_dosages_are_predicted_uncorrupted(genotypes):
    method = built(replace(PLAIN, loss="dosage"), genotypes)
    assert type(method) is Dosage
    batch = batch_of(genotypes)
    predicted = method.head(method.embed(batch.images))
    assert predicted.shape == (12, N_VARIANTS)
    expected = ((predicted - batch.clean) ** 2).mean()
    torch.testing.assert_close(method.loss(batch), expected)
