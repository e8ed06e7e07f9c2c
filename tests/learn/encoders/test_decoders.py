"""The decoders of the variational autoencoder."""

import pytest
import torch

from gemcont.learn.encoders.decoders import Decoder, MlpDecoder


@pytest.mark.parametrize("shape", [(1, 28, 28), (3, 250, 200), (1, 27, 31)])
def test_decoders_give_images_back(shape):
    for decoder in (Decoder(shape, 6), MlpDecoder(shape, 6)):
        assert decoder(torch.zeros(2, 6)).shape == (2, *shape)
