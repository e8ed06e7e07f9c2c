"""Arrays of images, and the person of each."""

import numpy as np
import pandas as pd
import pytest
import torch

from gemcont import GemcontError
from gemcont.learn.data.images import Images, batch_of, read_images


@pytest.mark.parametrize("channels", [None, 3])
def test_batches_are_read_in_any_order(tmp_path, channels):
    shape = (9, 14, 15) if channels is None else (9, 14, 15, channels)
    pixels = np.random.default_rng(0).integers(0, 256, shape).astype(np.uint8)
    np.save(tmp_path / "x.npy", pixels)
    (tmp_path / "x.ids.tsv").write_text("IID\n" + "".join(f"s{i}\n" for i in range(9)))
    images = read_images(tmp_path / "x.npy")
    rows = np.array([7, 0, 8, 3])
    found = batch_of(images.pixels, rows)
    assert found.shape == (4, *images.shape)
    expected = torch.from_numpy(pixels[rows].astype(np.float32) / 255)
    expected = expected[:, None] if channels is None else expected.permute(0, 3, 1, 2)
    torch.testing.assert_close(found, expected)


def test_npz_holds_both(tmp_path):
    pixels = np.full((2, 9, 9), 7, dtype=np.uint8)
    np.savez_compressed(tmp_path / "x.npz", images=pixels, iid=["a", "b"], fid=["f", "f"])
    images = read_images(tmp_path / "x.npz")
    assert images.ids.fid == ["f", "f"]
    np.savez_compressed(tmp_path / "y.npz", pictures=pixels)
    with pytest.raises(GemcontError, match="holds pictures; images and iid are needed"):
        read_images(tmp_path / "y.npz")


@pytest.mark.parametrize(
    ("array", "ids", "message"),
    [
        (np.zeros((2, 9, 9), dtype=np.uint8), "IID\na\n", "names 1 images, .*x.npy has 2"),
        (np.zeros((2, 9, 9), dtype=np.uint8), None, "has no ids; write"),
        (None, "IID\na\n", "not a whole .npy"),
    ],
)
def test_images_that_cannot_be_read(tmp_path, array, ids, message):
    path = tmp_path / "x.npy"
    path.write_bytes(b"\x93NUMPY damaged") if array is None else np.save(path, array)
    if ids is not None:
        (tmp_path / "x.ids.tsv").write_text(ids)
    with pytest.raises(GemcontError, match=message):
        read_images(path)


IMAGES = np.full((2, 9, 9), 7, dtype=np.uint8)


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"pictures": IMAGES}, "holds pictures; images and iid are needed"),
        ({"images": IMAGES, "iid": [1.0, 2.0]}, "iid holds float64"),
        ({"images": IMAGES, "iid": [["a"], ["b"]]}, r"iid holds <U1 \(2, 1\)"),
        ({"images": IMAGES, "iid": ["a", "b"], "fid": ["f"]}, "has 1 fid for 2 iid"),
        ({"images": IMAGES, "iid": ["a"]}, "names 1 images"),
        ({"images": IMAGES, "iid": [b"a", b"\xff"]}, "iid is not UTF-8"),
        ({"images": np.array([None, {}]), "iid": ["a", "b"]}, "not a whole .npy or .npz"),
    ],
)
def test_npz_files_that_cannot_be_read(tmp_path, arrays, message):
    np.savez(tmp_path / "x.npz", **arrays)
    with pytest.raises(GemcontError, match=message):
        read_images(tmp_path / "x.npz")


def test_ids_of_an_npz_are_text_bytes_or_whole_numbers(tmp_path):
    for ids in (["1", "2"], [b"1", b"2"], [1, 2]):
        np.savez(tmp_path / "x.npz", images=IMAGES, iid=ids)
        assert read_images(tmp_path / "x.npz").ids.iid == ["1", "2"]


def test_ids_are_found_by_the_header(tmp_path):
    np.save(tmp_path / "x.npy", IMAGES)
    (tmp_path / "x.ids.tsv").write_text("eye\tIID\tFID\nleft\ta\tf\nright\ta\tf\n")
    images = read_images(tmp_path / "x.npy")
    assert (images.ids.fid, images.ids.iid) == (["f", "f"], ["a", "a"])


def test_ids_in_memory_are_a_list_pairs_or_a_table():
    frame = pd.DataFrame({"eye": ["l", "r"], "IID": ["a", "b"]})
    for ids in (["a", "b"], [("f", "a"), ("f", "b")], frame):
        assert Images(IMAGES, ids).ids.iid == ["a", "b"]
    with pytest.raises(GemcontError, match="the ids of images: names 3 images, images has 2"):
        Images(IMAGES, ["a", "b", "c"])
    with pytest.raises(GemcontError, match="the ids of eyes: must be a path or a sequence"):
        Images(IMAGES, 7, "eyes")
