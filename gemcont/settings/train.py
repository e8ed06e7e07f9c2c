"""Settings and flags of gemcont-train."""

import dataclasses
from dataclasses import dataclass

from gemcont.errors import GemcontError
from gemcont.settings.flags import Settings, flag, flag_name
from gemcont.settings.learner import INPUTS, Device, Folder, LearnerInputs
from gemcont.settings.shared import OUTPUT

PEOPLE, METHOD, TRAINING = "who is trained on", "method", "training"
METHODS = ("gemcont", "simclr", "vae", "supervised", "prs")
LOSSES = ("decoupled", "clip", "dosage")
STARTS = ("beta-spread", "beta-shared", "random")
AUGMENTATIONS = ("crop", "jitter", "blur", "erase")
LEAST_TEMPERATURE = 0.01  # of which the bound of the scale, 100, is the inverse
_WARMUP_EPOCHS, _WARMUP_SHARE = 10, 0.1


@dataclass(frozen=True, kw_only=True)
class MethodSettings(Settings):
    """Method, loss, encoder and embedding.

    Attributes:
        encoder: "cnn", "mlp" or "MODULE:CLASS"
        loss, start, normalise, mask_equal_genotypes: of the contrastive methods
        temperature: of the contrastive methods, None = learned
        width: width of the embedding, None = 64 for small images, 128 for others
        weights: the panel's column of effects
        residualise: whether what covariates explain is taken off the panel's dosages
    """

    method: str = flag(
        "gemcont", "what is trained (default: gemcont)", group=METHOD, choices=METHODS
    )
    loss: str = flag(
        "decoupled",
        "of gemcont: eq. (2) of the paper (default), CLIP's, or regression on the dosages",
        group=METHOD,
        choices=LOSSES,
    )
    start: str = flag(
        "beta-spread",
        "of the genotype projector: effects in random directions (default), or in all rows alike",
        group=METHOD,
        choices=STARTS,
    )
    weights: str = flag(
        "beta",
        "the panel's column of effects (default: beta)",
        group=METHOD,
        choices=("beta", "beta_shrunk"),
    )
    encoder: str = flag(
        "cnn",
        "cnn (default), mlp, or MODULE:CLASS, called as CLASS(shape, width)",
        group=METHOD,
        metavar="NAME",
    )
    width: int | None = flag(
        None, "of the embedding (64 up to 64 pixels)", group=METHOD, metavar="D", low=1
    )
    temperature: float | None = flag(
        None,
        "fixed (default: learned; simclr: 0.5)",
        group=METHOD,
        metavar="T",
        low=LEAST_TEMPERATURE,
    )
    normalise: bool = flag(
        True, "both sides keep their length", names=("--no-normalise",), group=METHOD
    )
    mask_equal_genotypes: bool = flag(False, "equal genotypes are no negatives", group=METHOD)
    residualise: bool = flag(
        True,
        "leave in the panel what --covar explains",
        names=("--no-residualise",),
        group=METHOD,
    )


@dataclass(frozen=True, kw_only=True)
class TrainingSettings(Settings):
    """Epochs, learning rate, augmentation and the like.

    Attributes:
        warmup_epochs: None = 10, at most a tenth of a shorter training
        corruption: share of the genotypes that SCARF replaces
        augment: names of augmentations
        patience: epochs without a better validation loss after which a supervised training stops
    """

    epochs: int = flag(
        150,
        "passes over the training images (default: 150)",
        group=TRAINING,
        metavar="N",
        low=1,
    )
    batch_size: int = flag(
        1024, "images in a step (default: 1024)", group=TRAINING, metavar="N", low=2
    )
    lr: float = flag(
        3e-4,
        "largest learning rate of AdamW (default: 3e-4)",
        group=TRAINING,
        metavar="RATE",
        above=0,
    )
    weight_decay: float = flag(1e-4, "of AdamW (default: 1e-4)", group=TRAINING, metavar="W", low=0)
    warmup_epochs: float | None = flag(
        None,
        "of rising learning rate (default: 10, at most a tenth of --epochs)",
        group=TRAINING,
        metavar="N",
        low=0,
    )
    corruption: float = flag(
        0.1,
        "share of genotypes replaced, SCARF (default: 0.1)",
        group=TRAINING,
        metavar="P",
        low=0,
        high=1,
    )
    validation_fraction: float = flag(
        0.05,
        "of the training people (default: 0.05)",
        group=TRAINING,
        metavar="F",
        low=0,
        high=0.5,
    )
    patience: int = flag(
        50,
        "epochs without a better validation loss, supervised (default: 50)",
        group=TRAINING,
        metavar="N",
        low=1,
    )
    seed: int = flag(0, "of everything random (default: 0)", group=TRAINING, metavar="N", low=0)
    augment: tuple = flag(
        ("erase",),
        "of crop, jitter, blur, erase; or none (default: erase)",
        group=TRAINING,
        metavar="A,B",
        kind="names or none",
    )
    precision: str = flag(
        "float32",
        "float32 (default); bf16 only where the processor has it",
        group=TRAINING,
        choices=("float32", "bf16"),
    )


