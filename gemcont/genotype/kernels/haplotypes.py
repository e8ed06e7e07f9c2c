"""r2 of two variants from the sums of a pair: phased (maximum likelihood) and unphased."""

import math

from gemcont._numba import njit

_NO_LINKAGE = 2.0**-44  # PLINK's: a disequilibrium below it is rounding


@njit
def unphased_r2(sums: tuple) -> float:
    """Return the squared correlation of the dosages of two variants, NaN if one does not vary.

    sums: as ``pair_sums`` returns them.
    """
    covary, vary = _covariance(sums)
    return min(covary * covary / vary, 1.0) if vary > 0 else math.nan


@njit
def unphased_above(sums: tuple, bound: float) -> bool:
    """Return whether ``unphased_r2`` is above a bound (strictly)."""
    covary, vary = _covariance(sums)
    return vary > 0 and covary * covary > bound * vary


@njit
def _covariance(sums):
    """Return n^2 times the covariance of two dosages, n^4 times the product of their variances."""
    n, x, y, xx, yy, xy, _ = sums
    vary_x, vary_y = n * xx - x * x, n * yy - y * y
    return n * xy - x * y, vary_x * vary_y if vary_x > 0 and vary_y > 0 else 0.0


@njit
def phased_r2(sums: tuple) -> float:
    """Return the squared correlation of alleles on haplotypes, NaN if one variant does not vary.

    Double heterozygotes do not tell which alleles are on one haplotype, so the frequency of the
    haplotype with both effect alleles is the one of maximum likelihood under random mating (Hill
    1974), as in PLINK's --r2 and --clump. sums: as ``pair_sums`` returns them.
    """
    known, uncertain, p, q = _haplotypes(sums)
    spread = p * (1 - p) * q * (1 - q)
    if not spread > 0:
        return math.nan
    linkage = haplotype_frequency(known, uncertain, p, q) - p * q
    if abs(linkage) < _NO_LINKAGE:
        return 0.0
    return min(linkage * linkage / spread, 1.0)  # r2 = D^2 / (p (1 - p) q (1 - q))


@njit
def phased_above(sums: tuple, bound: float) -> bool:
    """Return whether ``phased_r2`` is above a bound (strictly), mostly without solving for it.

    If the likelihood has one maximum, its slope at the two frequencies that would give the bound
    tells on which side of them it lies.
    """
    known, uncertain, p, q = _haplotypes(sums)
    spread = p * (1 - p) * q * (1 - q)
    if not spread > 0:
        return False
    reach = max(math.sqrt(bound * spread), _NO_LINKAGE)  # |linkage| at the bound
    low, high = known, known + uncertain
    below, above = p * q - reach, p * q + reach  # frequencies that give it
    if low > above or high < below:  # no possible frequency is within the bound
        return True
    if low >= below and high <= above:  # every possible frequency is within it
        return False
    c2, c1, c0 = _coefficients(known, uncertain, p, q)
    lower, upper, _, _ = _maxima(c2, c1, c0, low, high)
    if lower and upper:
        return phased_r2(sums) > bound  # two maxima: the likelier counts
    if low < below and _cubic(c2, c1, c0, below) > 0:
        return True
    return above < high and _cubic(c2, c1, c0, above) < 0


@njit
def _haplotypes(sums):
    """Return (share of haplotypes known to carry both, share of double heterozygotes, p, q)."""
    n, x, y, _, _, xy, both = sums
    if n == 0:
        return 0.0, 0.0, 0.0, 0.0
    # Of 2 n haplotypes; a known pair is 2 in xy.
    return max((xy - both) / (4 * n), 0.0), both / (2 * n), x / (2 * n), y / (2 * n)


@njit
def haplotype_frequency(known: float, uncertain: float, p: float, q: float) -> float:
    """Return the maximum-likelihood frequency of the haplotype with both effect alleles.

    It lies between known and known + uncertain, where the likelihood's slope is a cubic of the
    opposite sign; if the cubic has two rising zeros, the likelier is taken.

    Args:
        known: share of haplotypes observed to be of that kind.
        uncertain: share of double heterozygotes (half of the haplotypes in them).
        p: effect allele frequency of the first variant.
        q: effect allele frequency of the second variant.
    """
    if uncertain <= 0:
        return known
    low, high = known, known + uncertain
    c2, c1, c0 = _coefficients(known, uncertain, p, q)
    lower, upper, top, bottom = _maxima(c2, c1, c0, low, high)
    if lower and upper:
        first = _rising_zero(c2, c1, c0, low, top)
        second = _rising_zero(c2, c1, c0, bottom, high)
        at_first = _log_likelihood(first, known, uncertain, p, q)
        at_second = _log_likelihood(second, known, uncertain, p, q)
        return first if at_first >= at_second else second
    return _rising_zero(c2, c1, c0, bottom if upper else low, top if lower else high)


@njit
def _coefficients(known, uncertain, p, q):
    """Return (c2, c1, c0) of the cubic 2 x^3 + c2 x^2 + c1 x + c0.

    It is the likelihood's slope with its sign changed.
    """
    b, s = 1 - 2 * p - 2 * q, 1 - p - q
    c2 = b - 2 * known - uncertain
    c1 = p * q - known * b - uncertain * s
    return c2, c1, -known * p * q


@njit
def _maxima(c2, c1, c0, low, high):
    """Return whether the likelihood has a maximum before the first and after the second turn.

    Then the two turning points of the cubic, kept within low and high.
    """
    discriminant = c2 * c2 - 6 * c1  # of the cubic's slope, 6 x^2 + 2 c2 x + c1, over 4
    if discriminant <= 0:
        return False, False, high, low
    turn = math.sqrt(discriminant)
    top, bottom = (-c2 - turn) / 6, (-c2 + turn) / 6
    if top <= low or bottom >= high:
        return False, False, high, low
    top, bottom = min(top, high), max(bottom, low)
    return _cubic(c2, c1, c0, top) > 0, _cubic(c2, c1, c0, bottom) < 0, top, bottom


@njit
def _cubic(c2, c1, c0, x):
    return ((2 * x + c2) * x + c1) * x + c0


@njit
def _rising_zero(c2, c1, c0, low, high):
    """Return the zero at which the cubic rises between low and high.

    Newton's method, with bisection if it leaves the interval. The cubic is taken as negative at low
    and positive at high.
    """
    x = 0.5 * (low + high)
    for _ in range(60):  # bisection alone needs 53
        value = _cubic(c2, c1, c0, x)
        if value < 0:
            low = x
        else:
            high = x
        slope = (6 * x + 2 * c2) * x + c1
        step = x - value / slope if slope > 0 else low
        following = step if low < step < high else 0.5 * (low + high)
        if abs(following - x) <= 1e-16:  # a frequency's last digit
            return following
        x = following
    return x


@njit
def _log_likelihood(x, known, uncertain, p, q):
    """Return the log-likelihood per haplotype of the frequency x.

    The other three haplotypes' frequencies and known shares follow from the margins.
    """
    total = _part(known, x) + _part(p - known - uncertain, p - x)
    total += _part(q - known - uncertain, q - x)
    total += _part(1 - p - q + known, 1 - p - q + x)
    return total + _part(uncertain, x * (1 - p - q + x) + (p - x) * (q - x))


@njit
def _part(share, frequency):
    if share <= 0:
        return 0.0
    return share * math.log(frequency) if frequency > 0 else -math.inf
