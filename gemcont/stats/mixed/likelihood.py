"""Likelihood of cov(vec E) = Cg (x) K + Cn (x) I, and the covariances that maximise it.

With K = U S U' and T such that T Cn T' = I and T Cg T' = diag(l), the rotated traits U'E T' are D
independent regressions with weights w_id = 1 / (S_i l_d + 1) (Zhou and Stephens 2014). In that
basis the expected information of (Cg, Cn) falls into D (D + 1) / 2 blocks of 2 x 2, so a step of
Fisher scoring costs no more than a gradient. Scoring zigzags if the optimum lies on the cone's
edge, a Cg of lower rank; then L-BFGS on factors of both finishes.

If the covariates explain an axis on which K is 0 (the intercept, for a centred K), the likelihood
grows without bound as Cn becomes singular: -1/2 log det Cn of that axis, with no residual to
oppose it. The maximum sought is the one inside the cone; it lies near that of the restricted
likelihood, which has no such axis.
"""

from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np
from threadpoolctl import threadpool_limits

from gemcont.errors import GemcontError

_MOST_STEPS, _MOST_HALVINGS = 60, 12  # of scoring
_ENOUGH = 1e-9  # gain in log-likelihood below which scoring has ended
_FLOOR = 1e-6  # of Cn, in units of the traits' covariance
_NEXT_TO_0 = 0.1  # of K's mean eigenvalue
_SINGULAR = 1e-4  # share of the traits' covariance below which a Cn is running towards singular
_CONVERGED = 1e-3  # log-likelihood that may be left to gain
_COLLINEAR = 1e-10  # smallest eigenvalue of the traits' correlations
_TINY = 1e-12
_LARGE = 1 << 20  # values of all traits, below which threads of BLAS wait more than they help
_OPEN = 1e-7  # of a genetic variance, in units of the residual one, that can be lessened


@dataclass(frozen=True, kw_only=True)
class Rotated:
    """Traits and covariates in the eigenvector basis of the kinship K = U S U'.

    In that basis samples are independent.

    Attributes:
        traits: U'Y (N, D)
        covariates: U'F (N, K)
        eigenvalues: the diagonal of S (N,)
        reml: whether the likelihood is that of the traits' residuals on the covariates (REML)
    """

    traits: np.ndarray
    covariates: np.ndarray
    eigenvalues: np.ndarray
    reml: bool = False

    @cached_property
    def covariance(self) -> np.ndarray:
        """Covariance (D, D) of the traits' residuals on the covariates, as of unrelated samples."""
        known = np.linalg.lstsq(self.covariates, self.traits, rcond=None)[0]  # (K, D)
        rest = self.traits - self.covariates @ known
        return rest.T @ rest / len(rest)

    @cached_property
    def is_unbounded(self) -> bool:
        """True if the likelihood has no bound, or a distant one, as Cn becomes singular.

        That is so if it is not restricted and the covariates explain an axis on which K is next to
        0.
        """
        if self.reml or not self.covariates.shape[1]:
            return False
        basis = np.linalg.qr(self.covariates)[0]
        # (K,): K within the covariates
        along = np.linalg.eigvalsh((basis * self.eigenvalues[:, None]).T @ basis)
        return bool(along[0] < _NEXT_TO_0 * self.eigenvalues.mean())

    @property
    def restricted(self) -> "Rotated":
        """The same data for restricted maximum likelihood."""
        return replace(self, reml=True)

    @property
    def floor(self) -> np.ndarray:
        """Lower bound (D, D) of Cn during the search: 1e-6 of ``covariance``."""
        return _FLOOR * self.covariance


