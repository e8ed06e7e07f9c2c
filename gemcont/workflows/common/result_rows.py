"""Results of a batch of variants as the rows of the files: polars frames, nulls where missing."""

import numpy as np
import polars as pl

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


def place_frame(variants, frequency, n, rows):
    """What every result row begins from: the variants, their frequency and n, their positions."""
    return variants.select(c.name for c in (*PLACE, VARIANT_ID)).with_columns(
        pl.Series(FREQUENCY.name, frequency, nan_to_null=True),
        pl.Series(N.name, n.astype(np.int32)),
        pl.Series(SORT_KEY, rows.astype(np.int32)),
    )


def untested_frame(variants, rows, test, n_traits):
    """Rows of variants that are not tested: their place, and nulls."""
    columns = {c.name: c.dtype for c in joint_columns(test, n_traits)}
    known = variants.select(c.name for c in (*PLACE, VARIANT_ID))
    frame = known.select(
        pl.col(c).cast(t) if c in known.columns else pl.lit(None, dtype=t).alias(c)
        for c, t in columns.items()
    )
    return frame.with_columns(pl.Series(SORT_KEY, rows.astype(np.int32)))


def joint_frame(place, result, effect, null, test, *, dof=None):
    """Rows of the joint test, in the file's columns and ``SORT_KEY``.

    result: ``JointTest``; effect: (beta, standard error), each (variants, D); dof: first and
    second degrees of freedom, None = D and N - K - D
    """
    dof = (null.n_traits, null.residual_dof) if dof is None else dof
    computed = {
        NEG_LOG_10_P.name: result.neg_log_10_p,
        (F_STATISTIC if test == "f" else CHI2).name: result.statistic,
        R2.name: result.r2,
    }
    if null.n_traits == 1:
        computed |= {BETA.name: effect[0][:, 0], STANDARD_ERROR.name: effect[1][:, 0]}
    columns = joint_columns(test, null.n_traits)
    frame = place.with_columns(pl.Series(k, v, nan_to_null=True) for k, v in computed.items())
    tested = pl.col(R2.name).is_not_null()
    frame = frame.with_columns(
        pl.when(tested).then(dof[0]).alias(DOF.name),
        pl.when(tested).then(dof[1]).alias(DOF2.name),
    )
    return frame.select(*(pl.col(c.name).cast(c.dtype) for c in columns), SORT_KEY)


def single_frame(place, variants, traits, effect, dof):
    """Rows of pairs of variants and traits; ``TRAIT`` holds the trait's code.

    variants: positions in ``place``; traits: codes; effect: (beta, standard error); all (pairs,)
    """
    t = effect[0] / effect[1]
    computed = {
        TRAIT.name: traits.astype(np.int32),
        BETA.name: effect[0],
        STANDARD_ERROR.name: effect[1],
        NEG_LOG_10_P.name: neg_log10_t_sf(t, dof),
        T_STATISTIC.name: t,
        DOF.name: np.full(len(t), dof, dtype=np.int32),
    }
    frame = place[variants].with_columns(
        pl.Series(k, v, nan_to_null=v.dtype.kind == "f") for k, v in computed.items()
    )
    kinds = {c.name: c.dtype for c in single_columns()} | {TRAIT.name: pl.Int32}
    return frame.select(*(pl.col(c).cast(t) for c, t in kinds.items()), SORT_KEY)


def wide_frame(values, names, rows):
    """A float32 column a trait, and ``SORT_KEY``; values (variants, traits), NaN untested."""
    frame = pl.from_numpy(values, schema={name: pl.Float32 for name in names})
    return frame.with_columns(pl.Series(SORT_KEY, rows.astype(np.int32)))


def variants_frame(place, residual, chromosomes, group):
    """What a store of many traits says of its variants.

    residual: g'Mg; chromosomes: called ones (variants,); group: of chromosomes
    """
    frame = place.cast({c.name: c.dtype for c in PLACE})
    return frame.with_columns(
        pl.Series(GENOTYPE_SS.name, residual, nan_to_null=True),
        pl.Series(N_CHROMOSOMES.name, chromosomes),
        pl.lit(group).alias(GROUP.name),
    ).select(*(c.name for c in store_variant_columns()), SORT_KEY)


def effects_frame(place, effect, trait_names):
    """Rows of ``--effects``: the variant, then beta and standard error of every trait."""
    columns = {}
    for d, name in enumerate(trait_names):
        columns[f"{BETA.name}.{name}"] = effect[0][:, d]
        columns[f"{STANDARD_ERROR.name}.{name}"] = effect[1][:, d]
    known = [c.name for c in (*PLACE, FREQUENCY, VARIANT_ID, N)]
    frame = place.select(*(pl.col(c) for c in known), SORT_KEY)
    frame = frame.cast({c.name: c.dtype for c in PLACE})
    return frame.with_columns(pl.Series(k, v, nan_to_null=True) for k, v in columns.items())
