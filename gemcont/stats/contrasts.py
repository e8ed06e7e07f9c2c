"""Which effects on D traits a variant is allowed: any, one for all, one trait's, what differs.

In a basis of traits T in which they are independent regressions, a variant has a score u_d and an
information i_d for each; T_any = sum u_d^2 / i_d is what any effects explain of the residual sum of
squares R0. With one scale per variant, twice the log-likelihood ratio is -N D log of the ratio of
what the larger and the smaller model leave.
"""

from typing import NamedTuple

import numpy as np

from gemcont.errors import GemcontError
from gemcont.stats.special import neg_log10_chi2_sf

CONTRASTS = ("any", "common", "any-vs-common")
_LARGEST = 1 - 2.0**-53  # what is explained leaves a finite statistic


class Basis(NamedTuple):
    """transform: T (D, D), traits times T' being independent; r0: their weighted residual sum of
    squares; n_samples: N; single_dof: N - K - 1, of standard errors"""

    transform: np.ndarray
    r0: float
    n_samples: int
    single_dof: int


class MixedScan(NamedTuple):
    """Results per variant, NaN where one cannot be tested: chi2, neg_log_10_p (variants,); effects
    and standard_errors of one allele on every trait (variants, D); dof of chi2; r2: D times the
    share of the residual that the test's effects explain (variants,)."""

    chi2: np.ndarray
    neg_log_10_p: np.ndarray
    effects: np.ndarray
    standard_errors: np.ndarray
    dof: int
    r2: np.ndarray


def degrees_of_freedom(contrast, n_traits):
    """Of the contrast's chi2; GemcontError where so few traits have none."""
    if contrast == "any-vs-common":
        if n_traits < 2:
            raise GemcontError("--contrast any-vs-common: one trait has nothing that differs")
        return n_traits - 1
    return n_traits if contrast == "any" else 1


def contrasted(basis, scores, information, contrast="any"):
    """``MixedScan`` from scores and information (variants, D) in the basis.

    contrast: one of ``CONTRASTS``, or the index of a trait: its effect given those on the others
    """
    d, back = len(basis.transform), np.linalg.inv(basis.transform)
    if contrast not in (*CONTRASTS, *range(d)):
        raise GemcontError(
            f"contrast: {contrast!r} is neither {', '.join(CONTRASTS)} nor the index of one of "
            f"{d} traits"
        )
    dof = degrees_of_freedom(contrast, d)
    every = np.einsum("vd,vd->v", scores / information, scores)
    effects = (scores / information) @ back.T
    variances = (1 / information) @ (back**2).T
    left = _left(basis, every)
    if contrast == "any":
        share = left
    elif contrast in ("common", "any-vs-common"):
        ones = basis.transform.sum(axis=1)
        common = _left(basis, (scores @ ones) ** 2 / (information @ ones**2))
        share = common if contrast == "common" else left / common
    else:
        own = effects[:, contrast] ** 2 / variances[:, contrast]
        share = left / _left(basis, every - own)
    chi2 = np.maximum(-basis.n_samples * d * np.log(share), 0.0)
    scale = basis.r0 * left[:, None] / (basis.single_dof * d)
    errors = np.sqrt(variances * scale)
    return MixedScan(
        chi2, neg_log10_chi2_sf(chi2, dof), effects, errors, dof, d * np.maximum(1 - share, 0)
    )


def _left(basis, explained):
    """The share of the residual sum of squares that an effect leaves."""
    return 1 - np.minimum(explained / basis.r0, _LARGEST)
