"""Genotypes in memory: dosages in an array, with or without ids."""

from collections.abc import Sequence

import numpy as np
import polars as pl

from gemcont.arrays import ArrayLike, as_array
from gemcont.errors import GemcontError
from gemcont.genotype.source import (
    FOUNDER,
    SAMPLE_COLUMNS,
    VARIANT_COLUMNS,
    Block,
    GenotypeSource,
    count_negative,
    without_negative,
)


class ArraySource(GenotypeSource):
    """Dosages in memory, with optional tables of samples and variants.

    A variant of negative position is left out, as in PLINK.
    """

    name = "the genotype array"
    has_dosages = True
    samples: pl.DataFrame
    variants: pl.DataFrame

    def __init__(
        self,
        dosage: ArrayLike,
        samples: pl.DataFrame | Sequence[object] | None = None,
        variants: pl.DataFrame | Sequence[object] | None = None,
    ) -> None:
        """Check the dosages and make the tables.

        Args:
            dosage: (variants, samples), 0 to 2, in any container that ``as_array`` takes; NaN or
                masked is missing.
            samples: table with the columns of ``GenotypeSource.samples``, or sample ids; None =
                numbered.
            variants: table with the columns of ``GenotypeSource.variants``, or variant ids; None =
                numbered.

        Raises:
            GemcontError: values that are no dosages, or a table of another size.
        """
        values = np.ascontiguousarray(as_array(dosage, "genotypes", np.float32))
        if values.ndim != 2:
            raise GemcontError(f"genotypes must be (variants, samples), got shape {values.shape}")
        if not _within_dosage_range(values):
            raise GemcontError("genotypes must be dosages from 0 to 2, NaN where missing")
        self.by_position = samples is None
        self.samples = _sample_table(samples, values.shape[1])
        self._n_given = values.shape[0]
        self.variants, self._rows = without_negative(_variant_table(variants, self._n_given))
        self._dosage = values if self._rows is None else values[self._rows]

    @property
    def left_out(self) -> dict[str, int]:
        """Number of excluded variants by reason."""
        return {} if self._rows is None else count_negative(self._n_given, self._rows)

    @property
    def bytes_per_variant(self) -> int:
        """Four bytes per sample."""
        return 4 * self.n_samples

    def read(
        self, variants: np.ndarray, samples: np.ndarray | None = None, first: int = 0
    ) -> Block:
        """Read one ``Block``; see ``GenotypeSource.read``."""
        dosage = self._dosage[variants]
        if samples is not None:
            dosage = np.ascontiguousarray(dosage[:, samples])
        n_variants, n_samples = dosage.shape
        return Block(first=first, count=n_variants, n_samples=n_samples, dosage=dosage)


def _within_dosage_range(dosage):
    if dosage.size == 0 or np.isnan(dosage).all():
        return True
    return np.nanmin(dosage) >= 0 and np.nanmax(dosage) <= 2


def _sample_table(samples, count):
    if samples is None:
        samples = [str(i) for i in range(count)]
    if not isinstance(samples, pl.DataFrame):
        iid = [str(s) for s in samples]
        samples = pl.DataFrame({"fid": iid, "iid": iid, "sex": [0] * len(iid)})
    _check_height(samples, count, "samples")
    if "founder" not in samples.columns:
        samples = samples.with_columns(FOUNDER)
    return samples.select(pl.col(c).cast(t) for c, t in SAMPLE_COLUMNS.items())


def _variant_table(variants, count):
    if variants is None:
        variants = [str(i) for i in range(count)]
    if not isinstance(variants, pl.DataFrame):
        ids = [str(v) for v in variants]
        unknown = {"chromosome": "0", "effect_allele": "1", "other_allele": "2"}
        columns = {c: [v] * len(ids) for c, v in unknown.items()}
        variants = pl.DataFrame(
            {"variant_id": ids, "base_pair_location": [0] * len(ids), **columns}
        )
    _check_height(variants, count, "variants")
    return variants.select(pl.col(c).cast(t) for c, t in VARIANT_COLUMNS.items())


def _check_height(table, count, what):
    if table.height != count:
        raise GemcontError(f"the genotype array has {count} {what}, their table {table.height}")
