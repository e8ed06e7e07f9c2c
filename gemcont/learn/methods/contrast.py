"""What is trained: GEMCONT and its polygenic-score twin. Each is a module of one loss a batch.

A method has ``encoder`` (images -> the image embedding that is exported), ``loss(batch)``,
``embed(images)`` and, where it aligns two sides, ``sides(batch)``.
"""

import math

import torch
from torch import nn
from torch.nn import functional

from gemcont.learn.encoders.genotype import genotype_projector
from gemcont.learn.methods import losses
from gemcont.learn.methods.method import Method, same_people
from gemcont.learn.training.distributed import gathered

PROJECTION = 64  # width of the space in which both sides are compared


class Contrast(Method):
    """Image embeddings aligned with something linear in the genotypes, by contrast.

    Each kind has ``genotype_side``, from genotypes (n, variants) to (n, 64).
    """

    needs_genotypes = True

    def __init__(self, options):
        super().__init__(options)
        self.image_projector = nn.Linear(options.width, PROJECTION)
        fixed = options.temperature is not None
        initial = 1 / options.temperature if fixed else losses.INITIAL_SCALE
        if not (fixed or options.normalise):
            initial = 1.0  # a scale that both sides' lengths carry already
        self.log_scale = nn.Parameter(torch.tensor(math.log(initial)), requires_grad=not fixed)

    def sides(self, batch):
        """Both sides of the batch's pairs, (B, 64): unit rows unless told otherwise."""
        a = self.image_projector(self.encoder(batch.images))
        b = self.genotype_side(batch.genotypes)
        return (
            (functional.normalize(a), functional.normalize(b)) if self.options.normalise else (a, b)
        )

    def loss(self, batch):
        """The contrastive loss of a batch."""
        a, b = self.sides(batch)
        same, first = same_people(batch, genotypes=self.options.mask_equal_genotypes)
        loss = losses.clip if self.options.loss == "clip" else losses.decoupled
        everyone = {"all_a": gathered(a)[0], "all_b": gathered(b)[0]}
        return loss(a, b, self.log_scale.exp(), **everyone, first=first, same=same)

    @torch.no_grad()
    def after_step(self):
        """Keep the scale of the logits below 100."""
        self.log_scale.clamp_(max=math.log(losses.LARGEST_SCALE))


class Gemcont(Contrast):
    """GEMCONT: a linear projector of the panel's genotypes on the other side."""

    def __init__(self, options, genotypes, weights, g):
        super().__init__(options)
        start = options.start
        self.genotype_projector = genotype_projector(genotypes, weights, PROJECTION, start, g)

    def genotype_side(self, genotypes):
        """Genotypes (n, variants) -> (n, 64)."""
        return self.genotype_projector(genotypes)


class Prs(Contrast):
    """GEMCONT whose genetic side sees one number, the polygenic score, standardised."""

    def __init__(self, options, genotypes, weights, g):
        super().__init__(options)
        weights = torch.as_tensor(weights, dtype=torch.float32)
        score = genotypes @ weights
        self.register_buffer("weights", weights)
        self.register_buffer("mean", score.mean())
        self.register_buffer("deviation", score.std())
        self.score_projector = nn.Linear(1, PROJECTION)

    def genotype_side(self, genotypes):
        """Genotypes (n, variants) -> (n, 64)."""
        score = (genotypes @ self.weights - self.mean) / self.deviation
        return self.score_projector(score[:, None])


class Dosage(Method):
    """A linear head that predicts the panel's dosages: no negatives, the baseline of contrast."""

    needs_genotypes = True

    def __init__(self, options, genotypes, weights, g):
        super().__init__(options)
        self.head = nn.Linear(options.width, genotypes.shape[1])

    def loss(self, batch):
        """Mean squared error of the dosages."""
        return losses.dosage(self.head(self.encoder(batch.images)), batch.clean)


def gemcont(options, genotypes, weights, g):
    """The method called gemcont, by the loss that is asked for."""
    return (Dosage if options.loss == "dosage" else Gemcont)(options, genotypes, weights, g)
