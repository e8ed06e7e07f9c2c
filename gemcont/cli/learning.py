"""Flags that the learner's commands share."""

import os

from gemcont.cli.common import add_genotypes, add_min_found, comma_list, genotype_path
from gemcont.errors import GemcontError

DEVICES = ("cpu", "cuda", "mps")


def add_inputs(parser):
    """--study, or images, genotypes and panel one by one."""
    group = parser.add_argument_group("a simulated study, or images and genotypes")
    group.add_argument("--study", metavar="DIR", help="folder of gemcont-simulate: all below")
    group.add_argument(
        "--images",
        metavar="FILE",
        help=".npy, uint8 (images, H, W[, channels]), ids in NAME.ids.tsv; or .npz: images, iid",
    )
    group.add_argument(
        "--layout",
        choices=("hw", "hwc", "chw"),
        help="axes of --images, channels last or first (default: by the shape)",
    )
    group.add_argument("--image-ids", metavar="FILE", help="table FID IID, a line per image")
    add_genotypes(group, required=False)
    group.add_argument("--panel", metavar="FILE", help="PREFIX.panel.tsv of gemcont-panel")
    add_min_found(group)
    add_covariates(group)
    return group


def add_covariates(group):
    """--covar and --covar-name."""
    group.add_argument(
        "--covar", metavar="FILE", help="genetic components, array, centre, ...: FID IID columns"
    )
    group.add_argument("--covar-name", type=comma_list, metavar="A,B", help="columns (all)")


def add_device(group):
    """--device, --threads and --verbose."""
    group.add_argument("--device", choices=DEVICES, default="cpu", help="default: cpu")
    group.add_argument("--threads", type=int, metavar="N", help="default: all processors")
    group.add_argument("-v", "--verbose", action="store_true", help="more on the terminal")


def inputs_of(arguments):
    """The fields of ``Inputs`` that the flags fill."""
    return {
        "study": arguments.study,
        "images": arguments.images,
        "image_ids": arguments.image_ids,
        "layout": arguments.layout,
        "genotypes": genotype_path(arguments),
        "sample": arguments.sample,
        "panel": arguments.panel,
        "covar": arguments.covar,
        "covar_names": arguments.covar_name,
        "pheno": getattr(arguments, "pheno", None),
        "target": getattr(arguments, "target", None),
        "target_kind": getattr(arguments, "target_kind", None),
        "min_found": arguments.min_found,
    }


def check_inputs(arguments):
    """Refuse flags that do not go together, and a machine without torch or the device."""
    from gemcont.learn import require_torch

    alone = ("images", "image_ids", "layout", "bfile", "pfile", "bgen", "panel")
    given = [name for name in alone if getattr(arguments, name) is not None]
    if arguments.study is None and arguments.images is None:
        raise GemcontError("--study DIR or --images FILE is needed")
    if arguments.study is not None and given:
        raise GemcontError(f"--{given[0].replace('_', '-')}: --study has its own; leave it out")
    torch = require_torch()
    there = {"cuda": torch.cuda.is_available, "mps": torch.backends.mps.is_available}
    if arguments.device != "cpu" and not there[arguments.device]():
        raise GemcontError(f"--device: no {arguments.device} on this machine")
    if arguments.threads is not None:
        if arguments.threads < 1:
            raise GemcontError(f"--threads: {arguments.threads} is not from 1 up")
        torch.set_num_threads(arguments.threads)


def folder_of(arguments, kind):
    """The folder --out; ``arguments.out`` becomes the log's prefix, DIR.KIND beside it.

    Of several processes each but the first logs to a file of its own, DIR.KIND.RANK.log.
    """
    folder = arguments.out.rstrip("/")
    if not os.path.basename(folder).strip("."):
        raise GemcontError(f"--out: {arguments.out!r} is no name for a folder")
    rank = os.environ.get("RANK", "0")
    arguments.out = f"{folder}.{kind}" if rank == "0" else f"{folder}.{kind}.{rank}"
    return folder
