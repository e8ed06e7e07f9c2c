"""Losses of contrastive learning: plain functions of embeddings, in float32 whatever autocast does.

A batch is B people; ``a`` and ``b`` are the two sides of its pairs, (B, d). Across processes each
has the rows of its own people and the ``Gathered`` rows of all: the mean over processes of what
these functions return is the loss of the joint batch, gradients included.
"""

import functools
import math

import torch
from torch.nn import functional

INITIAL_SCALE, LARGEST_SCALE = 1 / 0.07, 100.0  # of CLIP (Radford et al. 2021)


def _full_precision(loss):
    """The loss outside of any autocast: products of embeddings keep their digits."""

    @functools.wraps(loss)
    def outside(a, *others, **named):
        with torch.autocast(a.device.type, enabled=False):
            return loss(a, *others, **named)

    return outside


@_full_precision
def decoupled(a, b, scale, *, all_a=None, all_b=None, first=0, same=None):
    """Eq. (2) of GEMCONT in both directions, the mean over the batch.

    For a pair j: -s_jj + log sum over k != j of exp(s_jk), s = scale * a b'. The denominator is
    without the pair itself, so values below 0 are normal; the chance level is log(B - 1).

    a, b: (B, d), unit rows or not; scale: 1 / temperature; all_a, all_b: (n, d) rows of every
    process, this one's from row ``first`` (None: a and b are all); same: bool (B, n), pairs that
    are no true negatives and leave the denominator.
    """
    return _both_ways(a, b, scale, all_a, all_b, first, same, with_pair=False)


@_full_precision
def clip(a, b, scale, *, all_a=None, all_b=None, first=0, same=None):
    """CLIP's loss: as ``decoupled``, the pair being in its own denominator; chance is log B."""
    return _both_ways(a, b, scale, all_a, all_b, first, same, with_pair=True)


def _both_ways(a, b, scale, all_a, all_b, first, same, *, with_pair):
    a, b = a.float(), b.float()
    all_a = a if all_a is None else all_a.float()
    all_b = b if all_b is None else all_b.float()
    pair = first + torch.arange(len(a), device=a.device)
    one_way = _direction(scale * a @ all_b.T, pair, same, with_pair)
    return (one_way + _direction(scale * b @ all_a.T, pair, same, with_pair)) / 2


def _direction(logits, pair, same, with_pair):
    """Mean of -positive + log sum exp of the row; rows without a negative add nothing."""
    positive = logits.gather(1, pair[:, None])[:, 0]
    out = torch.zeros_like(logits, dtype=torch.bool) if same is None else same.clone()
    out.scatter_(1, pair[:, None], not with_pair)
    logits = logits.masked_fill(out, -math.inf)
    some = ~out.all(dim=1)
    return (torch.logsumexp(logits[some], dim=1) - positive[some]).sum() / len(logits)


@_full_precision
def nt_xent(a, b, temperature=0.5, *, all_a=None, all_b=None, first=0, same=None):
    """NT-Xent of SimCLR (Chen et al. 2020): two views of B images, 2 B anchors, mean over them.

    Every anchor is to find its other view among the 2 n - 1 other views; chance is log(2 n - 1).
    a, b: (B, d) unit rows; the rest as ``decoupled``.
    """
    a, b = a.float(), b.float()
    all_a = a if all_a is None else all_a.float()
    all_b = b if all_b is None else all_b.float()
    n, own = len(all_a), first + torch.arange(len(a), device=a.device)
    out = torch.zeros(len(a), n, dtype=torch.bool, device=a.device) if same is None else same
    out = torch.cat([out, out], dim=1)
    total = 0.0
    for anchor, views, itself, other in (
        (a, (all_a, all_b), own, n + own),
        (b, (all_a, all_b), n + own, own),
    ):
        logits = anchor @ torch.cat(views).T / temperature
        gone = out.scatter(1, itself[:, None], True).scatter(1, other[:, None], False)
        total = total + functional.cross_entropy(logits.masked_fill(gone, -math.inf), other)
    return total / 2


def dosage(predicted, genotypes):
    """Mean squared error of the panel's dosages, (B, variants): no negatives, no temperature."""
    return functional.mse_loss(predicted.float(), genotypes.float())


def evidence_bound(reconstruction, images, mu, log_variance, weight=1.0):
    """Negative evidence lower bound of a VAE (Kingma and Welling 2014), mean over the batch.

    reconstruction: logits (B, C, H, W) of images in [0, 1], whose cross entropy is summed over
    pixels; mu, log_variance: (B, d) of the posterior; weight: of the Kullback-Leibler term.
    """
    error = functional.binary_cross_entropy_with_logits(
        reconstruction.float(), images.float(), reduction="none"
    ).sum(dim=(1, 2, 3))
    mu, log_variance = mu.float(), log_variance.float()
    divergence = -0.5 * (1 + log_variance - mu**2 - log_variance.exp()).sum(dim=1)
    return (error + weight * divergence).mean()
