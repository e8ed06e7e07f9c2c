"""The rivals, as formulas of images and targets."""

from dataclasses import replace

import pytest
import torch
from torch.nn.functional import normalize

from gemcont.learn.methods import losses
from gemcont.learn.methods.baselines import METHODS
from gemcont.learn.methods.method import Batch
from gemcont.learn.training.model import build_method
from gemcont.settings import train

SHAPE = (1, 6, 6)
PLAIN = train.TrainSettings(encoder="mlp", width=8)


def batch_of(n=10, **parts):
    g = torch.Generator().manual_seed(2)
    images, second = torch.rand(2, n, *SHAPE, generator=g)
    return Batch(images=images, second=second, person=torch.arange(n), **parts)


def test_every_method_of_the_settings_can_be_built():
    assert set(METHODS) == set(train.METHODS)


@pytest.mark.parametrize(("asked", "used"), [(None, 0.5), (0.2, 0.2)])
def test_simclr_compares_two_views(asked, used):
    method = build_method(replace(PLAIN, method="simclr", temperature=asked), SHAPE)
    batch = batch_of()
    a, b = (normalize(method.projector(method.embed(x))) for x in (batch.images, batch.second))
    torch.testing.assert_close(method.loss(batch), losses.nt_xent(a, b, used))


def test_two_images_of_a_person_are_no_negatives():
    method = build_method(replace(PLAIN, method="simclr"), SHAPE)
    batch = batch_of()
    apart = method.loss(batch)
    batch.person = torch.arange(10) // 2
    assert float(method.loss(batch).detach()) < float(apart.detach())


def test_a_vae_exports_the_mean_and_its_noise_counts():
    method = build_method(replace(PLAIN, method="vae"), SHAPE)
    batch = batch_of(noise=torch.zeros(10, 8))
    mu, log_variance = method.encoder(batch.images).chunk(2, dim=1)
    torch.testing.assert_close(method.embed(batch.images), mu)
    bound = losses.evidence_bound(method.decoder(mu), batch.images, mu, log_variance)
    torch.testing.assert_close(method.loss(batch), bound)
    batch.noise = torch.ones(10, 8)
    assert float(method.loss(batch).detach()) != float(bound.detach())


def test_the_divergence_weighs_in_over_a_tenth_of_the_training():
    method = build_method(replace(PLAIN, method="vae"), SHAPE)
    values = []
    for progress in (0.0, 0.05, 0.1, 1.0):
        batch = batch_of(noise=torch.zeros(10, 8), progress=progress)
        values.append(float(method.loss(batch).detach()))
    assert values[0] < values[1] < values[2] == values[3]
    assert values[1] - values[0] == pytest.approx((values[2] - values[0]) / 2, rel=1e-3)


@pytest.mark.parametrize("binary", [False, True])
def test_the_supervised_head_predicts_a_number_or_a_class(binary):
    settings = replace(PLAIN, method="supervised")
    method = build_method(settings, SHAPE, binary_target=binary)
    target = torch.tensor([0.0, 1.0] * 5)
    batch = batch_of(target=target)
    x = method.head(method.embed(batch.images))[:, 0]
    p = torch.sigmoid(x)
    likelihood = target * p.log() + (1 - target) * (1 - p).log()
    expected = -likelihood.mean() if binary else ((x - target) ** 2).mean()
    torch.testing.assert_close(method.loss(batch), expected)
