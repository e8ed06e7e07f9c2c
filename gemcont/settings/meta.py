"""Settings and flags of gemcont-meta."""

from dataclasses import dataclass

from gemcont.errors import GemcontError
from gemcont.settings.flags import Settings, flag
from gemcont.settings.shared import COHORTS, OUTPUT, Output, Pictures, Threads, listed

HUMAN_AUTOSOMES = 22
ALLELES, POOLING, REFERENCE, JOINT = "alleles and places", "pooling", "reference", "with --joint"


@dataclass(frozen=True, kw_only=True)
class CohortColumns(Settings):
    """Columns of the cohorts' files.

    Attributes:
        columns: role -> column of all, "FILE:role" -> column of one, FILE being its path, cohort or
            number from 1
        se_from_p: standard errors that are missing follow from the effect and its p
        trait: the one to read of files of several
    """

    columns: dict | None = flag(
        None,
        "columns by name, e.g. beta=EFFECT,standard_error=SE2; of one file FILE:beta=EFFECT "
        "(FILE: its path, cohort or number)",
        group=COHORTS,
        metavar="[FILE:]ROLE=NAME,...",
        kind="columns",
    )
    se_from_p: bool = flag(
        False,
        "where no standard error is stated, from the effect and its p",
        group=COHORTS,
    )
    trait: str | None = flag(
        None, "the one to read of files of several", group=COHORTS, metavar="NAME"
    )


@dataclass(frozen=True, kw_only=True)
class Palindromes(Settings):
    """Treatment of A/T and C/G variants.

    Attributes:
        palindromic: "infer", "keep" or "drop"
        ambiguous: frequencies from it to 1 - ambiguous do not tell the strand
    """

    palindromic: str = flag(
        "infer",
        "A/T and C/G: strand as other variants tell, else by frequency (default), by the letters, "
        "or left out",
        group=ALLELES,
        choices=("infer", "keep", "drop"),
    )
    ambiguous: float = flag(
        0.4,
        "palindromes with a frequency from F to 1 - F on either side are left out (default: 0.4)",
        group=ALLELES,
        metavar="F",
        above=0,
        high=0.5,
    )


@dataclass(frozen=True, kw_only=True)
class Harmonising(Palindromes):
    """Matching of rows, their alleles, and liftover.

    Attributes:
        match: "key" (chromosome, position and alleles) or "id"
        build: genome build of each file, or one for all
        liftover: chain file that lifts those whose build is not to_build (None: the first file's)
    """

    match: str = flag(
        "key",
        "by chromosome, position and alleles (key, default), or by id (rsid is the same)",
        group=ALLELES,
        choices=("key", "id", "rsid"),
    )
    max_eaf_diff: float | None = flag(
        None,
        "largest difference of a frequency from the reference's",
        group=ALLELES,
        metavar="F",
        low=0,
        high=1,
    )
    build: list | None = flag(
        None, "37 or 38, one a file or one for all", group=ALLELES, metavar="B,B,..."
    )
    to_build: str | None = flag(
        None,
        "the build of the result (default: the first file's)",
        group=ALLELES,
        metavar="B",
    )
    liftover: str | None = flag(
        None,
        "UCSC chain file that lifts the files of another build",
        group=ALLELES,
        metavar="CHAIN",
    )


@dataclass(frozen=True, kw_only=True)
class Pooling(Settings):
    """Pooling of effects: scheme "stderr" (inverse variance) or "samplesize"."""

    scheme: str = flag(
        "stderr",
        "weights: inverse variance (default), or z scores by the root of N",
        group=POOLING,
        choices=("stderr", "samplesize"),
    )
    random_effects: bool = flag(False, "DerSimonian-Laird instead of fixed effects", group=POOLING)
    genomic_control: bool = flag(
        False,
        "divide each cohort's chi2 by its lambda where that is above 1, as METAL",
        group=POOLING,
    )


@dataclass(frozen=True, kw_only=True)
class CohortSpecies(Settings):
    """The species of cohorts' files, by its number of autosomes."""

    autosomes: int = flag(
        HUMAN_AUTOSOMES,
        "autosomes of the species (default: 22)",
        names=("--chr-set",),
        group=COHORTS,
        metavar="N",
        low=1,
        high=999,
    )


