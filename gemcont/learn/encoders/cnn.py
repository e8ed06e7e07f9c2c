"""Convolutional encoders, for images of some dozens and of some hundreds of pixels."""

from torch import nn


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
