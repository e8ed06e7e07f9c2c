"""Checks of an array of images: its type, its range, and its axis of channels."""

import logging
from typing import Any

import numpy as np

from gemcont.errors import GemcontError

log = logging.getLogger(__name__)

LAYOUTS = ("hw", "hwc", "chw")
_CHANNELS = (1, 3, 4)  # how many an axis may have to be taken for channels by its shape alone
_LOOKED_AT = 64  # images, spread over all, whose values are looked at
_SHAPES = "(images, H, W), (images, H, W, channels) or (images, channels, H, W)"


def checked_pixels(pixels: Any, name: str, layout: str | None = None) -> np.ndarray:
    """Return images as uint8 (images, H, W) or (images, H, W, channels), never copied.

    Warns of pixels that look like 0 to 1 cast to whole numbers.

    Args:
        pixels: uint8 array, memory map or tensor, in that layout or as (images, channels, H, W).
        name: what messages call it.
        layout: "hw", "hwc" or "chw", the axes behind the first; None where the shape says it: an
            axis of 1, 3 or 4 is one of channels, if there is but one.

    Raises:
        GemcontError: another type, masked pixels, or a layout that is unclear.
    """
    pixels = _unpacked(pixels, name)
    if pixels.dtype != np.uint8:
        raise GemcontError(
            f"{name}: holds {pixels.dtype} {pixels.shape}; images must be uint8, 0 to 255: "
            f"{_remedy(pixels)}"
        )
    if pixels.ndim not in (3, 4) or not pixels.size:
        raise GemcontError(f"{name}: has shape {pixels.shape}; images are {_SHAPES}")
    layout = layout or _layout_of(pixels.shape, name)
    if layout not in LAYOUTS or (layout == "hw") != (pixels.ndim == 3):
        raise GemcontError(
            f"--layout {layout}: {name} has shape {pixels.shape}; it is hw for 3 axes, hwc or chw "
            "for 4"
        )
    warn_of_range(pixels, name)
    return np.moveaxis(pixels, 1, -1) if layout == "chw" else pixels


def _unpacked(pixels, name):
    """Return the array itself: a tensor's, a list's, or that under a mask which hides nothing."""
    if hasattr(pixels, "detach"):
        pixels = pixels.detach().cpu().numpy()
    if isinstance(pixels, np.ma.MaskedArray):
        hidden = int(np.ma.getmaskarray(pixels).sum())
        if hidden:
            raise GemcontError(
                f"{name}: {hidden} pixels are masked; give them a value (images.filled(0)) or "
                "leave the images out"
            )
        pixels = pixels.data
    try:
        return np.asanyarray(pixels)
    except ValueError:
        raise GemcontError(f"{name}: the images are of different sizes; make them one") from None


def _remedy(pixels):
    """Say what to do with values of another type, by the range of some of them."""
    if pixels.dtype.kind not in "fiub" or pixels.ndim == 0 or not pixels.size:
        return "save them by numpy.save as such"
    some = spread(pixels).astype(np.float64)
    known = some[~np.isnan(some)]
    if not known.size:
        return "of those looked at every pixel is NaN"
    blank = "give NaN a value, then " if known.size < some.size else ""
    low, high = known.min(), known.max()
    if pixels.dtype.kind == "b" or (pixels.dtype.kind == "f" and 0 <= low and high <= 1):
        return f"{blank}numpy.rint(255.0 * images).astype(numpy.uint8)"
    if low < 0 or high > 255:
        return f"{blank}scale them from {low:g} ... {high:g} to 0 ... 255, round, and cast"
    return f"{blank}numpy.rint(images).astype(numpy.uint8)"


def spread(pixels: np.ndarray, most: int = _LOOKED_AT) -> np.ndarray:
    """Return at most so many of the images, spread over all of them."""
    return pixels[np.unique(np.linspace(0, len(pixels) - 1, most).astype(int))]


def _layout_of(shape, name):
    """Return the layout that a shape says, or GemcontError where it can be two, or none."""
    few = [size in _CHANNELS for size in shape[1:]]
    if len(shape) == 3 and not any(few):
        return "hw"
    if len(shape) == 4 and few[0] != few[2]:
        if few[0]:
            log.info("%s: shape %s is taken as (images, channels, H, W)", name, shape)
        return "chw" if few[0] else "hwc"
    flags = "--layout hw" if len(shape) == 3 else "--layout hwc or --layout chw"
    raise GemcontError(
        f"{name}: shape {shape} does not say which axis holds the channels (1, 3 or 4 of them are "
        f"known by their number): give {flags} for what it is of {_SHAPES}"
    )


def warn_of_range(pixels: np.ndarray, name: str) -> None:
    """Warn where no pixel of some uint8 images is above 1 of 255."""
    high = int(spread(pixels).max())
    if high <= 1:
        log.warning(
            "%s: no pixel of %d images looked at is above %d of 255: blank, or 0 to 1 cast to "
            "whole numbers? Multiply by 255 before they become uint8",
            name,
            min(len(pixels), _LOOKED_AT),
            high,
        )