@dataclass(frozen=True, kw_only=True)
class Fit:
    """Likelihood at one pair of covariances, in the basis in which both are diagonal.

    Attributes:
        genetic: Cg (D, D), in trait units
        residual: Cn (D, D), in trait units
        transform: T (D, D)
        latent: l (D,)
        weights: w (N, D)
        weighted: w times the residuals (N, D)
        inner: F'W_d F (D, K, K)
        r0: weighted residual sum of squares
        log_likelihood: with all its constants
        gradient_g: (D, D), of the log-likelihood by Cg in that basis; off the diagonal half of it
            for each entry of a pair
        gradient_n: (D, D), the same by Cn
        reml: whether the likelihood is restricted
        kinship_mean: K's mean eigenvalue, the unit of Cg where slopes are judged
    """

    genetic: np.ndarray
    residual: np.ndarray
    transform: np.ndarray
    latent: np.ndarray
    weights: np.ndarray
    weighted: np.ndarray
    inner: np.ndarray
    r0: float
    log_likelihood: float
    gradient_g: np.ndarray
    gradient_n: np.ndarray
    reml: bool
    kinship_mean: float = 1.0

    @property
    def gradient_norm(self) -> float:
        """Largest slope of the log-likelihood within the cone, in units of the traits' variance.

        That is by Cn, and by Cg times K's mean eigenvalue: whatever the units of K. If l_d is 0, a
        step that lowers it leaves the cone, and only a positive slope counts (``curvature``); if it
        is 0 but for rounding, there is no likelihood to gain either.
        """
        open_g = self.gradient_g * (self.latent * self.kinship_mean > _OPEN)[:, None]
        return float(max(np.abs(self.gradient_n).max(), np.abs(open_g).max() / self.kinship_mean))

    @property
    def curvature(self) -> float:
        """Largest eigenvalue of dL/dCg, in the same units.

        It is positive at a saddle, where Cg could gain a rank.
        """
        return float(np.linalg.eigvalsh(self.gradient_g)[-1]) / self.kinship_mean

    @property
    def to_gain(self) -> float:
        """About how much log-likelihood a step could still gain: slope squared over N.

        The information grows with N. Both slopes count, within the rank and out of it.
        """
        return max(self.gradient_norm, self.curvature) ** 2 / len(self.weights)


def diagonalised(genetic: np.ndarray, residual: np.ndarray) -> tuple[np.ndarray, np.ndarray, float]:
    """Return T (D, D) and l (D,) with T Cn T' = I and T Cg T' = diag(l), and log det Cn.

    Raises numpy.linalg.LinAlgError if Cn is not positive definite.
    """
    lower = np.linalg.cholesky(residual)  # C (D, D), Cn = C C'
    inverse = np.linalg.inv(lower)
    latent, vectors = np.linalg.eigh(inverse @ genetic @ inverse.T)  # of C^-1 Cg C'^-1
    return vectors.T @ inverse, np.maximum(latent, 0), 2 * np.log(np.diag(lower)).sum()


def evaluate(data: Rotated, genetic: np.ndarray, residual: np.ndarray) -> Fit:
    """Evaluate the likelihood and its gradient at Cg and Cn (D, D).

    Raises numpy.linalg.LinAlgError if Cn is not positive definite.
    """
    (n, d), k = data.traits.shape, data.covariates.shape[1]
    transform, latent, log_cn = diagonalised(genetic, residual)
    variance = np.outer(data.eigenvalues, latent) + 1  # (N, D): S_i l_d + 1
    w, y, f = 1 / variance, data.traits @ transform.T, data.covariates  # (N, D), (N, D), (N, K)
    inner = _inner(f, w)  # (D, K, K): F'W_d F
    right = np.einsum("nk,nd->dk", f, w * y)  # (D, K): F'W_d y_d
    rest = y - f @ np.linalg.solve(inner, right[:, :, None])[:, :, 0].T
    u = w * rest  # (N, D)
    r0 = float(np.vdot(u, rest))
    total = n * d * np.log(2 * np.pi) + n * log_cn + np.log(variance).sum() + r0
    trace_g, trace_n = data.eigenvalues @ w, w.sum(axis=0)  # (D,) each
    if data.reml:
        total += np.linalg.slogdet(inner)[1].sum() - k * log_cn - k * d * np.log(2 * np.pi)
        trace_g = trace_g - _lost(inner, _inner(f, data.eigenvalues[:, None] * w**2))
        trace_n = trace_n - _lost(inner, _inner(f, w**2))
    by_g = 0.5 * ((u * data.eigenvalues[:, None]).T @ u - np.diag(trace_g))  # (D, D)
    by_n = 0.5 * (u.T @ u - np.diag(trace_n))
    return Fit(
        genetic=genetic,
        residual=residual,
        transform=transform,
        latent=latent,
        weights=w,
        weighted=u,
        inner=inner,
        r0=r0,
        log_likelihood=-0.5 * total,
        gradient_g=by_g,
        gradient_n=by_n,
        reml=data.reml,
        kinship_mean=float(data.eigenvalues.mean()),
    )


