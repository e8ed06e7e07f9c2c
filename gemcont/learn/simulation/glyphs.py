"""Handwritten characters: EMNIST as users have it, a stratified choice of glyphs, rotation."""

import gzip
import hashlib
import os
import re
import zipfile
import zlib
from dataclasses import dataclass

import numpy as np

from gemcont.errors import GemcontError
from gemcont.learn import require_torch
from gemcont.learn.data.pixels import checked_pixels

SIZE = 28  # pixels of a side
_ALPHABET = "0123456789ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz"
_IDX = re.compile(r"emnist-(\w+)-(train|test)-(images-idx3|labels-idx1)-ubyte(\.gz)?")
_SUBSETS = ("train", "test")
_KNOWN = ("byclass", "digits", "mnist")  # sets whose labels are places in the alphabet
_MAGIC = {"images-idx3": 2051, "labels-idx1": 2049}
_FORMATS = "an .npz, emnist-byclass.mat, or EMNIST's ...-images-idx3-ubyte.gz"
_BATCH = 4096  # images rotated at a time


@dataclass(frozen=True)
class Glyphs:
    """Characters, upright and white on black.

    Attributes:
        images: uint8 (n, 28, 28).
        char: uint8 (n,), ASCII codes, 0 where unlabelled.
        exact: bool (n,), whether the letter's case is known; None where the file does not say.
    """

    images: np.ndarray
    char: np.ndarray
    exact: np.ndarray | None = None

    @property
    def certain(self) -> np.ndarray:
        """Certainty of the labels: bool (n,), True for a label whose case is known."""
        return self.char != 0 if self.exact is None else (self.char != 0) & self.exact

    def sha256(self) -> str:
        """Return a hash of images and labels, the same for every format they come in."""
        digest = hashlib.sha256(np.ascontiguousarray(self.images).data)
        digest.update(np.ascontiguousarray(self.char).data)
        return digest.hexdigest()


def read_glyphs(path: str | os.PathLike) -> Glyphs:
    """Read ``Glyphs`` of an .npz (images, char, exact), EMNIST's .mat, or its idx files.

    Of idx files ``path`` is the folder (byclass is taken where it holds several sets) or one file
    of images; the train and test files that are there are put together, labels beside them.
    Raises GemcontError for what is missing, damaged or something else.
    """
    path = os.fspath(path)
    if not os.path.exists(path):
        raise GemcontError(f"{path}: no such file")
    if os.path.isdir(path):
        return _read_folder(path)
    if path.endswith(".npz"):
        return _read_npz(path)
    if path.endswith(".mat"):
        return _read_mat(path)
    match = _IDX.fullmatch(os.path.basename(path))
    if match is None:
        raise GemcontError(f"{path}: not a name that is known; give {_FORMATS}")
    return _read_idx_set(os.path.dirname(path), match[1])


def _read_npz(path):
    try:
        with open(path, "rb") as raw, np.load(raw, allow_pickle=False) as file:
            arrays = {n: file[n] for n in ("images", "char", "exact") if n in file.files}
    except OSError as error:
        raise GemcontError(f"{path}: cannot be read ({error})") from None
    except (ValueError, EOFError, zipfile.BadZipFile, zlib.error, AttributeError, TypeError):
        raise GemcontError(f"{path}: not an .npz, or damaged; get the file again") from None
    missing = [name for name in ("images", "char") if name not in arrays]
    if missing:
        raise GemcontError(f"{path}: no array {missing[0]!r}; it needs images and char")
    return _checked(path, **arrays)


def _checked(path, images, char, exact=None):
    """Return ``Glyphs`` of arrays that are what they should be."""
    if images.shape[1:] != (SIZE, SIZE):
        raise GemcontError(f"{path}: images are of shape {images.shape}, not (n, 28, 28)")
    images = checked_pixels(images, path)
    for name, array in (("char", char), ("exact", exact)):
        if array is not None and array.shape != images.shape[:1]:
            raise GemcontError(f"{path}: {len(images)} images, but {name} has {array.shape}")
    known = np.isin(char, [0, *_ALPHABET.encode()])
    if not known.all():
        raise GemcontError(f"{path}: label {char[~known][0]} is no ASCII code of 0-9, A-Z or a-z")
    return Glyphs(images, char.astype(np.uint8), None if exact is None else exact.astype(bool))


def _read_mat(path):
    from scipy.io import loadmat
    from scipy.io.matlab import MatReadError

    try:
        data = loadmat(path, squeeze_me=True, struct_as_record=False)["dataset"]
        parts = [getattr(data, name) for name in _SUBSETS if hasattr(data, name)]
        images = np.concatenate([np.atleast_2d(part.images) for part in parts])
        labels = np.concatenate([np.atleast_1d(part.labels) for part in parts]).astype(np.int64)
        table = dict(np.atleast_2d(data.mapping)[:, :2].tolist())
        images = images.reshape(-1, SIZE, SIZE).swapaxes(1, 2)  # columns stand first
    except (MatReadError, NotImplementedError, zlib.error, OSError, EOFError) as error:
        raise GemcontError(f"{path}: cannot be read ({error}); get the file again") from None
    except (KeyError, ValueError, TypeError, AttributeError, IndexError):
        raise GemcontError(f"{path}: not EMNIST's .mat: no images, labels and mapping") from None
    return _checked(path, np.ascontiguousarray(images), _codes(path, labels, table))


