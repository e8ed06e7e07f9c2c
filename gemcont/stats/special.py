"""Tails of chi-squared, F, t and normal statistics as -log10 p, without underflow.

Everything is computed as log p: a power series where p is large, a continued fraction (modified
Lentz) times a prefactor kept on the log scale where it is small, so p = 1e-100000 is an ordinary
number here. Relative error of -log10 p below 1e-6, absolute below 1e-12 near p = 1.

References
----------
[1] DLMF, sections 8.9.2 and 8.17.22 (continued fractions), 8.7.1 (series), 5.11 (Stirling).
[2] W. J. Lentz (1976), Applied Optics 15, 668; I. J. Thompson and A. R. Barnett (1986),
    J. Comput. Phys. 64, 490 (the modified algorithm).
"""

import math
from typing import Any

import numpy as np

from gemcont._numba import njit

Numbers = float | np.ndarray

_LN10 = math.log(10.0)
_TINY = 1e-300
_EPSILON = 2.0**-52
_MAX_TERMS = 100_000


def neg_log10_chi2_sf(statistic: Numbers, dof: Numbers) -> Any:
    """Return -log10 P(X > statistic) for X chi-squared on ``dof`` degrees of freedom.

    Arrays or scalars, broadcast; NaN in, NaN out; a negative statistic has p = 1.
    """
    return _elementwise(_chi2_loop, statistic, dof)


def neg_log10_f_sf(statistic: Numbers, dof1: Numbers, dof2: Numbers) -> Any:
    """Return -log10 P(X > statistic) for X distributed as F on (``dof1``, ``dof2``)."""
    return _elementwise(_f_loop, statistic, dof1, dof2)


def neg_log10_t_sf(statistic: Numbers, dof: Numbers) -> Any:
    """Return -log10 of the two-sided p of a t statistic on ``dof`` degrees of freedom."""
    return _elementwise(_f_loop, np.square(statistic), 1.0, dof)


def neg_log10_normal_sf(statistic: Numbers) -> Any:
    """Return -log10 of the two-sided p of a standard normal statistic."""
    return _elementwise(_chi2_loop, np.square(statistic), 1.0)


def normal_isf(neg_log10_p: Numbers) -> Any:
    """Return the z >= 0 whose two-sided -log10 p is given, however large that is."""
    return _elementwise(_normal_isf_loop, neg_log10_p)


@njit
def _normal_isf_loop(neg_log10_p, out):
    for i in range(out.size):
        out[i] = _normal_isf(neg_log10_p[i] * _LN10)


@njit
def _normal_isf(target):
    """Return the z whose two-sided log p is -target, by Newton on the logarithm of the tail.

    It starts from above: the logarithm is concave.
    """
    if not target > 0:
        return math.nan if np.isnan(target) else 0.0
    z = math.sqrt(2 * target) + 1e-300  # above the root: ln p < -z^2 / 2
    for _ in range(60):
        tail = log_chi2_sf(z * z, 1.0)
        slope = math.exp(-0.5 * z * z - tail) * math.sqrt(2 / math.pi)
        following = max(z - (-tail - target) / slope, 0.5 * z)  # never past 0
        if abs(following - z) <= 1e-15 * z:
            break
        z = following
    return z


def chi2_isf(neg_log10_p: float, dof: float) -> float:
    """Return the chi-squared statistic on ``dof`` whose -log10 p is ``neg_log10_p``.

    By bisection on the tail itself, so that it reaches as far as ``neg_log10_chi2_sf``.
    """
    low, high = 0.0, float(dof) + 10.0
    while neg_log10_chi2_sf(high, dof) < neg_log10_p:
        high *= 2
    while high - low > 1e-13 * high:
        middle = (low + high) / 2
        if middle in (low, high):
            break
        if neg_log10_chi2_sf(middle, dof) < neg_log10_p:
            low = middle
        else:
            high = middle
    return (low + high) / 2


def r2_of_t_p(neg_log10_p: Numbers, dof: float) -> np.ndarray:
    """Return the squared correlation t^2 / (t^2 + dof) whose t has the given -log10 p."""
    neg_log10_p = np.asarray(neg_log10_p, dtype=np.float64)
    low, high = np.zeros(neg_log10_p.shape), np.ones(neg_log10_p.shape)
    for _ in range(200):
        middle = (low + high) / 2
        if np.all((middle == low) | (middle == high)):
            break
        below = neg_log10_f_sf(dof * middle / (1 - middle), 1.0, dof) < neg_log10_p
        low, high = np.where(below, middle, low), np.where(below, high, middle)
    return low  # the bound itself passes: rows are checked again by their p


def _elementwise(loop, *arguments):
    arrays = np.broadcast_arrays(*(np.asarray(a, dtype=np.float64) for a in arguments))
    out = np.empty(arrays[0].shape)
    loop(*(a.flatten() for a in arrays), out.reshape(-1))
    return out if out.ndim else float(out)


@njit
def _chi2_loop(statistic, dof, out):
    for i in range(out.size):
        out[i] = -log_chi2_sf(statistic[i], dof[i]) / _LN10


