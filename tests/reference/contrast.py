"""Contrastive losses, pair by pair in Python's floats: slow, and hard to get wrong."""

import math


def dot(x, y):
    return sum(a * b for a, b in zip(x, y, strict=True))


def one_way(a, b, scale, same, with_pair):
    """Mean over rows of -s_jj + log sum over the allowed k of exp(s_jk)."""
    total = 0.0
    for j, row in enumerate(a):
        scores = [scale * dot(row, other) for other in b]
        allowed = [s for k, s in enumerate(scores) if (with_pair if k == j else not same[j][k])]
        if allowed:
            total += math.log(sum(math.exp(s) for s in allowed)) - scores[j]
    return total / len(a)


def contrastive(a, b, scale, same, with_pair):
    """Both directions, with the pair in its denominator (CLIP) or without (GEMCONT, eq. 2)."""
    turned = [list(column) for column in zip(*same, strict=True)]
    first = one_way(a, b, scale, same, with_pair)
    return (first + one_way(b, a, scale, turned, with_pair)) / 2


def nt_xent(a, b, temperature):
    """2 B anchors; each one's other view against all views but itself."""
    views = [*a, *b]
    n, total = len(a), 0.0
    for i, anchor in enumerate(views):
        scores = [dot(anchor, other) / temperature for other in views]
        others = sum(math.exp(s) for k, s in enumerate(scores) if k != i)
        total += math.log(others) - scores[(i + n) % (2 * n)]
    return total / (2 * n)
