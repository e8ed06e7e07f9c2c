"""``read_dense``: effects, standard errors and p of every trait and variant of a dense store."""

from collections.abc import Iterator, Sequence
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gemcont.stats.special import neg_log10_t_sf
from gemcont.tables.results.store import Store
from gemcont.tables.schema import (
    BETA,
    DOF,
    GENOTYPE_SS,
    GROUP,
    NEG_LOG_10_P,
    STANDARD_ERROR,
    T_STATISTIC,
    TRAIT,
    TRAIT_SS,
    single_columns,
)
from gemcont.workflows.common.dataframes import to_pandas

if TYPE_CHECKING:
    import pandas as pd

STORE_KIND = "t"


class DenseResults:
    """Every t of ``gemcont-gwas --each-trait-only --dense``; see ``read_dense``.

    traits: names of the traits
    """

    def __init__(self, prefix: str) -> None:
        """Open the store at PREFIX.t."""
        self._store = Store(f"{prefix}.{STORE_KIND}", STORE_KIND)
        self.traits: list[str] = self._store.facts["traits"]

    @property
    def variants(self) -> "pd.DataFrame":
        """pandas DataFrame of the columns of ``variants.parquet``, a row per variant."""
        return to_pandas(self._store.variants)

    def blocks(self, traits: Sequence[str] | None = None) -> Iterator[tuple[int, np.ndarray]]:
        """Yield (first variant, float32 t (variants, traits)), NaN where not tested.

        traits: names, None = all
        """
        yield from self._store.blocks(None if traits is None else self._known(traits))

    def trait(self, name: str) -> "pd.DataFrame":
        """Return the columns of PREFIX.traits.parquet for one trait, a row per variant."""
        (name,) = self._known([name])
        t = np.concatenate([t[:, 0] for _, t in self._store.blocks([name])]).astype(np.float64)
        ours = self._store.traits.filter(pl.col(TRAIT.name) == name)
        facts = ours.select(GROUP.name, DOF.name, TRAIT_SS.name)
        table = self._store.variants.join(facts, on=GROUP.name, how="left", maintain_order="left")
        dof, total, genotype = (
            table[c.name].to_numpy().astype(np.float64) for c in (DOF, TRAIT_SS, GENOTYPE_SS)
        )
        # t^2 / (t^2 + dof) = beta^2 G / SS: the share of the trait that the genotype explains.
        se = np.sqrt(total / genotype / (t * t + dof))
        computed = {
            BETA.name: pl.Series(t * se, nan_to_null=True),
            STANDARD_ERROR.name: pl.Series(se, nan_to_null=True),
            NEG_LOG_10_P.name: pl.Series(neg_log10_t_sf(t, dof), nan_to_null=True),
            T_STATISTIC.name: pl.Series(t, nan_to_null=True),
        }
        table = table.with_columns(pl.lit(name).alias(TRAIT.name), **computed)
        return to_pandas(table.select(pl.col(c.name).cast(c.dtype) for c in single_columns()))

    def _known(self, names):
        unknown = [name for name in names if name not in self.traits]
        if unknown:
            raise KeyError(f"no trait {unknown[0]!r} in {self._store.path}")
        return list(names)


def read_dense(prefix: str) -> DenseResults:
    """Open the store that ``--dense`` wrote at PREFIX.t: every t of every variant and trait.

    ``.traits`` and ``.variants`` say what there is, ``.trait(name)`` returns beta, standard error
    and -log10 p of all variants, and ``.blocks()`` yields arrays of t. t is float32 and has seven
    digits. Raises GemcontError where there is no such store.
    """
    return DenseResults(prefix)
