"""Stores of products: of one cohort, and of two."""

import pytest
from reference.product_stores import scan, write_cohort


@pytest.fixture
def one(tmp_path):
    """The folder of a cohort ``a`` with a store, and its traits."""
    _, traits, _ = write_cohort(tmp_path, "a", 240, seed=1, missing=0.03)
    scan(tmp_path, "a", save_products=True)
    return tmp_path, traits


@pytest.fixture
def two(tmp_path):
    """The folder of cohorts ``a`` and ``b`` with stores, and what is in them."""
    a = write_cohort(tmp_path, "a", 240, seed=1, x=False)
    b = write_cohort(tmp_path, "b", 180, seed=2, x=False, flip=(0, 3, 7), first=240)
    for name in "ab":
        scan(tmp_path, name, save_products=True)
    return tmp_path, a, b
