"""The null model of the joint test: covariates' basis, residual traits, their covariance."""

from dataclasses import dataclass

import numpy as np

from gemcont.errors import GemcontError

COLLINEAR = 1e-8  # residual over total sum of squares below which a column adds nothing
MOST_FLOAT64_COLUMNS = 32  # a float64 product costs 1.0 (1 column) to 1.9 (32) times a float32 one
_CONSTANT = 1e-20  # centred over raw sum of squares: the rounding of a constant column


@dataclass(frozen=True)
class Null:
    """Covariates and traits ready for the scan.

    basis: (samples, K - 1), orthonormal and orthogonal to the intercept: the covariates
    whitened: (samples, D), residual traits Y with Y'Y = N I, orthogonal to all covariates
    cholesky: (D, D) lower L with residual covariance C0 = L L' (maximum likelihood, over N)
    n_covariates: K, the rank of the covariates, the intercept included
    kept_covariates: indices of the given covariates that were not collinear
    """

    basis: np.ndarray
    whitened: np.ndarray
    cholesky: np.ndarray
    n_covariates: int
    kept_covariates: np.ndarray

    @property
    def n_samples(self):
        """N."""
        return len(self.whitened)

    @property
    def n_traits(self):
        """D."""
        return self.whitened.shape[1]

    @property
    def residual_dof(self):
        """N - K - D, the second degrees of freedom of the exact F test."""
        return self.n_samples - self.n_covariates - self.n_traits

    def columns(self):
        """(samples, D + K - 1): traits then covariates, what genotypes are multiplied by.

        float64 up to 32 columns, so that a scan of few traits agrees with single-trait tools to
        their printed digits; float32 beyond, where the product's speed counts and each whitened
        z stays within 2e-5. The intercept is left out: centred genotypes are orthogonal to it.
        """
        columns = np.hstack([self.whitened, self.basis])
        kind = np.float64 if columns.shape[1] <= MOST_FLOAT64_COLUMNS else np.float32
        return np.ascontiguousarray(columns, dtype=kind)


def fit_null(traits, covariates=None, *, names=None):
    """The null model of traits (samples, D) given covariates (samples, k); no value missing.

    An intercept is always added; covariates collinear with it or with earlier ones are left out
    (``kept_covariates`` says which stayed). ``names`` of the traits serve the messages.

    Raises GemcontError for non-finite values, too many traits for the samples (N - K - D < 1),
    and traits that are constant, given by the covariates, or collinear.
    """
    traits = _matrix(traits, "traits")
    covariates = _matrix(
        np.empty((len(traits), 0)) if covariates is None else covariates, "covariates"
    )
    if len(covariates) != len(traits):
        raise GemcontError(f"{len(traits)} samples have traits, {len(covariates)} covariates")
    names = names or [str(d + 1) for d in range(traits.shape[1])]
    basis, kept = covariate_basis(covariates)
    _refuse_too_many(*traits.shape, basis.shape[1] + 1)
    residuals = _residual_traits(traits, basis, names)
    _refuse_collinear(residuals, names)
    cholesky = np.linalg.cholesky(residuals.T @ residuals / len(traits))
    whitened = np.linalg.solve(cholesky, residuals.T).T
    return Null(basis, np.ascontiguousarray(whitened), cholesky, basis.shape[1] + 1, kept)


def _matrix(values, what):
    values = np.asarray(values, dtype=np.float64)
    values = values[:, None] if values.ndim == 1 else values
    if values.ndim != 2:
        raise GemcontError(f"{what} must be (samples, {what}), got shape {values.shape}")
    if not np.isfinite(values).all():
        row, column = np.argwhere(~np.isfinite(values))[0]
        raise GemcontError(f"{what}: row {row}, column {column} is {values[row, column]}")
    return values


def covariate_basis(covariates):
    """Orthonormal basis (samples, rank) of the centred covariates, and the indices it kept.

    Gram-Schmidt in the given order, each column projected twice, so that which of two collinear
    columns stays does not depend on rounding.
    """
    n_samples, count = covariates.shape
    basis, kept = np.empty((n_samples, count)), []
    for j in range(count):
        column, found = centre(covariates[:, j]), basis[:, : len(kept)]
        total = column @ column
        for _ in range(2):
            column = column - found @ (found.T @ column)
        residual = column @ column
        if total > 0 and residual > COLLINEAR * total:
            basis[:, len(kept)] = column / np.sqrt(residual)
            kept.append(j)
    return basis[:, : len(kept)], np.array(kept, dtype=np.int64)


def centre(column):
    """The column less its mean; exact zeros where it is constant up to rounding."""
    centred = column - column.mean()
    if centred @ centred <= _CONSTANT * (column @ column):
        return np.zeros_like(column)
    return centred


def _refuse_too_many(n_samples, n_traits, n_covariates):
    if n_samples - n_covariates - n_traits < 1:
        raise GemcontError(
            f"{n_samples} samples are too few for {n_traits} traits and {n_covariates} covariates "
            "(intercept included): N - K - D must be at least 1; choose fewer traits or --pcs"
        )


def _residual_traits(traits, basis, names):
    """Traits less what the covariates explain, column by column, each refused by its name."""
    residuals = np.empty_like(traits)
    for d, name in enumerate(names):
        centred = centre(traits[:, d])
        total = centred @ centred
        if total == 0:
            raise GemcontError(f"trait {name} is constant over the analysed samples; leave it out")
        for _ in range(2):
            centred = centred - basis @ (basis.T @ centred)
        if centred @ centred < COLLINEAR * total:
            raise GemcontError(f"trait {name} is a combination of the covariates; leave it out")
        residuals[:, d] = centred
    return residuals


def _refuse_collinear(residuals, names):
    """Raise for the first trait that the traits before it determine, and name those."""
    scaled = residuals / np.sqrt((residuals * residuals).sum(axis=0))
    found = np.empty_like(scaled)
    for d, name in enumerate(names):
        column = scaled[:, d]
        for _ in range(2):
            column = column - found[:, :d] @ (found[:, :d].T @ column)
        if column @ column < COLLINEAR:
            weights = np.linalg.lstsq(scaled[:, :d], scaled[:, d], rcond=None)[0]
            others = [names[i] for i in np.flatnonzero(np.abs(weights) > 1e-3)]
            raise GemcontError(
                f"trait {name} is collinear with {_listed(others)}: the joint test needs "
                "independent traits; leave one out, or test principal components with --pcs"
            )
        found[:, d] = column / np.sqrt(column @ column)


def _listed(names, most=5):
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
