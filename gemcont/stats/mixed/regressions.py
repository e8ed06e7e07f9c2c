"""D weighted regressions on the same covariates, in the rotated basis: what variants are tested by.

Of a rotated genotype g, residualised on the covariates F in each regression's weights w_d, the
score is g'(w_d * residual_d) and the information g'(w_d * g) less what F explains.
"""

from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gemcont.stats.contrasts import Basis
from gemcont.stats.mixed.likelihood import Rotated, evaluate, fit, maximise, runs_away

_EXPLAINED = 1e-8  # share of a genotype that covariates must leave


@dataclass(frozen=True)
class Regressions:
    """weighted: weights times residuals (N, D); weights (N, D); covariates (N, K), rotated; inner:
    F'W_d F (D, K, K)"""

    weighted: np.ndarray
    weights: np.ndarray
    covariates: np.ndarray
    inner: np.ndarray

    @classmethod
    def of_fit(cls, found, covariates):
        """Those of a ``Fit``."""
        return cls(found.weighted, found.weights, covariates, found.inner)

    @classmethod
    def of_single_fits(cls, fits, covariates):
        """Those of traits fitted one by one."""
        weighted, weights = (
            np.hstack([getattr(f, name) for f in fits]) for name in ("weighted", "weights")
        )
        scales = np.array([f.transform[0, 0] for f in fits])  # back into trait units
        inner = np.concatenate([f.inner for f in fits]) * (scales**2)[:, None, None]
        return cls(weighted * scales, weights * scales**2, covariates, inner)

    @cached_property
    def columns(self):
        """(N, D + D K): what genotypes are multiplied by, one product for all."""
        d = self.weights.shape[1]
        columns = [self.weighted, *(self.covariates * self.weights[:, [i]] for i in range(d))]
        return np.ascontiguousarray(np.hstack(columns))

    def sums(self, rotated):
        """Scores and information (variants, D) of rotated genotypes (variants, N).

        NaN information: the covariates explain the genotype, nothing is left to test.
        """
        rotated = rotated.astype(np.float64, copy=False)
        products, d = rotated @ self.columns, self.weights.shape[1]
        raw = np.square(rotated) @ self.weights
        explained = products[:, d:].reshape(len(rotated), d, self.covariates.shape[1])
        explained = explained.transpose(1, 0, 2)
        solved = np.linalg.solve(self.inner, explained.transpose(0, 2, 1)).transpose(0, 2, 1)
        information = raw - np.einsum("dvk,dvk->vd", explained, solved)
        information[(information <= _EXPLAINED * raw).any(axis=1)] = np.nan
        return products[:, :d], information


def single_fits(data, starts=None):
    """A ``Fit`` of every trait alone, with two variances of its own; restricted where it must be.

    starts: ``Fit``s whose variances are kept instead of fitted (other eigenvalues)
    """
    parts = [
        Rotated(data.traits[:, [d]], data.covariates, data.eigenvalues, data.reml)
        for d in range(data.traits.shape[1])
    ]
    if starts is None:
        return [fit(part, or_restricted=True) for part in parts]
    pairs = zip(parts, starts, strict=True)
    return [evaluate(part, start.genetic, start.residual) for part, start in pairs]


def refitted(data, null, rotated, rank=None):
    """Likelihood ratios with Cg and Cn refitted beside each variant, from those of the null.

    data: ``Rotated``, maximum likelihood; null: its ``Fit``; rotated: genotypes (variants, N);
    rank: of Cg, None = D. A few scoring steps, but on the cone's edge. Returns chi2 (variants,),
    NaN where the likelihood beside the variant has no maximum (``runs_away``), effects and
    standard errors (variants, D).
    """
    d = len(null.latent)
    chi2, effects, errors = np.empty(len(rotated)), *np.empty((2, len(rotated), d))
    for v, g in enumerate(rotated.astype(np.float64, copy=False)):
        both = Rotated(data.traits, np.column_stack([data.covariates, g]), data.eigenvalues)
        found = maximise(both, null.genetic, null.residual, rank)
        gained = max(found.log_likelihood - null.log_likelihood, 0.0)
        chi2[v] = np.nan if runs_away(both, found) else 2 * gained
        effects[v], errors[v] = _last_effect(both, found)
    return chi2, effects, errors


def _last_effect(data, found):
    """Of the last covariate on every trait (D,), and its standard error."""
    (n, d), k = data.traits.shape, data.covariates.shape[1]
    turned = data.traits @ found.transform.T
    right = np.einsum("nk,nd->dk", data.covariates, found.weights * turned)
    inverse, back = np.linalg.inv(found.inner), np.linalg.inv(found.transform)
    coefficient = np.einsum("dk,dk->d", inverse[:, -1], right)
    scale = found.r0 / ((n - k) * d)
    return back @ coefficient, np.sqrt(scale * (back**2 @ inverse[:, -1, -1]))


def basis_of(found, n_samples, n_covariates):
    """The ``Basis`` in which a ``Fit``'s scores are contrasted."""
    return Basis(found.transform, found.r0, n_samples, n_samples - n_covariates - 1)
