"""Encoders: images (n, C, H, W) -> image embeddings (n, width); genotypes -> a linear projection.

Normalisation is over groups of channels, never over the batch: statistics of a batch would let
pairs recognise each other, and several processes would not equal one.
"""

import importlib
from collections.abc import Sequence

import torch
from torch import nn

from gemcont.errors import GemcontError
from gemcont.learn.encoders.cnn import LargeCnn, SmallCnn
from gemcont.learn.encoders.mlp import Mlp

SMALL = 64  # pixels: up to here the small networks, and embeddings 64 wide


def default_width(shape: Sequence[int]) -> int:
    """Return the width of the embedding: 64 for small images (C, H, W), 128 for others."""
    return 64 if max(shape[1:]) <= SMALL else 128


def build_encoder(name: str, shape: Sequence[int], width: int) -> nn.Module:
    """Build an image encoder.

    Args:
        name: "cnn", "mlp", or "MODULE:CLASS", called as CLASS(shape, width).
        shape: (C, H, W) of the images.
        width: width of the embedding.

    Raises:
        GemcontError: the name is none of these, or its class cannot be made or gives another shape.
    """
    if name == "mlp":
        return Mlp(shape, width)
    if name == "cnn":
        return SmallCnn(shape, width) if max(shape[1:]) <= SMALL else LargeCnn(shape, width)
    module, _, made_by = name.partition(":")
    if not made_by:
        raise GemcontError(f"--encoder: {name!r} is not cnn, mlp or MODULE:CLASS")
    try:
        encoder = getattr(importlib.import_module(module), made_by)(shape, width)
    except (ImportError, AttributeError, TypeError) as error:
        raise GemcontError(f"--encoder: {name} cannot be made ({error})") from None
    _check_output(encoder, name, shape, width)
    return encoder


def _check_output(encoder, name, shape, width):
    with torch.no_grad():
        made = tuple(encoder(torch.zeros(2, *shape)).shape)
    if made != (2, width):
        raise GemcontError(f"--encoder: {name} gives shape {made} for two images, not {(2, width)}")
