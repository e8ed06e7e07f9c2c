"""Everything that decides a scan's results, and how it is computed."""

import logging
from dataclasses import dataclass, fields

from gemcont.errors import GemcontError
from gemcont.settings.types import refuse_wrong_types

log = logging.getLogger(__name__)

DEFAULT_MEMORY = 512  # MiB for blocks in flight
DEFAULT_REFIT = 1e-4
CONDITIONAL = "conditional:"  # before a trait: its effect given the values of the others
TESTS = ("lrt", "f")
KINSHIP_TYPES = ("centred", "standardised")
TRAIT_SAMPLES = ("joint", "own")


@dataclass(frozen=True)
class GwasSettings:
    """What ``gemcont-gwas`` can be told; names as of its flags, None where nothing is asked for.

    keep, remove, extract, exclude, condition_list: paths of lists; allow_training_samples: keep
    people whom the model of the embeddings has seen; condition: ids; joint: None
    makes the joint test up to 200 traits; neg_log10_p_min: smallest -log10 p of a row that is
    written; top_k: how many rows of each trait, the strongest; dense: every t of every trait,
    instead of rows; save_products: whether g'MY and g'Mg are kept; autosomes: of the species
    (None: as the genotype file states them, else 22);
    memory: in MiB; block_size: in variants

    contrast: "any", "common", "any-vs-common", a trait, or "conditional:" and a trait
    kinship: "grm" to make it of the genotypes, a path, a DataFrame labelled by sample id, or an
    array over the genotypes' samples; kinship_rank: of the genetic covariance; loco: each
    chromosome on the kinship of the others; refit: p below which the covariances are re-estimated
    beside the variant; pred: path of REGENIE's list of predictions
    """

    trait_names: list | None = None
    covariate_names: list | None = None
    covar_formula: str | None = None
    keep: object = None
    remove: object = None
    mind: float | None = None
    extract: object = None
    exclude: object = None
    chromosomes: str | None = None
    from_bp: int | None = None
    to_bp: int | None = None
    autosomes: int | None = None
    geno: float | None = None
    maf: float | None = None
    mac: float | None = None
    hwe: float | None = None
    hwe_midp: bool = False
    info: float | None = None
    missing_codes: tuple = ()
    allow_training_samples: bool = False
    condition: list | None = None
    condition_list: object = None
    x_sex: bool = True
    rank_int: bool = False
    pcs: int | None = None
    test: str = "lrt"
    contrast: str = "any"
    kinship: object = None
    kinship_type: str = "centred"
    kinship_maf: float = 0.01
    kinship_rank: int | None = None
    reml: bool = False
    loco: bool = False
    refit: float | None = None
    pred: str | None = None
    joint: bool | None = None
    each_trait: bool = False
    each_trait_samples: str = "joint"
    effects: bool = False
    neg_log10_p_min: float | None = None
    top_k: int | None = None
    dense: bool = False
    save_products: bool = False
    threads: int | None = None
    memory: int = DEFAULT_MEMORY
    block_size: int | None = None

    @classmethod
    def of(cls, settings):
        """The settings of a dict; TypeError for a name that is none, with those that are."""
        known = [field.name for field in fields(cls)]
        for name in settings:
            if name not in known:
                raise TypeError(f"{name}: no such setting; there are {', '.join(known)}")
        return cls(**settings)

    def __post_init__(self):
        refuse_wrong_types(self)
        for name in ("trait_names", "covariate_names", "condition"):
            if isinstance(getattr(self, name), str):  # one name is a list of one
                object.__setattr__(self, name, [getattr(self, name)])
        if self.chromosomes is not None:
            object.__setattr__(self, "chromosomes", str(self.chromosomes))
        for flag, value, known in (
            ("--test", self.test, TESTS),
            ("--each-trait-samples", self.each_trait_samples, TRAIT_SAMPLES),
            ("--kinship-type", self.kinship_type, KINSHIP_TYPES),
        ):
            if value not in known:
                raise GemcontError(f"{flag}: {value!r} is not one of {', '.join(known)}")
        for flag, value, low, high in (
            ("--maf", self.maf, 0, 0.5),
            ("--mac", self.mac, 0, None),
            ("--geno", self.geno, 0, 1),
            ("--mind", self.mind, 0, 1),
            ("--hwe", self.hwe, 0, 1),
            ("--info", self.info, 0, 1),
            ("--pcs", self.pcs, 1, None),
            ("--top-k", self.top_k, 1, None),
            ("--kinship-maf", self.kinship_maf, 0, 0.5),
            ("--kinship-rank", self.kinship_rank, 1, None),
            ("--refit", self.refit, 0, 1),
            ("--threads", self.threads, 1, None),
            ("--memory", self.memory, 16, None),
            ("--block-size", self.block_size, 1, None),
        ):
            if value is not None and not (value >= low and (high is None or value <= high)):
                bounds = f"from {low}" + (" up" if high is None else f" to {high}")
                raise GemcontError(f"{flag}: {value} is not {bounds}")
        for flag, given in (("--dense", self.dense), ("--save-products", self.save_products)):
            if given and self.each_trait_samples == "own":
                raise GemcontError(
                    f"{flag} excludes --each-trait-samples own: a store has one set of people"
                )
        if self.dense and (self.top_k is not None or self.neg_log10_p_min is not None):
            raise GemcontError("--dense keeps every t: leave --p-max and --top-k out")
        if self.effects and self.joint is False:
            raise GemcontError("--effects are those of the joint test; leave --each-trait-only out")

        self._check_kinship()

    def _check_kinship(self):
        """What goes with relatives, and what does not."""
        related = self.kinship is not None
        for flag, given in (
            ("--kinship-rank", self.kinship_rank is not None),
            ("--reml", self.reml),
            ("--loco", self.loco),
            ("--refit", self.refit is not None),
        ):
            if given and not related:
                raise GemcontError(f"{flag} goes with --kinship")
        for flag, given in (
            ("--pred", self.pred is not None),
            ("--save-products", self.save_products),
            ("--each-trait-samples own", self.each_trait_samples == "own"),
        ):
            if given and related:
                raise GemcontError(f"{flag} excludes --kinship; leave one of them out")
        for flag, given in (
            ("--save-products", self.save_products),
            ("--pcs", self.pcs is not None),
            ("--each-trait-samples own", self.each_trait_samples == "own"),
        ):
            if given and self.pred is not None:
                raise GemcontError(f"{flag} excludes --pred; leave one of them out")
        if self.contrast != "any" and self.pcs is not None:
            raise GemcontError(
                "--contrast excludes --pcs: it is of effects in the traits' own units, which "
                "components do not have"
            )
        if self.contrast != "any" and self.joint is False:
            raise GemcontError("--contrast is of the joint test; leave --each-trait-only out")
        if self.refit and not self._may_refit:
            raise GemcontError(
                f"--refit excludes --contrast {self.contrast}: what is refitted is the test of any "
                "effects"
            )

    @property
    def _may_refit(self):
        return self.contrast == "any"

    @property
    def refits(self):
        """p up to which covariances are refitted beside a variant; 0 never."""
        if self.kinship is None or not self._may_refit:
            return 0.0
        if self.refit is None:  # without a chromosome the covariances stay the whole genome's
            return 0.0 if self.loco else DEFAULT_REFIT
        return self.refit

    @property
    def contrast_name(self):
        """What a contrast tests, in words; "" of any effects."""
        named = {
            "any": "",
            "common": "common effect in the traits' units",
            "any-vs-common": "effects that differ in the traits' units",
        }
        if self.contrast.startswith(CONDITIONAL):
            return f"effect on {self.contrast.removeprefix(CONDITIONAL)} given the other traits"
        return named.get(self.contrast, f"own effect on {self.contrast}, the others free")
