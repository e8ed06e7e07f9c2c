"""GEMCONT and its twins: image embeddings aligned with genotypes."""

import math
from abc import abstractmethod

import numpy as np
import torch
from torch import nn
from torch.nn import functional

from gemcont.learn.encoders.genotype import genotype_projector
from gemcont.learn.methods import losses
from gemcont.learn.methods.method import Batch, Method, MethodOptions, same_people
from gemcont.learn.training.distributed import gathered

PROJECTION = 64  # width of the space in which both sides are compared


class Contrast(Method):
    """Image embeddings aligned with something linear in the genotypes, by contrast.

    Each kind has a ``genotype_side``, from genotypes (n, variants) to (n, 64).
    """

    needs_genotypes = True

    def __init__(self, options: MethodOptions) -> None:
        super().__init__(options)
        self.image_projector = nn.Linear(options.width, PROJECTION)
        learned = options.temperature is None
        if options.temperature is not None:
            initial = 1 / options.temperature
        else:  # without unit rows, both sides' lengths carry a scale already
            initial = losses.INITIAL_SCALE if options.normalise else 1.0
        self.log_scale = nn.Parameter(torch.tensor(math.log(initial)), requires_grad=learned)

    @abstractmethod
    def genotype_side(self, genotypes: torch.Tensor) -> torch.Tensor:
        """Project genotypes (n, variants) to (n, 64)."""

    def sides(self, batch: Batch) -> tuple[torch.Tensor, torch.Tensor]:
        """Return both sides of the batch's pairs, (B, 64): unit rows unless told otherwise."""
        a = self.image_projector(self.encoder(batch.images))  # (B, 64)
        b = self.genotype_side(batch.genotypes)  # (B, 64)
        return (
            (functional.normalize(a), functional.normalize(b)) if self.options.normalise else (a, b)
        )

    def loss(self, batch: Batch) -> torch.Tensor:
        """Return the contrastive loss of a batch."""
        a, b = self.sides(batch)  # (B, 64) each
        same, first = same_people(batch, genotypes=self.options.mask_equal_genotypes)  # (B, n)
        loss = losses.clip if self.options.loss == "clip" else losses.decoupled
        everyone = {"all_a": gathered(a)[0], "all_b": gathered(b)[0]}  # (n, 64) each
        return loss(a, b, self.log_scale.exp(), **everyone, first=first, same=same)

    @torch.no_grad()
    def after_step(self) -> None:
        """Keep the scale of the logits below 100."""
        self.log_scale.clamp_(max=math.log(losses.LARGEST_SCALE))


class Gemcont(Contrast):
    """GEMCONT: a linear projector of the panel's genotypes on the other side."""

    def __init__(
        self,
        options: MethodOptions,
        genotypes: torch.Tensor,
        weights: np.ndarray,
        g: torch.Generator,
    ) -> None:
        super().__init__(options)
        start = options.start
        self.genotype_projector = genotype_projector(genotypes, weights, PROJECTION, start, g)

    def genotype_side(self, genotypes: torch.Tensor) -> torch.Tensor:
        """Project genotypes (n, variants) to (n, 64)."""
        return self.genotype_projector(genotypes)  # (n, 64)


class Prs(Contrast):
    """GEMCONT whose genetic side sees one number, the polygenic score, standardised."""

    weights: torch.Tensor
    mean: torch.Tensor
    deviation: torch.Tensor

    def __init__(
        self,
        options: MethodOptions,
        genotypes: torch.Tensor,
        weights: np.ndarray,
        g: torch.Generator,
    ) -> None:
        super().__init__(options)
        effects = torch.as_tensor(weights, dtype=torch.float32)  # (variants,)
        score = genotypes @ effects  # (people,)
        self.register_buffer("weights", effects)
        self.register_buffer("mean", score.mean())
        self.register_buffer("deviation", score.std())
        self.score_projector = nn.Linear(1, PROJECTION)

    def genotype_side(self, genotypes: torch.Tensor) -> torch.Tensor:
        """Project the polygenic scores of genotypes (n, variants) to (n, 64)."""
        score = (genotypes @ self.weights - self.mean) / self.deviation  # (n,)
        return self.score_projector(score[:, None])  # (n, 64)


class Dosage(Method):
    """A linear head that predicts the panel's dosages: no negatives, the baseline of contrast."""

    needs_genotypes = True

    def __init__(
        self,
        options: MethodOptions,
        genotypes: torch.Tensor,
        weights: np.ndarray,
        g: torch.Generator,
    ) -> None:
        super().__init__(options)
        self.head = nn.Linear(options.width, genotypes.shape[1])

    def loss(self, batch: Batch) -> torch.Tensor:
        """Return the mean squared error of the dosages."""
        predicted = self.head(self.encoder(batch.images))  # (B, variants)
        return losses.dosage(predicted, batch.clean)


def gemcont(
    options: MethodOptions, genotypes: torch.Tensor, weights: np.ndarray, g: torch.Generator
) -> Method:
    """Build the method called gemcont, by the loss that is asked for."""
    return (Dosage if options.loss == "dosage" else Gemcont)(options, genotypes, weights, g)
