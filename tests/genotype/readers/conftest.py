"""Dosages that every reader of them is tested with."""

import numpy as np
import pytest
from conftest import random_dosages
from reference.dosage_files import PGEN_STEP, M, N


@pytest.fixture
def dosages():
    """Dosages (M, N) on a .pgen's grid, NaN missing."""
    rng = np.random.default_rng(51)
    hard = random_dosages(rng, M, N, missing=0.05)
    soft = np.clip(hard + rng.uniform(-0.4, 0.4, hard.shape), 0, 2)
    return np.round(soft / PGEN_STEP) * PGEN_STEP
