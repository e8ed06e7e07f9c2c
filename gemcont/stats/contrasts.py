"""Which effects on D traits a variant is allowed: any, one for all, one trait's, what differs.

In a basis of traits T in which they are independent regressions, a variant has a score u_d and an
information i_d for each; T_any = sum u_d^2 / i_d is what any effects explain of the residual sum of
squares R0. A contrast is judged by two shares: q = D T_any / R0 and c = D T_c / R0, T_c being what
an effect along one direction of the traits explains. For unrelated people q is the squared multiple
correlation of the genotype with the traits, and c its squared correlation with one combination of
them.

lrt: with one scale per variant, twice the log-likelihood ratio is -N D log of the ratio of what the
larger and the smaller model leave (``likelihood_share``).

f: exact for unrelated people and Gaussian traits, K covariates with the intercept:

    any                F(D, N - K - D)         of q
    common             F(1, N - K - D)         of c / (1 - q + c): the mean direction L^-1 1, given
                                               the D - 1 differences between traits, which a common
                                               effect leaves alone
    Conditional(d)     F(1, N - K - D)         of c / (1 - q + c): trait d given the others' values
    any-vs-common      F(D - 1, N - K - D + 1) of q - c: the differences
    trait d            F(1, N - K - 1)         of c: the square of the trait's own t

References
----------
[1] Anderson (2003), An Introduction to Multivariate Statistical Analysis, 3rd ed., 8.4: given the
    other traits as covariates, each is an ordinary regression.
"""

from typing import NamedTuple

import numpy as np

from gemcont.errors import GemcontError
from gemcont.stats.special import neg_log10_chi2_sf, neg_log10_f_sf

CONTRASTS = ("any", "common", "any-vs-common")
_LARGEST = 1 - 2.0**-53  # what is explained leaves a finite statistic


class Conditional(NamedTuple):
    """The contrast of one trait's effect given the values of the other traits.

    trait: the trait's index. The others are covariates; a variant that acts on one of them alone
    has an effect here too, where it is correlated with this trait.
    """

    trait: int


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


class ContrastF(NamedTuple):
    """An F test per variant, NaN where one cannot be tested: statistic, neg_log_10_p (variants,),
    on (dof, dof2); r2: what the F is of, F = r2 / (1 - r2) dof2 / dof (variants,)."""

    statistic: np.ndarray
    neg_log_10_p: np.ndarray
    r2: np.ndarray
    dof: int
    dof2: int


def degrees_of_freedom(contrast, n_traits):
    """Return a contrast's degrees of freedom: D for any, D - 1 for any-vs-common, else 1.

    Raises GemcontError for any-vs-common of one trait.
    """
    if contrast == "any-vs-common":
        if n_traits < 2:
            raise GemcontError("--contrast any-vs-common: one trait has nothing that differs")
        return n_traits - 1
    return n_traits if contrast == "any" else 1


def f_degrees_of_freedom(contrast, n_traits, single_dof):
    """Return the (first, second) degrees of freedom of a contrast's F; single_dof: N - K - 1."""
    second = single_dof - n_traits + 1
    if contrast == "any-vs-common":
        second += 1
    elif isinstance(contrast, int | np.integer):
        second = single_dof
    return degrees_of_freedom(contrast, n_traits), second


def contrasted(basis, scores, information, contrast="any"):
    """Return the ``MixedScan`` of likelihood ratios from scores and information (variants, D).

    contrast: one of ``CONTRASTS``; the index of a trait, its own effect while the effects on the
    others are free; or ``Conditional``
    """
    q, c = _shares(basis, scores, information, contrast)
    d, back = len(basis.transform), np.linalg.inv(basis.transform)
    dof = degrees_of_freedom(contrast, d)
    share = likelihood_share(q, c, d, contrast)
    chi2 = np.maximum(-basis.n_samples * d * np.log(share), 0.0)
    variances = (1 / information) @ (back**2).T
    left = 1 - np.minimum(q / d, _LARGEST)
    scale = basis.r0 * left[:, None] / (basis.single_dof * d)
    return MixedScan(
        chi2,
        neg_log10_chi2_sf(chi2, dof),
        (scores / information) @ back.T,
        np.sqrt(variances * scale),
        dof,
        d * np.maximum(1 - share, 0),
    )


