"""Cohorts -> independent variants of small p with weights; polygenic scores.

run    choose a panel
score  find a panel in genotypes, and sum it to scores
files  .panel.tsv, .score.tsv
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
