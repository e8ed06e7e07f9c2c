"""Settings of gemcont-meta."""

from dataclasses import dataclass

from gemcont.errors import GemcontError
from gemcont.settings.types import refuse_wrong_types

HUMAN_AUTOSOMES = 22
PALINDROMIC = ("infer", "keep", "drop")


@dataclass(frozen=True)
class MetaSettings:
    """What ``gemcont-meta`` can be told; names as of its flags.

    scheme: "stderr" (inverse variance) or "samplesize"; match: "key" (chromosome, position and
    alleles) or "id"; palindromic: "infer", "keep" or "drop", ambiguous within [ambiguous, 1 -
    ambiguous]; build: of each file or one for all, liftover: a chain file that lifts those whose
    build is not to_build (default: the first file's); columns: role -> column of the files,
    or "FILE:role" of one, FILE being its path, cohort or number from 1; trait: the one to read of
    files of several; se_from_p: standard errors that are missing follow from the effect and its p
    """

    scheme: str = "stderr"
    random_effects: bool = False
    genomic_control: bool = False
    match: str = "key"
    palindromic: str = "infer"
    ambiguous: float = 0.4
    max_eaf_diff: float | None = None
    build: list | None = None
    to_build: str | None = None
    liftover: str | None = None
    autosomes: int = HUMAN_AUTOSOMES
    columns: dict | None = None
    trait: str | None = None
    se_from_p: bool = False

    def __post_init__(self):
        refuse_wrong_types(self)
        for flag, value, known in (
            ("--scheme", self.scheme, ("stderr", "samplesize")),
            ("--match", self.match, ("key", "id")),
            ("--palindromic", self.palindromic, PALINDROMIC),
        ):
            if value not in known:
                raise GemcontError(f"{flag}: {value!r} is not one of {', '.join(known)}")
        if not 0 < self.ambiguous <= 0.5:
            raise GemcontError(f"--ambiguous: {self.ambiguous:g} is not above 0 and up to 0.5")
        if self.random_effects and self.scheme == "samplesize":
            raise GemcontError("--random-effects needs --scheme stderr: z scores have no variance")
