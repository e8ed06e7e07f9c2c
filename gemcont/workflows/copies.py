"""Cohorts that are one cohort twice: told by their content, whatever the files are called."""

import itertools

import numpy as np

from gemcont.errors import GemcontError

_FEWEST = 20  # variants in common, below which equal numbers say little


def refuse_copies(cohorts):
    """Raise GemcontError where two cohorts have the same effects and errors for all they share."""
    for first, second in itertools.combinations(cohorts, 2):
        _, here, there = np.intersect1d(
            first.slot, second.slot, assume_unique=True, return_indices=True
        )
        if len(here) < _FEWEST:
            continue
        same = (first.beta[here] == second.beta[there]) & (
            first.standard_error[here] == second.standard_error[there]
        )
        if same.all() and len(np.unique(first.beta[here])) >= _FEWEST:
            raise GemcontError(
                f"{second.name}: the effects and standard errors of all {len(here)} variants that "
                f"it shares with {first.name} are the same: one cohort twice? Leave one out"
            )