def _inner(f, w):
    """Return F'W_d F (D, K, K), one matrix for every column of w (N, D)."""
    return np.stack([(f * column[:, None]).T @ f for column in w.T])


def _lost(inner, other):
    """Return the traces (D,) of inner^-1 other."""
    return np.trace(np.linalg.solve(inner, other), axis1=1, axis2=2)


def scoring_step(data: Rotated, fit: Fit) -> Fit | None:
    """Return the next ``Fit`` by Fisher scoring, of larger likelihood; None if there is none."""
    w, s = fit.weights, data.eigenvalues[:, None]
    # (D, D): sums over samples of w w', S w w', S^2 w w'
    m0, m1, m2 = w.T @ w, (s * w).T @ w, (s * s * w).T @ w
    a, b = 2 * fit.gradient_g, 2 * fit.gradient_n  # slopes by an entry of the pair
    determinant = np.maximum(m2 * m0 - m1 * m1, _TINY * m2 * m0)  # (D, D), of the 2 x 2 blocks
    change_g, change_n = (m0 * a - m1 * b) / determinant, (m2 * b - m1 * a) / determinant
    back = np.linalg.inv(fit.transform)
    floor = fit.transform @ data.floor @ fit.transform.T  # (D, D), in the basis
    for halving in range(_MOST_HALVINGS):
        share = 0.5**halving
        genetic = _within_cone(np.diag(fit.latent) + share * change_g)
        # Cn is I in the basis.
        residual = floor + _within_cone(np.eye(len(a)) + share * change_n - floor)
        candidate = evaluate(data, back @ genetic @ back.T, back @ residual @ back.T)
        if candidate.log_likelihood > fit.log_likelihood:
            return candidate
    return None


def _within_cone(matrix):
    """Return the nearest positive semi-definite matrix: negative eigenvalues set to 0."""
    values, vectors = np.linalg.eigh(matrix)
    return (vectors * np.maximum(values, 0)) @ vectors.T


def fit(data: Rotated, rank: int | None = None, *, or_restricted: bool = False) -> Fit:
    """Return the ``Fit`` of the largest likelihood.

    The start is Cg = Cn = half of the residual covariance, of full rank: no gradient leads out of a
    Cg of lower rank. If maximum likelihood runs towards a singular Cn, it starts again from the
    restricted optimum. If that does not help, the likelihood has no maximum.

    Args:
        data: traits and covariates in the eigenvector basis.
        rank: of Cg; None = D.
        or_restricted: if the likelihood has no maximum, return the restricted optimum
            (``Fit.reml``) instead of the best point (``runs_away``).

    Raises:
        GemcontError: too few samples, or collinear traits.
    """
    (n, d), k = data.traits.shape, data.covariates.shape[1]
    if rank is not None and not 1 <= rank <= d:
        raise GemcontError(f"rank: {rank} is not from 1 to the {d} traits")
    if n < k + 2 * d:
        raise GemcontError(f"{n} samples are too few for {d} traits and {k} covariates: two "
                           f"covariances need at least {k + 2 * d}")  # fmt: skip
    _refuse_collinear(data)
    with threadpool_limits(1 if n * d < _LARGE else None, user_api="blas"):
        return _maximum(data, rank, or_restricted)


def _maximum(data, rank, or_restricted):
    half = data.covariance / 2
    begin = half / data.eigenvalues.mean(), half  # (D, D) each
    direct = maximise(data, *begin, rank)
    if not runs_away(data, direct):
        return direct
    start = maximise(data.restricted, *begin)
    again = maximise(data, start.genetic, start.residual, rank)
    if not runs_away(data, again):
        return again
    if not or_restricted:
        return direct
    if rank is None:
        return start
    return maximise(data.restricted, start.genetic, start.residual, rank)


def _refuse_collinear(data):
    """Raise GemcontError if the residuals' correlations are not of full rank, in any units."""
    variance = np.diag(data.covariance)
    if (variance > 1e-20 * np.square(data.traits).mean(axis=0)).all():
        scale = np.sqrt(variance)
        if np.linalg.eigvalsh(data.covariance / np.outer(scale, scale))[0] > _COLLINEAR:
            return
    raise GemcontError("traits are constant, given by the covariates, or collinear")


