"""What a method of training is: an image encoder and a loss of a batch."""

from dataclasses import dataclass

import torch
from torch import nn

from gemcont.learn.encoders.build import build_encoder
from gemcont.learn.training.distributed import gathered


@dataclass
class Batch:
    """Tensors of B images: what a method may look at.

    images: float32 (B, C, H, W), augmented; second: another augmentation of them or None;
    genotypes: (B, variants), corrupted; clean: the same, not corrupted; target: (B,); person,
    code: int64 (B,), whose image it is and which genotypes (equal numbers, equal genotypes);
    noise: (B, width) standard normal; progress: of training, from 0 to 1
    """

    images: torch.Tensor
    second: torch.Tensor | None = None
    genotypes: torch.Tensor | None = None
    clean: torch.Tensor | None = None
    target: torch.Tensor | None = None
    person: torch.Tensor | None = None
    code: torch.Tensor | None = None
    noise: torch.Tensor | None = None
    progress: float = 1.0


class Method(nn.Module):
    """An image encoder and a loss to train it by."""

    needs_genotypes = needs_target = two_views = early_stopping = False
    augments = True

    def __init__(self, options):
        super().__init__()
        self.options = options
        self.encoder = build_encoder(options.encoder, options.shape, options.width)

    def embed(self, images):
        """The exported embedding (n, width)."""
        return self.encoder(images)

    def after_step(self):
        """Called after every step of the optimiser."""


def same_people(batch, *, genotypes=False):
    """bool (B, n) of pairs that are no true negatives, or None; and where own rows begin."""
    every, first = gathered(batch.person)
    same = batch.person[:, None] == every
    if genotypes:
        same |= batch.code[:, None] == gathered(batch.code)[0]
    return same, first
