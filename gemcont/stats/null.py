"""Null model of the joint test: the covariates' basis, the residual traits, their covariance."""

from collections.abc import Iterable
from dataclasses import dataclass

import numpy as np

from gemcont.arrays import ArrayLike, as_array
from gemcont.errors import GemcontError

COLLINEAR = 1e-8  # residual over total sum of squares below which a column counts as explained
# The same bound for a covariate, after centring: 1e-7 of its standard deviation, as in R's lm. The
# square of a year of birth, given the year, leaves 5e-5.
_COVARIATE = 1e-14
_AT_ONCE = 64  # traits whose residuals are made together
_CONSTANT = 1e-28  # centred over raw sum of squares: the rounding of a constant column


class NullFacts:
    """Quantities of a null model that tests need beside the arrays of samples.

    Attributes:
        n_samples: N
        n_traits: D
        n_covariates: K, the intercept included
        scales: (D, D), lower Cholesky factor L of the residual covariance (over N); or (D,),
            standard deviations, if the traits are only tested one by one
    """

    n_samples: int
    n_traits: int
    n_covariates: int
    scales: np.ndarray

    @property
    def residual_dof(self) -> int:
        """N - K - D, the second degrees of freedom of the exact F test."""
        return self.n_samples - self.n_covariates - self.n_traits

    @property
    def single_dof(self) -> int:
        """N - K - 1, the degrees of freedom of each trait's own t test."""
        return self.n_samples - self.n_covariates - 1

    @property
    def total_sum_of_squares(self) -> np.ndarray:
        """Sum of squares (D,) of each residual trait."""
        squares = np.square(self.scales)
        # diag(L L'), or the squared standard deviations
        return self.n_samples * (squares.sum(axis=1) if squares.ndim == 2 else squares)

    def in_trait_units(self, scores: np.ndarray) -> np.ndarray:
        """Turn scores of the whitened traits (variants, D) into scores of the residual traits."""
        return scores @ self.scales.T if self.scales.ndim == 2 else scores * self.scales


@dataclass(frozen=True, kw_only=True)
class NullModel(NullFacts):
    """Covariates and traits, ready for the scan.

    Attributes:
        basis: (samples, K - 1), orthonormal and orthogonal to the intercept: the covariates
        whitened: (samples, D), scaled residual traits Y with diag(Y'Y) = N, orthogonal to all
            covariates; in the joint test Y'Y = N I
        scales: as in ``NullFacts``; residual traits = Y L'
        n_covariates: K, the rank of the covariates, the intercept included
        kept_covariates: indices of the given covariates that are not collinear
    """

    basis: np.ndarray
    whitened: np.ndarray
    scales: np.ndarray
    n_covariates: int
    kept_covariates: np.ndarray

    @property
    def n_samples(self) -> int:  # type: ignore[override]  # a frozen field elsewhere
        """Number of samples, N."""
        return len(self.whitened)

    @property
    def n_traits(self) -> int:  # type: ignore[override]
        """Number of traits, D."""
        return self.whitened.shape[1]

    @property
    def cross_products(self) -> np.ndarray:
        """Cross-products Y'MY (D, D) of the residual traits, in their own units."""
        if self.scales.ndim == 2:
            return self.n_samples * (self.scales @ self.scales.T)
        return (self.whitened.T @ self.whitened) * np.outer(self.scales, self.scales)


@dataclass(frozen=True)
class SummaryNull(NullFacts):
    """Null model known by its sums alone.

    Attributes:
        n_samples: N
        n_covariates: K, the intercept included
        scales: as in ``NullFacts``
    """

    n_samples: int
    n_covariates: int
    scales: np.ndarray

    @property
    def n_traits(self) -> int:  # type: ignore[override]
        """Number of traits, D."""
        return len(self.scales)

    def whiten(self, scores: np.ndarray) -> np.ndarray:
        """Turn scores of the residual traits (variants, D) into scores of the whitened ones."""
        return np.linalg.solve(self.scales, scores.T).T  # s L'^-1


def single_summary_null(squares: np.ndarray, n_samples: int, n_covariates: int) -> SummaryNull:
    """Return the null model of traits that are tested one by one, from their sums of squares (D,).

    A trait without variance (or NaN) has the scale NaN. Raises GemcontError for too few samples.
    """
    _refuse_too_many(n_samples, 1, n_covariates)
    known = np.where(np.asarray(squares) > 0, squares, np.nan)
    return SummaryNull(n_samples, n_covariates, np.sqrt(known / n_samples))