@njit
def _f_loop(statistic, dof1, dof2, out):
    for i in range(out.size):
        out[i] = -log_f_sf(statistic[i], dof1[i], dof2[i]) / _LN10


@njit
def log_chi2_sf(statistic: float, dof: float) -> float:
    """Return ln P(X > statistic), X chi-squared on ``dof``: the regularised incomplete gamma Q."""
    if not statistic > 0:
        return statistic if np.isnan(statistic) else -0.0
    a, x = dof / 2, statistic / 2
    log_front = _log_gamma_density(a, x)
    if x < a + 1:  # the series converges fast below the mean, the fraction above it
        return math.log1p(-math.exp(log_front) * _gamma_series(a, x))
    return log_front + math.log(_gamma_fraction(a, x))


@njit
def _log_gamma_density(a, x):
    """Return ln of x^a e^-x / Gamma(a), without the cancellation of its terms where a is large."""
    if a < 10:
        return a * math.log(x) - x - math.lgamma(a)
    d = (x - a) / a  # relative distance from the mean
    log_ratio = math.log1p(d) - d if abs(d) < 0.5 else math.log(x / a) - d
    return a * log_ratio + 0.5 * math.log(a / (2 * math.pi)) - _stirling(a)


@njit
def _stirling(z):
    """Return ln Gamma(z) - [(z - 1/2) ln z - z + ln(2 pi)/2] for z >= 10."""
    s = 1 / (z * z)
    return (
        1 / 12 - s * (1 / 360 - s * (1 / 1260 - s * (1 / 1680 - s * (1 / 1188 - s * 691 / 360360))))
    ) / z


@njit
def _gamma_series(a, x):
    """Return P(a, x) / (x^a e^-x / Gamma(a))."""
    term = total = 1 / a
    for n in range(1, _MAX_TERMS):
        term *= x / (a + n)  # DLMF 8.7.1
        total += term
        if term < total * _EPSILON:
            break
    return total


@njit
def _gamma_fraction(a, x):
    """Return Q(a, x) / (x^a e^-x / Gamma(a))."""
    b = x + 1 - a
    c, d = 1 / _TINY, 1 / b
    h = d
    for i in range(1, _MAX_TERMS):
        an = -i * (i - a)  # DLMF 8.9.2
        b += 2
        d = an * d + b
        d = 1 / (d if abs(d) > _TINY else _TINY)
        c = b + an / c
        c = c if abs(c) > _TINY else _TINY
        h *= d * c
        if abs(d * c - 1) < 2 * _EPSILON:
            break
    return h


@njit
def log_f_sf(statistic: float, dof1: float, dof2: float) -> float:
    """Return ln P(X > statistic), X distributed as F on (dof1, dof2)."""
    if not statistic > 0:
        return statistic if np.isnan(statistic) else -0.0
    ratio = statistic * (dof1 / dof2)  # q / (1 - q) of the Beta
    return log_beta_sf(-math.log1p(1 / ratio), -math.log1p(ratio), dof1 / 2, dof2 / 2)


@njit
def log_beta_sf(log_q: float, log_1mq: float, a: float, b: float) -> float:
    """Return ln P(B > q), B distributed as Beta(a, b), given ln q and ln(1 - q)."""
    log_front = a * log_q + b * log_1mq - _log_beta(a, b)
    q, complement = math.exp(log_q), math.exp(log_1mq)
    if q < (a + 1) / (a + b + 2):  # about the mean of Beta(a, b), as for the gamma
        return math.log1p(-math.exp(log_front) * _beta_fraction(a, b, q) / a)
    return log_front + math.log(_beta_fraction(b, a, complement) / b)


@njit
def _log_beta(a, b):
    """Return ln B(a, b), exact to rounding also where a or b is in the hundred thousands."""
    if a < b:
        a, b = b, a
    if a < 10:
        return math.lgamma(a) + math.lgamma(b) - math.lgamma(a + b)
    # ln Gamma(a) - ln Gamma(a + b) by Stirling: their common part cancels on paper.
    difference = b - (a - 0.5) * math.log1p(b / a) - b * math.log(a + b)
    return math.lgamma(b) + difference + _stirling(a) - _stirling(a + b)


@njit
def _beta_fraction(a, b, x):
    """Return I_x(a, b) a B(a, b) / (x^a (1 - x)^b), for x below the mean of Beta(a, b)."""
    c = 1.0
    d = 1 - (a + b) * x / (a + 1)
    d = 1 / (d if abs(d) > _TINY else _TINY)
    h = d
    for m in range(1, _MAX_TERMS):
        for odd in (False, True):
            if odd:
                term = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
            else:
                term = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))  # DLMF 8.17.22
            d = 1 + term * d
            d = 1 / (d if abs(d) > _TINY else _TINY)
            c = 1 + term / c
            c = c if abs(c) > _TINY else _TINY
            h *= d * c
        if abs(d * c - 1) < 2 * _EPSILON:
            break
    return h
