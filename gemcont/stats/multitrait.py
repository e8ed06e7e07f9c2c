"""Joint test of D traits in unrelated samples: likelihood ratio with one scale, exact F.

With whitened residual traits Y (Y'Y = N I), a genotype g residualised on the covariates (M g) and

    q = |Y'g|^2 / (N g'Mg),

the squared multiple correlation of the genotype with the traits,

    lrt   chi2 = -N D log(1 - q/D) on D degrees of freedom: the trait covariance is that of the
          null, and each variant re-estimates one scale s = 1 - q/D;
    f     F = q/(1 - q) (N - K - D)/D on (D, N - K - D): exact for Gaussian traits.

For one trait, F is the square of the ordinary t. A missing genotype is set to the variant's mean.
With two or more traits the likelihood ratio is bounded, since q is at most 1:
chi2 < N D log(D / (D - 1)). Contrasts of effects: ``stats.contrasts``.

References
----------
[1] Korte et al. (2012), Nature Genetics 44, 1066 (one scale per variant).
[2] Anderson (2003), An Introduction to Multivariate Statistical Analysis, 3rd ed., 8.4-8.6.
"""

from collections.abc import Callable
from typing import NamedTuple

import numpy as np

from gemcont.arrays import ArrayLike, as_array
from gemcont.errors import GemcontError
from gemcont.stats.contrasts import Basis, Contrast, contrasted, contrasted_f
from gemcont.stats.null import COLLINEAR, NullFacts, NullModel, SummaryNull
from gemcont.stats.special import neg_log10_chi2_sf, neg_log10_f_sf

_MONOMORPHIC = 1e-12  # variance of a dosage below which there is nothing to test
_LARGEST_Q = 1 - 2.0**-53  # a trait that is the genotype itself keeps a finite statistic


class JointTest(NamedTuple):
    """Results of the joint test, NaN where a variant cannot be tested.

    Attributes:
        statistic: float64 (variants,), chi2 (lrt) or F (f)
        neg_log_10_p: float64 (variants,)
        r2: float64 (variants,), q as at the top of this file
    """

    statistic: np.ndarray
    neg_log_10_p: np.ndarray
    r2: np.ndarray


class JointScan(NamedTuple):
    """Results of a whole scan, NaN where a variant cannot be tested.

    Attributes:
        statistic: float64 (variants,), chi2 (lrt) or F (f)
        neg_log_10_p: float64 (variants,)
        r2: float64 (variants,), q as at the top of this file
        n: int64 (variants,), called samples
        effects: float64 (variants, D), of one effect allele on each trait
        standard_errors: float64 (variants, D), of ordinary least squares, trait by trait
    """

    statistic: np.ndarray
    neg_log_10_p: np.ndarray
    r2: np.ndarray
    n: np.ndarray
    effects: np.ndarray
    standard_errors: np.ndarray


def scan(
    null: NullModel, genotypes: ArrayLike, *, test: str = "lrt", contrast: Contrast = "any"
) -> JointScan:
    """Test every variant of an array in float64.

    The streaming engine gives the same results for files.

    Args:
        null: from ``gemcont.fit_null``.
        genotypes: (variants, samples) dosages, missing where NaN or masked.
        test: "lrt" or "f".
        contrast: the tested effects, as in ``contrasts.contrasted``.

    Raises:
        GemcontError: genotypes of another shape, or an unknown test or contrast.
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
    return JointScan(*joint, n=n, effects=beta, standard_errors=se)


def centred_products(null: NullModel, genotypes: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return the float64 products of centred genotypes, and their centred sums of squares.

    genotypes: (variants, samples), NaN missing. The products are g'[Y Q], (variants, D + K - 1);
    the sums of squares (variants,).
    """
    missing = np.isnan(genotypes)
    called = np.maximum((~missing).sum(axis=1), 1)
    mean = np.where(missing, 0, genotypes).sum(axis=1) / called
    centred = np.where(missing, 0, genotypes - mean[:, None])  # (variants, N)
    products = np.hstack([centred @ null.whitened, centred @ null.basis])  # g'[Y Q]
    return products, np.einsum("vs,vs->v", centred, centred)


def residual_sum_of_squares(explained: np.ndarray, sum_of_squares: np.ndarray) -> np.ndarray:
    """Return g'Mg (variants,): a genotype's sum of squares less what the covariates explain.

    explained: (variants, K - 1), products with the covariates' basis; sum_of_squares: (variants,).
    """
    return sum_of_squares - np.einsum("vk,vk->v", explained, explained)


