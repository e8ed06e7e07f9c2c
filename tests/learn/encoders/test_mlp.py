"""The fully connected encoder."""

import numpy as np
import torch

from gemcont.learn.encoders.mlp import Mlp


def test_it_is_three_products_with_the_negative_cut_off_between():
    torch.manual_seed(0)
    encoder = Mlp((3, 5, 4), 7)
    images = torch.rand(6, 3, 5, 4)
    layers = [(encoder[i].weight.detach().numpy(), encoder[i].bias.detach().numpy())
              for i in (1, 3, 5)]  # fmt: skip
    x = images.numpy().reshape(6, 60)
    for number, (weight, bias) in enumerate(layers):
        x = x @ weight.T + bias
        x = x if number == 2 else np.maximum(x, 0)
    np.testing.assert_allclose(encoder(images).detach().numpy(), x, rtol=1e-4, atol=1e-6)
    assert [weight.shape for weight, _ in layers] == [(512, 60), (256, 512), (7, 256)]


def test_all_pixels_count():
    torch.manual_seed(1)
    encoder = Mlp((1, 4, 4), 3)
    images = torch.rand(1, 1, 4, 4, requires_grad=True)
    encoder(images).sum().backward()
    assert (images.grad != 0).all()
