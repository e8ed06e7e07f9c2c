"""Linkage and clumping, the slow and obvious way."""

import math

import numpy as np


def unphased_r2(x, y):
    """Squared correlation over the samples in which both dosages are known, NaN if one is flat."""
    both = ~(np.isnan(x) | np.isnan(y))
    x, y = x[both], y[both]
    if len(x) == 0 or np.ptp(x) == 0 or np.ptp(y) == 0:
        return math.nan
    return np.corrcoef(x, y)[0, 1] ** 2


def phased_r2(x, y, weight=None):
    """r2 of the haplotypes of maximum likelihood, found on a grid and refined by EM."""
    weight = np.ones(len(x)) if weight is None else weight
    both = ~(np.isnan(x) | np.isnan(y))
    x, y, weight = x[both], y[both], weight[both]
    total = 2 * weight.sum()
    if total == 0:
        return math.nan
    p, q = weight @ x / total, weight @ y / total
    if min(p, q) <= 1e-12 or max(p, q) >= 1 - 1e-12:
        return math.nan
    known, uncertain = _known_haplotypes(x, y, weight)
    known, uncertain = known / total, uncertain / total
    candidates = np.linspace(known[0, 0], known[0, 0] + uncertain, 201)
    candidates = [_em(c, known, uncertain, p, q) for c in candidates]
    best = max(candidates, key=lambda f: _log_likelihood(f, known, uncertain, p, q))
    return (best - p * q) ** 2 / (p * (1 - p) * q * (1 - q))


def _known_haplotypes(x, y, weight):
    """Haplotype counts (with x's allele or not, with y's or not), and double heterozygotes."""
    counts, uncertain = np.zeros((2, 2)), 0.0
    for a, b, w in zip(x, y, weight, strict=True):
        if a == 1 and b == 1:
            uncertain += w
            continue
        for first, second in zip(_alleles(a), _alleles(b), strict=True):
            counts[1 - first, 1 - second] += w
    return counts, uncertain


def _alleles(genotype):
    return {0: (0, 0), 1: (1, 0), 2: (1, 1)}[int(genotype)]


def _em(f, known, uncertain, p, q):
    for _ in range(2000):
        coupled, apart = f * (1 - p - q + f), (p - f) * (q - f)
        share = coupled / (coupled + apart) if coupled + apart > 0 else 0.5
        following = known[0, 0] + uncertain * share
        if abs(following - f) < 1e-15:
            break
        f = following
    return f


def _log_likelihood(f, known, uncertain, p, q):
    frequency = np.array([[f, p - f], [q - f, 1 - p - q + f]])
    total = sum(
        k * math.log(max(v, 1e-300))
        for k, v in zip(known.ravel(), frequency.ravel(), strict=True)
        if k > 1e-14
    )
    if uncertain > 0:
        pair = frequency[0, 0] * frequency[1, 1] + frequency[0, 1] * frequency[1, 0]
        total += uncertain * math.log(max(pair, 1e-300))
    return total


def clump(chromosome, position, p, r2, *, p1, bound, kb):
    """Owner of every variant by the rules of PLINK, one variant after the other."""
    owner = [-1] * len(p)
    for i in sorted(range(len(p)), key=lambda i: (p[i], i)):
        if p[i] > p1 or owner[i] != -1:
            continue
        owner[i] = i
        for j in range(len(p)):
            near = chromosome[i] == chromosome[j] and abs(position[i] - position[j]) < 1000 * kb
            if owner[j] == -1 and near and r2(i, j) > bound:
                owner[j] = i
    return owner
