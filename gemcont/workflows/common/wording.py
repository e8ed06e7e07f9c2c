"""Names and bounds as messages and logs say them."""

import logging

log = logging.getLogger(__name__)

MANY_TRAITS = 200  # above it, unless told otherwise: no joint test, and of single traits only
LEAST_OF_MANY = 5.0  # rows from this -log10 p up


def least_of_singles(n_traits, least):
    """Smallest -log10 p of a row of single traits: as asked, else 5 above 200 traits."""
    if least is None and n_traits > MANY_TRAITS:
        log.info(
            "%d traits: only rows with p up to %g are written (--p-max P; all: --p-max 1)",
            n_traits,
            10**-LEAST_OF_MANY,
        )
        return LEAST_OF_MANY
    return least or None  # 0 bounds nothing


def shortened(names, most=8):
    """Names for a message: the first few, and dots for more."""
    return ", ".join(names[:most]) + (", ..." if len(names) > most else "")
