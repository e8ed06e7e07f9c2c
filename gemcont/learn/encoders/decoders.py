"""Decoders of the variational autoencoder: embeddings -> logits of the pixels."""

from torch import nn

from gemcont.learn.encoders.build import SMALL


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
