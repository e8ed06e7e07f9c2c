"""Settings and flags of gemcont-gwas."""

from dataclasses import dataclass

from gemcont.errors import GemcontError
from gemcont.settings.flags import Settings, flag
from gemcont.settings.scan import TABLES, Filters, Tests, Traits
from gemcont.settings.shared import (
    OUTPUT,
    Chromosomes,
    Genotypes,
    Grm,
    Memory,
    Output,
    Pictures,
    RowBounds,
    SampleLists,
    Species,
    Threads,
    VariantLists,
    listed,
)

RELATIVES = "relatives"
DEFAULT_REFIT = 1e-4
CONDITIONAL = "conditional:"  # before a trait: its effect given the values of the others
LAYOUTS = ("tsv", "tsv.gz", "parquet", "ssf")


@dataclass(frozen=True, kw_only=True)
class Relatives(Grm):
    """Treatment of relatives.

    Attributes:
        kinship: "grm" to make it of the genotypes, a path, a DataFrame labelled by sample id, or an
            array over the genotypes' samples
        kinship_rank: rank of the genetic covariance, None = the number of traits
        refit: p below which the covariances are re-estimated
        pred: path of REGENIE's list of predictions
    """

    kinship: object = flag(
        None,
        "mixed model: 'grm' makes the matrix of these genotypes; or PREFIX of gemcont-kinship, "
        "GEMMA's text, plink2's .rel, GCTA's .grm.bin, .npy + .id",
        group=RELATIVES,
        metavar="grm|FILE",
    )
    loco: bool = flag(False, "test each autosome on the kinship of the others", group=RELATIVES)
    reml: bool = flag(
        False, "estimate the covariances by restricted maximum likelihood", group=RELATIVES
    )
    kinship_rank: int | None = flag(
        None,
        "rank of the genetic covariance (default: the number of traits)",
        group=RELATIVES,
        metavar="R",
        low=1,
    )
    refit: float | None = flag(
        None,
        "re-estimate the covariances for variants with p < P (default: 1e-4; off with --loco)",
        group=RELATIVES,
        metavar="P",
        low=0,
        high=1,
    )
    pred: str | None = flag(
        None,
        "instead of a kinship: REGENIE's _pred.list, whose predictions are subtracted",
        group=RELATIVES,
        metavar="FILE",
    )


@dataclass(frozen=True, kw_only=True)
class Kept(RowBounds):
    """Rows and stores that are kept of the results.

    Attributes:
        top_k: rows of each trait, the strongest
        dense: every t of every trait, instead of rows
        save_products: g'MY and g'Mg of every variant, for ``gemcont-project``
    """

    top_k: int | None = flag(
        None,
        "of every trait's own test, only the K strongest rows",
        group=OUTPUT,
        metavar="K",
        low=1,
    )
    dense: bool = flag(
        False,
        "every t of every trait as float32 in PREFIX.t (gemcont.read_dense), no rows",
        group=OUTPUT,
    )
    save_products: bool = flag(
        False,
        "keep what gemcont-project and gemcont-meta --joint need, in PREFIX.products",
        group=OUTPUT,
    )


