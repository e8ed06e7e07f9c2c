import math

import numpy as np
import pytest
import torch
from reference import contrast

from gemcont.learn.methods import losses


def sides(n=7, d=5, unit=True, seed=0):
    g = torch.Generator().manual_seed(seed)
    pair = [torch.randn(n, d, generator=g, dtype=torch.float64) for _ in range(2)]
    return [torch.nn.functional.normalize(x) if unit else x for x in pair]


def no_pairs(n):
    return torch.zeros(n, n, dtype=torch.bool)


def some_pairs(n):
    same = no_pairs(n)
    same[0, 3] = same[3, 0] = same[2, 5] = same[5, 2] = True
    return same


@pytest.mark.parametrize("unit", [True, False])
@pytest.mark.parametrize("masked", [False, True])
@pytest.mark.parametrize(("loss", "with_pair"), [(losses.decoupled, False), (losses.clip, True)])
def test_contrast_is_the_loop_over_pairs(loss, with_pair, masked, unit):
    a, b = sides(unit=unit)
    same = some_pairs(7) if masked else no_pairs(7)
    found = loss(a, b, 3.0, same=same if masked else None)
    expected = contrast.contrastive(a.tolist(), b.tolist(), 3.0, same.tolist(), with_pair)
    assert abs(float(found) - expected) < 1e-5


@pytest.mark.parametrize(("loss", "with_pair"), [(losses.decoupled, False), (losses.clip, True)])
def test_gradients_are_those_of_the_loop(loss, with_pair):
    a, b = (x.requires_grad_() for x in sides(n=4, d=3))
    scale = torch.tensor(4.0, requires_grad=True)
    same = no_pairs(4)
    loss(a, b, scale, same=same).backward()
    step = 1e-5

    def value(a, b, scale):
        return contrast.contrastive(a.tolist(), b.tolist(), scale, same.tolist(), with_pair)

    with torch.no_grad():
        for i, j in ((0, 0), (1, 2), (3, 1)):
            nudge = torch.zeros_like(a)
            nudge[i, j] = step
            slope = (value(a + nudge, b, 4.0) - value(a - nudge, b, 4.0)) / (2 * step)
            assert abs(slope - float(a.grad[i, j])) < 1e-4
            slope = (value(a, b + nudge, 4.0) - value(a, b - nudge, 4.0)) / (2 * step)
            assert abs(slope - float(b.grad[i, j])) < 1e-4
        slope = (value(a, b, 4.0 + step) - value(a, b, 4.0 - step)) / (2 * step)
    assert abs(slope - float(scale.grad)) < 1e-4


@pytest.mark.parametrize("loss", [losses.decoupled, losses.clip, losses.nt_xent])
def test_parts_of_a_batch_are_the_whole(loss):
    """Rows of each process, all rows gathered: the mean of the parts is the loss of the batch."""
    a, b = (x.requires_grad_() for x in sides(n=8))
    same = torch.zeros(8, 8, dtype=torch.bool)
    same[1, 6] = same[6, 1] = True
    scale = 0.5 if loss is losses.nt_xent else 3.0
    whole = loss(a, b, scale, same=same)
    gradients = torch.autograd.grad(whole, (a, b))
    parts = [
        loss(a[r], b[r], scale, all_a=a, all_b=b, first=r.start, same=same[r])
        for r in (slice(0, 4), slice(4, 8))
    ]
    together = sum(parts) / 2
    torch.testing.assert_close(together, whole)
    for found, expected in zip(torch.autograd.grad(together, (a, b)), gradients, strict=True):
        torch.testing.assert_close(found, expected)


def test_chance_levels():
    a = torch.zeros(256, 4)
    assert abs(float(losses.clip(a, a, 14.0)) - math.log(256)) < 1e-5
    assert abs(float(losses.decoupled(a, a, 14.0)) - math.log(255)) < 1e-5
    assert abs(float(losses.nt_xent(a, a)) - math.log(511)) < 1e-5


def test_a_row_without_negatives_adds_nothing_and_no_nan():
    a, b = (x.requires_grad_() for x in sides(n=3))
    same = torch.ones(3, 3, dtype=torch.bool)
    same[0, 1] = same[1, 0] = False
    loss = losses.decoupled(a, b, 5.0, same=same)
    loss.backward()
    assert torch.isfinite(loss)
    assert torch.isfinite(a.grad).all()


def test_nt_xent_is_the_loop_over_anchors():
    a, b = sides(n=6)
    expected = contrast.nt_xent(a.tolist(), b.tolist(), 0.3)
    assert abs(float(losses.nt_xent(a, b, 0.3)) - expected) < 1e-5


def test_losses_stay_in_float32_under_autocast():
    a, b = (x.float() for x in sides(n=64))
    with torch.autocast("cpu", torch.bfloat16):
        found = losses.decoupled(a.bfloat16(), b.bfloat16(), 10.0)
    assert found.dtype == torch.float32


def test_dosage_is_the_mean_squared_error():
    a, b = sides()
    assert abs(float(losses.dosage(a, b)) - np.mean((a - b).numpy() ** 2)) < 1e-6


def test_the_evidence_bound_sums_over_pixels():
    g = torch.Generator().manual_seed(1)
    logits, images = torch.randn(3, 1, 2, 2, generator=g), torch.rand(3, 1, 2, 2, generator=g)
    mu, log_variance = torch.randn(3, 2, generator=g), torch.randn(3, 2, generator=g)
    total = 0.0
    for n in range(3):
        for x, t in zip(logits[n].flatten().tolist(), images[n].flatten().tolist(), strict=True):
            p = 1 / (1 + math.exp(-x))
            total -= t * math.log(p) + (1 - t) * math.log(1 - p)
        for m, v in zip(mu[n].tolist(), log_variance[n].tolist(), strict=True):
            total += 0.25 * (m * m + math.exp(v) - 1 - v) * 2 * 0.3
    found = losses.evidence_bound(logits, images, mu, log_variance, 0.3)
    assert abs(float(found) - total / 3) < 1e-5
