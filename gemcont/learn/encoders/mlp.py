"""The fully connected encoder."""

from torch import nn


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
