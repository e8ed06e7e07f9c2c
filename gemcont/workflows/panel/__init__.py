"""Cohorts -> the independent variants of small p, with weights; polygenic scores.

run    the panel
score  a panel found in genotypes, and summed
files  both on disk
"""

import gemcont

__getattr__, __dir__, __all__ = gemcont.front_door(
    __name__,
    {
        "MIN_FOUND": "score",
        "PANEL": "files",
        "PanelMatch": "score",
        "SCORE": "files",
        "WEIGHTS": "score",
        "make_panel": "run",
        "match_panel": "score",
        "polygenic_score": "score",
        "refuse_inputs": "files",
        "run_panel": "run",
        "write_panel": "files",
        "write_score": "files",
    },
)
