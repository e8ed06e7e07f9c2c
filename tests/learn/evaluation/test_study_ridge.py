"""The R2 of a target from embeddings."""

import numpy as np

from gemcont.learn.evaluation.study import ridge_r2


def test_ridge_is_judged_within_the_people_given():
    rng = np.random.default_rng(0)
    x = rng.standard_normal((2000, 10))
    target = x[:, 0] + rng.standard_normal(2000)
    assert abs(ridge_r2(x, target) - 0.5) < 0.05
    assert ridge_r2(rng.standard_normal((300, 100)), target[:300]) < 0.05
    twins = np.repeat(x[:200], 5, axis=0) + 1e-9
    noise = np.repeat(rng.standard_normal(200), 5)
    assert ridge_r2(twins, noise, groups=np.repeat(np.arange(200), 5)) < 0.05
