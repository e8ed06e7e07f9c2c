"""Augmentation in plain torch: random numbers of a batch are drawn first, then applied at once.

Drawing for the whole batch and applying to some of its rows keeps several processes equal to one.
None rotates or flips: where an image's orientation carries the phenotype, those would teach the
encoder to throw it away.
"""

from collections.abc import Collection, Sequence
from typing import Protocol

import torch
from torch.nn import functional


def generator(*seeds: int) -> torch.Generator:
    """Return a torch.Generator whose state depends on all the seeds, in their order."""
    state = 0
    for seed in seeds:
        state = (state * 0x9E3779B97F4A7C15 + int(seed) + 0x632BE59BD9B4E019) % 2**63
        state ^= state >> 31
    return torch.Generator().manual_seed(state)


def _uniform(shape, low, high, g):
    return low + (high - low) * torch.rand(shape, generator=g)


class Step(Protocol):
    """One augmentation: its random numbers, and what they do to images."""

    def draw(self, n: int, g: torch.Generator) -> torch.Tensor:
        """Draw the random numbers of n images, (n, ...)."""

    def apply(self, images: torch.Tensor, drawn: torch.Tensor) -> torch.Tensor:
        """Return images (n, C, H, W), augmented by numbers drawn."""


class Erase:
    """Random erasing (Zhong et al. 2020): with probability 1/2, a rectangle of 2 to 33 % is 0."""

    @staticmethod
    def draw(n: int, g: torch.Generator) -> torch.Tensor:
        """Draw (n, 4): centre and half sizes, in shares of the image; half sizes 0 where none."""
        area, log_ratio = _uniform(n, 0.02, 0.33, g), _uniform(n, -1.2, 1.2, g)
        half = torch.stack([(area * log_ratio.exp()).sqrt(), (area / log_ratio.exp()).sqrt()], 1)
        half = (half / 2).clamp(max=0.5) * (torch.rand(n, 1, generator=g) < 0.5)
        centre = half + torch.rand(n, 2, generator=g) * (1 - 2 * half)
        return torch.cat([centre, half], 1)

    @staticmethod
    def apply(images: torch.Tensor, drawn: torch.Tensor) -> torch.Tensor:
        """Return images (n, C, H, W) with their rectangles erased."""
        inside = []  # along each axis, bool (n, size)
        for axis, size in enumerate(images.shape[2:]):
            centre = (torch.arange(size, device=images.device) + 0.5) / size
            inside.append((centre - drawn[:, axis, None]).abs() < drawn[:, 2 + axis, None])
        gone = inside[0][:, None, :, None] & inside[1][:, None, None, :]  # (n, 1, H, W)
        return images.masked_fill(gone, 0)


class Crop:
    """Resized crop: a part of 60 to 100 % of the area, of about the image's shape, made whole."""

    @staticmethod
    def draw(n: int, g: torch.Generator) -> torch.Tensor:
        """Draw (n, 4): scale and shift of both axes, in units of half an image."""
        area, ratio = _uniform(n, 0.6, 1.0, g), _uniform(n, -0.15, 0.15, g).exp()
        scale = torch.stack([(area * ratio).sqrt(), (area / ratio).sqrt()], 1).clamp(max=1)
        shift = (2 * torch.rand(n, 2, generator=g) - 1) * (1 - scale)
        return torch.cat([scale, shift], 1)

    @staticmethod
    def apply(images: torch.Tensor, drawn: torch.Tensor) -> torch.Tensor:
        """Return the crop of each image (n, C, H, W), bilinear."""
        theta = torch.zeros(len(images), 2, 3, device=images.device)
        theta[:, 0, 0], theta[:, 1, 1] = drawn[:, 0], drawn[:, 1]
        theta[:, :, 2] = drawn[:, 2:]
        grid = functional.affine_grid(
            theta, list(images.shape), align_corners=False
        )  # (n, H, W, 2)
        return functional.grid_sample(images, grid, padding_mode="border", align_corners=False)


