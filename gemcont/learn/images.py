"""Images of people: uint8 arrays in .npy or .npz, never copied whole, and whose they are."""

import os
import zipfile
from dataclasses import dataclass

import numpy as np
import torch

from gemcont.errors import GemcontError
from gemcont.genotype.align import SampleIds
from gemcont.tables.phenotypes import read_sample_table


@dataclass(frozen=True)
class Images:
    """Images and the people they are of.

    pixels: uint8 (images, H, W) or (images, H, W, channels), a memory map where it came as .npy;
    ids: ``SampleIds``, one per image: a person may have several
    """

    pixels: np.ndarray
    ids: SampleIds

    @property
    def shape(self):
        """(channels, H, W) of every image."""
        return (self.pixels.shape[3] if self.pixels.ndim == 4 else 1, *self.pixels.shape[1:3])


def read_images(path, ids=None):
    """``Images`` of an .npy with a table of ids, or of an .npz that holds both.

    path: NAME.npy, uint8 (images, H, W) or (images, H, W, channels), its ids in NAME.ids.tsv (FID
    IID or IID, a line per image; a person with two images has two lines) or in the table ``ids``;
    or an .npz of ``images``, ``iid`` and, if there, ``fid``. Raises GemcontError for anything else.
    """
    path = os.fspath(path)
    try:
        if path.endswith(".npz"):
            return _read_npz(path, ids)
        pixels = np.load(path, mmap_mode="r", allow_pickle=False)
    except OSError as error:
        raise GemcontError(f"{path}: cannot be read ({error.strerror or error})") from None
    except (ValueError, EOFError, zipfile.BadZipFile):
        raise GemcontError(
            f"{path}: not a whole .npy or .npz of images; save uint8 with numpy.save"
        ) from None
    beside = f"{os.path.splitext(path)[0]}.ids.tsv" if ids is None else os.fspath(ids)
    if not os.path.exists(beside):
        raise GemcontError(f"{path}: has no ids; write {beside}, a table FID IID with a line each")
    return _checked(path, pixels, _ids_of(beside))


def _ids_of(path):
    table = read_sample_table(path)
    return SampleIds(path, table.fid, table.iid)


def _read_npz(path, ids):
    with np.load(path, allow_pickle=False) as file:
        if "images" not in file or (ids is None and "iid" not in file):
            raise GemcontError(
                f"{path}: holds {', '.join(file)}; images and iid are needed (or --image-ids)"
            )
        if ids is not None:
            found = _ids_of(os.fspath(ids))
        else:
            names = {name: [str(i) for i in file[name]] for name in ("fid", "iid") if name in file}
            found = SampleIds(path, names.get("fid"), names["iid"])
        return _checked(path, file["images"], found)


def _checked(path, pixels, ids):
    if pixels.dtype != np.uint8 or pixels.ndim not in (3, 4):
        raise GemcontError(
            f"{path}: holds {pixels.dtype} {pixels.shape}; it must be uint8 (images, H, W) or "
            "(images, H, W, channels)"
        )
    if len(ids.iid) != len(pixels):
        raise GemcontError(f"{ids.name}: names {len(ids.iid)} images, {path} has {len(pixels)}")
    return Images(pixels, ids)


def batch_of(pixels, rows, device="cpu"):
    """Some images as float32 (rows, channels, H, W) in [0, 1], on the device.

    rows: int64 array, in any order; a memory map is read in the order of the file.
    """
    order = np.argsort(rows, kind="stable")
    chosen = np.empty((len(rows), *pixels.shape[1:]), dtype=np.uint8)
    chosen[order] = pixels[rows[order]]
    images = torch.from_numpy(chosen).to(device)
    images = images[:, None] if images.ndim == 3 else images.permute(0, 3, 1, 2)
    return images.float().div_(255)
