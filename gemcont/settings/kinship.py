"""Settings of gemcont-kinship."""

from dataclasses import dataclass

from gemcont.settings.types import refuse_wrong_types


@dataclass(frozen=True)
class KinshipSettings:
    """What ``gemcont-kinship`` can be told; names as of its flags."""

    kinship_type: str = "centred"
    kinship_maf: float = 0.01
    keep: object = None
    remove: object = None
    extract: object = None
    exclude: object = None
    autosomes: int | None = None
    loco: bool = False
    threads: int | None = None

    def __post_init__(self):
        refuse_wrong_types(self)
