"""Names and bounds, worded for messages and the log."""

import logging
from collections.abc import Mapping, Sequence

log = logging.getLogger(__name__)

MANY_TRAITS = 200  # above it, by default: no joint test, and of single traits only
LEAST_OF_MANY = 5.0  # rows from this -log10 p up


def least_of_singles(n_traits: int, least: float | None) -> float | None:
    """Return the smallest -log10 p of a row of single traits, None for no bound.

    least: the bound that the user set; None = none up to 200 traits, 5 above.
    """
    if least is None and n_traits > MANY_TRAITS:
        log.info(
            "%d traits: only rows with p up to %g are written (--p-max P; all: --p-max 1)",
            n_traits,
            10**-LEAST_OF_MANY,
        )
        return LEAST_OF_MANY
    return least or None  # 0 bounds nothing


def shortened(names: Sequence[str], most: int = 8) -> str:
    """Return names for a message: the first few, and dots for more."""
    return ", ".join(names[:most]) + (", ..." if len(names) > most else "")


def left_out(removed: Mapping[str, int]) -> str:
    """Return counts of what is left out as every log says them: '205 by --mind, 3 not in t.tsv'."""
    by = {reason: f"by {reason}" if reason.startswith("--") else reason for reason in removed}
    return ", ".join(f"{count} {by[reason]}" for reason, count in removed.items() if count)
