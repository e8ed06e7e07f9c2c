"""-log10 p of chi-squared, F, t, normal and beta statistics, by mpmath at 60 digits.

Scalars -> Python float, right from p = 1 - 1e-300 to p = 1e-100000 and beyond. Below the middle of
the distribution the lower tail is computed, and -log10 p is -log1p(-lower): nothing cancels.
"""

import math

import mpmath
from mpmath import mp

DIGITS = 60


def _number(x):
    """x as mpmath's, whatever kind of number it is; NumPy's integers it does not know."""
    return x if isinstance(x, mp.mpf) else mp.mpf(float(x))


def neg_log_10_chi2(x, dof):
    """-log10 of the upper tail of chi-squared on dof degrees of freedom."""
    if not 0 < x < math.inf:
        return _at_the_end(x)
    with mp.workdps(DIGITS):
        shape, half = _number(dof) / 2, _number(x) / 2
        if half < shape:
            return _from_lower(mpmath.gammainc(shape, 0, half, regularized=True))
        return _from_upper(mpmath.gammainc(shape, half, mp.inf, regularized=True))


def neg_log_10_f(f, dof1, dof2):
    """-log10 of the upper tail of F on (dof1, dof2): dof1 F / (dof1 F + dof2) is a beta."""
    if not 0 < f < math.inf:
        return _at_the_end(f)
    with mp.workdps(DIGITS):
        scaled = _number(dof1) * _number(f)
        y = scaled / (scaled + _number(dof2))
        x = _number(dof2) / (scaled + _number(dof2))  # 1 - y, without its cancellation
        return _beta_tail(y, x, _number(dof1) / 2, _number(dof2) / 2)


def neg_log_10_t(t, dof):
    """-log10 of the two-sided tail of Student's t: t squared is F on (1, dof)."""
    with mp.workdps(DIGITS):
        return neg_log_10_f(_number(t) ** 2, 1, dof)


def neg_log_10_normal(z):
    """-log10 of the two-sided tail of the standard normal."""
    z = abs(z)
    if not 0 < z < math.inf:
        return _at_the_end(z)
    with mp.workdps(DIGITS):
        scaled = _number(z) / mp.sqrt(2)
        return _from_lower(mp.erf(scaled)) if z < 0.6 else _from_upper(mp.erfc(scaled))


def neg_log_10_beta(q, a, b):
    """-log10 of the upper tail of Beta(a, b) at q; infinite from q = 1 on."""
    if not 0 < q < 1:
        return _at_the_end(math.inf if q >= 1 else q)
    with mp.workdps(DIGITS):
        return _beta_tail(_number(q), 1 - _number(q), _number(a), _number(b))


def _at_the_end(x):
    """At or below 0 p is 1, at infinity 0; NaN stays NaN."""
    return 0.0 if x <= 0 else float(x)


def _from_lower(lower):
    """-log10 p of a lower tail, 1 - p."""
    return float(-mp.log1p(-lower) / mp.log(10))


def _from_upper(upper):
    """-log10 p of an upper tail, p itself."""
    return float(-mp.log10(upper))


def _beta_tail(y, x, a, b):
    """-log10 of the upper tail of Beta(a, b) at y = 1 - x."""
    if x < (b + 1) / (a + b + 2):
        return _from_upper(_incomplete_beta(x, y, b, a))
    return _from_lower(_incomplete_beta(y, x, a, b))


def _incomplete_beta(x, y, a, b):
    """Regularised I_x(a, b), y = 1 - x, by the continued fraction DLMF 8.17.22 (Lentz's method).

    It converges fast for x < (a + 1) / (a + b + 2); the other side is I_y(b, a).
    (mpmath.betainc takes an upper tail as a difference, which cancels beyond 1e-60 or stalls.)
    """
    log_beta = mp.loggamma(a) + mp.loggamma(b) - mp.loggamma(a + b)
    front = mp.exp(a * mp.log(x) + b * mp.log(y) - log_beta) / a
    fraction, c, d = _number(1), _number(1), _number(0)
    for step in range(1, 1_000_000):
        m = step // 2
        if step % 2:
            term = -(a + m) * (a + b + m) * x / ((a + 2 * m) * (a + 2 * m + 1))
        else:
            term = m * (b - m) * x / ((a + 2 * m - 1) * (a + 2 * m))
        d = 1 / (1 + term * d)
        c = 1 + term / c
        fraction *= c * d
        if abs(c * d - 1) < mp.eps * 10:
            return front / fraction
    raise ArithmeticError("the continued fraction of the incomplete beta did not converge")
