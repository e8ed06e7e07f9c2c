"""Contrasts: the effects on D traits that a variant is tested for.

In a basis of traits T in which they are independent regressions, a variant has a score u_d and an
information i_d for each. T_any = sum u_d^2 / i_d is the part of the residual sum of squares R0 that
free effects explain, T_c the part that an effect along one direction of the traits explains. A
contrast is a function of two shares, q = D T_any / R0 and c = D T_c / R0. For unrelated samples q
is the squared multiple correlation of the genotype with the traits, and c its squared correlation
with one combination of them.

lrt: with one scale per variant, twice the log-likelihood ratio is -N D times the log of the ratio
of what the larger and the smaller model leave (``likelihood_share``).

f: exact for unrelated samples and Gaussian traits, K covariates with the intercept:

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

from typing import NamedTuple, Protocol

import numpy as np

from gemcont.errors import GemcontError
from gemcont.stats.special import neg_log10_chi2_sf, neg_log10_f_sf

CONTRASTS = ("any", "common", "any-vs-common")
_LARGEST = 1 - 2.0**-53  # what is explained leaves a finite statistic


class Conditional(NamedTuple):
    """Contrast of one trait's effect given the values of the other traits.

    The other traits are covariates; a variant that acts on one of them alone has an effect here too
    if that trait is correlated with this one.

    Attributes:
        trait: index of the trait
    """

    trait: int


# One of CONTRASTS; the index of a trait, for its own effect; or a Conditional.
Contrast = str | int | Conditional


class Basis(NamedTuple):
    """Basis of traits in which they are independent regressions.

    Attributes:
        transform: T (D, D), which makes the traits times T' independent
        r0: their weighted residual sum of squares
        n_samples: N
        single_dof: N - K - 1, the degrees of freedom of standard errors
    """

    transform: np.ndarray
    r0: float
    n_samples: int
    single_dof: int


class MixedScan(NamedTuple):
    """Results of likelihood-ratio tests, NaN where a variant cannot be tested.

    Attributes:
        chi2: float64 (variants,)
        neg_log_10_p: float64 (variants,)
        effects: float64 (variants, D), of one effect allele on every trait
        standard_errors: float64 (variants, D)
        dof: degrees of freedom of chi2
        r2: float64 (variants,), D times the share of the residual that the tested effects explain
    """

    chi2: np.ndarray
    neg_log_10_p: np.ndarray
    effects: np.ndarray
    standard_errors: np.ndarray
    dof: int
    r2: np.ndarray


class ContrastF(NamedTuple):
    """Results of F tests, NaN where a variant cannot be tested.

    Attributes:
        statistic: float64 (variants,), F = r2 / (1 - r2) dof2 / dof
        neg_log_10_p: float64 (variants,)
        r2: float64 (variants,), the squared correlation that F measures
        dof: first degrees of freedom
        dof2: second degrees of freedom
    """

    statistic: np.ndarray
    neg_log_10_p: np.ndarray
    r2: np.ndarray
    dof: int
    dof2: int


class _Sizes(Protocol):
    """Sizes of a null model: N, D and N - K - 1."""

    @property
    def n_samples(self) -> int:
        """N."""

    @property
    def n_traits(self) -> int:
        """D."""

    @property
    def single_dof(self) -> int:
        """N - K - 1."""


def degrees_of_freedom(contrast: Contrast, n_traits: int) -> int:
    """Return a contrast's degrees of freedom: D for any, D - 1 for any-vs-common, else 1.

    Raises GemcontError for any-vs-common of one trait.
    """
    if contrast == "any-vs-common":
        if n_traits < 2:
            raise GemcontError("contrast: any-vs-common of one trait has nothing that differs")
        return n_traits - 1
    return n_traits if contrast == "any" else 1


def f_degrees_of_freedom(contrast: Contrast, n_traits: int, single_dof: int) -> tuple[int, int]:
    """Return the two degrees of freedom of a contrast's F; single_dof: N - K - 1."""
    second = single_dof - n_traits + 1
    if contrast == "any-vs-common":
        second += 1
    elif isinstance(contrast, int | np.integer):
        second = single_dof
    return degrees_of_freedom(contrast, n_traits), second