@dataclass(frozen=True, kw_only=True)
class MetaSettings(Pooling, Harmonising, CohortColumns, CohortSpecies):
    """Everything that decides a meta-analysis: keywords of ``run_meta``."""

    def __post_init__(self):
        if self.match == "rsid":
            object.__setattr__(self, "match", "id")
        super().__post_init__()
        if self.random_effects and self.scheme == "samplesize":
            raise GemcontError("--random-effects needs --scheme stderr: z scores have no variance")


@dataclass(frozen=True, kw_only=True)
class CohortNames(Settings):
    """Names of the cohorts, None: of their files."""

    names: list | None = flag(None, "of the cohorts", group=COHORTS, metavar="NAME", kind="words")


@dataclass(frozen=True, kw_only=True)
class MetaLayout(Settings):
    """Layout of the result file."""

    layout: str = flag(
        "tsv",
        "of the results (default: tsv)",
        names=("--format",),
        group=OUTPUT,
        choices=("tsv", "tsv.gz", "parquet", "ssf"),
    )
    genome_build: str | None = flag(
        None, "with --format ssf, e.g. GRCh38", group=OUTPUT, metavar="NAME"
    )


@dataclass(frozen=True, kw_only=True)
class JointMeta(Settings):
    """The joint test of cohorts' stores of products."""

    test: str = flag(
        "wald",
        "every cohort with a trait covariance of its own (wald, default); lrt and f, as of "
        "gemcont-gwas, take one for all",
        group=JOINT,
        choices=("wald", "lrt", "f"),
    )
    same_ids: bool = flag(False, "ids that two cohorts share are different people", group=JOINT)


@dataclass(frozen=True, kw_only=True)
class JointSettings(JointMeta, Palindromes):
    """Everything that decides a joint test of several cohorts: keywords of ``run_joint_meta``."""


@dataclass(frozen=True, kw_only=True)
class MetaCommand(Threads, Pictures, Output, MetaLayout, JointMeta, MetaSettings, CohortNames):
    """Every flag of gemcont-meta."""

    needs_one_of = ("what",)

    sumstats: list | None = flag(
        None,
        "one file per cohort",
        group=COHORTS,
        metavar="FILE",
        kind="words",
        exclusive="what",
    )
    joint: list | None = flag(
        None,
        "stores of gemcont-gwas --save-products: the joint test of all cohorts together",
        group=COHORTS,
        metavar="PREFIX",
        kind="words",
        exclusive="what",
    )
    reference: str | None = flag(
        None,
        "summary statistics whose alleles and frequencies rule",
        group=REFERENCE,
        metavar="FILE",
        exclusive="reference",
    )
    bfile: str | None = flag(
        None,
        "PLINK fileset whose alleles and frequencies rule",
        group=REFERENCE,
        metavar="PREFIX",
        exclusive="reference",
    )

    def __post_init__(self):
        super().__post_init__()
        if self.joint is not None:
            if len(self.joint) < 2:
                raise GemcontError(
                    "--joint: two stores or more are added; one alone is gemcont-project's"
                )
            if self.layout == "ssf":
                raise GemcontError("--format ssf holds effects of one trait; a joint test has none")
            return
        if (self.layout == "ssf") != (self.genome_build is not None):
            raise GemcontError("--genome-build goes with --format ssf, and --format ssf needs it")
        if self.layout == "ssf" and self.scheme == "samplesize":
            raise GemcontError("--format ssf holds effects; --scheme samplesize has none")

    @property
    def input_files(self) -> list:
        """Paths of every file that is read."""
        files = listed(self.reference, self.liftover)
        if self.bfile is not None:
            files += [self.bfile + suffix for suffix in (".bed", ".bim", ".fam")]
        return [*(self.sumstats or ()), *files]


IDLE_WITH_JOINT = (  # what has no meaning for stores
    *("names", "columns", "se_from_p", "trait", "match", "max_eaf_diff", "build", "to_build"),
    *("liftover", "reference", "bfile", "scheme", "random_effects", "genomic_control"),
    *("genome_build", "autosomes"),
)
IDLE_WITH_SUMSTATS = ("test", "same_ids")
