"""Settings of gemcont-simulate."""

from dataclasses import dataclass

from gemcont.errors import GemcontError

_LEAST_EXTERNAL = 10  # people a GWAS can be made of
PANELS = ("causal", "external")


@dataclass(frozen=True)
class StudySettings:
    """What ``gemcont-simulate`` can be told; names as of its flags."""

    n_train: int = 100_000
    n_test: int = 100_000
    variants: int = 100
    h_g: float = 0.5
    alpha_max: float = 45.0
    seed: int = 0
    split: int = 0
    n_external: int = 100_000
    null_variants: int = 10_000
    panel: str = "causal"

    def __post_init__(self):
        least = {"n_external": _LEAST_EXTERNAL, "n_train": 1, "n_test": 1, "variants": 1}
        for name in "n_train n_test variants seed split n_external null_variants".split():
            if getattr(self, name) < least.get(name, 0):
                flag = f"--{name.replace('_', '-')}"
                raise GemcontError(f"{flag}: {getattr(self, name)} is below {least.get(name, 0)}")
        for name, high in (("h_g", 1), ("alpha_max", 180)):
            if not 0 <= getattr(self, name) <= high:
                flag = f"--{name.replace('_', '-')}"
                raise GemcontError(f"{flag}: {getattr(self, name):g} is not from 0 to {high}")
        if self.panel not in PANELS:
            raise GemcontError(f"--panel: {self.panel!r} is not one of {', '.join(PANELS)}")
