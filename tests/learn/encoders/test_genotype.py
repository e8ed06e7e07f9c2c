"""The linear genotype encoder."""

import numpy as np
import pytest
import torch

from gemcont import GemcontError
from gemcont.learn.encoders.genotype import genotype_projector


@pytest.mark.parametrize("start", ["beta-spread", "beta-shared", "random"])
def test_the_projector_starts_at_norm_one(start):
    rng = np.random.default_rng(0)
    genotypes = torch.tensor(rng.binomial(2, 0.3, (500, 12)) - 0.6, dtype=torch.float32)
    weights = rng.standard_normal(12)
    layer = genotype_projector(genotypes, weights, 64, start, torch.Generator().manual_seed(1))
    norms = (genotypes @ layer.weight.T).square().sum(1).mean()
    assert abs(float(norms.detach()) - 1) < 1e-4
    columns = layer.weight.detach().norm(dim=0).numpy()
    if start == "beta-spread":  # a column's length is the effect, its direction its own
        np.testing.assert_allclose(columns / columns[0], np.abs(weights / weights[0]), rtol=1e-4)
    singular = torch.linalg.svdvals(layer.weight.detach())
    if start == "beta-shared":
        assert singular[1] < 0.1 * singular[0]
    else:
        assert singular[-1] > 1e-3 * singular[0]


def test_nothing_to_project_is_said():
    with pytest.raises(GemcontError, match="all 0"):
        genotype_projector(torch.zeros(5, 3), np.ones(3), 4, "beta-spread", torch.Generator())
