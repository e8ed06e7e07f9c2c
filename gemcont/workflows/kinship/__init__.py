"""Relatedness: where a kinship comes from, and its files.

matrices  computed, read or handed over; its rows for the analysed people
files     a matrix made once for many scans
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
