"""The encoder that a setting names."""

import sys

import pytest
import torch

from gemcont import GemcontError
from gemcont.learn.encoders.build import build_encoder


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