class Blur:
    """Gaussian blur, with probability 1/2, of 0.1 to 2 pixels' standard deviation."""

    @staticmethod
    def draw(n: int, g: torch.Generator) -> torch.Tensor:
        """Draw (n, 1): standard deviation in pixels, 0 where none."""
        return _uniform((n, 1), 0.1, 2.0, g) * (torch.rand(n, 1, generator=g) < 0.5)

    @staticmethod
    def apply(images: torch.Tensor, drawn: torch.Tensor) -> torch.Tensor:
        """Return images (n, C, H, W) blurred, one kernel an image, along rows then columns."""
        n, channels = images.shape[:2]
        offset = torch.arange(-4, 5, device=images.device)
        kernel = torch.exp(-0.5 * (offset / drawn.clamp(min=1e-3)) ** 2)  # (n, 9)
        kernel = (kernel / kernel.sum(1, keepdim=True)).repeat_interleave(channels, 0)[:, None]
        flat = functional.pad(  # (1, n C, H + 8, W + 8): a group of channels an image
            images.reshape(1, n * channels, *images.shape[2:]), (4,) * 4, "replicate"
        )
        for shape in ((-1, 1, 1, 9), (-1, 1, 9, 1)):
            flat = functional.conv2d(flat, kernel.reshape(shape), groups=n * channels)
        return flat.reshape(images.shape)


class Jitter:
    """Brightness, contrast and, of colour images, saturation: each a factor from 0.6 to 1.4."""

    @staticmethod
    def draw(n: int, g: torch.Generator) -> torch.Tensor:
        """Draw (n, 3): the factors."""
        return _uniform((n, 3), 0.6, 1.4, g)

    @staticmethod
    def apply(images: torch.Tensor, drawn: torch.Tensor) -> torch.Tensor:
        """Return images (n, C, H, W) jittered, kept within [0, 1]."""
        brightness, contrast, saturation = (f[:, None, None, None] for f in drawn.T)
        images = brightness * images
        mean = images.mean(dim=(1, 2, 3), keepdim=True)  # (n, 1, 1, 1)
        images = mean + contrast * (images - mean)
        if images.shape[1] == 3:
            grey = images.mean(dim=1, keepdim=True)  # (n, 1, H, W)
            images = grey + saturation * (images - grey)
        return images.clamp(0, 1)


STEPS: dict[str, Step] = {"crop": Crop, "jitter": Jitter, "blur": Blur, "erase": Erase}


class Augmentation:
    """Some of ``STEPS``, in that table's order; none leaves images as they are."""

    def __init__(self, names: Collection[str]) -> None:
        """Choose steps by name."""
        self._steps = [step for name, step in STEPS.items() if name in names]

    def draw(self, n: int, g: torch.Generator) -> list[torch.Tensor]:
        """Draw the random numbers of n images, for ``apply``."""
        return [step.draw(n, g) for step in self._steps]

    def apply(self, images: torch.Tensor, drawn: Sequence[torch.Tensor]) -> torch.Tensor:
        """Return images (n, C, H, W), float32 in [0, 1], augmented."""
        for step, numbers in zip(self._steps, drawn, strict=True):
            images = step.apply(images, numbers.to(images.device))
        return images


def draw_corruption(
    shape: tuple[int, int], n_donors: int, rate: float, g: torch.Generator
) -> tuple[torch.Tensor, torch.Tensor]:
    """Draw SCARF's random numbers (Bahri et al. 2022): a bool mask and donor rows, of ``shape``."""
    mask = torch.rand(shape, generator=g) < rate
    return mask, torch.randint(n_donors, shape, generator=g)


def corrupt(
    genotypes: torch.Tensor, donors: torch.Tensor, drawn: Sequence[torch.Tensor]
) -> torch.Tensor:
    """Return genotypes (n, variants), those masked replaced by a donor's of the same variant.

    Args:
        genotypes: (n, variants), coded.
        donors: (people, variants) of the training people, whose marginals are drawn from.
        drawn: mask and donor rows, as ``draw_corruption``.
    """
    mask, rows = (numbers.to(genotypes.device) for numbers in drawn)
    return torch.where(mask, donors.gather(0, rows), genotypes)
