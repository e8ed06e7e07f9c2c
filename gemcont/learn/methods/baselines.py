"""The rivals: SimCLR, a variational autoencoder, and regression on a column."""

import torch
from torch import nn
from torch.nn import functional

from gemcont.learn.encoders.build import build_encoder
from gemcont.learn.encoders.decoders import Decoder, MlpDecoder
from gemcont.learn.methods import losses
from gemcont.learn.methods.contrast import PROJECTION, Prs, gemcont
from gemcont.learn.methods.method import Method, same_people
from gemcont.learn.training.distributed import gathered

_WARM_UP = 0.1  # share of the training over which the divergence's weight rises to 1


class SimClr(Method):
    """SimCLR (Chen et al. 2020): two augmented views of an image find each other."""

    two_views = True

    def __init__(self, options, genotypes, weights, g):
        super().__init__(options)
        width = options.width
        self.projector = nn.Sequential(
            nn.Linear(width, width), nn.ReLU(), nn.Linear(width, PROJECTION)
        )

    def loss(self, batch):
        """NT-Xent of the two views."""
        both = self.encoder(torch.cat([batch.images, batch.second]))
        a, b = functional.normalize(self.projector(both)).chunk(2)
        same, first = same_people(batch)
        temperature = self.options.temperature or 0.5
        everyone = {"all_a": gathered(a)[0], "all_b": gathered(b)[0]}
        return losses.nt_xent(a, b, temperature, **everyone, first=first, same=same)


class Vae(Method):
    """Variational autoencoder (Kingma and Welling 2014); what is exported is the mean."""

    augments = False

    def __init__(self, options, genotypes, weights, g):
        super().__init__(options)
        self.encoder = build_encoder(options.encoder, options.shape, 2 * options.width)
        decoder = MlpDecoder if options.encoder == "mlp" else Decoder
        self.decoder = decoder(options.shape, options.width)

    def embed(self, images):
        """The posterior's mean (n, width)."""
        return self.encoder(images).chunk(2, dim=1)[0]

    def loss(self, batch):
        """Negative evidence lower bound; its noise comes from ``batch.noise``."""
        mu, log_variance = self.encoder(batch.images).float().chunk(2, dim=1)
        log_variance = log_variance.clamp(-10, 10)
        code = mu + batch.noise * (0.5 * log_variance).exp()
        weight = min(batch.progress / _WARM_UP, 1.0)
        return losses.evidence_bound(self.decoder(code), batch.images, mu, log_variance, weight)


class Supervised(Method):
    """A linear head that predicts a column: squared error, or cross entropy where it is 0 and 1."""

    needs_target = early_stopping = True

    def __init__(self, options, genotypes, weights, g):
        super().__init__(options)
        self.head = nn.Linear(options.width, 1)

    def loss(self, batch):
        """Error of the target, standardised in ``batch.target`` unless binary."""
        predicted = self.head(self.encoder(batch.images))[:, 0].float()
        if self.options.binary_target:
            return functional.binary_cross_entropy_with_logits(predicted, batch.target)
        return functional.mse_loss(predicted, batch.target)


METHODS = {
    "gemcont": gemcont,
    "simclr": SimClr,
    "vae": Vae,
    "supervised": Supervised,
    "prs": Prs,
}
