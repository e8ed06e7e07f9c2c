"""Images of people: uint8 arrays in .npy or .npz, never copied whole, and the person of each."""

import os
import zipfile
import zlib
from dataclasses import InitVar, dataclass
from typing import Any

import numpy as np
import torch

from gemcont.errors import GemcontError
from gemcont.genotype.align import SampleIds
from gemcont.genotype.lists import read_sample_list
from gemcont.learn.data.pixels import checked_pixels
from gemcont.tables.phenotypes import read_sample_table

_DAMAGED = (ValueError, EOFError, KeyError, zipfile.BadZipFile, zlib.error, NotImplementedError)


@dataclass(frozen=True)
class Images:
    """Images and the people they are of.

    Attributes:
        pixels: uint8 (images, H, W) or (images, H, W, channels), a memory map where it came as
            .npy; (images, channels, H, W) is turned into that.
        ids: ``SampleIds``, or what ``read_sample_list`` takes, one per image: a person may have
            several.
        name: name of the images, for messages.
        layout: as ``checked_pixels`` takes it.

    Raises GemcontError for pixels that are no images, and for ids that are more or fewer.
    """

    pixels: np.ndarray
    ids: SampleIds
    name: InitVar[str | None] = None
    layout: InitVar[str | None] = None

    def __post_init__(self, name, layout):
        name = name or "images"
        pixels = checked_pixels(self.pixels, name, layout)
        if not isinstance(self.ids, SampleIds):
            object.__setattr__(self, "ids", read_sample_list(self.ids, f"the ids of {name}"))
        if len(self.ids.iid) != len(pixels):
            raise GemcontError(
                f"{self.ids.name}: names {len(self.ids.iid)} images, {name} has {len(pixels)}"
            )
        object.__setattr__(self, "pixels", pixels)

    @property
    def shape(self) -> tuple[int, int, int]:
        """Shape (channels, H, W) of every image."""
        return (self.pixels.shape[3] if self.pixels.ndim == 4 else 1, *self.pixels.shape[1:3])


def read_images(
    path: str | os.PathLike,
    ids: str | os.PathLike | None = None,
    layout: str | None = None,
) -> Images:
    """Read an .npy with a table of ids, or an .npz that holds both.

    Args:
        path: NAME.npy, its ids in NAME.ids.tsv (FID IID or IID, a line per image; a person with
            two images has two lines) or in the table ``ids``; or an .npz of ``images``, ``iid``
            and, if there, ``fid``.
        ids: a table of ids.
        layout: as ``checked_pixels``.

    Raises:
        GemcontError: anything else.
    """
    path = os.fspath(path)
    opened = open_pixels(path)
    if isinstance(opened, np.ndarray):
        return Images(opened, _ids_beside(path, ids), name=path, layout=layout)
    with opened:
        names = opened.files
        if "images" not in names or (ids is None and "iid" not in names):
            raise GemcontError(
                f"{path}: holds {', '.join(names)}; images and iid are needed (or --image-ids)"
            )
        whose = _ids_inside(path, opened) if ids is None else _ids_of(os.fspath(ids))
        return Images(_member(path, opened, "images"), whose, name=path, layout=layout)


def open_pixels(path: str | os.PathLike) -> Any:
    """Open the array of an .npy as a memory map, or an .npz; GemcontError for neither."""
    try:
        return np.load(path, mmap_mode="r", allow_pickle=False)
    except OSError as error:
        raise GemcontError(f"{path}: cannot be read ({error.strerror or error})") from None
    except _DAMAGED:
        raise _no_images(path) from None


def _no_images(path):
    return GemcontError(f"{path}: not a whole .npy or .npz of images; save uint8 with numpy.save")


def _member(path, file, name):
    """Return an array of an .npz."""
    try:
        return file[name]
    except (*_DAMAGED, OSError):
        raise _no_images(path) from None


def _ids_beside(path, ids):
    ids_path = f"{os.path.splitext(path)[0]}.ids.tsv" if ids is None else os.fspath(ids)
    if not os.path.exists(ids_path):
        raise GemcontError(
            f"{path}: has no ids; write {ids_path}, a table FID IID with a line each"
        )
    return _ids_of(ids_path)


def _ids_of(path):
    table = read_sample_table(path)
    return SampleIds(path, table.fid, table.iid)


def _ids_inside(path, file):
    """Return the ``SampleIds`` of an .npz: its iid and, if there, fid."""
    inside = {name: _texts(path, file, name) for name in ("fid", "iid") if name in file.files}
    fid, iid = inside.get("fid"), inside["iid"]
    if fid is not None and len(fid) != len(iid):
        raise GemcontError(f"{path}: has {len(fid)} fid for {len(iid)} iid")
    return SampleIds(path, fid, iid)


def _texts(path, file, name):
    values = _member(path, file, name)
    if values.ndim != 1 or values.dtype.kind not in "USiu":
        raise GemcontError(
            f"{path}: {name} holds {values.dtype} {values.shape}; write ids as text or whole "
            "numbers, one per image"
        )
    try:
        return (
            np.char.decode(values, "utf-8").tolist()
            if values.dtype.kind == "S"
            else (values.astype(str).tolist())
        )
    except UnicodeDecodeError:
        raise GemcontError(f"{path}: {name} is not UTF-8 text") from None


def batch_of(pixels: np.ndarray, rows: np.ndarray, device: str = "cpu") -> torch.Tensor:
    """Return some images as float32 (rows, channels, H, W) in [0, 1], on the device.

    rows: int64 array, in any order; a memory map is read in the order of the file.
    """
    order = np.argsort(rows, kind="stable")
    chosen = np.empty((len(rows), *pixels.shape[1:]), dtype=np.uint8)
    chosen[order] = pixels[rows[order]]
    images = torch.from_numpy(chosen).to(device)
    images = images[:, None] if images.ndim == 3 else images.permute(0, 3, 1, 2)  # (n, C, H, W)
    return images.float().div_(255)