@dataclass(frozen=True, kw_only=True)
class TrainSettings(TrainingSettings, MethodSettings):
    """Everything that decides a training; the paper's recipe (GEMCONT, section 3.4) as defaults.

    Attributes:
        device: "cpu", "cuda", "mps"
    """

    device: str = "cpu"

    def __post_init__(self):
        object.__setattr__(self, "augment", tuple(self.augment))
        super().__post_init__()
        for name in self.augment:
            if name not in AUGMENTATIONS:
                known = ", ".join(AUGMENTATIONS)
                raise GemcontError(f"--augment: {name!r} is not one of {known} (or none)")
        self._refuse_idle()
        if self.warmup > self.epochs:
            raise GemcontError(f"--warmup-epochs: more than the {self.epochs} of --epochs")

    def _refuse_idle(self):
        """Raise GemcontError for what has no meaning in the method that is asked for."""
        genetic = self.method in ("gemcont", "prs")
        contrast = genetic and self.loss != "dosage"
        defaults = {field.name: field.default for field in dataclasses.fields(self)}
        for name, used in (
            ("loss", self.method == "gemcont" or (genetic and self.loss == "clip")),
            ("start", self.method == "gemcont" and contrast),
            ("normalise", contrast),
            ("mask_equal_genotypes", contrast),
            ("temperature", contrast or self.method == "simclr"),
            ("corruption", contrast),
            ("patience", self.method == "supervised"),
        ):
            if not used and getattr(self, name) != defaults[name]:
                what = f"--method {self.method}" + (" --loss dosage" if genetic else "")
                raise GemcontError(
                    f"{flag_name(type(self), name)}: means nothing with {what}; leave it out"
                )

    @property
    def channels_last(self) -> bool:
        """True if channels are innermost: 1.1 times as fast in float32, 0.7 times in bf16."""
        return self.encoder != "mlp" and self.precision == "float32"

    @property
    def warmup(self) -> float:
        """Epochs over which the learning rate rises."""
        if self.warmup_epochs is not None:
            return self.warmup_epochs
        return min(_WARMUP_EPOCHS, _WARMUP_SHARE * self.epochs)


@dataclass(frozen=True, kw_only=True)
class Target(Settings):
    """The column that a supervised training learns."""

    pheno: str | None = flag(
        None, "table of the column that is learned", group=INPUTS, metavar="FILE"
    )
    target: str | None = flag(
        None, "that column, --method supervised", group=INPUTS, metavar="NAME"
    )
    target_kind: str | None = flag(
        None,
        "what it is (default: a class where it is 0 and 1, or 1 and 2 as PLINK's)",
        group=INPUTS,
        choices=("class", "number"),
    )


@dataclass(frozen=True, kw_only=True)
class TrainingPeople(Settings):
    """People used in training, and their relatives."""

    train_people: str | None = flag(
        None,
        "these: FID IID or IID per line",
        group=PEOPLE,
        metavar="FILE",
        exclusive="people",
    )
    train_fraction: float | None = flag(
        None,
        "this share, drawn by --seed (0.5); a study has its own split",
        group=PEOPLE,
        metavar="F",
        low=0,
        high=1,
        exclusive="people",
    )
    relatives: str | None = flag(
        None,
        "pairs ID1 ID2 KINSHIP: from 0.0442 up, or all without kinship, stay on one side",
        group=PEOPLE,
        metavar="FILE",
    )
    families: bool = flag(False, "people of one FID (but 0) stay on one side", group=PEOPLE)


@dataclass(frozen=True, kw_only=True)
class TrainCommand(Device, Folder, TrainSettings, TrainingPeople, Target, LearnerInputs):
    """Every flag of gemcont-train."""

    log_kind = "train"

    device: str = flag("cpu", "default: cpu", group=OUTPUT, choices=("cpu", "cuda", "mps"))
    resume: bool = flag(False, "go on after the last whole epoch", group=OUTPUT)

    def __post_init__(self):
        super().__post_init__()
        if self.study is not None and self.train_fraction is not None:
            raise GemcontError("--train-fraction: --study has its own split; leave it out")
        for name in ("target", "target_kind"):
            given = getattr(self, name) is not None and self.method != "supervised"
            self.refuse(given, name, "goes with --method supervised")
        if not self.residualise and self.covar is None:
            raise GemcontError("--no-residualise: there is no --covar to leave in")

    @property
    def inputs(self) -> dict:
        """Fields of ``learn.Inputs``."""
        target = {name: getattr(self, name) for name in ("pheno", "target", "target_kind")}
        return super().inputs | target

    @property
    def input_files(self) -> list:
        """Paths of every file that is read."""
        return []
