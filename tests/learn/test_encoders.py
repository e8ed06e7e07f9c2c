import sys

import numpy as np
import pytest
import torch

from gemcont import GemcontError
from gemcont.learn.encoders.build import build_encoder
from gemcont.learn.encoders.decoders import Decoder, MlpDecoder
from gemcont.learn.encoders.genotype import genotype_projector


def count(module):
    return sum(p.numel() for p in module.parameters())


@pytest.mark.parametrize(
    ("name", "shape", "width", "numbers"),
    [
        ("mlp", (1, 28, 28), 64, 549_696),
        ("cnn", (1, 28, 28), 64, None),
        ("cnn", (3, 224, 200), 128, None),
        ("mlp", (3, 9, 7), 5, None),
    ],
)
def test_shapes(name, shape, width, numbers):
    encoder = build_encoder(name, shape, width)
    assert encoder(torch.zeros(3, *shape)).shape == (3, width)
    assert numbers is None or count(encoder) == numbers


def test_the_small_cnn_is_as_large_as_said():
    assert abs(count(build_encoder("cnn", (1, 28, 28), 64)) - 170_000) < 10_000
    assert abs(count(build_encoder("cnn", (3, 256, 256), 128)) - 2.9e6) < 2e5


def test_an_image_is_encoded_by_itself():
    """No statistics over the batch: a person's embedding depends on nobody else."""
    encoder = build_encoder("cnn", (1, 28, 28), 16).train()
    images = torch.rand(5, 1, 28, 28, generator=torch.Generator().manual_seed(0))
    torch.testing.assert_close(encoder(images)[:2], encoder(images[:2]), rtol=1e-4, atol=1e-5)


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 250, 200), (1, 27, 31)])
def test_decoders_give_images_back(shape):
    for decoder in (Decoder(shape, 6), MlpDecoder(shape, 6)):
        assert decoder(torch.zeros(2, 6)).shape == (2, *shape)


def test_an_encoder_of_ones_own(tmp_path, monkeypatch):
    (tmp_path / "mine.py").write_text(
        "from torch import nn\n"
        "class Flat(nn.Sequential):\n"
        "    def __init__(self, shape, width):\n"
        "        super().__init__(nn.Flatten(), nn.Linear(shape[0] * shape[1] * shape[2], width))\n"
        "class Whole(nn.Module):\n"
        "    def __init__(self, shape, width): super().__init__()\n"
        "    def forward(self, x): return x\n"
    )
    monkeypatch.syspath_prepend(tmp_path)
    assert build_encoder("mine:Flat", (1, 4, 4), 3)(torch.zeros(2, 1, 4, 4)).shape == (2, 3)
    for name, message in (
        ("mine:Whole", r"shape \(2, 1, 4, 4\) for two images, not \(2, 3\)"),
        ("mine:None", "cannot be made"),
        ("absent:Flat", "cannot be made"),
        ("resnet", "is not cnn, mlp or MODULE:CLASS"),
    ):
        with pytest.raises(GemcontError, match=message):
            build_encoder(name, (1, 4, 4), 3)
    sys.modules.pop("mine")


@pytest.mark.parametrize("start", ["beta-spread", "beta-shared", "random"])
def test_the_projector_starts_at_norm_one(start):
    rng = np.random.default_rng(0)
    genotypes = torch.tensor(rng.binomial(2, 0.3, (500, 12)) - 0.6, dtype=torch.float32)
    weights = rng.standard_normal(12)
    layer = genotype_projector(genotypes, weights, 64, start, torch.Generator().manual_seed(1))
    norms = (genotypes @ layer.weight.T).square().sum(1).mean()
    assert abs(float(norms.detach()) - 1) < 1e-4
    columns = layer.weight.detach().norm(dim=0).numpy()
    if start == "beta-spread":  # a column's length is the effect, its direction its own
        np.testing.assert_allclose(columns / columns[0], np.abs(weights / weights[0]), rtol=1e-4)
    singular = torch.linalg.svdvals(layer.weight.detach())
    if start == "beta-shared":
        assert singular[1] < 0.1 * singular[0]
    else:
        assert singular[-1] > 1e-3 * singular[0]


def test_nothing_to_project_is_said():
    with pytest.raises(GemcontError, match="all 0"):
        genotype_projector(torch.zeros(5, 3), np.ones(3), 4, "beta-spread", torch.Generator())
