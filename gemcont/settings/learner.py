"""Flags that the learner's commands share."""

import os
from dataclasses import dataclass

from gemcont.errors import GemcontError
from gemcont.settings.flags import Settings, flag, flag_name
from gemcont.settings.shared import OUTPUT, MinFound, OptionalGenotypes, Species, Threads

INPUTS = "a simulated study, or images and genotypes"
DEVICES = ("cpu", "cuda", "mps")


@dataclass(frozen=True, kw_only=True)
class Covariates(Settings):
    """Table of covariates, and which columns of it."""

    covar: str | None = flag(
        None,
        "genetic components, array, centre, ...: FID IID columns",
        group=INPUTS,
        metavar="FILE",
    )
    covar_names: list | None = flag(
        None,
        "its columns to use (default: all)",
        names=("--covar-name",),
        group=INPUTS,
        metavar="A,B",
    )


@dataclass(frozen=True, kw_only=True)
class LearnerInputs(Covariates, MinFound, OptionalGenotypes, Species):
    """A study's folder, or images, genotypes and panel one by one."""

    study: str | None = flag(
        None, "folder of gemcont-simulate: all below", group=INPUTS, metavar="DIR"
    )
    images: str | None = flag(
        None,
        ".npy, uint8 (images, H, W[, channels]), ids in NAME.ids.tsv; or .npz: images, iid",
        group=INPUTS,
        metavar="FILE",
    )
    layout: str | None = flag(
        None,
        "axes of --images, channels last or first (default: by the shape)",
        group=INPUTS,
        choices=("hw", "hwc", "chw"),
    )
    image_ids: str | None = flag(
        None, "table FID IID, a line per image", group=INPUTS, metavar="FILE"
    )
    panel: str | None = flag(
        None, "PREFIX.panel.tsv of gemcont-panel", group=INPUTS, metavar="FILE"
    )

    def __post_init__(self):
        super().__post_init__()
        if self.study is None and self.images is None:
            raise GemcontError("--study DIR or --images FILE is needed")
        alone = ("images", "image_ids", "layout", "bfile", "pfile", "bgen", "panel")
        for name in alone if self.study is not None else ():
            if getattr(self, name) is not None:
                flag_text = flag_name(type(self), name)
                raise GemcontError(f"{flag_text}: --study has its own; leave it out")

    @property
    def inputs(self) -> dict:
        """Fields of ``learn.Inputs``."""
        names = ("study", "images", "image_ids", "layout", "sample", "panel", "covar")
        return {
            **{name: getattr(self, name) for name in (*names, "covar_names", "min_found")},
            "genotypes": self.genotype_path,
        }


@dataclass(frozen=True, kw_only=True)
class Device(Threads):
    """Device and threads."""

    device: str = flag("cpu", "default: cpu", group=OUTPUT, choices=DEVICES)


@dataclass(frozen=True, kw_only=True)
class Folder(Settings):
    """The folder that a command writes; its log lies beside it, as FOLDER.KIND.log."""

    log_kind = ""

    out: str = flag(help="a folder of the command's own", group=OUTPUT, metavar="DIR")
    verbose: bool = flag(False, "more on the terminal", names=("-v", "--verbose"), group=OUTPUT)

    def __post_init__(self):
        super().__post_init__()
        if not os.path.basename(self.folder).strip("."):
            raise GemcontError(f"--out: {self.out!r} is no name for a folder")

    @property
    def folder(self) -> str:
        """Path of the folder."""
        return self.out.rstrip("/")

    @property
    def log_prefix(self) -> str:
        """Prefix of the log's name; of several processes each but the first has one of its own."""
        rank = os.environ.get("RANK", "0")
        stem = f"{self.folder}.{self.log_kind}"
        return stem if rank == "0" else f"{stem}.{rank}"
