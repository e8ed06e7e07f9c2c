"""Flags of traits, filters and tests: what gemcont-gwas tests, in whom, on which variants."""

from dataclasses import dataclass

from gemcont.settings.flags import Flag, Settings, flag
from gemcont.settings.shared import SAMPLES_AND_VARIANTS, TESTS

TABLES, TEST = "traits and covariates", "test"


@dataclass(frozen=True, kw_only=True)
class Traits(Settings):
    """The tested columns, and the covariates.

    Attributes:
        trait_names, covariate_names: columns of the tables, None = all
        covar_formula: covariates as a formula
        condition: ids of variants that become covariates
        condition_list: path of a list of them
        missing_codes: numbers that mean missing, in place of -9
    """

    trait_names: list | None = flag(
        None,
        "traits to test (default: all)",
        names=("--pheno-name",),
        group=TABLES,
        metavar="A,B",
    )
    covariate_names: list | None = flag(
        None,
        "covariates to use (default: all)",
        names=("--covar-name",),
        group=TABLES,
        metavar="A,B",
    )
    covar_formula: str | None = flag(
        None,
        'covariates as a formula: "sex*age + I(age**2) + C(site)"',
        group=TABLES,
        metavar="TEXT",
    )
    condition: list | None = flag(
        None, "variants that become covariates", group=TABLES, metavar="ID,ID"
    )
    condition_list: object = flag(None, "the same, an id per line", group=TABLES, metavar="FILE")
    missing_codes: tuple = flag(
        (),
        "trait values that mean missing, instead of -9 (NA, nan, none, . and blank always do)",
        names=("--missing-code",),
        group=TABLES,
        metavar="A,B",
    )


@dataclass(frozen=True, kw_only=True)
class Filters(Settings):
    """Filters of samples and variants, counted on the analysed samples; None filters nothing."""

    mind: float | None = flag(
        None,
        "largest share of missing genotypes of a sample, over the chosen variants (Y: males only)",
        group=SAMPLES_AND_VARIANTS,
        metavar="F",
        low=0,
        high=1,
    )
    from_bp: int | None = flag(
        None,
        "from this position (with one --chr)",
        group=SAMPLES_AND_VARIANTS,
        metavar="N",
        low=0,
    )
    to_bp: int | None = flag(
        None, "to this position", group=SAMPLES_AND_VARIANTS, metavar="N", low=0
    )
    geno: float | None = flag(
        None,
        "largest share of missing genotypes (or dosages) of a variant",
        group=SAMPLES_AND_VARIANTS,
        metavar="F",
        low=0,
        high=1,
    )
    maf: float | None = flag(
        None,
        "smallest minor allele frequency",
        group=SAMPLES_AND_VARIANTS,
        metavar="F",
        low=0,
        high=0.5,
    )
    mac: float | None = flag(
        None, "smallest minor allele count", group=SAMPLES_AND_VARIANTS, metavar="N", low=0
    )
    hwe: float | None = flag(
        None,
        "smallest exact Hardy-Weinberg p (on X of females); 'P midp' for the mid-p",
        group=SAMPLES_AND_VARIANTS,
        metavar="P",
        low=0,
        high=1,
        kind="hwe",
    )
    hwe_midp: bool = False
    info: float | None = flag(
        None,
        "smallest imputation quality of dosages: as the file states it, else from their variance",
        group=SAMPLES_AND_VARIANTS,
        metavar="R2",
        low=0,
        high=1,
    )


@dataclass(frozen=True, kw_only=True)
class Tests(Settings):
    """The tests that are made.

    Attributes:
        contrast: "any", "common", "any-vs-common", a trait, or "conditional:" and a trait
        allow_training_samples: whether to keep samples used in training the model of the embeddings
        x_sex: whether sex is among the covariates on chromosome X
        joint: whether the joint test is made, None = up to 200 traits
        each_trait: whether traits are tested one by one too
        each_trait_samples: "joint", the samples that have every trait, or "own"
    """

    test: str = flag(
        "lrt",
        "likelihood ratio with one scale per variant (default), or the exact F",
        group=TEST,
        choices=TESTS,
    )
    contrast: str = flag(
        "any",
        "effects to test: any (default); common, any-vs-common (in the traits' units); TRAIT, its "
        "own effect while the others' are free; conditional:TRAIT, given the others' values",
        group=TEST,
        metavar="C",
    )
    pcs: int | None = flag(
        None, "test the first D principal components", group=TEST, metavar="D", low=1
    )
    rank_int: bool = flag(False, "rank the traits to normal quantiles (after --pcs)", group=TEST)
    allow_training_samples: bool = flag(
        False,
        "keep samples used in training the encoder of the embeddings: p-values are not valid",
        group=TEST,
    )
    x_sex: bool = flag(
        True, "on X, leave sex out of the covariates", names=("--no-x-sex",), group=TEST
    )
    each_trait: bool = flag(
        False,
        "also every trait alone, by its t: PREFIX.traits.parquet",
        group=TEST,
        exclusive="each trait",
    )
    joint: bool | None = flag(
        None,
        spellings=(
            Flag(
                help="every trait alone, without the joint test (default above 200 traits)",
                names=("--each-trait-only",),
                group=TEST,
                exclusive="each trait",
                sets={"joint": False, "each_trait": True},
            ),
            Flag(
                help="the joint test also above 200 traits",
                names=("--joint",),
                group=TEST,
                sets={"joint": True},
            ),
        ),
    )
    each_trait_samples: str = flag(
        "joint",
        "every trait on the samples that have all (default), or on those that have it",
        group=TEST,
        choices=("joint", "own"),
    )
    effects: bool = flag(False, "also the joint test's effect on every trait", group=TEST)
