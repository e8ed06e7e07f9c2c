"""The base of every method of training: an image encoder and a loss of a batch."""

from abc import ABC, abstractmethod
from dataclasses import dataclass

import torch
from torch import nn

from gemcont.learn.encoders.build import build_encoder
from gemcont.learn.training.distributed import gathered


@dataclass(frozen=True, kw_only=True)
class MethodOptions:
    """Settings that a method is built from; names as in ``TrainSettings``.

    Attributes:
        shape: (channels, H, W) of the images.
        width: width of the exported embedding.
        encoder: "cnn", "mlp" or "MODULE:CLASS".
        loss: "decoupled", "clip" or "dosage".
        start: initial weights of the genotype projector, as ``genotype_projector`` takes them.
        temperature: temperature of the contrastive losses, None where it is learned.
        normalise: whether both sides of a pair are scaled to unit length.
        mask_equal_genotypes: whether people of equal genotypes are no negatives of each other.
        binary_target: whether the target is 0 and 1.
    """

    shape: tuple[int, ...]
    width: int
    encoder: str
    loss: str
    start: str
    temperature: float | None
    normalise: bool
    mask_equal_genotypes: bool
    binary_target: bool = False


@dataclass(kw_only=True)
class Batch:
    """Tensors of B images: what a method may look at. None where its kind of method needs none.

    Attributes:
        images: float32 (B, C, H, W), augmented.
        second: another augmentation of the same images.
        genotypes: float32 (B, variants), corrupted.
        clean: float32 (B, variants), the same genotypes, not corrupted.
        target: float32 (B,).
        person: int64 (B,), the person of each image.
        code: int64 (B,), equal numbers for equal genotypes.
        noise: float32 (B, width), standard normal.
        progress: share of the training that is done, from 0 to 1.
    """

    images: torch.Tensor
    second: torch.Tensor = None  # type: ignore[assignment]
    genotypes: torch.Tensor = None  # type: ignore[assignment]
    clean: torch.Tensor = None  # type: ignore[assignment]
    target: torch.Tensor = None  # type: ignore[assignment]
    person: torch.Tensor = None  # type: ignore[assignment]
    code: torch.Tensor = None  # type: ignore[assignment]
    noise: torch.Tensor = None  # type: ignore[assignment]
    progress: float = 1.0


class Method(nn.Module, ABC):
    """An image encoder and a loss to train it by.

    A method that aligns two sides has ``sides(batch)`` as well.

    Attributes:
        needs_genotypes: whether batches must hold the panel's genotypes.
        needs_target: whether batches must hold a target.
        two_views: whether batches must hold two augmentations of each image.
        augments: whether images are augmented at all.
        early_stopping: whether the training ends once validation no longer improves.
        encoder: images (n, C, H, W) -> the embedding (n, width) that is exported.
    """

    needs_genotypes = needs_target = two_views = early_stopping = False
    augments = True

    def __init__(self, options: MethodOptions) -> None:
        super().__init__()
        self.options = options
        self.encoder = build_encoder(options.encoder, options.shape, options.width)

    def embed(self, images: torch.Tensor) -> torch.Tensor:
        """Return the exported embedding (n, width) of images (n, C, H, W)."""
        return self.encoder(images)  # (n, width)

    @abstractmethod
    def loss(self, batch: Batch) -> torch.Tensor:
        """Return the loss of a batch, a scalar."""

    def after_step(self) -> None:  # noqa: B027
        """Do what is due after every step of the optimiser."""


def same_people(batch: Batch, *, genotypes: bool = False) -> tuple[torch.Tensor, int]:
    """Return the pairs of a batch that are no true negatives, and where own rows begin.

    Args:
        batch: the rows of this process.
        genotypes: whether equal genotypes count as the same person.

    Returns:
        bool (B, n), n the rows of all processes; and the first of them that is this process's.
    """
    every, first = gathered(batch.person)  # (n,)
    same = batch.person[:, None] == every  # (B, n)
    if genotypes:
        same |= batch.code[:, None] == gathered(batch.code)[0]  # (B, n)
    return same, first
