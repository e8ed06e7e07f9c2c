"""Tests from stores of products, without genotypes.

store           a store of products, and its null models
tests           joint and single tests of products
combine         combinations of one store's traits
pooled_cohorts  stores of several cohorts, tested together
store_union     the variants of these stores, matched
pooled_blocks   their products, summed block by block
dense           every t of a scan, read back
files           log, summary and pictures of the tests
"""

import gemcont

__getattr__, __dir__, __all__ = gemcont.front_door(
    __name__,
    {
        "ProductOutputs": "files",
        "read_dense": "dense",
        "run_joint_meta": "pooled_cohorts",
        "run_project": "combine",
        "write_joint_meta": "pooled_cohorts",
        "write_project": "combine",
    },
)
