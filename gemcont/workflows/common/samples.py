"""Samples and variants that a command works on: lists and places applied, removals counted."""

import logging

import numpy as np

from gemcont.genotype.chromosomes import autosomes_of, warn_unknown_codes
from gemcont.genotype.filters import select_variants
from gemcont.genotype.lists import keep_and_remove
from gemcont.genotype.source import GenotypeSource
from gemcont.settings.clump import ClumpSettings
from gemcont.settings.shared import SampleLists, VariantLists
from gemcont.workflows.common.wording import left_out

log = logging.getLogger(__name__)

_UNPLACED = "0"
_PLACES = ("chromosomes", "from_bp", "to_bp", "extract", "exclude")


def kept_samples(source: GenotypeSource, settings: SampleLists) -> tuple[np.ndarray, dict]:
    """Return the samples that --keep and --remove leave (bool), and how many each removes."""
    return keep_and_remove(source, settings.keep, settings.remove)


def kept_variants(source: GenotypeSource, settings: VariantLists) -> tuple[np.ndarray, dict]:
    """Return the variants that chromosomes, positions and lists leave, and what each removes.

    Warns of chromosome codes beyond those of the species.

    Args:
        source: the genotypes.
        settings: chromosomes, from_bp, to_bp, extract and exclude, as far as there are any.

    Returns:
        Ascending indices, and reason -> number of variants removed.
    """
    autosomes = autosomes_of(source, getattr(settings, "autosomes", None))
    places = {name: getattr(settings, name, None) for name in _PLACES}
    variants, removed = select_variants(source.variants, autosomes=autosomes, **places)
    warn_unknown_codes(source.variants["chromosome"].unique().to_list(), autosomes)
    return variants, removed


def log_selection(what: str, kept: int, total: int, removed: dict[str, int]) -> None:
    """Log how many samples or variants are kept, and how many are left out for which reason."""
    counts = left_out(removed)
    log.info("%d of %d %s%s", kept, total, what, f" (left out: {counts})" if counts else "")


def founders(source: GenotypeSource, settings: SampleLists) -> np.ndarray:
    """Return the founders that --keep and --remove leave, as ascending indices; log the counts."""
    kept, removed = kept_samples(source, settings)
    is_founder = kept & source.samples["founder"].to_numpy()
    removed["with a parent named"] = int(kept.sum() - is_founder.sum())
    log_selection("samples measure linkage", is_founder.sum(), source.n_samples, removed)
    return np.flatnonzero(is_founder)


def chosen_variants(source: GenotypeSource, settings: ClumpSettings) -> np.ndarray:
    """Return the variants that pass the filters and have a chromosome, as indices; log the counts.

    settings: their chromosomes, autosomes, extract and exclude are the filters.
    """
    variants, removed = kept_variants(source, settings)
    placed = (source.variants["chromosome"][variants] != _UNPLACED).to_numpy()
    removed["on chromosome 0"] = int((~placed).sum())
    removed |= {f"with {reason}": count for reason, count in source.left_out.items()}
    log_selection("variants selected", placed.sum(), source.n_variants, removed)
    return variants[placed]
