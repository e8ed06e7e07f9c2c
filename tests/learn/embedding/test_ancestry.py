"""The share of a covariate that an embedding gives away."""

import numpy as np

from gemcont.learn.embedding.ancestry import adjusted_r2, covariate_r2


def test_what_covariates_an_embedding_gives_away():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((3000, 8))
    known = np.column_stack([x[:, 0] + rng.standard_normal(3000), rng.standard_normal(3000)])
    found = covariate_r2(x, known, ("pc1", "pc2"))
    assert abs(found[0]["r2"] - 0.5) < 0.05
    assert abs(found[0]["r2_permuted"]) < 0.01
    assert abs(found[1]["r2"]) < 0.01
    assert adjusted_r2(x, np.ones(3000)) == 0
