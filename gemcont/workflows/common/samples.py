"""Which samples and variants measure linkage."""

import logging

import numpy as np

from gemcont.genotype.chromosomes import warn_unknown_codes
from gemcont.genotype.filters import select_variants
from gemcont.genotype.lists import keep_and_remove

log = logging.getLogger(__name__)

_UNPLACED = "0"


def founders(source, settings):
    """Ascending indices of the founders that --keep and --remove leave, counted in the log."""
    kept, _ = keep_and_remove(source, settings.keep, settings.remove)
    founders = kept & source.samples["founder"].to_numpy()
    log.info(
        "linkage in %d founders (left out: %d by --keep and --remove, %d with a parent named)",
        founders.sum(),
        source.n_samples - kept.sum(),
        kept.sum() - founders.sum(),
    )
    return np.flatnonzero(founders)


def chosen_variants(source, settings):
    """Indices of the variants that the filters leave, those without a chromosome left out."""
    names = ("chromosomes", "autosomes", "extract", "exclude")
    asked = {name: getattr(settings, name) for name in names}
    variants, taken = select_variants(source.variants, **asked)
    warn_unknown_codes(source.variants["chromosome"].unique().to_list(), settings.autosomes)
    placed = (source.variants["chromosome"][variants] != _UNPLACED).to_numpy()
    taken["chromosome 0"] = int((~placed).sum())
    taken |= source.left_out
    left_out = ", ".join(f"{reason} {count}" for reason, count in taken.items() if count)
    if left_out:
        log.info("variants of the genotypes left out: %s", left_out)
    return variants[placed]
