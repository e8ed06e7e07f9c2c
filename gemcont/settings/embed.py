"""Flags of gemcont-embed."""

from dataclasses import dataclass

from gemcont.errors import GemcontError
from gemcont.settings.flags import flag
from gemcont.settings.learner import INPUTS, Device, LearnerInputs
from gemcont.settings.shared import OUTPUT, Output, listed


@dataclass(frozen=True, kw_only=True)
class EmbedCommand(Device, Output, LearnerInputs):
    """Every flag of gemcont-embed.

    Attributes:
        directions: number of canonical directions, or "auto"
    """

    model: str = flag(help="folder of gemcont-train", group=INPUTS, metavar="DIR")
    directions: object = flag(
        None,
        "also K canonical directions with the panel, fitted on the training people; or auto",
        group=OUTPUT,
        metavar="K",
        kind="count or auto",
    )
    include_training: bool = flag(
        False,
        "also the people seen, in PREFIX.seen.embed.tsv: never for a scan",
        group=OUTPUT,
    )
    tables: str = flag(
        "tsv",
        "of the tables (default: tsv)",
        names=("--format",),
        group=OUTPUT,
        choices=("tsv", "parquet"),
    )

    def __post_init__(self):
        super().__post_init__()
        if self.directions is not None and self.study is None and self.panel is None:
            raise GemcontError("--directions needs --panel and genotypes")

    @property
    def input_files(self) -> list:
        """Paths of every file that is read."""
        return listed(self.images, self.image_ids, self.panel, self.covar)
