"""Results of a block of variants as rows of the files: polars frames, nulls where missing."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from gemcont.stats.multitrait import JointTest
from gemcont.stats.null import NullFacts
from gemcont.stats.special import neg_log10_t_sf
from gemcont.tables.schema import (
    BETA,
    CHI2,
    DOF,
    DOF2,
    F_STATISTIC,
    FREQUENCY,
    GENOTYPE_SS,
    GROUP,
    IN_BLOCK,
    N_CHROMOSOMES,
    NEG_LOG_10_P,
    PLACE,
    R2,
    STANDARD_ERROR,
    T_STATISTIC,
    TRAIT,
    VARIANT_ID,
    N,
    joint_columns,
    single_columns,
    store_variant_columns,
)

SORT_KEY = IN_BLOCK


def place_frame(
    variants: pl.DataFrame, frequency: np.ndarray, n: np.ndarray, rows: np.ndarray
) -> pl.DataFrame:
    """Return the columns that every result row begins with, and ``SORT_KEY``.

    Args:
        variants: table of a source.
        frequency: (variants,), of the effect allele, NaN unknown.
        n: (variants,), number of samples with a genotype.
        rows: (variants,), the sort key.
    """
    return variants.select(c.name for c in (*PLACE, VARIANT_ID)).with_columns(
        pl.Series(FREQUENCY.name, frequency, nan_to_null=True),
        pl.Series(N.name, n.astype(np.int32)),
        pl.Series(SORT_KEY, rows.astype(np.int32)),
    )


def untested_frame(
    variants: pl.DataFrame, rows: np.ndarray, test: str, n_traits: int
) -> pl.DataFrame:
    """Return the rows of the joint test of variants that are not tested: nulls but for the variant.

    Args:
        variants: table of a source.
        rows: (variants,), the sort key.
        test: name of the test.
        n_traits: number of traits.
    """
    columns = {c.name: c.dtype for c in joint_columns(test, n_traits)}
    known = variants.select(c.name for c in (*PLACE, VARIANT_ID))
    frame = known.select(
        pl.col(c).cast(t) if c in known.columns else pl.lit(None, dtype=t).alias(c)
        for c, t in columns.items()
    )
    return frame.with_columns(pl.Series(SORT_KEY, rows.astype(np.int32)))


def joint_frame(
    variant_columns: pl.DataFrame,
    result: JointTest,
    beta_se: tuple[np.ndarray, np.ndarray] | None,
    null: NullFacts,
    test: str,
    *,
    dof: tuple[int, int] | None = None,
) -> pl.DataFrame:
    """Return the rows of the joint test: the file's columns and ``SORT_KEY``.

    Args:
        variant_columns: as ``place_frame`` returns it.
        result: of the same variants.
        beta_se: effects and their standard errors, each (variants, 1); only for one trait.
        null: the null model.
        test: name of the test.
        dof: first and second degrees of freedom, None = D and N - K - D.
    """
    dof = (null.n_traits, null.residual_dof) if dof is None else dof
    computed = {
        NEG_LOG_10_P.name: result.neg_log_10_p,
        (F_STATISTIC if test == "f" else CHI2).name: result.statistic,
        R2.name: result.r2,
    }
    if beta_se is not None and null.n_traits == 1:
        computed |= {BETA.name: beta_se[0][:, 0], STANDARD_ERROR.name: beta_se[1][:, 0]}
    columns = joint_columns(test, null.n_traits)
    frame = variant_columns.with_columns(
        pl.Series(k, v, nan_to_null=True) for k, v in computed.items()
    )
    tested = pl.col(R2.name).is_not_null()
    frame = frame.with_columns(
        pl.when(tested).then(dof[0]).alias(DOF.name),
        pl.when(tested).then(dof[1]).alias(DOF2.name),
    )
    return frame.select(*(pl.col(c.name).cast(c.dtype) for c in columns), SORT_KEY)


def single_frame(
    variant_columns: pl.DataFrame,
    variants: np.ndarray,
    traits: np.ndarray,
    beta_se: tuple[np.ndarray, np.ndarray],
    dof: int,
) -> pl.DataFrame:
    """Return the rows of pairs of a variant and a trait; ``TRAIT`` holds the trait's number.

    Args:
        variant_columns: as ``place_frame`` returns it.
        variants: (pairs,), positions in ``variant_columns``.
        traits: (pairs,), numbers of the traits.
        beta_se: effects and their standard errors, each (pairs,).
        dof: degrees of freedom of t.
    """
    beta, se = beta_se
    t = beta / se
    computed = {
        TRAIT.name: traits.astype(np.int32),
        BETA.name: beta,
        STANDARD_ERROR.name: se,
        NEG_LOG_10_P.name: neg_log10_t_sf(t, dof),
        T_STATISTIC.name: t,
        DOF.name: np.full(len(t), dof, dtype=np.int32),
    }
    frame = variant_columns[variants].with_columns(
        pl.Series(k, v, nan_to_null=v.dtype.kind == "f") for k, v in computed.items()
    )
    kinds = {c.name: c.dtype for c in single_columns()} | {TRAIT.name: pl.Int32}
    return frame.select(*(pl.col(c).cast(t) for c, t in kinds.items()), SORT_KEY)


def wide_frame(values: np.ndarray, names: Sequence[str], rows: np.ndarray) -> pl.DataFrame:
    """Return a float32 column a trait, and ``SORT_KEY``.

    Args:
        values: (variants, traits), NaN where not tested.
        names: of the traits.
        rows: (variants,), the sort key.
    """
    frame = pl.from_numpy(values, schema={name: pl.Float32 for name in names})
    return frame.with_columns(pl.Series(SORT_KEY, rows.astype(np.int32)))


def variants_frame(
    variant_columns: pl.DataFrame, residual: np.ndarray, chromosomes: np.ndarray, group: str
) -> pl.DataFrame:
    """Return the table of variants of a store of many traits, and ``SORT_KEY``.

    Args:
        variant_columns: as ``place_frame`` returns it.
        residual: (variants,), g'Mg.
        chromosomes: (variants,), number of called chromosomes (alleles).
        group: name of the group of chromosomes.
    """
    frame = variant_columns.cast({c.name: c.dtype for c in PLACE})
    return frame.with_columns(
        pl.Series(GENOTYPE_SS.name, residual, nan_to_null=True),
        pl.Series(N_CHROMOSOMES.name, chromosomes),
        pl.lit(group).alias(GROUP.name),
    ).select(*(c.name for c in store_variant_columns()), SORT_KEY)


def effects_frame(
    variant_columns: pl.DataFrame,
    beta_se: tuple[np.ndarray, np.ndarray],
    trait_names: Sequence[str],
) -> pl.DataFrame:
    """Return the rows of ``--effects``: the variant, then beta and standard error of every trait.

    Args:
        variant_columns: as ``place_frame`` returns it.
        beta_se: effects and their standard errors, each (variants, traits).
        trait_names: of the traits.
    """
    columns = {}
    for d, name in enumerate(trait_names):
        columns[f"{BETA.name}.{name}"] = beta_se[0][:, d]
        columns[f"{STANDARD_ERROR.name}.{name}"] = beta_se[1][:, d]
    known = [c.name for c in (*PLACE, FREQUENCY, VARIANT_ID, N)]
    frame = variant_columns.select(*(pl.col(c) for c in known), SORT_KEY)
    frame = frame.cast({c.name: c.dtype for c in PLACE})
    return frame.with_columns(pl.Series(k, v, nan_to_null=True) for k, v in columns.items())
