"""Decoders of the variational autoencoder: embeddings -> logits of the pixels."""

from collections.abc import Sequence

import torch
from torch import nn

from gemcont.learn.encoders.build import SMALL


class Decoder(nn.Sequential):
    """Decoder of a VAE: (n, width) -> logits (n, C, H, W), by upsampling and 3 x 3 convolutions."""

    def __init__(self, shape: Sequence[int], width: int) -> None:
        doublings = 2 if max(shape[1:]) <= SMALL else 5
        channels = [min(16 * 2**i, 128) for i in range(doublings, -1, -1)]
        small = [-(-size // 2**doublings) for size in shape[1:]]
        layers: list[nn.Module] = [
            nn.Linear(width, channels[0] * small[0] * small[1]),
            nn.Unflatten(1, (channels[0], *small)),  # (n, channels, h, w)
        ]
        for before, after in zip(channels[:-1], channels[1:], strict=True):
            layers += [
                nn.Upsample(scale_factor=2),  # (n, before, 2 h, 2 w)
                nn.Conv2d(before, after, 3, 1, 1),  # (n, after, 2 h, 2 w)
                nn.GroupNorm(8, after),
                nn.SiLU(),
            ]
        super().__init__(*layers, nn.Conv2d(channels[-1], shape[0], 3, 1, 1))  # (n, C, >= H, >= W)
        self.size = shape[1:]

    def forward(self, x: torch.Tensor) -> torch.Tensor:
        """Return logits, cut to the images' own size (n, C, H, W), of embeddings (n, width)."""
        return super().forward(x)[:, :, : self.size[0], : self.size[1]]  # (n, C, H, W)


class MlpDecoder(nn.Sequential):
    """Decoder of a VAE: (n, width) - 256 - 512 - logits (n, C, H, W)."""

    def __init__(self, shape: Sequence[int], width: int) -> None:
        layers = [
            nn.Linear(width, 256),  # (n, 256)
            nn.ReLU(),
            nn.Linear(256, 512),  # (n, 512)
            nn.ReLU(),
            nn.Linear(512, shape[0] * shape[1] * shape[2]),  # (n, C H W)
            nn.Unflatten(1, tuple(shape)),  # (n, C, H, W)
        ]
        super().__init__(*layers)