def testable_residual(
    null: NullFacts, explained: np.ndarray, sum_of_squares: np.ndarray
) -> np.ndarray:
    """Return g'Mg (variants,), NaN where a variant cannot be tested.

    A variant cannot be tested if it is monomorphic, or if the covariates leave less than 1e-8 of
    its variance. Arguments as ``residual_sum_of_squares``.
    """
    residual = residual_sum_of_squares(explained, sum_of_squares)
    testable = varies(null, sum_of_squares) & (residual >= COLLINEAR * sum_of_squares)
    return np.where(testable, residual, np.nan)


def varies(null: NullFacts, sum_of_squares: np.ndarray) -> np.ndarray:
    """Return bool (variants,): whether a genotype varies, by its centred sum of squares."""
    return sum_of_squares > _MONOMORPHIC * null.n_samples


def joint_test(
    null: NullModel | SummaryNull,
    products: np.ndarray,
    residual: np.ndarray,
    *,
    test: str = "lrt",
    contrast: Contrast = "any",
) -> JointTest:
    """Test centred genotypes by their products with the whitened traits and the covariates' basis.

    Args:
        null: from ``fit_null``, or ``summary_null`` where no contrast is tested.
        products: float64 (variants, D + K - 1), as ``centred_products`` returns them.
        residual: float64 (variants,), from ``testable_residual``.
        test: "lrt" or "f".
        contrast: the tested effects, as in ``contrasts.contrasted``.
    """
    if test not in STATISTICS:
        raise GemcontError(f"test: {test!r} is not one of {', '.join(STATISTICS)}")
    if contrast != "any":
        return _contrast_test(null, products, residual, test, contrast)
    scores = products[:, : null.n_traits]
    r2 = np.einsum("vd,vd->v", scores, scores) / (null.n_samples * residual)  # |Y'g|^2 / (N g'Mg)
    r2 = np.minimum(r2, _LARGEST_Q)
    statistic, neg_log_10_p = STATISTICS[test](null, r2)
    return JointTest(statistic, neg_log_10_p, r2)


def basis_of(null: NullModel) -> Basis:
    """Return the ``Basis`` in which the whitened traits of unrelated samples are contrasted."""
    d, n = null.n_traits, null.n_samples
    return Basis(np.linalg.inv(null.scales), n * d, n, null.single_dof)  # T = L^-1, R0 = tr Y'Y


def _contrast_test(null, products, residual, test, contrast):
    d = null.n_traits
    information = np.repeat(residual[:, None], d, axis=1)  # (variants, D): Y'Y = N I
    arguments = basis_of(null), products[:, :d], information, contrast
    if test == "lrt":
        ratio = contrasted(*arguments)
        return JointTest(ratio.chi2, ratio.neg_log_10_p, ratio.r2)
    f = contrasted_f(*arguments)
    return JointTest(f.statistic, f.neg_log_10_p, f.r2)


def _lrt(null, r2):
    chi2 = -null.n_samples * null.n_traits * np.log1p(-r2 / null.n_traits)  # -N D log(1 - q/D)
    return chi2, neg_log10_chi2_sf(chi2, null.n_traits)


def exact_f(null: NullFacts, r2: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return F and its -log10 p from r2, (variants,) each."""
    r2 = np.minimum(r2, _LARGEST_Q)
    dof1, dof2 = null.n_traits, null.residual_dof
    f_statistic = r2 / (1 - r2) * (dof2 / dof1)  # on (D, N - K - D)
    return f_statistic, neg_log10_f_sf(f_statistic, dof1, dof2)


# Statistics of the joint test: name -> function of the null model and r2, which gives the statistic
# and its -log10 p. ``settings.shared.TESTS`` has the same names.
STATISTICS: dict[str, Callable[[NullFacts, np.ndarray], tuple[np.ndarray, np.ndarray]]] = {
    "lrt": _lrt,
    "f": exact_f,
}


def effects(
    null: NullModel, products: np.ndarray, residual: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return the effect of one effect allele on every trait, and its least-squares standard error.

    products: as in ``joint_test``; residual: g'Mg (variants,). Both results are (variants, D), in
    the traits' own units.
    """
    scores = null.in_trait_units(products[:, : null.n_traits])
    return effects_of_scores(null, scores, null.total_sum_of_squares, residual[:, None])


def effects_of_scores(
    null: NullFacts, scores: np.ndarray, total_sum_of_squares: np.ndarray, residual: np.ndarray
) -> tuple[np.ndarray, np.ndarray]:
    """Return effects and standard errors of any pairs of variants and traits; the arrays broadcast.

    Args:
        null: of the traits, for its degrees of freedom.
        scores: g'MY of the residual traits, in their own units.
        total_sum_of_squares: of those traits.
        residual: g'Mg of the variants.
    """
    beta = scores / residual
    explained = residual * beta * beta  # sum of squares explained by the variant
    # A trait that is the genotype itself keeps a standard error above 0.
    unexplained = np.maximum(total_sum_of_squares - explained, 2.0**-53 * explained)
    return beta, np.sqrt(unexplained / null.single_dof / residual)