def summary_null(
    cross_products: np.ndarray,
    n_samples: int,
    n_covariates: int,
    *,
    names: Iterable[str] | None = None,
) -> SummaryNull:
    """Return the null model of traits whose residual cross-products Y'MY (D, D) are known.

    names: of the traits, for the messages. Raises GemcontError as ``fit_null`` for traits without
    variance or collinear ones, and for too few samples.
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


def fit_null(
    traits: ArrayLike, covariates: ArrayLike = None, *, names: Iterable[str] | None = None
) -> NullModel:
    """Fit the null model of the joint test.

    An intercept is always added. A covariate that is collinear with it or with earlier ones is left
    out; ``kept_covariates`` lists those that stayed.

    Args:
        traits: (samples, D), no value missing.
        covariates: (samples, k), no value missing; or None.
        names: of the traits, for the messages.

    Raises:
        GemcontError: values that are not finite, too many traits for the samples (N - K - D < 1),
            or traits that are constant, explained by the covariates, or collinear.
    """
    traits, covariates = _checked(traits, covariates)
    names = [str(d + 1) for d in range(traits.shape[1])] if names is None else list(names)
    if len(names) != traits.shape[1]:
        raise GemcontError(f"{traits.shape[1]} traits have {len(names)} names")
    basis, kept = covariate_basis(covariates)
    _refuse_too_many(len(traits), traits.shape[1], basis.shape[1] + 1)
    residuals, faults = residual_traits(traits, basis)
    faulty = [f"{name} {fault}" for name, fault in zip(names, faults, strict=True) if fault]
    if faulty:
        raise GemcontError(
            f"trait {_listed(faulty)} over the analysed samples; leave out what does not vary, or "
            "test their principal components"
        )
    scaled = residuals / np.sqrt(np.square(residuals).sum(axis=0))
    _refuse_collinear(scaled.T @ scaled, names)
    cholesky = np.linalg.cholesky(residuals.T @ residuals / len(traits))  # L (D, D)
    whitened = np.linalg.solve(cholesky, residuals.T).T  # R L'^-1 (N, D)
    return NullModel(
        basis=basis,
        whitened=np.ascontiguousarray(whitened),
        scales=cholesky,
        n_covariates=basis.shape[1] + 1,
        kept_covariates=kept,
    )


def fit_single_nulls(
    traits: ArrayLike, covariates: ArrayLike = None
) -> tuple[NullModel, list[str | None]]:
    """Fit the null models of traits that are tested one by one; arguments as ``fit_null``.

    Returns a ``NullModel`` of the traits that can be tested and, for each given trait, None or its
    fault ("is constant", ...). Collinear traits, or more traits than samples, are no fault here.
    Raises GemcontError for values that are not finite and for too few samples (N - K - 1 < 1).
    """
    traits, covariates = _checked(traits, covariates)
    basis, kept = covariate_basis(covariates)
    _refuse_too_many(len(traits), 1, basis.shape[1] + 1)
    residuals, faults = residual_traits(traits, basis)
    if any(faults):
        residuals = residuals[:, [fault is None for fault in faults]]
    deviations = np.sqrt(np.einsum("sd,sd->d", residuals, residuals) / len(residuals))
    residuals /= deviations
    null = NullModel(
        basis=basis,
        whitened=residuals,
        scales=deviations,
        n_covariates=basis.shape[1] + 1,
        kept_covariates=kept,
    )
    return null, faults


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


def covariate_basis(covariates: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
    """Return an orthonormal basis (samples, rank) of the centred covariates, and the kept columns.

    covariates: (samples, k); the second array holds the indices of the columns that are not
    collinear. Gram-Schmidt in the given order, each column projected twice, so that it does not
    depend on rounding which of two collinear columns stays.
    """
    n_samples, count = covariates.shape
    basis: np.ndarray = np.empty((n_samples, count))
    kept: list[int] = []
    for j in range(count):
        column, earlier = centre(covariates[:, j]), basis[:, : len(kept)]
        total = column @ column
        for _ in range(2):
            column = column - earlier @ (earlier.T @ column)
        residual = column @ column
        if total > 0 and residual > _COVARIATE * total:
            basis[:, len(kept)] = column / np.sqrt(residual)
            kept.append(j)
    return basis[:, : len(kept)], np.array(kept, dtype=np.int64)


def centre(columns: np.ndarray) -> np.ndarray:
    """Return columns (samples,) or (samples, k) less their means, zeros where constant.

    A column is constant if what is left of it is rounding.
    """
    centred = columns - columns.mean(axis=0)
    centred -= centred.mean(axis=0)  # what rounding left of a mean far from zero
    squares, raw = (np.einsum("s...,s...->...", c, c) for c in (centred, columns))
    return np.where(squares <= _CONSTANT * raw, 0.0, centred)


def _refuse_too_many(n_samples, n_traits, n_covariates):
    if n_samples - n_covariates - n_traits < 1:
        raise GemcontError(
            f"{n_samples} samples are too few for {n_traits} traits and {n_covariates} covariates "
            "(intercept included): N - K - D must be at least 1"
            + ("; choose fewer traits, or principal components of them" if n_traits > 1 else "")
        )


def residual_traits(traits: np.ndarray, basis: np.ndarray) -> tuple[np.ndarray, list[str | None]]:
    """Return traits less their mean and what the covariates explain, and each one's fault or None.

    traits: (samples, D); basis: (samples, K - 1), from ``covariate_basis``.
    """
    residuals = np.empty_like(traits)
    faults: list[str | None] = []
    for start in range(0, traits.shape[1], _AT_ONCE):
        columns = slice(start, start + _AT_ONCE)
        centred = centre(traits[:, columns])
        total = np.einsum("sd,sd->d", centred, centred)
        for _ in range(2):
            centred = centred - basis @ (basis.T @ centred)  # twice, as in covariate_basis
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
    """Raise GemcontError for the first trait that the traits before it determine, naming those."""
    d = _first_determined(correlation)
    if d is None:
        return
    weights = np.linalg.lstsq(correlation[:d, :d], correlation[:d, d], rcond=None)[0]
    others = [names[i] for i in np.flatnonzero(np.abs(weights) > 1e-3)]
    raise GemcontError(
        f"trait {names[d]} is collinear with {_listed(others)}: the joint test needs "
        "independent traits; leave one out, or test their principal components"
    )


def _first_determined(correlation):
    """Return the first trait that those before it explain but for 1e-8 of its variance, or None.

    correlation: (D, D).
    """
    # The squared diagonal of the Cholesky factor is what is left of each trait in turn.
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