def has_converged(fit: Fit, rank: int | None = None) -> bool:
    """Return whether no log-likelihood worth mentioning is left to gain.

    A Cg of bounded rank may well gain by another rank; it is judged within its own.
    """
    left = fit.to_gain if rank is None else fit.gradient_norm**2 / len(fit.weights)
    return left <= _CONVERGED


def runs_away(data: Rotated, fit: Fit) -> bool:
    """Return whether a ``Fit`` is no maximum but runs, unbounded, towards a singular Cn."""
    if data.reml:
        return False
    inverse = np.linalg.inv(np.linalg.cholesky(data.covariance))
    smallest = np.linalg.eigvalsh(inverse @ fit.residual @ inverse.T)[0]
    return bool(smallest < _SINGULAR) and data.is_unbounded


def maximise(
    data: Rotated, genetic: np.ndarray, residual: np.ndarray, rank: int | None = None
) -> Fit:
    """Return the ``Fit`` of the largest likelihood, from a start.

    Args:
        data: traits and covariates in the eigenvector basis.
        genetic: Cg (D, D) of the start, of full rank: no gradient leads out of a lower one.
        residual: Cn (D, D) of the start.
        rank: of Cg; None = D.
    """
    fit = evaluate(data, genetic, residual)
    for _ in range(_MOST_STEPS):
        following = scoring_step(data, fit)
        if following is None:
            break
        gained, fit = following.log_likelihood - fit.log_likelihood, following
        if gained < _ENOUGH:
            break
    whole = rank is None or rank == len(genetic)
    if whole and (fit.to_gain < _ENOUGH or runs_away(data, fit)):
        return fit
    return _by_factors(data, fit, rank)


def _by_factors(data, fit, rank):
    """Maximise by L-BFGS on A (D, rank) and lower C, with Cg = A A' and Cn = C C' + ``floor``.

    A and C are in units in which the sum of the start's covariances is about I. The floor ends a
    likelihood that grows towards a singular Cn.
    """
    d = len(fit.latent)
    rank = d if rank is None else rank
    base = np.linalg.cholesky(data.eigenvalues.mean() * fit.genetic + fit.residual)  # (D, D)
    rows = np.tril_indices(d)

    def _covariances(x):
        a, c = base @ x[: d * rank].reshape(d, rank), np.zeros((d, d))
        c[rows] = x[d * rank :]
        c = base @ c
        return a, c, a @ a.T, c @ c.T + data.floor

    def _loss(x):
        a, c, genetic, residual = _covariances(x)
        here = evaluate(data, genetic, residual)
        by_g, by_n = (here.transform.T @ g @ here.transform
                      for g in (here.gradient_g, here.gradient_n))  # fmt: skip
        slopes = (2 * base.T @ by_g @ a).ravel(), (2 * base.T @ by_n @ c)[rows]
        return -here.log_likelihood, -np.concatenate(slopes)

    above = _lower(base, fit.residual - data.floor)
    start = np.concatenate([_root(base, fit.genetic, rank).ravel(), above])
    from scipy.optimize import minimize  # 0.4 s, which most fits of a few traits are spared

    options = {"maxiter": 2000, "maxfun": 4000, "ftol": 1e-15, "gtol": 1e-6, "maxcor": 20}
    end = minimize(_loss, start, jac=True, method="L-BFGS-B", options=options)
    fit_here = _scaled(data, evaluate(data, *_covariances(end.x)[2:]))
    return fit_here if rank < d or fit_here.log_likelihood > fit.log_likelihood else fit


def _root(base, genetic, rank):
    """Return the strongest axes (D, rank) of Cg in the basis, none quite 0.

    No gradient leads away from 0.
    """
    inside = np.linalg.solve(base, np.linalg.solve(base, genetic).T)
    values, vectors = np.linalg.eigh(inside)
    return (vectors * np.sqrt(np.maximum(values, 1e-8)))[:, ::-1][:, :rank]


def _lower(base, residual):
    inside = np.linalg.solve(base, np.linalg.solve(base, residual).T)
    return np.linalg.cholesky(inside + 1e-8 * np.eye(len(base)))[np.tril_indices(len(base))]


def _scaled(data, fit):
    """Return the fit with both covariances times the factor that is best: r0 is then N D."""
    (n, d), k = data.traits.shape, data.covariates.shape[1]
    factor = fit.r0 / ((n - k * data.reml) * d)
    return evaluate(data, factor * fit.genetic, factor * fit.residual)