def contrasted(
    basis: Basis, scores: np.ndarray, information: np.ndarray, contrast: Contrast = "any"
) -> MixedScan:
    """Test a contrast of every variant by its likelihood ratio.

    Args:
        basis: in which the traits are independent.
        scores: float64 (variants, D), u_d.
        information: float64 (variants, D), i_d; NaN where a variant cannot be tested.
        contrast: one of ``CONTRASTS``; the index of a trait, for its own effect while the effects
            on the others are free; or a ``Conditional``.

    Raises:
        GemcontError: an unknown contrast.
    """
    q, c = _shares(basis, scores, information, contrast)
    d, back = len(basis.transform), np.linalg.inv(basis.transform)  # T^-1 (D, D)
    dof = degrees_of_freedom(contrast, d)
    share = likelihood_share(q, c, d, contrast)  # (variants,)
    chi2 = np.maximum(-basis.n_samples * d * np.log(share), 0.0)
    variances = (1 / information) @ (back**2).T  # (variants, D), in trait units, times the scale
    left = 1 - np.minimum(q / d, _LARGEST)  # (variants,): the variant's scale over the null's
    scale = basis.r0 * left[:, None] / (basis.single_dof * d)
    return MixedScan(
        chi2=chi2,
        neg_log_10_p=neg_log10_chi2_sf(chi2, dof),
        effects=(scores / information) @ back.T,
        standard_errors=np.sqrt(variances * scale),
        dof=dof,
        r2=d * np.maximum(1 - share, 0),
    )


def contrasted_f(
    basis: Basis, scores: np.ndarray, information: np.ndarray, contrast: Contrast = "any"
) -> ContrastF:
    """Test a contrast of every variant by an F test; arguments as ``contrasted``.

    Exact for unrelated samples and Gaussian traits; an approximation for a mixed model, whose
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


def most_neg_log_10_p(null: _Sizes, test: str, contrast: Contrast) -> float:
    """Return the -log10 p from which r2 is 1 but for rounding; inf if the statistic is bounded.

    The likelihood ratio of two or more traits has a largest value of its own, D log(D / (D - 1)) N,
    and so have its contrasts. null: a null model, for N, D and K.
    """
    dofs = f_degrees_of_freedom(contrast, null.n_traits, null.single_dof)
    left = 1e-10
    if test == "f":
        return float(neg_log10_f_sf((1 - left) / left * dofs[1] / dofs[0], *dofs))
    if null.n_traits > 1:
        return np.inf
    return float(neg_log10_chi2_sf(-null.n_samples * np.log(left), dofs[0]))


def likelihood_share(q: np.ndarray, c: np.ndarray, n_traits: int, contrast: Contrast) -> np.ndarray:
    """Return the share of the smaller model's residual that the larger model leaves.

    q, c: as at the top of this file, arrays of one shape.
    """
    every, part = (np.minimum(share / n_traits, _LARGEST) for share in (q, c))
    if contrast == "any":
        return 1 - every
    if contrast == "any-vs-common":
        return (1 - every) / (1 - part)  # given the common effect
    if isinstance(contrast, int | np.integer):
        return (1 - every) / (1 - np.maximum(every - part, 0))  # given the other traits' effects
    return 1 - part


def _shares(basis, scores, information, contrast):
    """Return (q, c), (variants,) each."""
    d = len(basis.transform)
    _refuse_unknown(contrast, d)
    q = d * np.einsum("vd,vd->v", scores / information, scores) / basis.r0  # D T_any / R0
    if contrast == "any":
        return q, q
    if isinstance(contrast, int | np.integer):
        back = np.linalg.inv(basis.transform)[contrast]  # (D,): the trait's row of T^-1
        # (variants,) each
        beta, variance = (scores / information) @ back, (1 / information) @ back**2
        return q, d * beta**2 / variance / basis.r0
    along = _direction(basis, contrast)  # (D,)
    return q, d * (scores @ along) ** 2 / (information @ along**2) / basis.r0


def _direction(basis, contrast):
    """Return the direction of traits (D,), in the basis, that the effect is bound to."""
    if isinstance(contrast, Conditional):
        return basis.transform[:, contrast.trait]  # T e_d: an effect on this trait alone
    return basis.transform.sum(axis=1)  # T 1: one effect on all traits


def _refuse_unknown(contrast, n_traits):
    trait = contrast.trait if isinstance(contrast, Conditional) else contrast
    known = (*CONTRASTS, *range(n_traits)) if trait is contrast else range(n_traits)
    if trait not in known:
        raise GemcontError(
            f"contrast: {trait!r} is neither {', '.join(CONTRASTS)} nor the index of one of "
            f"{n_traits} traits"
        )
