"""Relatedness: sources of a kinship matrix, and its files.

matrices  kinship computed, read from a file or passed as an array, for the analysed samples
files     compute a matrix once for many scans
"""

import gemcont

__getattr__, __dir__, __all__ = gemcont.front_door(
    __name__,
    {
        "refuse_inputs": "files",
        "run_kinship": "files",
        "write_kinship": "files",
    },
)
