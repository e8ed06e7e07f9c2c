"""Hits -> loci.

run       clump summary statistics by the linkage in genotypes
greedy    the clumping itself, streamed in bounded memory
loci      tables of the loci
files     .clumps, .loci.tsv, pictures, matrices of linkage
overlaps  how many loci of one GWAS another recovers
"""

import gemcont

__getattr__, __dir__, __all__ = gemcont.front_door(
    __name__,
    {
        "overlap": "overlaps",
        "refuse_inputs": "files",
        "run_clump": "run",
        "write_clump": "files",
        "write_loci": "files",
    },
)
