"""Encoders: images (n, C, H, W) -> image embeddings (n, width); genotypes -> a linear projection.

Normalisation is over groups of channels, never over the batch: statistics of a batch would let
pairs recognise each other, and several processes would not equal one.
"""

import importlib

import torch
from torch import nn

from gemcont.errors import GemcontError

SMALL = 64  # pixels: up to here the small networks, and embeddings 64 wide
_SHARED_NOISE = 1e-2  # of beta-shared: without it the projection has rank 1


def default_width(shape):
    """Of the image embedding: 64 for small images (C, H, W), 128 for others."""
    return 64 if max(shape[1:]) <= SMALL else 128


def build_encoder(name, shape, width):
    """An image encoder: "cnn", "mlp", or "MODULE:CLASS", called as CLASS(shape, width)."""
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


class Mlp(nn.Sequential):
    """Pixels - 512 - 256 - width: 26 times cheaper than the small CNN at 28 x 28."""

    def __init__(self, shape, width):
        pixels = shape[0] * shape[1] * shape[2]
        super().__init__(
            nn.Flatten(),
            nn.Linear(pixels, 512),
            nn.ReLU(),
            nn.Linear(512, 256),
            nn.ReLU(),
            nn.Linear(256, width),
        )


class Residual(nn.Module):
    """Two 3 x 3 convolutions beside a shortcut; the sum starts as the shortcut alone."""

    def __init__(self, inside, outside, stride=1):
        super().__init__()
        self.body = nn.Sequential(
            nn.Conv2d(inside, outside, 3, stride, 1, bias=False),
            nn.GroupNorm(8, outside),
            nn.SiLU(),
            nn.Conv2d(outside, outside, 3, 1, 1, bias=False),
            nn.GroupNorm(8, outside),
        )
        nn.init.zeros_(self.body[-1].weight)
        same = stride == 1 and inside == outside
        self.shortcut = nn.Identity() if same else nn.Conv2d(inside, outside, 1, stride, bias=False)
        self.last = nn.SiLU()

    def forward(self, x):
        """(n, inside, H, W) -> (n, outside, H / stride, W / stride)."""
        return self.last(self.body(x) + self.shortcut(x))


def _stem(channels, width, stride):
    size = 3 if stride == 2 else 2 * stride - 1
    return (
        nn.Conv2d(channels, width, size, stride, size // 2, bias=False),
        nn.GroupNorm(8, width),
        nn.SiLU(),
    )


class SmallCnn(nn.Sequential):
    """For 28 x 28: 32 and 64 channels, three residual blocks, pooled to 2 x 2; 167,000 numbers.

    Pooling to 2 x 2, not 1 x 1, keeps the coarse layout, which orientation needs.
    """

    def __init__(self, shape, width):
        super().__init__(
            *_stem(shape[0], 32, 2),
            Residual(32, 32),
            Residual(32, 64, 2),
            Residual(64, 64),
            nn.AdaptiveAvgPool2d(2),
            nn.Flatten(),
            nn.Linear(4 * 64, width),
        )


class LargeCnn(nn.Sequential):
    """For images of some hundred pixels: 32 to 256 channels, eight residual blocks, 2.8 million."""

    def __init__(self, shape, width):
        blocks, before = [], 32
        for channels, stride in ((32, 1), (64, 2), (128, 2), (256, 2)):
            blocks += [Residual(before, channels, stride), Residual(channels, channels)]
            before = channels
        super().__init__(
            *_stem(shape[0], 32, 4),
            *blocks,
            nn.AdaptiveAvgPool2d(2),
            nn.Flatten(),
            nn.Linear(4 * 256, width),
        )


class Decoder(nn.Sequential):
    """Of a VAE: (n, width) -> logits (n, C, H, W), by upsampling and 3 x 3 convolutions."""

    def __init__(self, shape, width):
        doublings = 2 if max(shape[1:]) <= SMALL else 5
        channels = [min(16 * 2**i, 128) for i in range(doublings, -1, -1)]
        small = [-(-size // 2**doublings) for size in shape[1:]]
        layers = [
            nn.Linear(width, channels[0] * small[0] * small[1]),
            nn.Unflatten(1, (channels[0], *small)),
        ]
        for before, after in zip(channels[:-1], channels[1:], strict=True):
            layers += [
                nn.Upsample(scale_factor=2),
                nn.Conv2d(before, after, 3, 1, 1),
                nn.GroupNorm(8, after),
                nn.SiLU(),
            ]
        super().__init__(*layers, nn.Conv2d(channels[-1], shape[0], 3, 1, 1))
        self.size = shape[1:]

    def forward(self, x):
        """Logits, cut to the images' own size."""
        return super().forward(x)[:, :, : self.size[0], : self.size[1]]


class MlpDecoder(nn.Sequential):
    """Of a VAE: (n, width) - 256 - 512 - logits (n, C, H, W)."""

    def __init__(self, shape, width):
        super().__init__(
            nn.Linear(width, 256),
            nn.ReLU(),
            nn.Linear(256, 512),
            nn.ReLU(),
            nn.Linear(512, shape[0] * shape[1] * shape[2]),
            nn.Unflatten(1, tuple(shape)),
        )


def genotype_projector(genotypes, weights, width, start, g):
    """The linear genotype encoder, (n, variants) -> (n, width), with bias.

    genotypes: of training people, x - 2 f, by which one scale is set so that outputs have a root
    mean square norm of 1; weights: (variants,) effects per allele; start: "beta-spread", column j
    is beta_j times a random unit direction; "beta-shared", every row is beta (plus noise of 1 %);
    "random"; g: torch.Generator.
    """
    n_variants = genotypes.shape[1]
    layer = nn.Linear(n_variants, width)
    directions = torch.randn(width, n_variants, generator=g)
    weights = torch.as_tensor(weights, dtype=torch.float32)
    if start == "beta-spread":
        matrix = directions / directions.norm(dim=0) * weights
    elif start == "beta-shared":
        matrix = weights + _SHARED_NOISE * weights.norm() / n_variants**0.5 * directions
    else:
        matrix = directions
    with torch.no_grad():
        norm = (genotypes @ matrix.T).square().sum(1).mean().sqrt()
        if not norm > 0:
            raise GemcontError("the panel's weights or genotypes are all 0: nothing to learn from")
        layer.weight.copy_(matrix / norm)
        layer.bias.zero_()
    return layer
