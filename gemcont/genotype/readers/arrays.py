"""Genotypes in memory: dosages in an array, with or without ids."""

import numpy as np
import polars as pl

from gemcont.arrays import as_array
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
    """Dosages in memory: (variants, samples), NaN missing, with optional tables.

    ``dosage`` is whatever ``as_array`` takes: masked is missing. ``samples`` is a table with the
    columns of ``GenotypeSource.samples`` or a sequence of sample ids; ``variants`` likewise, or a
    sequence of variant ids. What is not given is named by number. A variant of negative
    position is left out, as PLINK does.
    """

    name = "the genotype array"
    has_dosages = True

    def __init__(self, dosage, samples=None, variants=None):
        dosage = np.ascontiguousarray(as_array(dosage, "genotypes", np.float32))
        if dosage.ndim != 2:
            raise GemcontError(f"genotypes must be (variants, samples), got shape {dosage.shape}")
        if not _within_dosage_range(dosage):
            raise GemcontError("genotypes must be dosages from 0 to 2, NaN where missing")
        self.by_position = samples is None
        self.samples = _sample_table(samples, dosage.shape[1])
        variants, self._n_given = _variant_table(variants, dosage.shape[0]), dosage.shape[0]
        self.variants, self._rows = without_negative(variants)
        self._dosage = dosage if self._rows is None else dosage[self._rows]

    @property
    def left_out(self):
        """See ``GenotypeSource.left_out``."""
        return {} if self._rows is None else count_negative(self._n_given, self._rows)

    @property
    def bytes_per_variant(self):
        """See ``GenotypeSource.bytes_per_variant``."""
        return 4 * self.n_samples

    def read(self, variants, samples=None, first=0):
        """See ``GenotypeSource.read``."""
        dosage = self._dosage[variants]
        if samples is not None:
            dosage = np.ascontiguousarray(dosage[:, samples])
        return Block(first, len(variants), dosage.shape[1], dosage=dosage)


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
