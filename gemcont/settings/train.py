"""Everything that decides a training; names as of ``gemcont-train``'s flags."""

from dataclasses import dataclass

from gemcont.errors import GemcontError

METHODS = ("gemcont", "simclr", "vae", "supervised", "prs")
LOSSES = ("decoupled", "clip", "dosage")
STARTS = ("beta-spread", "beta-shared", "random")
AUGMENTATIONS = ("crop", "jitter", "blur", "erase")
PRECISIONS = ("float32", "bf16")
LEAST_TEMPERATURE = 0.01  # of which the bound of the scale, 100, is the inverse
_WARMUP_EPOCHS, _WARMUP_SHARE = 10, 0.1


@dataclass(frozen=True)
class TrainSettings:
    """The paper's recipe (GEMCONT, section 3.4) as defaults.

    encoder: "cnn", "mlp" or "MODULE:CLASS"; loss, start, temperature (None = learned), normalise,
    mask_equal_genotypes: of the contrastive methods; width: of the embedding, None = 64 for small
    images, 128 for others; warmup_epochs: None = 10, at most a tenth of a shorter training;
    corruption: share of the genotypes that SCARF replaces; augment: names of augmentations;
    validation_fraction: of the training people; patience: epochs without a better validation loss
    after which a supervised training stops; weights: the panel's column; residualise: whether what
    covariates explain is taken off the panel's dosages; device: "cpu", "cuda", "mps"
    """

    method: str = "gemcont"
    encoder: str = "cnn"
    loss: str = "decoupled"
    start: str = "beta-spread"
    width: int | None = None
    epochs: int = 150
    batch_size: int = 1024
    lr: float = 3e-4
    weight_decay: float = 1e-4
    warmup_epochs: float | None = None
    corruption: float = 0.1
    augment: tuple = ("erase",)
    temperature: float | None = None
    normalise: bool = True
    mask_equal_genotypes: bool = False
    validation_fraction: float = 0.05
    patience: int = 50
    weights: str = "beta"
    residualise: bool = True
    precision: str = "float32"
    device: str = "cpu"
    seed: int = 0

    def __post_init__(self):
        object.__setattr__(self, "augment", tuple(self.augment))
        for flag, value, known in (
            ("--method", self.method, METHODS),
            ("--loss", self.loss, LOSSES),
            ("--start", self.start, STARTS),
            ("--precision", self.precision, PRECISIONS),
        ):
            if value not in known:
                raise GemcontError(f"{flag}: {value!r} is not one of {', '.join(known)}")
        for name in self.augment:
            if name not in AUGMENTATIONS:
                known = ", ".join(AUGMENTATIONS)
                raise GemcontError(f"--augment: {name!r} is not one of {known} (or none)")

        self._refuse_idle()
        if self.temperature is not None and not self.temperature >= LEAST_TEMPERATURE:
            raise GemcontError(f"--temperature: {self.temperature} is not from 0.01 up")
        if self.warmup > self.epochs:
            raise GemcontError(f"--warmup-epochs: more than the {self.epochs} of --epochs")

    def _refuse_idle(self):
        """Raise GemcontError for what has no meaning in the method that is asked for."""
        genetic = self.method in ("gemcont", "prs")
        contrast = genetic and self.loss != "dosage"
        for name, used in (
            ("loss", self.method == "gemcont" or (genetic and self.loss == "clip")),
            ("start", self.method == "gemcont" and contrast),
            ("normalise", contrast),
            ("mask_equal_genotypes", contrast),
            ("temperature", contrast or self.method == "simclr"),
            ("corruption", contrast),
            ("patience", self.method == "supervised"),
        ):
            if not used and getattr(self, name) != type(self).__dataclass_fields__[name].default:
                flag = {"normalise": "no-normalise"}.get(name, name.replace("_", "-"))
                what = f"--method {self.method}" + (" --loss dosage" if genetic else "")
                raise GemcontError(f"--{flag}: means nothing with {what}; leave it out")

    @property
    def channels_last(self):
        """Whether channels are innermost: 1.1 times as fast in float32, 0.7 times in bf16."""
        return self.encoder != "mlp" and self.precision == "float32"

    @property
    def warmup(self):
        """Epochs over which the learning rate rises."""
        if self.warmup_epochs is not None:
            return self.warmup_epochs
        return min(_WARMUP_EPOCHS, _WARMUP_SHARE * self.epochs)
