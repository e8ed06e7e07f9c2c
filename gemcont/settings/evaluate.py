"""Flags of gemcont-evaluate."""

from dataclasses import dataclass

from gemcont.settings.flags import flag
from gemcont.settings.learner import Covariates, Device
from gemcont.settings.shared import Output, listed

WHAT = "what is judged"


@dataclass(frozen=True, kw_only=True)
class EvaluateCommand(Device, Output, Covariates):
    """Every flag of gemcont-evaluate."""

    study: str = flag(help="of gemcont-simulate", group=WHAT, metavar="DIR")
    model: str = flag(help="of gemcont-train", group=WHAT, metavar="DIR")
    pcs: tuple = flag(
        (1, 4, 16, 64),
        "principal components that joint tests are made of (default: 1,4,16,64; 16 is always "
        "there): those that gemcont-gwas --pcs would test",
        group=WHAT,
        metavar="A,B",
        kind="counts",
    )

    @property
    def input_files(self) -> list:
        """Paths of every file that is read."""
        return listed(self.covar)
