"""EMNIST's files in every form that users have them; the choice of glyphs; rotation."""

import gzip

import numpy as np
import pytest
from conftest import BUNDLED
from scipy.io import savemat

from gemcont import GemcontError

pytest.importorskip("torch")

from gemcont.learn.simulation.glyphs import choose_stratified, read_glyphs, rotate

SAMPLE = BUNDLED / "emnist_sample.npz"
CHARS = np.frombuffer(b"09AZaz", dtype=np.uint8)
LABELS = np.array([0, 9, 10, 35, 36, 61], dtype=np.uint8)  # of CHARS in byclass


def drawn(count=6, seed=0):
    """Upright images uint8 (count, 28, 28) of noise."""
    return np.random.default_rng(seed).integers(256, size=(count, 28, 28), dtype=np.uint8)


def write_idx(path, array, magic, opener=gzip.open):
    head = np.array([magic, *array.shape], dtype=">u4").tobytes()
    with opener(path, "wb") as file:
        file.write(head + array.tobytes())


def write_pair(folder, images, labels, name="byclass", subset="train"):
    """EMNIST's two files of a set, images transposed as they are there; returns the images'."""
    stem = f"{folder}/emnist-{name}-{subset}"
    write_idx(f"{stem}-images-idx3-ubyte.gz", images.swapaxes(1, 2), 2051)
    write_idx(f"{stem}-labels-idx1-ubyte.gz", labels, 2049)
    return f"{stem}-images-idx3-ubyte.gz"


def write_mat(path, images, labels, **parts):
    flat = images.swapaxes(1, 2).reshape(len(images), 784)
    part = {"images": flat, "labels": labels[:, None], "writers": labels[:, None]}
    mapping = np.stack([LABELS, CHARS], axis=1)
    savemat(path, {"dataset": {"train": part, "test": part, "mapping": mapping} | parts})
    return path


def test_the_bundled_sample():
    glyphs = read_glyphs(SAMPLE)
    assert glyphs.images.shape == (10_000, 28, 28)
    assert glyphs.certain.all()
    assert len(np.unique(glyphs.char)) == 62
    assert glyphs.images[glyphs.char == ord("1")].mean(axis=0)[:, 12:16].mean() > 60  # upright


def test_idx_files_of_a_folder_or_by_name(tmp_path):
    train, test = drawn(), drawn(3, 1)
    path = write_pair(tmp_path, train, LABELS)
    write_pair(tmp_path, test, LABELS[:3], subset="test")
    write_pair(tmp_path, test, LABELS[:3], name="digits")
    for given in (tmp_path, path):
        glyphs = read_glyphs(given)
        np.testing.assert_array_equal(glyphs.images, np.concatenate([train, test]))
        np.testing.assert_array_equal(glyphs.char, np.concatenate([CHARS, CHARS[:3]]))
        assert glyphs.exact is None
        assert glyphs.certain.all()


def test_idx_files_unpacked_and_their_mapping(tmp_path):
    (tmp_path / "emnist-letters-mapping.txt").write_text("1 65 97\n2 66 98\n")
    stem = f"{tmp_path}/emnist-letters-test"
    write_idx(f"{stem}-images-idx3-ubyte", drawn(2).swapaxes(1, 2), 2051, open)
    write_idx(f"{stem}-labels-idx1-ubyte", np.array([2, 1], dtype=np.uint8), 2049, open)
    glyphs = read_glyphs(tmp_path)
    assert bytes(glyphs.char) == b"BA"
    np.testing.assert_array_equal(glyphs.images, drawn(2))


def test_mat(tmp_path):
    glyphs = read_glyphs(write_mat(tmp_path / "emnist-byclass.mat", drawn(), LABELS))
    np.testing.assert_array_equal(glyphs.images, np.concatenate([drawn(), drawn()]))
    np.testing.assert_array_equal(glyphs.char, np.concatenate([CHARS, CHARS]))


def test_formats_have_one_hash(tmp_path):
    path = write_pair(tmp_path, drawn(), LABELS)
    np.savez(tmp_path / "g.npz", images=drawn(), char=CHARS)
    assert read_glyphs(path).sha256() == read_glyphs(tmp_path / "g.npz").sha256()


def refused(path, *messages):
    with pytest.raises(GemcontError) as caught:
        read_glyphs(path)
    assert "\n" not in str(caught.value)
    for message in messages:
        assert message in str(caught.value)


