"""The convolutional encoders."""

import torch

from gemcont.learn.encoders.build import build_encoder


def count(module):
    return sum(p.numel() for p in module.parameters())


def test_the_small_cnn_is_as_large_as_said():
    assert abs(count(build_encoder("cnn", (1, 28, 28), 64)) - 170_000) < 10_000
    assert abs(count(build_encoder("cnn", (3, 256, 256), 128)) - 2.9e6) < 2e5


def test_an_image_is_encoded_by_itself():
    """No statistics over the batch: a person's embedding depends on nobody else."""
    encoder = build_encoder("cnn", (1, 28, 28), 16).train()
    images = torch.rand(5, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(encoder(images)[:2], encoder(images[:2]), rtol=1e-4, atol=1e-5)
