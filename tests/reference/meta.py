"""Meta-analysis of one variant, by the textbook."""

import math

import mpmath


def pool(beta, error, *, random=False):
    """(beta, SE, -log10 p, Q, dof, I2, tau2) of the cohorts that have a value."""
    pairs = [(b, s) for b, s in zip(beta, error, strict=True) if not math.isnan(b)]
    weight = [1 / s**2 for _, s in pairs]
    mean = sum(w * b for w, (b, _) in zip(weight, pairs, strict=True)) / sum(weight)
    q = sum(w * (b - mean) ** 2 for w, (b, _) in zip(weight, pairs, strict=True))
    dof = len(pairs) - 1
    i2 = max(100 * (q - dof) / q, 0) if q > 0 and dof else 0
    tau2 = 0.0
    if random and dof:
        tau2 = max((q - dof) / (sum(weight) - sum(w * w for w in weight) / sum(weight)), 0)
        weight = [1 / (s**2 + tau2) for _, s in pairs]
        mean = sum(w * b for w, (b, _) in zip(weight, pairs, strict=True)) / sum(weight)
    se = 1 / math.sqrt(sum(weight))
    p = mpmath.erfc(abs(mpmath.mpf(mean) / se) / mpmath.sqrt(2))
    return mean, se, float(-mpmath.log10(p)), q, dof, i2, tau2
