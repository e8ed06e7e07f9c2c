"""The joint test of D traits in unrelated samples: likelihood ratio with one scale, exact F.

With whitened residual traits Y (Y'Y = N I), a genotype g residualised on the covariates (M g) and

    q = |Y'g|^2 / (N g'Mg),

the squared multiple correlation of the genotype with the traits,

    lrt   chi2 = -N D log(1 - q/D) on D degrees of freedom: the trait covariance is that of the
          null, and each variant re-estimates one scale s = 1 - q/D;
    f     F = q/(1 - q) (N - K - D)/D on (D, N - K - D): exact for Gaussian traits.

For one trait, F is the square of the ordinary t. A missing genotype is the variant's mean. Of two
and more traits the likelihood ratio is bounded, since one scale cannot leave less than the other
traits' share: chi2 < N D log(D / (D - 1)). Other effects than any: ``stats.contrasts``.

References
----------
[1] Korte et al. (2012), Nature Genetics 44, 1066 (one scale per variant).
[2] Anderson (2003), An Introduction to Multivariate Statistical Analysis, 3rd ed., 8.4-8.6.
"""

from typing import NamedTuple

import numpy as np

from gemcont.arrays import as_array
from gemcont.errors import GemcontError
from gemcont.stats.contrasts import Basis, contrasted, contrasted_f
from gemcont.stats.null import COLLINEAR
from gemcont.stats.special import neg_log10_chi2_sf, neg_log10_f_sf

TESTS = ("lrt", "f")
_MONOMORPHIC = 1e-12  # variance of a dosage below which there is nothing to test
_LARGEST_Q = 1 - 2.0**-53  # a trait that is the genotype itself keeps a finite statistic


class JointTest(NamedTuple):
    """Results per variant, (variants,) each, NaN where a variant cannot be tested.

    statistic: chi2 (lrt) or F (f); r2: q.
    """

    statistic: np.ndarray
    neg_log_10_p: np.ndarray
    r2: np.ndarray


class JointScan(NamedTuple):
    """A whole scan: ``JointTest`` results, and per trait (variants, D) the effect of one allele.

    standard_errors are those of ordinary least squares, trait by trait.
    """

    statistic: np.ndarray
    neg_log_10_p: np.ndarray
    r2: np.ndarray
    n: np.ndarray
    effects: np.ndarray
    standard_errors: np.ndarray


def scan(null, genotypes, *, test="lrt", contrast="any"):
    """Test every variant of an array in float64.

    null: from ``gemcont.fit_null``; genotypes: (variants, samples), missing where NaN or
    masked; contrast: the effects that are tested, as
    ``contrasts.contrasted`` takes them. The streaming engine gives the same results for files.
    """
    genotypes = as_array(genotypes, "genotypes")
    if genotypes.ndim != 2 or genotypes.shape[1] != null.n_samples:
        raise GemcontError(
            f"genotypes must be (variants, {null.n_samples} samples), got {genotypes.shape}"
        )
    products, sum_of_squares = centred_products(null, genotypes)
    residual = testable_residual(null, products[:, null.n_traits :], sum_of_squares)
    joint = joint_test(null, products, residual, test=test, contrast=contrast)
    beta, se = effects(null, products, residual)
    n = genotypes.shape[1] - np.isnan(genotypes).sum(axis=1)
    return JointScan(joint.statistic, joint.neg_log_10_p, joint.r2, n, beta, se)


def centred_products(null, genotypes):
    """Float64 products of an array of genotypes (variants, samples; NaN missing).

    Returns g'[Y Q] (variants, D + K - 1) and the centred sum of squares (variants,).
    """
    missing = np.isnan(genotypes)
    called = np.maximum((~missing).sum(axis=1), 1)
    mean = np.where(missing, 0, genotypes).sum(axis=1) / called
    centred = np.where(missing, 0, genotypes - mean[:, None])
    products = np.hstack([centred @ null.whitened, centred @ null.basis])
    return products, np.einsum("vs,vs->v", centred, centred)


def residual_sum_of_squares(explained, sum_of_squares):
    """g'Mg (variants,): the genotypes' sum of squares less what the covariates explain.

    explained: (variants, K - 1), products with the covariates' basis
    """
    return sum_of_squares - np.einsum("vk,vk->v", explained, explained)


def testable_residual(null, explained, sum_of_squares):
    """g'Mg (variants,), NaN where a variant cannot be tested.

    That is: without variance, or with a residual on the covariates under 1e-8 of it.
    """
    residual = residual_sum_of_squares(explained, sum_of_squares)
    testable = varies(null, sum_of_squares) & (residual >= COLLINEAR * sum_of_squares)
    return np.where(testable, residual, np.nan)


def varies(null, sum_of_squares):
    """Bool (variants,), whether a genotype has a variance, from its centred sum of squares."""
    return sum_of_squares > _MONOMORPHIC * null.n_samples


def joint_test(null, products, residual, *, test="lrt", contrast="any"):
    """The joint test from products of centred genotypes with the whitened traits and the basis.

    products: (variants, D + K - 1); residual: (variants,), from ``testable_residual``.
    """
    if test not in TESTS:
        raise GemcontError(f"--test: {test!r} is not one of {', '.join(TESTS)}")
    if contrast != "any":
        return _contrast_test(null, products, residual, test, contrast)
    scores = products[:, : null.n_traits]
    r2 = np.einsum("vd,vd->v", scores, scores) / (null.n_samples * residual)
    r2 = np.minimum(r2, _LARGEST_Q)
    return JointTest(*(_lrt if test == "lrt" else exact_f)(null, r2), r2)


def basis_of(null):
    """The ``Basis`` in which the whitened traits of unrelated people are contrasted."""
    d, n = null.n_traits, null.n_samples
    return Basis(np.linalg.inv(null.scales), n * d, n, null.single_dof)


def _contrast_test(null, products, residual, test, contrast):
    d = null.n_traits
    information = np.repeat(residual[:, None], d, axis=1)
    arguments = basis_of(null), products[:, :d], information, contrast
    found = contrasted(*arguments) if test == "lrt" else contrasted_f(*arguments)
    statistic = found.chi2 if test == "lrt" else found.statistic
    return JointTest(statistic, found.neg_log_10_p, found.r2)


def _lrt(null, r2):
    chi2 = -null.n_samples * null.n_traits * np.log1p(-r2 / null.n_traits)
    return chi2, neg_log10_chi2_sf(chi2, null.n_traits)


def exact_f(null, r2):
    """F and its -log10 p from r2 (variants,)."""
    r2 = np.minimum(r2, _LARGEST_Q)
    dof1, dof2 = null.n_traits, null.residual_dof
    f_statistic = r2 / (1 - r2) * (dof2 / dof1)
    return f_statistic, neg_log10_f_sf(f_statistic, dof1, dof2)


def effects(null, products, residual):
    """Effect of one allele on every trait, and its ordinary least-squares standard error.

    residual: g'Mg (variants,). Returns two arrays (variants, D), in the traits' own units.
    """
    scores = null.in_trait_units(products[:, : null.n_traits])
    return effects_of_scores(null, scores, null.total_sum_of_squares, residual[:, None])


def effects_of_scores(null, scores, total_sum_of_squares, residual):
    """Effects and standard errors of any pairs of variants and traits; arrays that broadcast.

    scores: g'MY of the residual traits in their own units; total_sum_of_squares: of those traits;
    residual: g'Mg of the variants
    """
    beta = scores / residual
    explained = residual * beta * beta
    unexplained = np.maximum(total_sum_of_squares - explained, 2.0**-53 * explained)
    return beta, np.sqrt(unexplained / null.single_dof / residual)
