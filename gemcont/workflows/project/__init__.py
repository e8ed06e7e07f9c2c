"""Tests from stores of products, without genotypes.

store           what a store holds, its null models
tests           joint and single tests of products
combine         combinations of one store's traits
pooled_cohorts  several cohorts' stores, tested together
dense           every t of a scan, read back
files           what these write
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
