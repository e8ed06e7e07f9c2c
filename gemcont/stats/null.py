"""The null model of the joint test: covariates' basis, residual traits, their covariance."""

from dataclasses import dataclass

import numpy as np

from gemcont.arrays import as_array
from gemcont.errors import GemcontError

COLLINEAR = 1e-8  # residual over total sum of squares below which a column adds nothing
# The same of a covariate, after centring: 1e-7 of its standard deviation, as R's lm. Powers of a
# year of birth leave 5e-5.
_COVARIATE = 1e-14
_AT_ONCE = 64  # traits whose residuals are made together
_CONSTANT = 1e-28  # centred over raw sum of squares: the rounding of a constant column


class NullFacts:
    """What tests ask of a null model beside arrays of samples.

    From n_samples, n_traits, n_covariates (K, the intercept included) and scales: (D, D), lower
    Cholesky factor L of the residual covariance (over N), or (D,), standard deviations, where the
    traits are only tested one by one.
    """

    @property
    def residual_dof(self):
        """N - K - D, the second degrees of freedom of the exact F test."""
        return self.n_samples - self.n_covariates - self.n_traits

    @property
    def single_dof(self):
        """N - K - 1, the degrees of freedom of each trait's own t test."""
        return self.n_samples - self.n_covariates - 1

    @property
    def total_sum_of_squares(self):
        """(D,), sum of squares of each residual trait."""
        squares = np.square(self.scales)
        return self.n_samples * (squares.sum(axis=1) if squares.ndim == 2 else squares)

    def in_trait_units(self, scores):
        """Scores of the whitened traits (variants, D) -> scores of the residual traits."""
        return scores @ self.scales.T if self.scales.ndim == 2 else scores * self.scales


@dataclass(frozen=True)
class NullModel(NullFacts):
    """Covariates and traits ready for the scan.

    basis: (samples, K - 1), orthonormal and orthogonal to the intercept: the covariates
    whitened: (samples, D), scaled residual traits Y with diag(Y'Y) = N, orthogonal to all
        covariates; of the joint test Y'Y = N I
    scales: as in ``NullFacts``; residual traits = Y L'
    n_covariates: K, the rank of the covariates, the intercept included
    kept_covariates: indices of the given covariates that were not collinear
    """

    basis: np.ndarray
    whitened: np.ndarray
    scales: np.ndarray
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
    def cross_products(self):
        """(D, D), Y'MY of the residual traits in their own units."""
        if self.scales.ndim == 2:
            return self.n_samples * (self.scales @ self.scales.T)
        return (self.whitened.T @ self.whitened) * np.outer(self.scales, self.scales)


@dataclass(frozen=True)
class SummaryNull(NullFacts):
    """A null model known by its sums alone: N, K, and ``scales`` as in ``NullFacts``."""

    n_samples: int
    n_covariates: int
    scales: np.ndarray

    @property
    def n_traits(self):
        """D."""
        return len(self.scales)

    def whiten(self, scores):
        """Scores of the residual traits (variants, D) -> scores of the whitened ones."""
        return np.linalg.solve(self.scales, scores.T).T


def single_summary_null(squares, n_samples, n_covariates):
    """The null model of traits that are tested one by one, from their sums of squares (D,).

    A trait without variance (or NaN) has the scale NaN. Raises GemcontError for too few samples.
    """
    _refuse_too_many(n_samples, 1, n_covariates)
    known = np.where(np.asarray(squares) > 0, squares, np.nan)
    return SummaryNull(n_samples, n_covariates, np.sqrt(known / n_samples))


def summary_null(cross_products, n_samples, n_covariates, *, names=None):
    """The null model of traits whose residual cross-products Y'MY (D, D) are known.

    Raises GemcontError as ``fit_null`` for traits without variance or collinear ones, and for too
    few samples.
    """
    d = len(cross_products)
    names = [str(i + 1) for i in range(d)] if names is None else list(names)
    _refuse_too_many(n_samples, d, n_covariates)
    squares = np.diag(cross_products)
    constant = [name for name, square in zip(names, squares, strict=True) if not square > 0]
    if constant:
        raise GemcontError(f"trait {_listed(constant)} has no variance")
    _refuse_collinear(cross_products / np.sqrt(np.outer(squares, squares)), names)
    return SummaryNull(n_samples, n_covariates, np.linalg.cholesky(cross_products / n_samples))


