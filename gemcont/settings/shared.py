"""Flags that several commands share, a base class for each group of them."""

from dataclasses import dataclass

from gemcont.errors import GemcontError
from gemcont.settings.flags import OUTPUT, Flag, Settings, flag

GENOTYPES = "genotypes"
SAMPLES_AND_VARIANTS = "samples and variants"
COHORTS = "cohorts"
TESTS = ("lrt", "f")
DEFAULT_MEMORY = 512  # MiB for blocks in flight


@dataclass(frozen=True, kw_only=True)
class Species(Settings):
    """The species, by its number of autosomes; None: as the file states it, else 22."""

    autosomes: int | None = flag(
        None,
        "autosomes of the species (default: what a .pvar states, else 22)",
        names=("--chr-set",),
        group=GENOTYPES,
        metavar="N",
        low=1,
        high=999,
    )


@dataclass(frozen=True, kw_only=True)
class OptionalGenotypes(Settings):
    """A genotype file, by its format.

    Attributes:
        bfile, pfile, bgen: one of three formats
        sample: ids of a .bgen
    """

    bfile: str | None = flag(
        None,
        "PLINK 1 fileset: .bed, .bim and .fam",
        group=GENOTYPES,
        metavar="PREFIX",
        exclusive="genotypes",
    )
    pfile: str | None = flag(
        None,
        "PLINK 2 fileset: .pgen, .pvar[.zst], .psam",
        group=GENOTYPES,
        metavar="PREFIX",
        exclusive="genotypes",
    )
    bgen: str | None = flag(
        None, "BGEN 1.2 file", group=GENOTYPES, metavar="FILE", exclusive="genotypes"
    )
    sample: str | None = flag(None, "sample ids of a .bgen", group=GENOTYPES, metavar="FILE")

    def __post_init__(self):
        super().__post_init__()
        if self.sample is not None and self.bgen is None:
            raise GemcontError("--sample goes with --bgen; a fileset has its own sample ids")

    @property
    def genotype_path(self) -> str | None:
        """Path as ``open_genotypes`` takes it: its suffix says the format, as the flag does."""
        for name, suffix in (("bfile", ".bed"), ("pfile", ".pgen"), ("bgen", ".bgen")):
            path = getattr(self, name)
            if path is None:
                continue
            wrong = next((s for s in (".bed", ".pgen", ".bgen") if path.endswith(s)), suffix)
            if wrong != suffix:
                raise GemcontError(
                    f"--{name}: {path} is a {wrong}; give it by the flag of its format"
                )
            return path.removesuffix(suffix) + suffix
        return None

    @property
    def genotype_files(self) -> list[str]:
        """Paths of every file that the genotype flags may read."""
        suffixes = {
            "bfile": (".bed", ".bim", ".fam", ".bim.gz", ".fam.gz"),
            "pfile": (".pgen", ".pvar", ".pvar.zst", ".psam"),
        }
        files = [
            getattr(self, name).removesuffix(known[0]) + suffix
            for name, known in suffixes.items()
            if getattr(self, name) is not None
            for suffix in known
        ]
        return files + [path for path in (self.bgen, self.sample) if path is not None]


@dataclass(frozen=True, kw_only=True)
class Genotypes(OptionalGenotypes):
    """A genotype file that has to be given."""

    needs_one_of = ("genotypes",)  # groups of exclusive flags, one of which is required


@dataclass(frozen=True, kw_only=True)
class SampleLists(Settings):
    """Lists of samples: paths, lists of ids or DataFrames."""

    keep: object = flag(
        None,
        "only these samples: FID IID or IID per line",
        group=SAMPLES_AND_VARIANTS,
        metavar="FILE",
    )
    remove: object = flag(None, "not these samples", group=SAMPLES_AND_VARIANTS, metavar="FILE")


