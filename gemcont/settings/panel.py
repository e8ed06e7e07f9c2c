"""Settings of gemcont-panel."""

from dataclasses import dataclass

from gemcont.errors import GemcontError
from gemcont.settings.clump import refuse_bounds
from gemcont.settings.types import refuse_wrong_types


@dataclass(frozen=True)
class PanelSettings:
    """What ``gemcont-panel`` can be told beside ``MetaSettings``; names as of its flags.

    p: largest p of a variant of the panel; r2, kb, r2_type: of clumping; keep, remove: lists of
    samples whose linkage counts; memory: in MiB
    """

    p: float = 1e-5
    r2: float = 0.05
    kb: float = 5000.0
    r2_type: str = "phased"
    keep: object = None
    remove: object = None
    threads: int | None = None
    memory: int = 512

    def __post_init__(self):
        refuse_wrong_types(self)
        if not 0 < self.p <= 1:
            raise GemcontError(f"--p: {self.p:g} is not above 0 and up to 1")
        refuse_bounds(self.r2, self.kb)
