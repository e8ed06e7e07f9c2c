"""What is taken as images, and how it is said what is not."""

import numpy as np
import pytest
import torch

from gemcont import GemcontError
from gemcont.genotype.align import SampleIds
from gemcont.learn.data.images import Images, batch_of, read_images
from gemcont.learn.data.pixels import checked_pixels

RNG = np.random.default_rng(0)


def drawn(*shape):
    return RNG.integers(0, 256, shape).astype(np.uint8)


@pytest.mark.parametrize("channels", [1, 3, 4])
def test_channels_first_and_last_are_the_same_images(tmp_path, channels):
    last = drawn(5, 8, 9, channels)
    first = np.ascontiguousarray(last.transpose(0, 3, 1, 2))
    ids = SampleIds("ids", None, list("abcde"))
    expected = torch.from_numpy(first[[4, 0]]).float() / 255
    np.save(tmp_path / "x.npy", first)
    (tmp_path / "x.ids.tsv").write_text("IID\na\nb\nc\nd\ne\n")
    np.savez(tmp_path / "x.npz", images=first, iid=ids.iid)
    for images in (
        Images(last, ids),
        Images(first, ids),
        Images(torch.from_numpy(first), ids),
        Images(list(first), ids),
        Images(np.ma.masked_array(first), ids),
        read_images(tmp_path / "x.npy"),
        read_images(tmp_path / "x.npz"),
    ):
        assert images.shape == (channels, 8, 9)
        torch.testing.assert_close(batch_of(images.pixels, np.array([4, 0])), expected)


def test_a_memory_map_stays_one(tmp_path):
    np.save(tmp_path / "x.npy", drawn(5, 3, 8, 9))
    pixels = checked_pixels(np.load(tmp_path / "x.npy", mmap_mode="r"), "x")
    assert isinstance(pixels, np.memmap)
    assert pixels.shape == (5, 8, 9, 3)


def test_what_the_layout_says_is_followed():
    assert checked_pixels(drawn(5, 12, 8, 9), "x", "chw").shape == (5, 8, 9, 12)
    assert checked_pixels(drawn(5, 8, 9, 12), "x", "hwc").shape == (5, 8, 9, 12)
    assert checked_pixels(drawn(5, 3, 8, 3), "x", "hwc").shape == (5, 3, 8, 3)
    assert checked_pixels(drawn(5, 3, 8, 3), "x", "chw").shape == (5, 8, 3, 3)
    assert checked_pixels(drawn(5, 8, 3), "x", "hw").shape == (5, 8, 3)


@pytest.mark.parametrize(
    ("shape", "layout", "message"),
    [
        ((5, 12, 8, 9), None, r"x: shape \(5, 12, 8, 9\) does not say .* --layout hwc or"),
        ((5, 8, 9, 2), None, "does not say which axis holds the channels"),
        ((5, 3, 8, 3), None, "does not say"),
        ((5, 1, 8, 4), None, "does not say"),
        ((5, 8, 3), None, "does not say .*: give --layout hw for"),
        ((5, 8, 9), "chw", r"--layout chw: x has shape \(5, 8, 9\)"),
        ((5, 3, 8, 9), "hw", "--layout hw: x has shape"),
        ((5, 8, 9), "nchw", "--layout nchw: x has"),
        ((5, 72), None, r"x: has shape \(5, 72\); images are \(images, H, W\)"),
        ((0, 8, 9), None, r"x: has shape \(0, 8, 9\)"),
        ((5, 8, 0), None, r"x: has shape \(5, 8, 0\)"),
        ((2, 5, 8, 9, 3), None, "x: has shape"),
    ],
)
def test_shapes_that_do_not_say_what_they_are(shape, layout, message):
    with pytest.raises(GemcontError, match=message) as caught:
        checked_pixels(drawn(*shape), "x", layout)
    assert "\n" not in str(caught.value)


def with_nan(values):
    values = values.astype(float)
    values[0, 0, 0] = np.nan
    return values


@pytest.mark.parametrize(
    ("pixels", "message"),
    [
        (drawn(5, 8, 9) / 255, r"x: holds float64 .* uint8, 0 to 255: numpy.rint\(255.0 \* im"),
        (drawn(5, 8, 9).astype(np.float32), r"holds float32 .*: numpy.rint\(images\)"),
        (with_nan(drawn(5, 8, 9)), r"give NaN a value, then numpy.rint\(images\)"),
        (np.full((5, 8, 9), np.nan), "every pixel is NaN"),
        (drawn(5, 8, 9) / 127.5 - 1, "scale them from -1 ... 1 to 0 ... 255"),
        (drawn(5, 8, 9).astype(np.uint16) * 257, "holds uint16 .* scale them from 0 ... 65535"),
        (drawn(5, 8, 9).astype(np.int64), r"holds int64 .*: numpy.rint\(images\)"),
        (drawn(5, 8, 9) > 9, r"holds bool .*: numpy.rint\(255.0"),
        (drawn(5, 8, 9).astype(complex), "holds complex128 .* save them by numpy.save"),
        (np.array(["a", "b"]), "holds <U1"),
        (np.float64(3), "holds float64"),
        (np.ma.masked_array(drawn(5, 8, 9), drawn(5, 8, 9) > 300), None),
        (np.ma.masked_less(drawn(5, 8, 9), 9), "pixels are masked; give them a value"),
        ([drawn(8, 9), drawn(7, 9)], "of different sizes"),
    ],
)
def test_values_that_are_no_pixels(pixels, message):
    if message is None:
        assert type(checked_pixels(pixels, "x")) is np.ndarray
        return
    with pytest.raises(GemcontError, match=message) as caught:
        checked_pixels(pixels, "x")
    assert "\n" not in str(caught.value)


def test_zero_to_one_cast_to_whole_numbers_is_suspected(caplog):
    checked_pixels((drawn(100, 8, 9) / 255).round().astype(np.uint8), "x")
    assert "x: no pixel of 64 images looked at is above 1 of 255" in caplog.text
    caplog.clear()
    checked_pixels(drawn(100, 8, 9), "x")
    assert not caplog.text
