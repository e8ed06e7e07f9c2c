"""What every genotype file becomes: samples, variants, and blocks of genotypes on request."""

import logging
import threading
from abc import ABC, abstractmethod
from dataclasses import dataclass

import numpy as np
import polars as pl

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
