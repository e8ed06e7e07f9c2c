"""Pictures of a meta-analysis: Manhattan, QQ, and the cohorts' frequencies against each other."""

import math
import time
from itertools import combinations

import numpy as np

from gemcont.stats.calibration import lambda_gc
from gemcont.tables.writers import unwritable
from gemcont.workflows.report import chromosome_codes, log


def draw_meta(run, table, paths):
    """Draw what ``write_meta`` returned; paths: as ``outputs`` names them."""
    from gemcont.plots.frequencies import frequencies
    from gemcont.plots.manhattan import manhattan
    from gemcont.plots.qq import qq
    from gemcont.plots.save import save

    started = time.perf_counter()
    p = table["neg_log_10_p_value"].fill_null(math.nan).to_numpy()
    placed = table["chromosome"].is_not_null().to_numpy()
    names, codes = chromosome_codes(table["chromosome"].drop_nulls(), run.settings.autosomes)
    positions = table["base_pair_location"].drop_nulls().to_numpy()
    title = ", ".join(cohort.name for cohort in run.cohorts)
    title = title if len(title) <= 60 else f"{len(run.cohorts)} cohorts"
    pictures = {
        "manhattan": lambda: manhattan(codes, positions, p[placed], names=names, title=title),
        "qq": lambda: qq(p, lambda_gc=lambda_gc(p, 1), title=title),
        "frequency": lambda: frequencies(_pairs(run)),
    }
    for name, make in pictures.items():
        if name == "frequency" and len(run.cohorts) < 2:
            continue
        try:
            save(make(), paths[name])
        except OSError as error:
            raise unwritable(paths[name], error) from error
    log.info("pictures drawn in %.1f s", time.perf_counter() - started)


def _pairs(run):
    """(name, name, frequencies, frequencies) of every pair over the variants that both have."""
    pairs = []
    for first, second in combinations(run.cohorts, 2):
        one, two = (np.full(len(run.union), np.nan, dtype=np.float32) for _ in range(2))
        one[first.slot], two[second.slot] = first.frequency, second.frequency
        both = ~(np.isnan(one) | np.isnan(two))
        pairs.append((first.name, second.name, one[both], two[both]))
    return pairs
