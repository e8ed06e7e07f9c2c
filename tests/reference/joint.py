"""Association tests of one variant at a time, in plain numpy.

Shapes: genotypes (variants, samples) with NaN where missing; traits (samples, traits);
covariates (samples, covariates) without the intercept, which is added here.
"""

import numpy as np
from scipy.optimize import minimize_scalar

from .tails import neg_log_10_chi2, neg_log_10_f, neg_log_10_t

SMALLEST_RESIDUAL = 1e-8  # residual over total sum of squares, below which nothing is tested


def mean_impute(genotypes):
    """(variants, samples) with NaN -> a copy with a variant's mean in place of its missing.

    A variant without any called genotype stays NaN.
    """
    imputed = np.array(genotypes, dtype=np.float64)
    for variant in imputed:
        missing = np.isnan(variant)
        if not missing.all():
            variant[missing] = variant[~missing].mean()
    return imputed


def with_intercept(covariates, n_samples):
    """None or (samples, k) -> (samples, 1 + k): a column of ones, then the covariates."""
    intercept = np.ones((n_samples, 1))
    if covariates is None:
        return intercept
    return np.hstack([intercept, np.asarray(covariates, dtype=np.float64)])


def residuals(values, design):
    """(samples, columns) -> what least squares on design (samples, k) leaves of each column."""
    coefficients = np.linalg.lstsq(design, values, rcond=None)[0]
    return values - design @ coefficients


def is_testable(genotype, design):
    """Whether one variant (samples,), NaN where missing, varies beyond the design's columns."""
    called = genotype[~np.isnan(genotype)]
    if called.size == 0 or called.min() == called.max():
        return False
    imputed = mean_impute(genotype[None, :])[0]
    total = np.sum((imputed - imputed.mean()) ** 2)
    return bool(np.sum(residuals(imputed, design) ** 2) >= SMALLEST_RESIDUAL * total)


def joint_test(genotypes, traits, covariates=None, test="lrt"):
    """Test each variant against all traits at once.

    With E the residual traits and g the residual genotype, q = g'E (E'E)^-1 E'g / g'g is the
    squared multiple correlation of the variant with the traits.
    "lrt": -N D log(1 - q/D) on D degrees of freedom (one scale of the covariance per variant);
    "f": q/(1-q) (N-K-D)/D on (D, N-K-D), K being the rank of the covariates with intercept.

    Returns a dict: q, statistic, neg_log_10_p (variants,); z (variants, traits), the whitened
    Y'g / sqrt(g'g) with Y = E L^-T and E'E/N = LL', so that |z|^2 = N q. NaN where untestable.
    """
    genotypes = np.asarray(genotypes, dtype=np.float64)
    n, d = traits.shape
    design = with_intercept(covariates, n)
    k = np.linalg.matrix_rank(design)
    e = residuals(traits, design)
    whitened = e @ np.linalg.inv(np.linalg.cholesky(e.T @ e / n)).T
    names = "q", "statistic", "neg_log_10_p"
    result = {name: np.full(len(genotypes), np.nan) for name in names}
    result["z"] = np.full((len(genotypes), d), np.nan)
    for i in range(len(genotypes)):
        if not is_testable(genotypes[i], design):
            continue
        g = residuals(mean_impute(genotypes[i : i + 1])[0], design)
        q = (g @ e) @ np.linalg.solve(e.T @ e, e.T @ g) / (g @ g)
        result["q"][i] = q
        result["statistic"][i], result["neg_log_10_p"][i] = statistic_of_q(q, n, k, d, test)
        result["z"][i] = whitened.T @ g / np.sqrt(g @ g)
    return result


def statistic_of_q(q, n, k, d, test):
    """The statistic and -log10 p of one squared multiple correlation, by "lrt" or by "f"."""
    if test == "lrt":
        chi2 = -n * d * np.log1p(-q / d)
        return chi2, neg_log_10_chi2(chi2, d)
    if test == "f":
        f = q / (1 - q) * (n - k - d) / d
        return f, neg_log_10_f(f, d, n - k - d)
    raise ValueError(f"test is {test!r}, neither 'lrt' nor 'f'")


def log_likelihood(errors, covariance):
    """Gaussian log-likelihood of independent rows, errors (samples, traits), mean 0."""
    n, d = errors.shape
    log_determinant = np.linalg.slogdet(covariance)[1]
    distances = np.sum(errors * np.linalg.solve(covariance, errors.T).T)
    return -0.5 * (n * d * np.log(2 * np.pi) + n * log_determinant + distances)


