"""The genotype encoder: a linear projection of the panel."""

import numpy as np
import torch
from torch import nn

from gemcont.errors import GemcontError

_SHARED_NOISE = 1e-2  # of beta-shared: without it the projection has rank 1


def genotype_projector(
    genotypes: torch.Tensor, weights: np.ndarray, width: int, start: str, g: torch.Generator
) -> nn.Linear:
    """Build the linear genotype encoder, (n, variants) -> (n, width), with bias.

    Args:
        genotypes: (people, variants) of training people, x - 2 f, by which one scale is set so
            that outputs have a root mean square norm of 1.
        weights: (variants,) effects per allele.
        width: width of the output.
        start: initial weights: "beta-spread", column j is beta_j times a random unit direction;
            "beta-shared", every row is beta (plus noise of 1 %); "random".
        g: source of the random numbers.

    Raises:
        GemcontError: weights or genotypes are all 0.
    """
    n_variants = genotypes.shape[1]
    layer = nn.Linear(n_variants, width)
    directions = torch.randn(width, n_variants, generator=g)  # (width, variants)
    beta = torch.as_tensor(weights, dtype=torch.float32)  # (variants,)
    if start == "beta-spread":
        matrix = directions / directions.norm(dim=0) * beta  # (width, variants)
    elif start == "beta-shared":
        matrix = beta + _SHARED_NOISE * beta.norm() / n_variants**0.5 * directions
    else:
        matrix = directions
    with torch.no_grad():
        norm = (genotypes @ matrix.T).square().sum(1).mean().sqrt()  # of (people, width): a scalar
        if not norm > 0:
            raise GemcontError("the panel's weights or genotypes are all 0: nothing to learn from")
        layer.weight.copy_(matrix / norm)
        layer.bias.zero_()
    return layer
