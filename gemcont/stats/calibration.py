"""Is the test calibrated, and is what it finds more than chance finds?

Genomic-control lambda, the exact rate of the likelihood ratio, and how often random variants of
the same frequency would be among the hits.
"""

import math

import numpy as np

from gemcont.stats.special import chi2_isf, log_beta_sf, neg_log10_t_sf, normal_isf

GENOME_WIDE = 5e-8


def lambda_gc(neg_log_10_p, dof):
    """Genomic-control lambda: median chi2 over the median of chi-squared on ``dof``.

    chi2 is the chi-squared statistic on ``dof`` degrees of freedom (those of the test, never
    one) that has the given p. NaN is left out; NaN if nothing is left.
    """
    values = np.asarray(neg_log_10_p, dtype=np.float64)
    values = values[~np.isnan(values)]
    if len(values) == 0:
        return math.nan
    middle = {(len(values) - 1) // 2, len(values) // 2}
    values.partition(sorted(middle))
    median = np.mean([chi2_isf(values[i], dof) for i in middle])
    return float(median / chi2_isf(math.log10(2), dof))


def lambda_of_histogram(counts, bin_width, dof):
    """Genomic-control lambda of single traits from histograms of |t|: (traits,), NaN where empty.

    counts: (traits, bins), the first bin from 0 and each of ``bin_width``; dof: of t, a number or
    (traits,). The median of |t| is interpolated within its bin.
    """
    cumulative = np.cumsum(counts, axis=1)
    half = cumulative[:, -1] / 2
    place = np.minimum((cumulative < half[:, None]).sum(axis=1), counts.shape[1] - 1)
    rows = np.arange(len(counts))
    inside = counts[rows, place]
    below = cumulative[rows, place] - inside
    with np.errstate(invalid="ignore", divide="ignore"):
        t = bin_width * (place + (half - below) / inside)
    return np.square(normal_isf(neg_log10_t_sf(t, dof)) / normal_isf(math.log10(2)))


def lrt_true_rate(n_samples, n_covariates, n_traits, alpha=GENOME_WIDE):
    """True rate of the likelihood-ratio test at nominal level ``alpha``, for Gaussian traits.

    Under the null q ~ Beta(D/2, (N - K - D)/2) exactly, so the rate is that Beta's tail beyond
    the q at which -N D log(1 - q/D) reaches the chi-squared quantile. ``n_covariates`` K counts
    the intercept. The F test's true rate is ``alpha`` itself.
    """
    critical = chi2_isf(-math.log10(alpha), n_traits)
    q = -n_traits * math.expm1(-critical / (n_samples * n_traits))
    if q >= 1:
        return 0.0
    shapes = n_traits / 2, (n_samples - n_covariates - n_traits) / 2
    return math.exp(log_beta_sf(math.log(q), math.log1p(-q), *shapes))


def chance_recovery(frequency, hit, loci, *, draws=1000, seed=0, bins=20):
    """Share of loci that random variants of the same frequency would recover: (draws,).

    frequency: (variants,) effect allele frequencies, NaN unknown; hit: bool (variants,), what
    counts as recovered; loci: positions of the loci's variants among them. Every draw takes for
    each locus a random variant of its bin of minor allele frequency (``bins`` of equal size;
    those without a frequency form one).
    """
    minor = np.minimum(frequency, 1 - frequency)
    edges = np.nanquantile(minor, np.arange(1, bins) / bins) if np.isfinite(minor).any() else []
    label = np.where(np.isnan(minor), -1, np.searchsorted(edges, minor))
    order = np.argsort(label, kind="stable")
    first = np.searchsorted(label[order], label[loci], side="left")
    size = np.searchsorted(label[order], label[loci], side="right") - first
    rng = np.random.default_rng(seed)
    picked = first + (rng.random((draws, len(loci))) * size).astype(np.int64)
    return hit[order[picked]].mean(axis=1)
