"""Settings and flags of gemcont-kinship."""

from dataclasses import dataclass

from gemcont.settings.flags import flag
from gemcont.settings.shared import (
    Genotypes,
    Grm,
    Output,
    Pictures,
    SampleLists,
    Species,
    Threads,
    VariantLists,
    listed,
)


@dataclass(frozen=True, kw_only=True)
class KinshipSettings(Threads, Grm, VariantLists, SampleLists, Species):
    """Everything that decides a GRM: keywords of ``run_kinship``."""

    loco: bool = flag(False, "also the GRM without each autosome: PREFIX.loco", group="relatives")


@dataclass(frozen=True, kw_only=True)
class KinshipCommand(Pictures, Output, KinshipSettings, Genotypes):
    """Every flag of gemcont-kinship."""

    @property
    def input_files(self) -> list:
        """Paths of every file that is read."""
        lists = listed(self.keep, self.remove, self.extract, self.exclude)
        return [*self.genotype_files, *lists]
