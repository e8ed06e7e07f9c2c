"""The panel's genotypes: read, and coded for the genotype branch."""

from __future__ import annotations

from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gemcont.genotype.kernels.packed import decode
from gemcont.genotype.source import GenotypeSource

if TYPE_CHECKING:
    from gemcont.workflows.panel import PanelMatch

_BLOCK = 256  # variants decoded at a time


def panel_dosages(source: GenotypeSource, panel: PanelMatch, samples: np.ndarray) -> np.ndarray:
    """Return float32 (samples, variants) of the panel's effect alleles, NaN where missing."""
    order = np.argsort(panel.variants, kind="stable")
    dosages = np.empty((len(samples), len(order)), dtype=np.float32)
    for block in source.blocks(panel.variants[order], samples, size=_BLOCK):
        columns = order[block.first : block.first + block.count]
        sign = panel.sign[columns, None]
        dosages[:, columns] = (np.where(sign < 0, 2, 0) + sign * decode(block)).T
    return dosages


@dataclass(frozen=True)
class PanelCoding:
    """Coding of dosages for the genotype branch: x - 2 f, less what covariates explain.

    Attributes:
        mean: (variants,), 2 f of the training people.
        centre: (k,), means of the covariates of the training people; None without covariates.
        slopes: (k, variants) of the centred covariates; None without them.
    """

    mean: np.ndarray
    centre: np.ndarray | None = None
    slopes: np.ndarray | None = None

    @classmethod
    def fit(cls, dosages: np.ndarray, covariates: np.ndarray | None = None) -> PanelCoding:
        """Fit on training dosages (people, variants), NaN missing, and covariates (people, k)."""
        known = ~np.isnan(dosages)
        total = np.where(known, dosages, 0).sum(axis=0, dtype=np.float64)
        mean = total / np.maximum(known.sum(axis=0), 1)
        if covariates is None:
            return cls(mean)
        centre = covariates.mean(axis=0)
        filled = np.where(known, dosages - mean, 0)
        return cls(mean, centre, np.linalg.lstsq(covariates - centre, filled, rcond=None)[0])

    def apply(self, dosages: np.ndarray, covariates: np.ndarray | None = None) -> np.ndarray:
        """Code as float32 (people, variants); missing is 0 before covariates are taken off."""
        coded = np.where(np.isnan(dosages), 0, dosages - self.mean)
        if self.slopes is not None:
            assert covariates is not None
            assert self.centre is not None
            coded = coded - (covariates - self.centre) @ self.slopes
        return coded.astype(np.float32)
