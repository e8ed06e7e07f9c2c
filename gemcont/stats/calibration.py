"""Calibration of the tests, and the overlap of hits that chance alone would give.

Genomic-control lambda, the exact type I error of the likelihood ratio, and how often random
variants of the same frequency would be among the hits.
"""

import math
from collections.abc import Sequence

import numpy as np

from gemcont.stats.contrasts import Contrast, degrees_of_freedom
from gemcont.stats.special import chi2_isf, log_beta_sf, neg_log10_t_sf, normal_isf

GENOME_WIDE = 5e-8
_NODES = 400


def lambda_gc(neg_log_10_p: Sequence[float] | np.ndarray, dof: float) -> float:
    """Return the genomic-control lambda: median chi2 over the median of chi-squared on ``dof``.

    neg_log_10_p: (variants,), NaN left out; dof: those of the test itself, so that chi2 is the
    statistic on ``dof`` with the given p. NaN if nothing is left.
    """
    values = np.asarray(neg_log_10_p, dtype=np.float64)
    values = values[~np.isnan(values)]
    if len(values) == 0:
        return math.nan
    middle = {(len(values) - 1) // 2, len(values) // 2}  # one or two middle values
    values.partition(sorted(middle))  # faster than a sort, and only these are needed
    median = np.mean([chi2_isf(values[i], dof) for i in middle])
    return float(median / chi2_isf(math.log10(2), dof))


def lambda_of_histogram(
    counts: np.ndarray, bin_width: float, dof: float | np.ndarray
) -> np.ndarray:
    """Return the genomic-control lambda (traits,) of histograms of |t|, NaN where empty.

    Args:
        counts: (traits, bins), the first bin starting at 0.
        bin_width: of |t|; the median is interpolated within its bin.
        dof: of t, a number or (traits,).
    """
    cumulative = np.cumsum(counts, axis=1)  # (traits, bins)
    half = cumulative[:, -1] / 2  # (traits,)
    middle = np.minimum((cumulative < half[:, None]).sum(axis=1), counts.shape[1] - 1)
    rows = np.arange(len(counts))
    inside = counts[rows, middle]  # (traits,), tests in the median's bin
    below = cumulative[rows, middle] - inside
    with np.errstate(invalid="ignore", divide="ignore"):
        t = bin_width * (middle + (half - below) / inside)  # (traits,), median of |t|
    return np.square(normal_isf(neg_log10_t_sf(t, dof)) / normal_isf(math.log10(2)))


def lrt_true_rate(
    n_samples: int,
    n_covariates: int,
    n_traits: int,
    alpha: float = GENOME_WIDE,
    contrast: Contrast = "any",
) -> float:
    """Return the true type I error of the one-scale likelihood ratio at nominal level ``alpha``.

    Exact for Gaussian traits of unrelated samples on which the variant has no effect at all; an
    effect on other traits inflates the test of one trait's own effect beyond it. The F test's true
    rate is ``alpha`` itself.

    Args:
        n_samples: N.
        n_covariates: K, the intercept included.
        n_traits: D.
        alpha: nominal level.
        contrast: as in ``stats.contrasts``.
    """
    d, contrast = n_traits, "any" if n_traits == 1 else contrast
    dof = degrees_of_freedom(contrast, d)
    # With q and c as in stats.contrasts, (c, q - c, 1 - q) is Dirichlet(1/2, (D - 1)/2,
    # (N - K - D)/2), whatever the direction of c: the rate is the tail of a Beta where the
    # statistic is a function of q or of c alone, else such tails averaged over the other share.
    share = -math.expm1(-chi2_isf(-math.log10(alpha), dof) / (n_samples * d))
    rest = n_samples - n_covariates
    if contrast == "any":
        return _beta_tail(d * share, d / 2, (rest - d) / 2)
    if contrast == "any-vs-common":  # share of what c leaves: (q - c) >= share (D - c)
        return _mixed_tail(share, d, (1, d - 1), rest)
    if isinstance(contrast, int | np.integer):  # of what the others leave: c >= share (D - q + c)
        return _mixed_tail(share, d, (d - 1, 1), rest)
    return _beta_tail(d * share, 0.5, (rest - 1) / 2)


def wilks_true_rate(
    n_samples: int, n_covariates: int, n_traits: int, alpha: float = GENOME_WIDE
) -> float:
    """Return the true type I error of the ordinary likelihood ratio at level ``alpha``.

    That statistic, -N log(1 - q), re-estimates the whole trait covariance for each variant, as a
    refitted mixed model does. Exact for unrelated samples; for relatives see ``docs/kinship.md``.
    Arguments as ``lrt_true_rate``.
    """
    share = -math.expm1(-chi2_isf(-math.log10(alpha), n_traits) / n_samples)
    rest = n_samples - n_covariates
    return _beta_tail(share, n_traits / 2, (rest - n_traits) / 2)


def _beta_tail(q, a, b):
    """Return P(B >= q) of a Beta(a, b)."""
    if q >= 1:
        return 0.0
    return math.exp(log_beta_sf(math.log(q), math.log1p(-q), a, b))


def _mixed_tail(share, n_traits, dofs, rest):
    """Return P(y >= share (D - x)) for (x, y, .) Dirichlet(dofs[0]/2, dofs[1]/2, (rest - D)/2).

    rest: N - K. x is integrated by Gauss-Legendre over its square root, in which its density has no
    pole.
    """
    a, b = dofs[0] / 2, (rest - dofs[0]) / 2
    # Beyond it x has no mass that float64 sees.
    most = min(1.0, (dofs[0] + 30 * math.sqrt(dofs[0]) + 200) / (2 * b))
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    roots = math.sqrt(most) * (nodes + 1) / 2
    x = np.square(roots)  # (nodes,)
    density = np.power(roots, 2 * a - 1) * np.power(1 - x, b - 1) * weights  # dx = 2 root droot
    inner = (rest - n_traits) / 2
    tails = [_beta_tail(share * (n_traits - v) / (1 - v), dofs[1] / 2, inner) for v in x]
    return float(density @ tails / density.sum())


def chance_recovery(
    frequency: np.ndarray,
    hit: np.ndarray,
    loci: np.ndarray,
    *,
    draws: int = 1000,
    seed: int = 0,
    bins: int = 20,
) -> np.ndarray:
    """Return the share of loci (draws,) that random variants of the same frequency would recover.

    Args:
        frequency: float (variants,), effect allele frequencies, NaN unknown.
        hit: bool (variants,), whether a variant counts as recovered.
        loci: int (loci,), index variants as positions in ``frequency``.
        draws: each takes, for every locus, a random variant of its frequency bin.
        seed: of the random numbers.
        bins: bins of minor allele frequency, of equal size; variants of unknown frequency form one
            more.
    """
    minor = np.minimum(frequency, 1 - frequency)
    edges = np.nanquantile(minor, np.arange(1, bins) / bins) if np.isfinite(minor).any() else []
    label = np.where(np.isnan(minor), -1, np.searchsorted(edges, minor))
    order = np.argsort(label, kind="stable")
    first = np.searchsorted(label[order], label[loci], side="left")  # (loci,), first of its bin
    size = np.searchsorted(label[order], label[loci], side="right") - first
    rng = np.random.default_rng(seed)
    picked = first + (rng.random((draws, len(loci))) * size).astype(np.int64)  # (draws, loci)
    return hit[order[picked]].mean(axis=1)