def joint_lrt_by_likelihood(genotype, traits, covariates=None):
    """2 (l1 - l0) of one variant (samples,), from the two likelihoods.

    Null: covariates on every trait, covariance C0 free, at its maximum-likelihood estimate.
    Alternative: the variant on every trait as well, covariance s C0 with the scalar s free. All
    traits have the same design, so generalised least squares is ordinary least squares
    (Zellner 1962), whatever s. The maximum over s is searched, not derived.
    """
    n = len(traits)
    design = with_intercept(covariates, n)
    imputed = mean_impute(np.asarray(genotype, dtype=np.float64)[None, :])[0]
    null_errors = residuals(traits, design)
    errors = residuals(traits, np.column_stack([design, imputed]))
    c0 = null_errors.T @ null_errors / n
    best = minimize_scalar(lambda log_s: -log_likelihood(errors, np.exp(log_s) * c0), (-1.0, 0.0))
    return 2 * (-best.fun - log_likelihood(null_errors, c0))


def single_trait(genotypes, trait, covariates=None):
    """Ordinary least squares of one trait (samples,) on [1, covariates, variant], per variant.

    The textbook form: beta = (X'X)^-1 X'y, variance = RSS / (N - rank X) (X'X)^-1, and the t of
    the last column; missing genotypes are the variant's mean. Returns a dict of (variants,):
    beta, standard_error, t_statistic, dof, neg_log_10_p (two-sided). NaN where untestable.
    """
    genotypes = np.asarray(genotypes, dtype=np.float64)
    design = with_intercept(covariates, len(trait))
    names = "beta", "standard_error", "t_statistic", "dof", "neg_log_10_p"
    result = {name: np.full(len(genotypes), np.nan) for name in names}
    for i in range(len(genotypes)):
        if not is_testable(genotypes[i], design):
            continue
        imputed = mean_impute(genotypes[i : i + 1])[0]
        beta, standard_error, dof = last_coefficient(np.column_stack([design, imputed]), trait)
        t = beta / standard_error
        row = beta, standard_error, t, dof, neg_log_10_t(t, dof)
        for name, value in zip(names, row, strict=True):
            result[name][i] = value
    return result


def last_coefficient(x, y):
    """(coefficient, its standard error, residual degrees of freedom) of x's last column."""
    # X^+ X^+' is (X'X)^-1, without squaring the condition number
    inverse = np.linalg.pinv(x, rcond=max(x.shape) * np.finfo(np.float64).eps)
    coefficients = inverse @ y
    dof = len(y) - np.linalg.matrix_rank(x)
    variance = np.sum((y - x @ coefficients) ** 2) / dof
    return coefficients[-1], np.sqrt(variance * np.sum(inverse[-1] ** 2)), dof


def contrast_f(genotypes, traits, contrast, covariates=None):
    """The exact F test of a contrast of one variant's effects, by ordinary regressions.

    "common": one trait on the variant, its differences from the others being covariates (any trait
    gives the same); "any-vs-common": those D - 1 differences jointly on the variant; an integer:
    that trait alone on the variant; ("conditional", i): trait i on the variant, the other traits
    being covariates. Returns (F, its degrees of freedom, -log10 p) per variant: a list of tuples.
    """
    n, d = traits.shape
    differences = traits[:, 1:] - traits[:, :1]
    base = np.empty((n, 0)) if covariates is None else np.asarray(covariates, dtype=np.float64)
    if contrast == "any-vs-common":
        found = joint_test(genotypes, differences, base, "f")
        k = np.linalg.matrix_rank(with_intercept(base, n))
        dofs = d - 1, n - k - (d - 1)
        rows = zip(found["statistic"], found["neg_log_10_p"], strict=True)
        return [(f, *dofs, p) for f, p in rows]
    if contrast == "common":
        y, base = traits[:, 0], np.hstack([base, differences])
    elif isinstance(contrast, tuple):
        y = traits[:, contrast[1]]
        base = np.hstack([base, np.delete(traits, contrast[1], axis=1)])
    else:
        y = traits[:, contrast]
    alone = single_trait(genotypes, y, base)
    rows = zip(alone["t_statistic"], alone["dof"], strict=True)
    return [(t * t, 1, dof, neg_log_10_t(t, dof)) for t, dof in rows]
