"""Convolutional encoders, for images of some dozens and of some hundreds of pixels."""

from collections.abc import Sequence

import torch
from torch import nn


class Residual(nn.Module):
    """Two 3 x 3 convolutions beside a shortcut; the sum starts as the shortcut alone."""

    def __init__(self, inside: int, outside: int, stride: int = 1) -> None:
        super().__init__()
        last_norm = nn.GroupNorm(8, outside)
        layers = [
            nn.Conv2d(inside, outside, 3, stride, 1, bias=False),  # (n, outside, H / stride, ...)
            nn.GroupNorm(8, outside),
            nn.SiLU(),
            nn.Conv2d(outside, outside, 3, 1, 1, bias=False),  # the same shape
            last_norm,
        ]
        self.body = nn.Sequential(*layers)
        nn.init.zeros_(last_norm.weight)
        same = stride == 1 and inside == outside
        self.shortcut = nn.Identity() if same else nn.Conv2d(inside, outside, 1, stride, bias=False)
        self.last = nn.SiLU()

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return (n, outside, H / stride, W / stride) of (n, inside, H, W)."""
        return self.last(self.body(x) + self.shortcut(x))  # (n, outside, H / stride, W / stride)


def _stem(channels, width, stride):
    size = 3 if stride == 2 else 2 * stride - 1
    return (
        nn.Conv2d(channels, width, size, stride, size // 2, bias=False),
        nn.GroupNorm(8, width),
        nn.SiLU(),
    )


class SmallCnn(nn.Sequential):
    """An encoder for 28 x 28: 32 and 64 channels, three residual blocks, 167,000 parameters.

    Pooling to 2 x 2, not 1 x 1, keeps the coarse layout, which orientation needs.
    """

    def __init__(self, shape: Sequence[int], width: int) -> None:
        layers = [  # sides of 28 x 28 images
            *_stem(shape[0], 32, 2),  # (n, 32, 14, 14)
            Residual(32, 32),  # (n, 32, 14, 14)
            Residual(32, 64, 2),  # (n, 64, 7, 7)
            Residual(64, 64),  # (n, 64, 7, 7)
            nn.AdaptiveAvgPool2d(2),  # (n, 64, 2, 2)
            nn.Flatten(),  # (n, 256)
            nn.Linear(4 * 64, width),  # (n, width)
        ]
        super().__init__(*layers)


class LargeCnn(nn.Sequential):
    """An encoder for some hundred pixels: 32 to 256 channels, eight blocks, 2.8 million parameters.

    The stem and the blocks reduce the sides 32-fold before they are pooled to 2 x 2.
    """

    def __init__(self, shape: Sequence[int], width: int) -> None:
        blocks: list[nn.Module] = []
        before = 32
        for channels, stride in ((32, 1), (64, 2), (128, 2), (256, 2)):
            blocks += [Residual(before, channels, stride), Residual(channels, channels)]
            before = channels
        super().__init__(
            *_stem(shape[0], 32, 4),  # (n, 32, H / 4, W / 4)
            *blocks,  # (n, 256, H / 32, W / 32)
            nn.AdaptiveAvgPool2d(2),  # (n, 256, 2, 2)
            nn.Flatten(),  # (n, 1024)
            nn.Linear(4 * 256, width),  # (n, width)
        )
