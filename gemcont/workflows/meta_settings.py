"""What a meta-analysis can be told, and what its cohorts are called."""

import os
from dataclasses import dataclass

from gemcont.errors import GemcontError
from gemcont.genotype.chromosomes import HUMAN_AUTOSOMES
from gemcont.stats.harmonise import MODES
from gemcont.tables.headings import refuse_columns
from gemcont.workflows.setting_types import refuse_wrong_types


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
        refuse_columns(self.columns)
        for flag, value, known in (
            ("--scheme", self.scheme, ("stderr", "samplesize")),
            ("--match", self.match, ("key", "id")),
            ("--palindromic", self.palindromic, MODES),
        ):
            if value not in known:
                raise GemcontError(f"{flag}: {value!r} is not one of {', '.join(known)}")
        if not 0 < self.ambiguous <= 0.5:
            raise GemcontError(f"--ambiguous: {self.ambiguous:g} is not above 0 and up to 0.5")
        if self.random_effects and self.scheme == "samplesize":
            raise GemcontError("--random-effects needs --scheme stderr: z scores have no variance")


def cohort_names(sumstats, names):
    """Names of the cohorts: as given, else of their files."""
    if not sumstats:
        raise GemcontError("--sumstats: no cohort is given")
    paths = [os.path.realpath(s) for s in sumstats if isinstance(s, (str, os.PathLike))]
    for path in paths:
        if paths.count(path) > 1 and os.path.isfile(path):
            raise GemcontError(f"--sumstats: {path} stands twice")
        if not os.path.exists(path):
            raise GemcontError(f"{path}: no such file")
    if isinstance(names, str):
        raise GemcontError(f"--names: {names!r} is one name, not a list of them")
    if names is None:
        names = [
            os.path.basename(os.fspath(s)).split(".")[0]
            if isinstance(s, (str, os.PathLike))
            else f"cohort{i + 1}"
            for i, s in enumerate(sumstats)
        ]
        names = names if len(set(names)) == len(names) else [str(s) for s in sumstats]
    if len(names) != len(sumstats):
        raise GemcontError(f"--names: {len(names)} names for {len(sumstats)} files")
    strange = next((n for n in names if not n or not str(n).isprintable()), None)
    if strange is not None:
        raise GemcontError(f"--names: {strange!r} is no name for a table")
    if len(set(names)) < len(names):
        raise GemcontError("--names: two cohorts have the same name")
    return names