@dataclass(frozen=True, kw_only=True)
class GwasSettings(
    Memory,
    Threads,
    Kept,
    Relatives,
    Tests,
    Filters,
    Chromosomes,
    VariantLists,
    SampleLists,
    Traits,
    Species,
):
    """Everything that decides a scan's results, and how it is computed: keywords of ``run_gwas``.

    Its bases have the fields, each with the flag that sets it; block_size is in variants.
    """

    block_size: int | None = flag(
        None, "variants per block (default: by --memory)", group=OUTPUT, metavar="N", low=1
    )

    def __post_init__(self):
        for name in ("trait_names", "covariate_names", "condition"):
            if isinstance(getattr(self, name), str):  # one name is a list of one
                object.__setattr__(self, name, [getattr(self, name)])
        if isinstance(self.chromosomes, int) and not isinstance(self.chromosomes, bool):
            object.__setattr__(self, "chromosomes", str(self.chromosomes))
        super().__post_init__()
        self._check_tests()
        self._check_relatives()
        self._check_contrast()

    def _check_tests(self):
        """Refuse tests and outputs that exclude each other."""
        for name in ("dense", "save_products"):
            if getattr(self, name) and self.each_trait_samples == "own":
                self.refuse(
                    True, name, "excludes --each-trait-samples own: a store has one set of people"
                )
        rows = self.top_k is not None or self.neg_log10_p_min is not None
        self.refuse(self.dense and rows, "dense", "keeps every t: leave --p-max and --top-k out")
        self.refuse(
            self.effects and self.joint is False,
            "effects",
            "are those of the joint test; leave --each-trait-only out",
        )

    def _check_relatives(self):
        """Refuse what does not go with relatives, or without them."""
        own = self.each_trait_samples == "own"
        for name in ("kinship_rank", "reml", "loco", "refit"):
            given = getattr(self, name)
            given = given is not None and given is not False
            self.refuse(given and self.kinship is None, name, "goes with --kinship")
        for flag_text, given in (
            ("--pred", self.pred is not None),
            ("--save-products", self.save_products),
            ("--each-trait-samples own", own),
        ):
            if given and self.kinship is not None:
                raise GemcontError(f"{flag_text} excludes --kinship; leave one of them out")
        for flag_text, given in (
            ("--save-products", self.save_products),
            ("--pcs", self.pcs is not None),
            ("--each-trait-samples own", own),
        ):
            if given and self.pred is not None:
                raise GemcontError(f"{flag_text} excludes --pred; leave one of them out")

    def _check_contrast(self):
        if self.contrast == "any":
            return
        self.refuse(
            self.pcs is not None,
            "contrast",
            "excludes --pcs: it is of effects in the traits' own units, which components do not "
            "have",
        )
        self.refuse(
            self.joint is False,
            "contrast",
            "is of the joint test; leave --each-trait-only out",
        )
        self.refuse(
            bool(self.refit),
            "refit",
            f"excludes --contrast {self.contrast}: what is refitted is the test of any effects",
        )

    @property
    def refits(self) -> float:
        """Largest p whose covariances are re-estimated; 0 never."""
        if self.kinship is None or self.contrast != "any":
            return 0.0
        if self.refit is None:  # without a chromosome the covariances stay the whole genome's
            return 0.0 if self.loco else DEFAULT_REFIT
        return self.refit

    @property
    def contrast_name(self) -> str:
        """Name of what a contrast tests, in words; "" of any effects."""
        named = {
            "any": "",
            "common": "common effect in the traits' units",
            "any-vs-common": "effects that differ in the traits' units",
        }
        if self.contrast.startswith(CONDITIONAL):
            return f"effect on {self.contrast.removeprefix(CONDITIONAL)} given the other traits"
        return named.get(self.contrast, f"own effect on {self.contrast}, the others free")


@dataclass(frozen=True, kw_only=True)
class GwasTables(Settings):
    """Files of traits and covariates."""

    pheno: str | None = flag(
        None,
        "table of traits; header FID IID or IID first (--pfile: default .psam)",
        group=TABLES,
        metavar="FILE",
    )
    covar: str | None = flag(
        None,
        "table of covariates; text columns are categories",
        group=TABLES,
        metavar="FILE",
    )


@dataclass(frozen=True, kw_only=True)
class GwasLayout(Settings):
    """Layout of the result files.

    Attributes:
        split: one file per trait instead of one parquet of all
        genome_build: needed by ssf
    """

    layout: str = flag(
        "tsv",
        "of the results (default: tsv)",
        names=("--format",),
        group=OUTPUT,
        choices=LAYOUTS,
    )
    split: bool = flag(
        False,
        "with --each-trait: a file per trait in --format instead of one parquet",
        names=("--split-traits",),
        group=OUTPUT,
    )
    genome_build: str | None = flag(
        None, "with --format ssf, e.g. GRCh38", group=OUTPUT, metavar="NAME"
    )

    def __post_init__(self):
        super().__post_init__()
        if self.layout == "ssf" and self.genome_build is None:
            raise GemcontError("--format ssf: say --genome-build, e.g. GRCh38")
        if self.layout != "ssf" and self.genome_build is not None:
            raise GemcontError("--genome-build goes with --format ssf")


@dataclass(frozen=True, kw_only=True)
class GwasCommand(Pictures, Output, GwasLayout, GwasSettings, GwasTables, Genotypes):
    """Every flag of gemcont-gwas.

    Attributes:
        resume: go on from what a killed run has left
        chunk: (i, n), the i-th of n parts
    """

    resume: bool = flag(
        False, "go on where the same command was killed (PREFIX.partial)", group=OUTPUT
    )
    chunk: tuple | None = flag(
        None,
        "only the I-th of N parts of the variants, for array jobs; then: gemcont-gwas merge",
        group=OUTPUT,
        metavar="I/N",
        kind="chunk",
    )

    @property
    def input_files(self) -> list[str]:
        """Paths of every file that is read, as far as the flags name them."""
        tables = listed(
            *(self.pheno, self.covar, self.keep, self.remove),
            *(self.extract, self.exclude, self.condition_list),
        )
        named = [str(p) for p in (self.kinship, self.pred) if p is not None and p != "grm"]
        suffixes = ("", ".grm.npy", ".grm.id", ".eigen.npz", ".grm.bin")
        return [
            *self.genotype_files,
            *tables,
            *(path + suffix for path in named for suffix in suffixes),
        ]


@dataclass(frozen=True, kw_only=True)
class MergeCommand(Pictures, Output, Threads):
    """Every flag of gemcont-gwas merge; ``out`` is that of the chunks."""