def test_what_is_no_emnist(tmp_path):
    refused(tmp_path / "none.npz", "no such file")
    refused(tmp_path, "no emnist-...-images-idx3-ubyte")
    for name in ("a.npz", "a.mat", "emnist-byclass-train-images-idx3-ubyte.gz", "a.txt"):
        (tmp_path / name).write_bytes(b"something else")
    refused(tmp_path / "a.npz", "not an .npz, or damaged")
    refused(tmp_path / "a.mat", "a.mat: ")
    refused(tmp_path / "a.txt", "not a name that is known")
    refused(tmp_path, "labels (...-labels-idx1-ubyte) are not beside it")
    write_pair(tmp_path, drawn(2), LABELS[:2], name="balanced")
    refused(tmp_path / "emnist-balanced-train-images-idx3-ubyte.gz", "balanced-mapping.txt")


@pytest.mark.parametrize(
    ("arrays", "message"),
    [
        ({"images": drawn()}, "no array 'char'"),
        ({"images": drawn().astype(float), "char": CHARS}, "images must be uint8"),
        ({"images": drawn()[:, :20], "char": CHARS}, "(6, 20, 28), not (n, 28, 28)"),
        ({"images": drawn(), "char": CHARS[:3]}, "6 images, but char has (3,)"),
        ({"images": drawn(), "char": LABELS}, "label 9 is no ASCII code"),
        ({"images": drawn(), "char": CHARS, "exact": np.ones(2, bool)}, "exact has (2,)"),
    ],
)
def test_arrays_that_do_not_fit(tmp_path, arrays, message):
    np.savez(tmp_path / "a.npz", **arrays)
    refused(tmp_path / "a.npz", message)


def test_damaged_files(tmp_path):
    path = write_pair(tmp_path, drawn(), LABELS)
    write_idx(path, drawn(), 2049)
    refused(path, "not an idx file of images")
    write_pair(tmp_path, drawn(), LABELS[:4])
    refused(path, "4 labels for 6 images")
    write_pair(tmp_path, drawn(), LABELS + 1)
    refused(path, "label 62 has no character")
    whole = gzip.open(path).read()
    with gzip.open(path, "wb") as file:
        file.write(whole[:-9])
    refused(path, "cut short")
    with open(path, "r+b") as file:
        file.truncate(200)
    refused(path, "cannot be read")
    np.savez_compressed(tmp_path / "a.npz", images=drawn(), char=CHARS)
    (tmp_path / "a.npz").write_bytes((tmp_path / "a.npz").read_bytes()[:2000])
    refused(tmp_path / "a.npz", "damaged")
    savemat(tmp_path / "a.mat", {"other": 1})
    refused(tmp_path / "a.mat", "not EMNIST's .mat")


def test_choice_is_stratified():
    char = np.repeat(CHARS, [600, 300, 60, 30, 9, 1])
    pool = np.arange(len(char))
    chosen = choose_stratified(np.random.default_rng(0), char, pool, 500)
    assert len(np.unique(chosen)) == 500
    count = np.bincount(char[chosen], minlength=128)[CHARS]
    np.testing.assert_array_less(np.abs(count - np.array([300, 150, 30, 15, 4.5, 0.5])), 1)
    every = choose_stratified(np.random.default_rng(0), char, pool[::2], 500)
    np.testing.assert_array_equal(np.sort(every), pool[::2])


def test_rotation():
    images = drawn(5)
    np.testing.assert_array_equal(rotate(images, np.zeros(5)), images)
    for turns in (-1, 1, 2):
        expected = np.rot90(images, turns, axes=(1, 2))
        np.testing.assert_array_equal(rotate(images, np.full(5, 90.0 * turns)), expected)


def test_rotation_is_each_image_by_its_own_angle_counter_clockwise():
    bar = np.zeros((2, 28, 28), dtype=np.uint8)
    bar[:, 13:15, 4:24] = 200  # lies
    turned = rotate(bar, np.array([30.0, -30.0]))
    right = turned[:, :, 19:].astype(float).sum(axis=2)  # rises on the right
    heights = right @ np.arange(28) / right.sum(axis=1)
    assert heights[0] < 11
    assert heights[1] > 16
    assert turned.max() == 200
