"""Mixed models of chromosomes whose kinship is not decomposed: Cg and Cn are known already.

With them known, each of the D regressions has its own covariance V = l K + I. A triangular factor
of it is ten times cheaper than the eigenvectors of K, but serves one regression only; and it cannot
be used where covariances are to be refitted.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gemcont.genotype.kinship import turned_at_once, turned_dosages
from gemcont.stats.contrasts import Basis
from gemcont.stats.mixed.regressions import Regressions
from gemcont.workflows.gwas.scan.null_models import trait_slices

# Seconds over N^3 of eigenvectors (float64) and of a factor (float32), over N^2 M of genotypes
# times eigenvectors and whitened by a factor (float32), each on one thread; at N = 1,410.
_EIGENVECTORS, _FACTOR, _PRODUCT, _WHITENED = 1.6e-10, 1.1e-11, 2.9e-11, 1.9e-11
_STRIPS, _LEAST = 16, 128  # of a factor, and the columns of one


def whitening_is_cheaper(n_samples, n_variants, n_regressions):
    """Whether a factor for each regression costs less than eigenvectors for all."""
    one_by_one = n_regressions * (_FACTOR * n_samples + _WHITENED * n_variants)
    return one_by_one < _EIGENVECTORS * n_samples + _PRODUCT * n_variants


@dataclass(frozen=True)
class Factor:
    """V = L L'. lower: L (N, N), float32; inverses: of the blocks along its diagonal."""

    lower: np.ndarray
    inverses: list

    @classmethod
    def of(cls, matrix):
        """Of a float32 matrix, strip by strip, three times as fast as numpy.linalg.cholesky.

        Raises numpy.linalg.LinAlgError where it is next to singular.
        """
        n, lower, inverses = len(matrix), np.zeros_like(matrix), []
        width = max(-(-n // _STRIPS), _LEAST)
        for first in range(0, n, width):
            strip, below = slice(first, first + width), slice(first + width, n)
            left = matrix[first:, strip] - lower[first:, :first] @ lower[strip, :first].T
            lower[strip, strip] = np.linalg.cholesky(left[:width])
            inverses.append(np.linalg.inv(lower[strip, strip]))
            lower[below, strip] = left[width:] @ inverses[-1].T
        return cls(lower, inverses)

    def whitened(self, rows):
        """L^-1 of every row (count, N), strip by strip: nearly all of it products of matrices."""
        found, first = np.empty_like(rows), 0
        for inverse in self.inverses:
            strip = slice(first, first + len(inverse))
            rest = rows[:, strip] - found[:, :first] @ self.lower[strip, :first].T
            found[:, strip] = rest @ inverse.T
            first = strip.stop
        return found


@dataclass(frozen=True)
class WhitenedModel:
    """The mixed model of a batch on one kinship matrix, its covariances given.

    factors: the ``Factor`` of each regression; regressions: in the whitened samples, of one trait
    each: those of the joint test, then those of single traits; r0: residual sums of squares
    (regressions,); transform: T of the joint test (D, D), or None
    """

    factors: list
    regressions: list
    r0: np.ndarray
    transform: np.ndarray | None
    null = None  # nothing is refitted

    @property
    def n_joint(self):
        """How many regressions are the joint test's."""
        return 0 if self.transform is None else len(self.transform)

    @property
    def basis(self):
        """The ``Basis`` of the joint test."""
        n, k = self.regressions[0].covariates.shape
        return Basis(self.transform, self.r0[: self.n_joint].sum(), n, n - k - 1)

    @cached_property
    def single_parts(self):
        """Slices of the traits tested one by one, with their residual sums of squares."""
        r0 = self.r0[self.n_joint :]
        return [(part, r0[part]) for part in trait_slices(len(r0))]

    def sums(self, block, mean, rows):
        """Scores and information (variants, traits): of the joint test, then of single parts."""
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
        found = [one.sums(turned_dosages(chosen, mean, f.whitened)) for f, one in pairs]
        return [np.hstack(columns) for columns in zip(*found, strict=True)]


def whitened(traits, covariates, kinship, joint, single):
    """The ``WhitenedModel`` of traits (N, D) and covariates (N, K) at the covariances of fits.

    joint: ``Fit`` or None; single: ``Fit``s of the traits one by one, or []
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
    return WhitenedModel(list(factors), list(regressions), np.array(r0), transform)


def _regression(trait, covariates, kinship, genetic, residual):
    """``Factor``, ``Regressions`` of the one whitened trait, its residual sum of squares."""
    covariance = (genetic * kinship).astype(np.float32)
    covariance.flat[:: len(kinship) + 1] += np.float32(residual)
    factor = Factor.of(covariance)
    y, *x = factor.whitened(np.vstack([trait, covariates.T]))
    x = np.transpose(x)
    rest = y - x @ np.linalg.lstsq(x, y, rcond=None)[0]
    regressions = Regressions(rest[:, None], np.ones((len(y), 1)), x, (x.T @ x)[None])
    return factor, regressions, float(rest @ rest)