@dataclass(frozen=True, kw_only=True)
class VariantLists(Settings):
    """Lists of variants: paths, lists of ids or DataFrames."""

    extract: object = flag(
        None, "only these variants: an id per line", group=SAMPLES_AND_VARIANTS, metavar="FILE"
    )
    exclude: object = flag(None, "not these variants", group=SAMPLES_AND_VARIANTS, metavar="FILE")


@dataclass(frozen=True, kw_only=True)
class Chromosomes(Settings):
    """The chromosomes whose variants are read."""

    chromosomes: str | None = flag(
        None,
        "only these chromosomes",
        names=("--chr",),
        group=SAMPLES_AND_VARIANTS,
        metavar="1-22,X",
    )


@dataclass(frozen=True, kw_only=True)
class Threads(Settings):
    """Number of threads."""

    threads: int | None = flag(
        None, "default: all processors", group=OUTPUT, metavar="N", low=1, high=1024
    )


@dataclass(frozen=True, kw_only=True)
class Memory(Settings):
    """Memory for the genotypes in flight, in MiB."""

    memory: int = flag(
        DEFAULT_MEMORY,
        f"for genotypes in flight (default: {DEFAULT_MEMORY})",
        group=OUTPUT,
        metavar="MiB",
        low=0,
    )


@dataclass(frozen=True, kw_only=True)
class Grm(Settings):
    """Genotypes and scale of a genetic relationship matrix."""

    kinship_type: str = flag(
        "centred",
        "GRM of genotypes less their mean (default), or also over their standard deviation",
        group="relatives",
        choices=("centred", "standardised"),
    )
    kinship_maf: float = flag(
        0.01,
        "smallest minor allele frequency of a variant in the GRM (default: 0.01)",
        group="relatives",
        metavar="F",
        low=0,
        high=0.5,
    )


@dataclass(frozen=True, kw_only=True)
class Linkage(Settings):
    """The measure of linkage."""

    r2_type: str = flag(
        "phased",
        "r2 of haplotypes (default) or of dosages",
        group="clumps",
        choices=("phased", "unphased"),
        spellings=(
            Flag(
                help="the same as --r2-type unphased",
                names=("--clump-unphased",),
                group="clumps",
                sets={"r2_type": "unphased"},
            ),
        ),
    )


@dataclass(frozen=True, kw_only=True)
class MinFound(Settings):
    """The share of a panel without which a score is another one."""

    min_found: float = flag(
        0.75,
        "smallest share of the panel that has to be in the genotypes (default: 0.75)",
        metavar="SHARE",
        low=0,
        high=1,
    )


@dataclass(frozen=True, kw_only=True)
class RowBounds(Settings):
    """The rows that are written, by their smallest -log10 p; None = all."""

    neg_log10_p_min: float | None = flag(
        None,
        "write only rows with -log10 p from this up (default: all; of traits tested one by one "
        "above 200: 5)",
        group=OUTPUT,
        metavar="X",
        low=0,
        exclusive="bound",
        spellings=(
            Flag(
                help="the same, as p: rows up to this",
                names=("--p-max",),
                group=OUTPUT,
                metavar="P",
                low=0,
                high=1,
                kind="neg_log10",
                exclusive="bound",
            ),
        ),
    )


@dataclass(frozen=True, kw_only=True)
class Output(Settings):
    """The prefix of all outputs, and how much the terminal says."""

    out: str = flag(help="prefix of all outputs", group=OUTPUT, metavar="PREFIX")
    verbose: bool = flag(False, "more on the terminal", names=("-v", "--verbose"), group=OUTPUT)

    @property
    def log_prefix(self) -> str:
        """Prefix of the log's name."""
        return self.out


@dataclass(frozen=True, kw_only=True)
class Pictures(Settings):
    """Pictures beside the tables."""

    no_plot: bool = flag(False, "draw no pictures", group=OUTPUT)


def listed(*paths: object) -> list:
    """Return the paths that are given."""
    return [path for path in paths if path is not None]
