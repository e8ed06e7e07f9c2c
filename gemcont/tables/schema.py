"""Every column of the files gemcont writes: name, type, unit, meaning. Declared here, once."""

from collections.abc import Collection
from typing import NamedTuple

import polars as pl


class Column(NamedTuple):
    """A column of a file.

    Attributes:
        name: as GWAS-SSF spells it.
        dtype: polars type.
        unit: unit of the values, "" where they have none.
        meaning: what it holds.
    """

    name: str
    dtype: type[pl.DataType]
    unit: str
    meaning: str


CHROMOSOME = Column("chromosome", pl.String, "", "as the .bim has it")
POSITION = Column("base_pair_location", pl.Int32, "base pairs", "position of the variant")
EFFECT_ALLELE = Column(
    "effect_allele", pl.String, "", "the counted allele: column 5 of the .bim (A1)"
)
OTHER_ALLELE = Column("other_allele", pl.String, "", "column 6 of the .bim (A2)")
BETA = Column("beta", pl.Float64, "trait units per effect allele", "effect (one trait only)")
STANDARD_ERROR = Column("standard_error", pl.Float64, "as beta", "its standard error")
FREQUENCY = Column(
    "effect_allele_frequency", pl.Float64, "0 to 1", "among the analysed samples that are called"
)
NEG_LOG_10_P = Column("neg_log_10_p_value", pl.Float64, "", "-log10 p, exact beyond 1e-300 too")
VARIANT_ID = Column("variant_id", pl.String, "", "as the .bim has it")
N = Column("n", pl.Int32, "samples", "analysed samples with a called genotype")
CHI2 = Column("chi2", pl.Float64, "", "chi-squared statistic, --test lrt (and wald)")
F_STATISTIC = Column("f_statistic", pl.Float64, "", "F statistic, --test f")
DOF = Column("dof", pl.Int32, "", "degrees of freedom: the number of traits D")
DOF2 = Column("dof2", pl.Int32, "", "N - K - D, the second degrees of freedom of F")
R2 = Column("r2", pl.Float64, "0 to 1", "squared multiple correlation of genotype and traits")
TRAIT = Column("trait", pl.String, "", "the trait tested in this row")
T_STATISTIC = Column("t_statistic", pl.Float64, "", "t of this trait alone, on dof degrees")
IN_BLOCK = "\x1frow"  # position in a block, for sorting; never written, and no trait's name
PLACE = (CHROMOSOME, POSITION, EFFECT_ALLELE, OTHER_ALLELE)
_EFFECT = (BETA, STANDARD_ERROR)
_COMMON = (FREQUENCY, NEG_LOG_10_P, VARIANT_ID, N)
_OF_TEST = {
    "lrt": (CHI2, DOF, R2),
    "wald": (CHI2, DOF, R2),
    "f": (F_STATISTIC, DOF, DOF2, R2),
}


def joint_columns(test: str, n_traits: int) -> tuple[Column, ...]:
    """Return the columns of ``PREFIX.gwas.tsv`` in order; beta and SE only for one trait."""
    beta_se = _EFFECT if n_traits == 1 else ()
    return (*PLACE, *beta_se, *_COMMON, *_OF_TEST[test])


def single_columns() -> tuple[Column, ...]:
    """Return the columns of ``PREFIX.traits.parquet``, one row per trait and variant, in order."""
    return (TRAIT, *PLACE, *_EFFECT, *_COMMON, T_STATISTIC, DOF)


GENOTYPE_SS = Column(
    "genotype_sum_of_squares", pl.Float64, "", "of the genotypes, residual on the covariates"
)
N_CHROMOSOMES = Column(
    "n_chromosomes", pl.Float64, "", "called ones; the frequency counts effect alleles among them"
)
GROUP = Column("group", pl.String, "", "of chromosomes that share people and covariates")
TRAIT_SS = Column(
    "residual_sum_of_squares", pl.Float64, "trait units squared", "of the trait on the covariates"
)


def store_variant_columns() -> tuple[Column, ...]:
    """Return the columns of ``variants.parquet`` in a store of many traits, in order."""
    return (*PLACE, FREQUENCY, VARIANT_ID, N, N_CHROMOSOMES, GENOTYPE_SS, GROUP)


def store_trait_columns() -> tuple[Column, ...]:
    """Return the columns of ``traits.parquet`` of a store, a row per trait and group, in order."""
    return (TRAIT, GROUP, N, DOF, TRAIT_SS)


