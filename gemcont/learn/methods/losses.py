"""Losses of contrastive learning: plain functions of embeddings, in float32 whatever autocast does.

A batch is B people; ``a`` and ``b`` are the two sides of its pairs, (B, d). Across processes each
has the rows of its own people and the gathered rows of all, (n, d): the mean over processes of
what these functions return is the loss of the joint batch, gradients included.
"""

import functools
import math
from typing import NamedTuple

import torch
from torch.nn import functional

INITIAL_SCALE, LARGEST_SCALE = 1 / 0.07, 100.0  # of CLIP (Radford et al. 2021)


class _Everyone(NamedTuple):
    """Rows of every process.

    Attributes:
        all_a: (n, d), or None where ``a`` is all there is.
        all_b: (n, d), or None where ``b`` is all there is.
        first: the row of this process's first person.
        same: bool (B, n), pairs that are no true negatives, or None.
    """

    all_a: torch.Tensor | None
    all_b: torch.Tensor | None
    first: int
    same: torch.Tensor | None


def _full_precision(loss):
    """Run a loss outside of any autocast: products of embeddings keep their digits."""

    @functools.wraps(loss)
    def _outside(a, *others, **named):
        with torch.autocast(a.device.type, enabled=False):
            return loss(a, *others, **named)

    return _outside


@_full_precision
def decoupled(
    a: torch.Tensor,
    b: torch.Tensor,
    scale: float | torch.Tensor,
    *,
    all_a: torch.Tensor | None = None,
    all_b: torch.Tensor | None = None,
    first: int = 0,
    same: torch.Tensor | None = None,
) -> torch.Tensor:
    """Return eq. (2) of GEMCONT in both directions, the mean over the batch.

    For a pair j: -s_jj + log sum over k != j of exp(s_jk), s = scale * a b'. The denominator is
    without the pair itself, so values below 0 are normal; the chance level is log(B - 1).

    Args:
        a: (B, d), unit rows or not.
        b: (B, d), the other side of the pairs.
        scale: 1 / temperature.
        all_a: (n, d) rows of every process; None where ``a`` is all.
        all_b: (n, d) rows of every process; None where ``b`` is all.
        first: the row of these where this process's begin.
        same: bool (B, n), pairs that are no true negatives and leave the denominator.
    """
    return _both_ways(a, b, scale, _Everyone(all_a, all_b, first, same), with_pair=False)


@_full_precision
def clip(
    a: torch.Tensor,
    b: torch.Tensor,
    scale: float | torch.Tensor,
    *,
    all_a: torch.Tensor | None = None,
    all_b: torch.Tensor | None = None,
    first: int = 0,
    same: torch.Tensor | None = None,
) -> torch.Tensor:
    """Return CLIP's loss: ``decoupled`` with the pair in its own denominator; chance is log B."""
    return _both_ways(a, b, scale, _Everyone(all_a, all_b, first, same), with_pair=True)


def _both_ways(a, b, scale, everyone, *, with_pair):
    """Return the mean of the losses from ``a`` to ``b`` and from ``b`` to ``a``."""
    a, b = a.float(), b.float()
    all_a = a if everyone.all_a is None else everyone.all_a.float()  # (n, d)
    all_b = b if everyone.all_b is None else everyone.all_b.float()  # (n, d)
    pair = everyone.first + torch.arange(len(a), device=a.device)  # (B,)
    one_way = _direction(scale * a @ all_b.T, pair, everyone.same, with_pair)
    return (one_way + _direction(scale * b @ all_a.T, pair, everyone.same, with_pair)) / 2


def _direction(logits, pair, same, with_pair):
    """Return the mean of -positive + log sum exp of the rows; rows without a negative add none.

    logits: (B, n); pair: int64 (B,), the column of each row's pair; same: bool (B, n) or None
    """
    positive = logits.gather(1, pair[:, None])[:, 0]  # (B,)
    out = torch.zeros_like(logits, dtype=torch.bool) if same is None else same.clone()  # (B, n)
    out.scatter_(1, pair[:, None], not with_pair)
    logits = logits.masked_fill(out, -math.inf)  # (B, n)
    some = ~out.all(dim=1)  # (B,)
    return (torch.logsumexp(logits[some], dim=1) - positive[some]).sum() / len(logits)


@_full_precision
def nt_xent(
    a: torch.Tensor,
    b: torch.Tensor,
    temperature: float = 0.5,
    *,
    all_a: torch.Tensor | None = None,
    all_b: torch.Tensor | None = None,
    first: int = 0,
    same: torch.Tensor | None = None,
) -> torch.Tensor:
    """Return NT-Xent of SimCLR (Chen et al. 2020): two views of B images, 2 B anchors, their mean.

    Every anchor is to find its other view among the 2 n - 1 other views; chance is log(2 n - 1).

    Args:
        a: (B, d) unit rows, one view of each image.
        b: (B, d) unit rows, the other view.
        temperature: what the products are divided by.
        all_a: as ``decoupled``.
        all_b: as ``decoupled``.
        first: as ``decoupled``.
        same: as ``decoupled``.
    """
    a, b = a.float(), b.float()
    all_a = a if all_a is None else all_a.float()  # (n, d)
    all_b = b if all_b is None else all_b.float()  # (n, d)
    n, own = len(all_a), first + torch.arange(len(a), device=a.device)  # own: (B,)
    out = torch.zeros(len(a), n, dtype=torch.bool, device=a.device) if same is None else same
    out = torch.cat([out, out], dim=1)  # (B, 2 n)
    ways = []
    for anchor, views, itself, other in (
        (a, (all_a, all_b), own, n + own),
        (b, (all_a, all_b), n + own, own),
    ):
        logits = anchor @ torch.cat(views).T / temperature  # (B, 2 n)
        gone = out.scatter(1, itself[:, None], True).scatter(1, other[:, None], False)  # (B, 2 n)
        ways.append(functional.cross_entropy(logits.masked_fill(gone, -math.inf), other))
    return (ways[0] + ways[1]) / 2


def dosage(predicted: torch.Tensor, genotypes: torch.Tensor) -> torch.Tensor:
    """Return the mean squared error of the panel's dosages, (B, variants): no negatives."""
    return functional.mse_loss(predicted.float(), genotypes.float())


def evidence_bound(
    reconstruction: torch.Tensor,
    images: torch.Tensor,
    mu: torch.Tensor,
    log_variance: torch.Tensor,
    weight: float = 1.0,
) -> torch.Tensor:
    """Return a VAE's negative evidence lower bound (Kingma and Welling 2014), the batch's mean.

    Args:
        reconstruction: logits (B, C, H, W) of the pixels.
        images: (B, C, H, W) in [0, 1]; the cross entropy is summed over pixels.
        mu: (B, d), mean of the posterior.
        log_variance: (B, d), its log variance.
        weight: weight of the Kullback-Leibler term.
    """
    error = functional.binary_cross_entropy_with_logits(
        reconstruction.float(), images.float(), reduction="none"
    ).sum(dim=(1, 2, 3))  # (B,)
    mu, log_variance = mu.float(), log_variance.float()
    divergence = -0.5 * (1 + log_variance - mu**2 - log_variance.exp()).sum(dim=1)  # (B,)
    return (error + weight * divergence).mean()
