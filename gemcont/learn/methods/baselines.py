"""The rivals: SimCLR, a variational autoencoder, and regression on a column."""

from collections.abc import Callable

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from gemcont.learn.encoders.build import build_encoder
from gemcont.learn.encoders.decoders import Decoder, MlpDecoder
from gemcont.learn.methods import losses
from gemcont.learn.methods.contrast import PROJECTION, Prs, gemcont
from gemcont.learn.methods.method import Batch, Method, MethodOptions, same_people
from gemcont.learn.training.distributed import gathered

_WARM_UP = 0.1  # share of the training over which the divergence's weight rises to 1


class SimClr(Method):
    """SimCLR (Chen et al. 2020): two augmented views of an image find each other."""

    two_views = True

    def __init__(
        self,
        options: MethodOptions,
        genotypes: torch.Tensor | None,
        weights: np.ndarray | None,
        g: torch.Generator,
    ) -> None:
        super().__init__(options)
        width = options.width
        self.projector = nn.Sequential(
            nn.Linear(width, width), nn.ReLU(), nn.Linear(width, PROJECTION)
        )

    def loss(self, batch: Batch) -> torch.Tensor:
        """Return the NT-Xent of the two views."""
        both = self.encoder(torch.cat([batch.images, batch.second]))  # (2 B, width)
        a, b = functional.normalize(self.projector(both)).chunk(2)  # (B, 64) each
        same, first = same_people(batch)  # (B, n)
        temperature = self.options.temperature or 0.5
        everyone = {"all_a": gathered(a)[0], "all_b": gathered(b)[0]}  # (n, 64) each
        return losses.nt_xent(a, b, temperature, **everyone, first=first, same=same)


class Vae(Method):
    """Variational autoencoder (Kingma and Welling 2014); the posterior's mean is exported."""

    augments = False

    def __init__(
        self,
        options: MethodOptions,
        genotypes: torch.Tensor | None,
        weights: np.ndarray | None,
        g: torch.Generator,
    ) -> None:
        super().__init__(options)
        self.encoder = build_encoder(options.encoder, options.shape, 2 * options.width)
        decoder = MlpDecoder if options.encoder == "mlp" else Decoder
        self.decoder = decoder(options.shape, options.width)

    def embed(self, images: torch.Tensor) -> torch.Tensor:
        """Return the posterior's mean (n, width)."""
        return self.encoder(images).chunk(2, dim=1)[0]  # (n, width)

    def loss(self, batch: Batch) -> torch.Tensor:
        """Return the negative evidence lower bound; its noise comes from ``batch.noise``."""
        mu, log_variance = self.encoder(batch.images).float().chunk(2, dim=1)  # (B, width) each
        log_variance = log_variance.clamp(-10, 10)
        code = mu + batch.noise * (0.5 * log_variance).exp()  # (B, width)
        weight = min(batch.progress / _WARM_UP, 1.0)
        logits = self.decoder(code)  # (B, C, H, W)
        return losses.evidence_bound(logits, batch.images, mu, log_variance, weight)


class Supervised(Method):
    """A linear head that predicts a column: squared error, or cross entropy where it is 0 and 1."""

    needs_target = early_stopping = True

    def __init__(
        self,
        options: MethodOptions,
        genotypes: torch.Tensor | None,
        weights: np.ndarray | None,
        g: torch.Generator,
    ) -> None:
        super().__init__(options)
        self.head = nn.Linear(options.width, 1)

    def loss(self, batch: Batch) -> torch.Tensor:
        """Return the error of the target, standardised in ``batch.target`` unless binary."""
        predicted = self.head(self.encoder(batch.images))[:, 0].float()  # (B,)
        if self.options.binary_target:
            return functional.binary_cross_entropy_with_logits(predicted, batch.target)
        return functional.mse_loss(predicted, batch.target)


# Each takes options, the training people's coded genotypes, the panel's weights and a generator.
METHODS: dict[str, Callable[..., Method]] = {
    "gemcont": gemcont,
    "simclr": SimClr,
    "vae": Vae,
    "supervised": Supervised,
    "prs": Prs,
}
