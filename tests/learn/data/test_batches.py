"""Minibatches, a function of seed, epoch and step."""

import numpy as np

from gemcont.learn.data.batches import equal_genotypes


def test_equal_genotypes_have_equal_codes():
    rows = np.array([[0, 1, np.nan], [0, 1, np.nan], [0, 1, 2], [0, 1, np.nan]], dtype=np.float32)
    codes = equal_genotypes(rows)
    assert codes[0] == codes[1] == codes[3] != codes[2]
