"""What every genotype file becomes: samples, variants, and blocks of genotypes on request."""

import logging
import threading
from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
import polars as pl

from gemcont._arrays import as_array
from gemcont.errors import GemcontError
from gemcont.genotype.align import SampleIds

log = logging.getLogger(__name__)

SAMPLE_COLUMNS = {
    "fid": pl.String,
    "iid": pl.String,
    "sex": pl.Int8,
    "founder": pl.Boolean,
}
FOUNDER = pl.lit(True).alias("founder")  # of files that name no parents
VARIANT_COLUMNS = {
    "chromosome": pl.Categorical,
    "variant_id": pl.String,
    "base_pair_location": pl.Int32,
    "effect_allele": pl.Categorical,
    "other_allele": pl.Categorical,
}


@dataclass(frozen=True)
class Block:
    """Genotypes of consecutive requested variants in the requested samples.

    first: position of the block's first variant among the variants asked for
    count: number of variants
    n_samples: number of samples
    packed: uint8 (variants, bytes), four genotypes a byte as in a .bed (00 two effect alleles,
        01 missing, 10 one, 11 none; first sample in the lowest bits); rows are padded with 11 to
        a multiple of 8 bytes; or None
    dosage: float32 (variants, samples), 0 to 2 effect alleles, NaN missing; or None
    """

    first: int
    count: int
    n_samples: int
    packed: np.ndarray | None = None
    dosage: np.ndarray | None = None

    def take(self, rows):
        """The block of some of its variants."""
        packed = None if self.packed is None else self.packed[rows]
        dosage = None if self.dosage is None else self.dosage[rows]
        return Block(self.first, len(rows), self.n_samples, packed, dosage)

    def slice(self, rows):
        """The block of consecutive variants (a slice), sharing memory with this one."""
        start, stop, _ = rows.indices(self.count)
        packed = None if self.packed is None else self.packed[rows]
        dosage = None if self.dosage is None else self.dosage[rows]
        return Block(self.first + start, stop - start, self.n_samples, packed, dosage)

    def cut(self, start, stop):
        """The block of some consecutive samples; ``start`` is a multiple of 32."""
        stop = min(stop, self.n_samples)
        packed = None if self.packed is None else self.packed[:, start // 4 : -(-stop // 4)]
        dosage = None if self.dosage is None else self.dosage[:, start:stop]
        return Block(self.first, self.count, stop - start, packed, dosage)


class GenotypeSource(ABC):
    """Samples, variants and streamed blocks; packed 2-bit genotypes or float32 dosages.

    ``samples``: polars table of fid, iid, sex (1 male, 2 female, 0 unknown), founder (False where
    a parent is named), in file order.
    ``variants``: polars table of chromosome, variant_id, base_pair_location, effect_allele (the
    counted one), other_allele, in file order.
    """

    name: str
    files = ()  # paths of what is read
    has_dosages = False
    info = None  # imputation quality (variants,) where the file states it
    autosomes = None  # of the species, where the file states it
    by_position = False  # whether samples are but numbered: an array without ids
    samples: pl.DataFrame
    variants: pl.DataFrame

    @property
    def left_out(self):
        """Rows of the file that are no variants here: their number by reason."""
        return {}

    @property
    def sample_ids(self):
        """The ``SampleIds`` of the file's samples, in its order."""
        return SampleIds(self.name, *(self.samples[name].to_list() for name in ("fid", "iid")))

    def log_contents(self):
        """Log how many samples and variants there are, and warn of rows that are left out."""
        log.info("%s: %d samples, %d variants", self.name, self.n_samples, self.n_variants)
        for reason, count in self.left_out.items():
            log.warning("%d rows of %s are left out", count, reason)

    @property
    def n_samples(self):
        """Number of samples in the file."""
        return self.samples.height

    @property
    def n_variants(self):
        """Number of variants in the file."""
        return self.variants.height

    @property
    @abstractmethod
    def bytes_per_variant(self):
        """Size of one variant's genotypes as they are read, for sizing blocks."""

    @abstractmethod
    def read(self, variants, samples=None, first=0):
        """One ``Block`` of the given variants and samples (ascending indices; None = all).

        Safe to call from several threads at once.
        """

    def blocks(self, variants=None, samples=None, *, size=4096):
        """Stream the variants (ascending indices; None = all) in blocks of ``size``."""
        variants = np.arange(self.n_variants) if variants is None else np.asarray(variants)
        for first in range(0, len(variants), size):
            yield self.read(variants[first : first + size], samples, first)


class PackageSource(GenotypeSource):
    """A source read by another package, whose readers are used by one thread each."""

    def __init__(self, name):
        self.name = name
        self._local = threading.local()

    @abstractmethod
    def _open_reader(self):
        """A reader of ``name``, or GemcontError."""

    @property
    def _reader(self):
        """This thread's reader."""
        if not hasattr(self._local, "reader"):
            self._local.reader = self._open_reader()
        return self._local.reader


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


def without_negative(variants):
    """(table, rows): the variants without those of a negative position, PLINK's way to switch one
    off, and the rows that stay, None where all do."""
    kept = (variants["base_pair_location"] >= 0).fill_null(True)
    if kept.all():
        return variants, None
    return variants.filter(kept), np.flatnonzero(kept.to_numpy())


def count_negative(n_rows, rows):
    """``GenotypeSource.left_out`` of ``without_negative``."""
    return {} if rows is None else {"negative position": n_rows - len(rows)}


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