def contrasted_f(basis, scores, information, contrast="any"):
    """Return the ``ContrastF`` of scores and information (variants, D); contrast: see above.

    Exact for unrelated people and Gaussian traits; of a mixed model an approximation, since its
    covariances are estimated.
    """
    q, c = _shares(basis, scores, information, contrast)
    dof, dof2 = f_degrees_of_freedom(contrast, len(basis.transform), basis.single_dof)
    if contrast == "any":
        r2 = q
    elif contrast == "any-vs-common":
        r2 = np.maximum(q - c, 0.0)
    elif isinstance(contrast, int | np.integer):
        r2 = c
    else:
        r2 = c / np.maximum(1 - q + c, 2.0**-53)
    r2 = np.minimum(r2, _LARGEST)
    statistic = r2 / (1 - r2) * (dof2 / dof)
    return ContrastF(statistic, neg_log10_f_sf(statistic, dof, dof2), r2, dof, dof2)


def most_neg_log_10_p(null, test, contrast):
    """Return the -log10 p from which r2 is 1 but for rounding; inf where a statistic is bounded.

    null: what knows N, D and K. The likelihood ratio of any effects on two and more traits has a
    largest value of its own, D log(D / (D - 1)) N, and so have contrasts of it.
    """
    dofs = f_degrees_of_freedom(contrast, null.n_traits, null.single_dof)
    left = 1e-10
    if test == "f":
        return float(neg_log10_f_sf((1 - left) / left * dofs[1] / dofs[0], *dofs))
    if null.n_traits > 1:
        return np.inf
    return float(neg_log10_chi2_sf(-null.n_samples * np.log(left), dofs[0]))


def likelihood_share(q, c, n_traits, contrast):
    """Return what the larger model leaves of the residuals that the smaller one leaves.

    q, c: as at the top of this file, arrays of one shape
    """
    every, part = (np.minimum(share / n_traits, _LARGEST) for share in (q, c))
    if contrast == "any":
        return 1 - every
    if contrast == "any-vs-common":
        return (1 - every) / (1 - part)
    if isinstance(contrast, int | np.integer):
        return (1 - every) / (1 - np.maximum(every - part, 0))
    return 1 - part


def _shares(basis, scores, information, contrast):
    """(q, c), each (variants,)."""
    d = len(basis.transform)
    _refuse_unknown(contrast, d)
    q = d * np.einsum("vd,vd->v", scores / information, scores) / basis.r0
    if contrast == "any":
        return q, q
    if isinstance(contrast, int | np.integer):
        back = np.linalg.inv(basis.transform)[contrast]
        effect, variance = (scores / information) @ back, (1 / information) @ back**2
        return q, d * effect**2 / variance / basis.r0
    along = _direction(basis, contrast)
    return q, d * (scores @ along) ** 2 / (information @ along**2) / basis.r0


def _direction(basis, contrast):
    """(D,), the direction of traits that an effect is bound to, in the basis."""
    if isinstance(contrast, Conditional):
        return basis.transform[:, contrast.trait]
    return basis.transform.sum(axis=1)


def _refuse_unknown(contrast, n_traits):
    trait = contrast.trait if isinstance(contrast, Conditional) else contrast
    known = (*CONTRASTS, *range(n_traits)) if trait is contrast else range(n_traits)
    if trait not in known:
        raise GemcontError(
            f"contrast: {trait!r} is neither {', '.join(CONTRASTS)} nor the index of one of "
            f"{n_traits} traits"
        )
