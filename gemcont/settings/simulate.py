"""Settings and flags of gemcont-simulate."""

from dataclasses import dataclass

from gemcont.settings.flags import Settings, flag
from gemcont.settings.learner import Folder
from gemcont.settings.shared import Threads

STUDY = "study"


@dataclass(frozen=True, kw_only=True)
class StudySettings(Settings):
    """Everything that decides a simulated study."""

    n_train: int = flag(
        100_000, "training people (default: 100000)", group=STUDY, metavar="N", low=1
    )
    n_test: int = flag(100_000, "test people (default: 100000)", group=STUDY, metavar="N", low=1)
    variants: int = flag(100, "causal variants (default: 100)", group=STUDY, metavar="S", low=1)
    null_variants: int = flag(
        10_000, "variants without effect (default: 10000)", group=STUDY, metavar="S", low=0
    )
    h_g: float = flag(
        0.5,
        "share of the variance of z that is genetic (default: 0.5)",
        group=STUDY,
        metavar="H",
        low=0,
        high=1,
    )
    alpha_max: float = flag(
        45.0,
        "largest rotation in degrees (default: 45)",
        group=STUDY,
        metavar="DEG",
        low=0,
        high=180,
    )
    n_external: int = flag(
        100_000,
        "people of the external scan (default: 100000)",
        group=STUDY,
        metavar="N",
        low=10,
    )
    seed: int = flag(0, "of effects and test people (default: 0)", group=STUDY, metavar="N", low=0)
    split: int = flag(0, "of training people (default: 0)", group=STUDY, metavar="N", low=0)
    panel: str = flag(
        "causal",
        "all causal variants (default), or those of p < 1e-5 in the external scan, clumped",
        group=STUDY,
        choices=("causal", "external"),
    )


@dataclass(frozen=True, kw_only=True)
class SimulateCommand(Threads, Folder, StudySettings):
    """Every flag of gemcont-simulate; a study in the folder is replaced."""

    log_kind = "simulate"

    images: str = flag(
        help="EMNIST: .npz (images, char, exact), .mat, a folder or file of ...-idx3-ubyte.gz",
        group=STUDY,
        metavar="FILE",
    )