Q = Column("q_statistic", pl.Float64, "", "Cochran's Q about the fixed effect")
Q_DOF = Column("q_dof", pl.Int32, "", "studies less one")
Q_P = Column("q_neg_log_10_p_value", pl.Float64, "", "-log10 p of Q")
I2 = Column("i2", pl.Float64, "percent", "share of Q beyond its degrees of freedom")
TAU2 = Column("tau2", pl.Float64, "beta squared", "variance between studies, random effects")
Z = Column("z", pl.Float64, "", "pooled z score, --scheme samplesize")
DIRECTION = Column("direction", pl.String, "", "sign in every cohort: + - 0, ? where it has none")
N_STUDIES = Column("n_studies", pl.Int32, "cohorts", "that have the variant")
COHORT = Column("cohort", pl.String, "", "its name")
ROW = Column("row", pl.Int64, "", "of the cohort's file, 1 the first below the header")


def meta_columns(scheme: str) -> tuple[Column, ...]:
    """Return the columns of ``PREFIX.meta.tsv`` in order; scheme: "stderr" or "samplesize"."""
    beta_se = _EFFECT if scheme == "stderr" else ()
    score = () if scheme == "stderr" else (Z,)
    common = (FREQUENCY, NEG_LOG_10_P, VARIANT_ID, N_REPORTED)
    heterogeneity = (Q, Q_DOF, Q_P, I2, *((TAU2,) if beta_se else ()))
    return (*PLACE, *beta_se, *common, *score, *heterogeneity, DIRECTION, N_STUDIES)


BETA_SHRUNK = Column("beta_shrunk", pl.Float64, "as beta", "its empirical-Bayes posterior mean")


def panel_columns() -> tuple[Column, ...]:
    """Return the columns of ``PREFIX.panel.tsv`` in order."""
    common = (FREQUENCY, NEG_LOG_10_P, VARIANT_ID, N_REPORTED)
    return (*PLACE, *_EFFECT, *common, BETA_SHRUNK, LOCUS, N_VARIANTS)


def dropped_columns() -> tuple[Column, ...]:
    """Return the columns of ``PREFIX.dropped.tsv.gz`` in order."""
    return (COHORT, ROW, VARIANT_ID, REASON)


LOCUS = Column("locus", pl.Int32, "", "number of the locus, 1 the strongest")
LOCUS_START = Column("locus_start", pl.Int32, "base pairs", "first of the locus's variants")
LOCUS_END = Column("locus_end", pl.Int32, "base pairs", "last of the locus's variants")
N_VARIANTS = Column("n_variants", pl.Int32, "variants", "in the locus, the index variant included")
N_BELOW_P1 = Column("n_below_p1", pl.Int32, "variants", "of them with p at most --clump-p1")
N_BELOW_P2 = Column("n_below_p2", pl.Int32, "variants", "of them with p at most --clump-p2")
NEAREST_GENE = Column("nearest_gene", pl.String, "", "of --genes; several where they are as near")
GENE_DISTANCE = Column("gene_distance", pl.Int32, "base pairs", "to it, 0 inside")
REASON = Column("reason", pl.String, "", "why the row found no variant")
FILE = Column("file", pl.String, "", "the report it stands in")
N_REPORTED = Column("n", pl.Int64, "samples", "as the report has it, rounded")


def locus_columns(given: Collection[str], *, genes: bool) -> tuple[Column, ...]:
    """Return the columns of ``PREFIX.loci.tsv`` in order.

    Args:
        given: names of the columns that the report has, of those that not all have.
        genes: whether the nearest gene is among them.
    """
    optional = (BETA, STANDARD_ERROR, FREQUENCY, N_REPORTED, TRAIT)
    here = {column.name for column in optional if column.name in given}
    statistics = tuple(c for c in (BETA, STANDARD_ERROR, FREQUENCY) if c.name in here)
    rest = tuple(c for c in (N_REPORTED, TRAIT) if c.name in here)
    span = (LOCUS_START, LOCUS_END, N_VARIANTS, N_BELOW_P1, N_BELOW_P2)
    nearest = (NEAREST_GENE, GENE_DISTANCE) if genes else ()
    return (*PLACE, *statistics, NEG_LOG_10_P, VARIANT_ID, *rest, LOCUS, *span, *nearest)


def missing_columns() -> tuple[Column, ...]:
    """Return the columns of ``PREFIX.missing.tsv`` in order."""
    return (VARIANT_ID, CHROMOSOME, POSITION, NEG_LOG_10_P, REASON, FILE)