def _read_folder(folder):
    matches = (_IDX.fullmatch(name) for name in os.listdir(folder))
    sets = sorted({match[1] for match in matches if match and match[3] == "images-idx3"})
    if "byclass" in sets:
        sets = ["byclass"]
    if len(sets) != 1:
        fault = f"several sets ({', '.join(sets)})" if sets else "no emnist-...-images-idx3-ubyte"
        raise GemcontError(f"{folder}: {fault}; give one file of images")
    return _read_idx_set(folder, sets[0])


def _read_idx_set(folder, name):
    """Read train and test of one of EMNIST's sets, those that are there."""
    table = _mapping(folder, name)
    images, char = [], []
    for subset in _SUBSETS:
        path = _present(folder, f"emnist-{name}-{subset}-images-idx3-ubyte")
        if path is None:
            continue
        labels = _present(folder, f"emnist-{name}-{subset}-labels-idx1-ubyte")
        if labels is None:
            raise GemcontError(f"{path}: its labels (...-labels-idx1-ubyte) are not beside it")
        images.append(_read_idx(path, "images-idx3").swapaxes(1, 2))  # EMNIST's are transposed
        char.append(_codes(labels, _read_idx(labels, "labels-idx1"), table))
        if len(images[-1]) != len(char[-1]):
            raise GemcontError(f"{labels}: {len(char[-1])} labels for {len(images[-1])} images")
    return _checked(path or labels, np.concatenate(images), np.concatenate(char))


def _present(folder, name):
    paths = (os.path.join(folder, name + suffix) for suffix in (".gz", ""))
    return next((path for path in paths if os.path.exists(path)), None)


def _read_idx(path, kind):
    """Return the array of an idx file: uint8 (n, 28, 28) or (n,)."""
    try:
        with (gzip.open if path.endswith(".gz") else open)(path, "rb") as file:
            data = np.frombuffer(file.read(), dtype=np.uint8)
    except (OSError, EOFError, zlib.error) as error:
        raise GemcontError(f"{path}: cannot be read ({error}); get the file again") from None
    words = 4 if kind == "images-idx3" else 2
    head = data[: 4 * words].view(">u4") if len(data) >= 4 * words else [0]
    if head[0] != _MAGIC[kind]:
        raise GemcontError(f"{path}: not an idx file of {kind.partition('-')[0]}")
    shape = tuple(int(n) for n in head[1:])
    if len(data) - 4 * words != np.prod(shape):
        raise GemcontError(f"{path}: {len(data) - 4 * words} bytes for {shape}; it is cut short")
    return data[4 * words :].reshape(shape)


def _mapping(folder, name):
    """Return {label: ASCII code} of a set: of the file beside it, else by the alphabet."""
    path = os.path.join(folder, f"emnist-{name}-mapping.txt")
    if os.path.exists(path):
        try:
            with open(path, encoding="ascii") as file:
                rows = [line.split()[:2] for line in file if line.strip()]
            return {int(label): int(code) for label, code in rows}
        except ValueError:
            raise GemcontError(f"{path}: not lines of a label and an ASCII code") from None
    if name not in _KNOWN:
        raise GemcontError(f"{path}: no such file; it says what the labels of {name} mean")
    return dict(enumerate(_ALPHABET.encode()))


def _codes(path, labels, table):
    """Return ASCII codes uint8 (n,) of labels (n,)."""
    codes = np.zeros(256, dtype=np.uint8)
    codes[list(table)] = list(table.values())
    unknown = ~np.isin(labels, list(table))
    if unknown.any():
        raise GemcontError(f"{path}: label {labels[unknown][0]} has no character")
    return codes[labels]


def choose_stratified(
    rng: np.random.Generator, char: np.ndarray, pool: np.ndarray, count: int
) -> np.ndarray:
    """Choose glyphs, each once, in random order; every character has its share of them.

    Args:
        rng: source of the random numbers.
        char: uint8 (n,), characters of all glyphs.
        pool: indices of the glyphs to choose from.
        count: number of glyphs; shares are to the nearest whole number.
    """
    pool = np.asarray(pool)
    codes, stratum = np.unique(char[pool], return_inverse=True)
    sizes = np.bincount(stratum, minlength=len(codes))
    share, rest = np.divmod(count * sizes, max(len(pool), 1))
    most = np.argsort(-rest, kind="stable")[: count - share.sum()]
    share[most] += 1
    chosen = [rng.permutation(pool[stratum == s])[:n] for s, n in enumerate(share)]
    return rng.permutation(np.concatenate(chosen)) if chosen else pool


def rotate(images: np.ndarray, angles: np.ndarray) -> np.ndarray:
    """Rotate images uint8 (n, 28, 28) about their centres by degrees (n,), counter-clockwise.

    Bilinear, black beyond the edges, rounded to uint8.
    """
    torch = require_torch()
    out = np.empty_like(images)
    for first in range(0, len(images), _BATCH):
        part = slice(first, first + _BATCH)
        radians = torch.from_numpy(np.deg2rad(np.asarray(angles[part], dtype=np.float64)))
        out[part] = _rotated(torch, torch.from_numpy(images[part]).float(), radians)
    return out


def _rotated(torch, images, radians):
    zero, cosine, sine = torch.zeros_like(radians), radians.cos(), radians.sin()
    rows = (cosine, -sine, zero, sine, cosine, zero)
    theta = torch.stack(rows, dim=1).reshape(-1, 2, 3).float()  # (n, 2, 3)
    sample = torch.nn.functional
    shape = (len(images), 1, *images.shape[1:])
    grid = sample.affine_grid(theta, shape, align_corners=False)  # (n, 28, 28, 2)
    turned = sample.grid_sample(images[:, None], grid, align_corners=False)[:, 0]  # (n, 28, 28)
    return turned.round().clamp(0, 255).to(torch.uint8).numpy()
