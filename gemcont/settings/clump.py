"""Settings of gemcont-clump."""

from dataclasses import dataclass

from gemcont.errors import GemcontError
from gemcont.settings.types import refuse_wrong_types


@dataclass(frozen=True)
class ClumpSettings:
    """What ``gemcont-clump`` can be told; names as of its flags.

    p1, p2: largest p of an index variant, and of a member that is listed; r2: of a member, to be
    above; kb: of a member's distance, to be below; r2_type: "phased" or "unphased"; keep, remove,
    extract, exclude: paths of lists; columns: role -> column of the reports; trait: the one to read
    of reports of several (None: the best p over them counts); memory: in MiB
    """

    p1: float = 1e-4
    p2: float = 1e-2
    r2: float = 0.5
    kb: float = 250.0
    r2_type: str = "phased"
    keep: object = None
    remove: object = None
    extract: object = None
    exclude: object = None
    chromosomes: str | None = None
    autosomes: int | None = None
    columns: dict | None = None
    trait: str | None = None
    threads: int | None = None
    memory: int = 512

    def __post_init__(self):
        refuse_wrong_types(self)
        for name, low, high in (("p1", 0, 1), ("p2", 0, 1)):
            if not low < getattr(self, name) <= high:
                raise GemcontError(f"--clump-{name}: must lie above {low} and up to {high}")
        refuse_bounds(self.r2, self.kb)


def refuse_bounds(r2, kb):
    """Raise GemcontError for an r2 or a distance that cannot be."""
    if not 0 <= r2 < 1:
        raise GemcontError(f"--clump-r2: {r2:g} is not from 0 to below 1")
    if not kb >= 0.001:
        raise GemcontError("--clump-kb: must be 0.001 or more")