def fit_null(traits, covariates=None, *, names=None):
    """The null model of traits (samples, D) given covariates (samples, k); no value missing.

    An intercept is always added; covariates collinear with it or with earlier ones are left out
    (``kept_covariates`` says which stayed). ``names`` of the traits serve the messages.

    Raises GemcontError for non-finite values, too many traits for the samples (N - K - D < 1),
    and traits that are constant, given by the covariates, or collinear.
    """
    traits, covariates = _checked(traits, covariates)
    names = [str(d + 1) for d in range(traits.shape[1])] if names is None else list(names)
    if len(names) != traits.shape[1]:
        raise GemcontError(f"{traits.shape[1]} traits have {len(names)} names")
    basis, kept = covariate_basis(covariates)
    _refuse_too_many(*traits.shape, basis.shape[1] + 1)
    residuals, faults = residual_traits(traits, basis)
    faulty = [f"{name} {fault}" for name, fault in zip(names, faults, strict=True) if fault]
    if faulty:
        raise GemcontError(
            f"trait {_listed(faulty)} over the analysed samples; leave out what does not vary, or "
            "test principal components with --pcs"
        )
    scaled = residuals / np.sqrt(np.square(residuals).sum(axis=0))
    _refuse_collinear(scaled.T @ scaled, names)
    cholesky = np.linalg.cholesky(residuals.T @ residuals / len(traits))
    whitened = np.linalg.solve(cholesky, residuals.T).T
    return NullModel(basis, np.ascontiguousarray(whitened), cholesky, basis.shape[1] + 1, kept)


def fit_single_nulls(traits, covariates=None):
    """The null models of traits that are tested one by one, and why some cannot be.

    Returns a ``NullModel`` of the traits that can be tested and, per given trait, None or its fault
    ("is constant", ...). Collinear traits and more traits than samples are no fault here. Raises
    GemcontError for non-finite values and for too few samples (N - K - 1 < 1).
    """
    traits, covariates = _checked(traits, covariates)
    basis, kept = covariate_basis(covariates)
    _refuse_too_many(len(traits), 1, basis.shape[1] + 1)
    residuals, faults = residual_traits(traits, basis)
    if any(faults):
        residuals = residuals[:, [fault is None for fault in faults]]
    deviations = np.sqrt(np.einsum("sd,sd->d", residuals, residuals) / len(residuals))
    residuals /= deviations
    return NullModel(basis, residuals, deviations, basis.shape[1] + 1, kept), faults


def _checked(traits, covariates):
    traits = _matrix(traits, "traits")
    covariates = np.empty((len(traits), 0)) if covariates is None else covariates
    covariates = _matrix(covariates, "covariates")
    if len(covariates) != len(traits):
        raise GemcontError(f"{len(traits)} samples have traits, {len(covariates)} covariates")
    return traits, covariates


def _matrix(values, what):
    values = as_array(values, what)
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
        if total > 0 and residual > _COVARIATE * total:
            basis[:, len(kept)] = column / np.sqrt(residual)
            kept.append(j)
    return basis[:, : len(kept)], np.array(kept, dtype=np.int64)


def centre(columns):
    """Columns (samples,) or (samples, k) less their means; zeros where constant up to rounding."""
    centred = columns - columns.mean(axis=0)
    centred -= centred.mean(axis=0)  # what rounding left of a mean far from zero
    squares, raw = (np.einsum("s...,s...->...", c, c) for c in (centred, columns))
    return np.where(squares <= _CONSTANT * raw, 0.0, centred)


def _refuse_too_many(n_samples, n_traits, n_covariates):
    if n_samples - n_covariates - n_traits < 1:
        raise GemcontError(
            f"{n_samples} samples are too few for {n_traits} traits and {n_covariates} covariates "
            "(intercept included): N - K - D must be at least 1"
            + ("; choose fewer traits or --pcs" if n_traits > 1 else "")
        )


def residual_traits(traits, basis):
    """Traits less their mean and what the covariates explain, and each one's fault or None."""
    residuals, faults = np.empty_like(traits), []
    for start in range(0, traits.shape[1], _AT_ONCE):
        columns = slice(start, start + _AT_ONCE)
        centred = centre(traits[:, columns])
        total = np.einsum("sd,sd->d", centred, centred)
        for _ in range(2):
            centred = centred - basis @ (basis.T @ centred)
        left = np.einsum("sd,sd->d", centred, centred)
        residuals[:, columns] = centred
        for before, after in zip(total, left, strict=True):
            explained = after < COLLINEAR * before
            faults.append(
                "is constant"
                if before == 0
                else "is given by the covariates"
                if explained
                else None
            )
    return residuals, faults


def _refuse_collinear(correlation, names):
    """Raise for the first trait that the traits before it determine, and name those."""
    d = _first_determined(correlation)
    if d is None:
        return
    weights = np.linalg.lstsq(correlation[:d, :d], correlation[:d, d], rcond=None)[0]
    others = [names[i] for i in np.flatnonzero(np.abs(weights) > 1e-3)]
    raise GemcontError(
        f"trait {names[d]} is collinear with {_listed(others)}: the joint test needs "
        "independent traits; leave one out, or test principal components with --pcs"
    )


def _first_determined(correlation):
    """First column that the columns before it explain but for 1e-8 of its variance, or None."""
    # The squared diagonal of the Cholesky factor is what is left of each column in turn.
    factor = correlation.copy()
    for d in range(len(factor)):
        column = factor[d:, d] - factor[d:, :d] @ factor[d, :d]
        if column[0] < COLLINEAR:
            return d
        factor[d:, d] = column / np.sqrt(column[0])
    return None


def _listed(names, most=5):
    more = f" and {len(names) - most} more" if len(names) > most else ""
    return ", ".join(names[:most]) + more
