"""Is the test calibrated, and is what it finds more than chance finds?

Genomic-control lambda, the exact rate of the likelihood ratio, and how often random variants of
the same frequency would be among the hits.
"""

import math

import numpy as np

from gemcont.stats.contrasts import degrees_of_freedom
from gemcont.stats.special import chi2_isf, log_beta_sf, neg_log10_t_sf, normal_isf

GENOME_WIDE = 5e-8
_NODES = 400


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


def lrt_true_rate(n_samples, n_covariates, n_traits, alpha=GENOME_WIDE, contrast="any"):
    """Return the true rate of the one-scale likelihood ratio at nominal level ``alpha``.

    For Gaussian traits of unrelated people on which the variant has no effect at all.
    ``n_covariates`` K counts the intercept; contrast: as in ``stats.contrasts``. The F test's true
    rate is ``alpha`` itself.

    With q and c as there, (c, q - c, 1 - q) is Dirichlet(1/2, (D - 1)/2, (N - K - D)/2), whatever
    the direction of c. So the rate is a tail of a Beta where the statistic is a function of q or
    of c alone, else such tails averaged over the other share. An effect on other traits inflates
    the test of one trait's own effect beyond it.
    """
    d, contrast = n_traits, "any" if n_traits == 1 else contrast
    dof = degrees_of_freedom(contrast, d)
    share = -math.expm1(-chi2_isf(-math.log10(alpha), dof) / (n_samples * d))
    rest = n_samples - n_covariates
    if contrast == "any":
        return _beta_tail(d * share, d / 2, (rest - d) / 2)
    if contrast == "any-vs-common":  # share of what c leaves: (q - c) >= share (D - c)
        return _mixed_tail(share, d, (1, d - 1), rest)
    if isinstance(contrast, int | np.integer):  # of what the others leave: c >= share (D - q + c)
        return _mixed_tail(share, d, (d - 1, 1), rest)
    return _beta_tail(d * share, 0.5, (rest - 1) / 2)


def wilks_true_rate(n_samples, n_covariates, n_traits, alpha=GENOME_WIDE):
    """Return the true rate of the ordinary likelihood ratio, -N log(1 - q), at level ``alpha``.

    It re-estimates the whole covariance beside the variant, as a refitted mixed model does. Exact
    for unrelated people as above; for related ones what is known of it (``docs/kinship.md``).
    """
    share = -math.expm1(-chi2_isf(-math.log10(alpha), n_traits) / n_samples)
    rest = n_samples - n_covariates
    return _beta_tail(share, n_traits / 2, (rest - n_traits) / 2)


def _beta_tail(q, a, b):
    """P(B >= q) of a Beta(a, b)."""
    if q >= 1:
        return 0.0
    return math.exp(log_beta_sf(math.log(q), math.log1p(-q), a, b))


def _mixed_tail(share, n_traits, dofs, rest):
    """P(y >= share (D - x)), (x, y, .) Dirichlet(dofs[0]/2, dofs[1]/2, (rest - D)/2); rest: N - K.

    x is averaged over by Gauss-Legendre in its root, in which its density has no pole.
    """
    a, b = dofs[0] / 2, (rest - dofs[0]) / 2
    most = min(1.0, (dofs[0] + 30 * math.sqrt(dofs[0]) + 200) / (2 * b))
    nodes, weights = np.polynomial.legendre.leggauss(_NODES)
    roots = math.sqrt(most) * (nodes + 1) / 2
    x = np.square(roots)
    density = np.power(roots, 2 * a - 1) * np.power(1 - x, b - 1) * weights
    inner = (rest - n_traits) / 2
    tails = [_beta_tail(share * (n_traits - v) / (1 - v), dofs[1] / 2, inner) for v in x]
    return float(density @ tails / density.sum())


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
