"""Samples and variants of the genotypes that linkage is measured in."""

import logging

import numpy as np

from gemcont.genotype.chromosomes import autosomes_of, warn_unknown_codes
from gemcont.genotype.filters import select_variants
from gemcont.genotype.lists import keep_and_remove
from gemcont.genotype.source import GenotypeSource
from gemcont.settings.clump import ClumpSettings
from gemcont.settings.shared import SampleLists

log = logging.getLogger(__name__)

_UNPLACED = "0"


def founders(source: GenotypeSource, settings: SampleLists) -> np.ndarray:
    """Return the founders that --keep and --remove leave, as ascending indices; log the counts."""
    kept, _ = keep_and_remove(source, settings.keep, settings.remove)
    is_founder = kept & source.samples["founder"].to_numpy()
    log.info(
        "linkage in %d founders (left out: %d by --keep and --remove, %d with a parent named)",
        is_founder.sum(),
        source.n_samples - kept.sum(),
        kept.sum() - is_founder.sum(),
    )
    return np.flatnonzero(is_founder)


def chosen_variants(source: GenotypeSource, settings: ClumpSettings) -> np.ndarray:
    """Return the variants that pass the filters and have a chromosome, as indices; log the counts.

    settings: their chromosomes, autosomes, extract and exclude are the filters.
    """
    autosomes = autosomes_of(source, settings.autosomes)
    variants, taken = select_variants(
        source.variants,
        chromosomes=settings.chromosomes,
        autosomes=autosomes,
        extract=settings.extract,
        exclude=settings.exclude,
    )
    warn_unknown_codes(source.variants["chromosome"].unique().to_list(), autosomes)
    placed = (source.variants["chromosome"][variants] != _UNPLACED).to_numpy()
    taken["chromosome 0"] = int((~placed).sum())
    taken |= source.left_out
    left_out = ", ".join(f"{reason} {count}" for reason, count in taken.items() if count)
    if left_out:
        log.info("variants of the genotypes left out: %s", left_out)
    return variants[placed]
