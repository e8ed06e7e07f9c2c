"""Mixed models of chromosomes whose kinship is not decomposed: Cg and Cn are known already.

With them known, each of the D regressions has its own covariance V = l K + I. A triangular factor
of it is ten times cheaper than the eigenvectors of K, but serves one regression only; and it cannot
be used if covariances are to be re-estimated.
"""

from collections.abc import Sequence
from dataclasses import dataclass
from functools import cached_property
from typing import cast

import numpy as np

from gemcont.genotype.kinship import turned_at_once, turned_dosages
from gemcont.genotype.source import Block
from gemcont.stats.contrasts import Basis
from gemcont.stats.mixed.likelihood import Fit
from gemcont.stats.mixed.regressions import Regressions
from gemcont.workflows.gwas.scan.null_models import trait_slices

# Seconds over N^3 of eigenvectors (float64) and of a factor (float32), over N^2 M of genotypes
# times eigenvectors and whitened by a factor (float32), each on one thread; at N = 1,410.
_EIGENVECTORS, _FACTOR, _PRODUCT, _WHITENED = 1.6e-10, 1.1e-11, 2.9e-11, 1.9e-11


def whitening_is_cheaper(n_samples: int, n_variants: int, n_regressions: int) -> bool:
    """Return whether a factor for each regression costs less than eigenvectors for all."""
    one_by_one = n_regressions * (_FACTOR * n_samples + _WHITENED * n_variants)
    return one_by_one < _EIGENVECTORS * n_samples + _PRODUCT * n_variants


def load_solver() -> None:
    """Load the library that factorises; to be called before the scan begins.

    The scan limits the threads of every BLAS that is loaded by then. scipy has one of its own:
    loaded later it would take all cores in each thread (measured: 12 s instead of 2).
    """
    import scipy.linalg  # noqa: F401


@dataclass(frozen=True)
class Factor:
    """Triangular factor of a covariance, V = L L'.

    Attributes:
        lower: L (N, N), float32
    """

    lower: np.ndarray

    @classmethod
    def of(cls, matrix: np.ndarray) -> "Factor":
        """Factorise a float32 covariance (N, N), whose memory is taken over.

        Raises:
            numpy.linalg.LinAlgError: if it is next to singular.
        """
        from scipy.linalg import cholesky

        lower = cholesky(matrix.T, lower=True, overwrite_a=True, check_finite=False)
        return cls(lower)

    def whitened(self, rows: np.ndarray) -> np.ndarray:
        """Return L^-1 times every row, (count, N) each."""
        from scipy.linalg import solve_triangular

        return solve_triangular(self.lower, rows.T, lower=True, check_finite=False).T


@dataclass(frozen=True, kw_only=True)
class WhitenedModel:
    """Mixed model of a trait group on one kinship matrix, with given covariances.

    Attributes:
        factors: the ``Factor`` of each regression
        regressions: one trait each, in the whitened samples: first those of the joint test, then
            those of single traits
        r0: residual sums of squares (regressions,)
        transform: T of the joint test (D, D), or None
    """

    factors: list[Factor]
    regressions: list[Regressions]
    r0: np.ndarray
    transform: np.ndarray | None
    null = None  # nothing is refitted

    @property
    def n_joint(self) -> int:
        """Number of regressions of the joint test."""
        return 0 if self.transform is None else len(self.transform)

    @property
    def basis(self) -> Basis:
        """``Basis`` of the joint test."""
        n, k = self.regressions[0].covariates.shape
        transform = cast(np.ndarray, self.transform)  # asked for where there is a joint test
        return Basis(transform, self.r0[: self.n_joint].sum(), n, n - k - 1)

    @cached_property
    def single_parts(self) -> list[tuple[slice, np.ndarray]]:
        """Slices of the traits tested one by one, with their residual sums of squares."""
        r0 = self.r0[self.n_joint :]
        return [(part, r0[part]) for part in trait_slices(len(r0))]

    def sums(
        self, block: Block, mean: np.ndarray, rows: np.ndarray
    ) -> list[tuple[np.ndarray, np.ndarray]]:
        """Return scores and information (variants, traits): joint test first, then single traits.

        Args:
            block: ``Block`` of genotypes.
            mean: its variants' mean dosages.
            rows: positions in the block of the variants to use.
        """
        size = turned_at_once(len(self.factors[0].lower))
        starts = range(0, max(len(rows), 1), size)
        chunks = [self._sums(block, mean, rows[first : first + size]) for first in starts]
        scores, information = (np.concatenate(both) for both in zip(*chunks, strict=True))
        parts = [slice(0, self.n_joint)] if self.n_joint else []
        singles = (part for part, _ in self.single_parts)
        parts += [slice(p.start + self.n_joint, p.stop + self.n_joint) for p in singles]
        return [(scores[:, part], information[:, part]) for part in parts]

    def _sums(self, block, mean, rows):
        pairs = zip(self.factors, self.regressions, strict=True)
        chosen, mean = block.take(rows), mean[rows]
        sums = [one.sums(turned_dosages(chosen, mean, f.whitened)) for f, one in pairs]
        return [np.hstack(columns) for columns in zip(*sums, strict=True)]


def whitened(
    traits: np.ndarray,
    covariates: np.ndarray,
    kinship: np.ndarray,
    joint: Fit | None,
    single: Sequence[Fit],
) -> WhitenedModel:
    """Return the ``WhitenedModel`` with the covariances of fits.

    Args:
        traits: (N, D).
        covariates: (N, K).
        kinship: (N, N), the matrix that is not decomposed.
        joint: fit of the joint test, or None.
        single: fits of the traits one by one, or [].
    """
    covariances, columns = [], []
    if joint is not None:
        covariances += [(latent, 1.0) for latent in joint.latent]
        columns += list((traits @ joint.transform.T).T)
    covariances += [(fit.genetic[0, 0], fit.residual[0, 0]) for fit in single]
    columns += list(traits.T) if single else []
    parts = [
        _regression(column, covariates, kinship, *pair)
        for column, pair in zip(columns, covariances, strict=True)
    ]
    factors, regressions, r0 = zip(*parts, strict=True)
    transform = None if joint is None else joint.transform
    return WhitenedModel(
        factors=list(factors),
        regressions=list(regressions),
        r0=np.array(r0),
        transform=transform,
    )


def _regression(trait, covariates, kinship, genetic, residual):
    """Return ``Factor``, ``Regressions`` and residual sum of squares of one whitened trait."""
    covariance = (genetic * kinship).astype(np.float32)
    covariance.flat[:: len(kinship) + 1] += np.float32(residual)
    factor = Factor.of(covariance)
    y, *x = factor.whitened(np.vstack([trait, covariates.T]))
    x = np.transpose(x)
    rest = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
    regressions = Regressions(
        weighted=rest[:, None],
        weights=np.ones((len(y), 1)),
        covariates=x,
        inner=(x.T @ x)[None],
    )
    return factor, regressions, float(rest @ rest)
