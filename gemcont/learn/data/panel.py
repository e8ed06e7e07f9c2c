"""The panel's genotypes: read, and coded for the genotype branch."""

from dataclasses import dataclass

import numpy as np

from gemcont.genotype.kernels.packed import decode

_BLOCK = 256  # variants decoded at a time


def panel_dosages(source, panel, samples):
    """float32 (samples, variants) of the panel's effect alleles, NaN missing; ``PanelMatch``."""
    order = np.argsort(panel.variants, kind="stable")
    dosages = np.empty((len(samples), len(order)), dtype=np.float32)
    for block in source.blocks(panel.variants[order], samples, size=_BLOCK):
        columns = order[block.first : block.first + block.count]
        sign = panel.sign[columns, None]
        dosages[:, columns] = (np.where(sign < 0, 2, 0) + sign * decode(block)).T
    return dosages


@dataclass(frozen=True)
class PanelCoding:
    """How dosages become what the genotype branch sees: x - 2 f, less what covariates explain.

    mean: (variants,), 2 f of the training people; slopes: (k, variants) of covariates, centred at
    ``centre`` (k,), as the training people have them; both None without covariates
    """

    mean: np.ndarray
    centre: np.ndarray | None = None
    slopes: np.ndarray | None = None

    @classmethod
    def fit(cls, dosages, covariates=None):
        """From training people: dosages (people, variants), NaN missing; covariates (people, k)."""
        known = ~np.isnan(dosages)
        total = np.where(known, dosages, 0).sum(axis=0, dtype=np.float64)
        mean = total / np.maximum(known.sum(axis=0), 1)
        if covariates is None:
            return cls(mean)
        centre = covariates.mean(axis=0)
        filled = np.where(known, dosages - mean, 0)
        return cls(mean, centre, np.linalg.lstsq(covariates - centre, filled, rcond=None)[0])

    def apply(self, dosages, covariates=None):
        """float32 (people, variants); a missing genotype is 0 before covariates are taken off."""
        coded = np.where(np.isnan(dosages), 0, dosages - self.mean)
        if self.slopes is not None:
            coded = coded - (covariates - self.centre) @ self.slopes
        return coded.astype(np.float32)
