"""Common interface of genotype files: samples, variants, and blocks of genotypes."""

import builtins
import logging
import threading
from abc import ABC, abstractmethod
from collections.abc import Iterator, Sequence
from dataclasses import dataclass, replace
from typing import TYPE_CHECKING

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
FOUNDER = pl.lit(True).alias("founder")  # for files that name no parents
VARIANT_COLUMNS = {
    "chromosome": pl.Categorical,
    "variant_id": pl.String,
    "base_pair_location": pl.Int32,
    "effect_allele": pl.Categorical,
    "other_allele": pl.Categorical,
}


@dataclass(frozen=True, kw_only=True)
class Block:
    """Genotypes of consecutive requested variants in the requested samples.

    Attributes:
        first: position of the block's first variant among the requested variants
        count: number of variants
        n_samples: number of samples
        packed: uint8 (variants, bytes), four genotypes a byte as in a .bed (00 two effect alleles,
            01 missing, 10 one, 11 none; first sample in the lowest bits); rows are padded with 11
            to a multiple of 8 bytes; or None
        dosage: float32 (variants, samples), 0 to 2 effect alleles, NaN missing; or None
    """

    first: int
    count: int
    n_samples: int
    packed: np.ndarray | None = None
    dosage: np.ndarray | None = None

    def take(self, rows: np.ndarray) -> "Block":
        """Return the block of some of its variants; rows: int (variants,), their positions."""
        packed = None if self.packed is None else self.packed[rows]
        dosage = None if self.dosage is None else self.dosage[rows]
        return replace(self, count=len(rows), packed=packed, dosage=dosage)

    def slice(self, rows: builtins.slice) -> "Block":
        """Return the block of consecutive variants (a slice), sharing memory with this one."""
        start, stop, _ = rows.indices(self.count)
        packed = None if self.packed is None else self.packed[rows]
        dosage = None if self.dosage is None else self.dosage[rows]
        first, count = self.first + start, stop - start
        return replace(self, first=first, count=count, packed=packed, dosage=dosage)

    def cut(self, start: int, stop: int) -> "Block":
        """Return the block of consecutive samples; ``start`` is a multiple of 32."""
        stop = min(stop, self.n_samples)
        # 32 samples are a word of 8 bytes, so that the rows still end on a whole word.
        packed = None if self.packed is None else self.packed[:, start // 4 : -(-stop // 4)]
        dosage = None if self.dosage is None else self.dosage[:, start:stop]
        return replace(self, n_samples=stop - start, packed=packed, dosage=dosage)


class GenotypeSource(ABC):
    """Samples, variants and streamed blocks; packed 2-bit genotypes or float32 dosages.

    Attributes:
        name: path or other name, for messages
        samples: polars table of fid, iid, sex (1 male, 2 female, 0 unknown), founder (False if a
            parent is named), in file order
        variants: polars table of chromosome, variant_id, base_pair_location, effect_allele (the
            counted one), other_allele, in file order
        files: paths that are read
        has_dosages: whether blocks hold dosages, else packed genotypes
        info: imputation quality (variants,) if the file states it, else None
        autosomes: number of autosomes of the species if the file states it, else None
        by_position: whether samples are only numbered: an array without ids
    """

    name: str
    files: tuple[str, ...] = ()
    has_dosages: bool = False
    by_position: bool = False
    if TYPE_CHECKING:  # a reader computes them, or sets them once

        @property
        def samples(self) -> pl.DataFrame:
            """Table of the samples."""

        @property
        def variants(self) -> pl.DataFrame:
            """Table of the variants."""

        @property
        def info(self) -> np.ndarray | None:
            """Imputation quality."""

        @property
        def autosomes(self) -> int | None:
            """Number of autosomes."""
    else:
        info = autosomes = None

    @property
    def left_out(self) -> dict[str, int]:
        """Number of excluded rows of the file, by reason."""
        return {}

    @property
    def sample_ids(self) -> SampleIds:
        """``SampleIds`` of the file's samples, in its order."""
        return SampleIds(self.name, *(self.samples[name].to_list() for name in ("fid", "iid")))

    def log_contents(self) -> None:
        """Log the numbers of samples and variants, and warn of excluded rows."""
        log.info("%s: %d samples, %d variants", self.name, self.n_samples, self.n_variants)
        for reason, count in self.left_out.items():
            log.warning("%d rows of %s are left out", count, reason)

    @property
    def n_samples(self) -> int:
        """Number of samples in the file."""
        return self.samples.height

    @property
    def n_variants(self) -> int:
        """Number of variants in the file."""
        return self.variants.height

    @property
    @abstractmethod
    def bytes_per_variant(self) -> int:
        """Size of one variant's genotypes as they are read, for sizing blocks."""

    @abstractmethod
    def read(
        self, variants: np.ndarray, samples: np.ndarray | None = None, first: int = 0
    ) -> Block:
        """Read one ``Block``; safe to call from several threads at once.

        Args:
            variants: ascending indices.
            samples: ascending indices; None = all.
            first: the block's ``first``.
        """

    def blocks(
        self,
        variants: Sequence[int] | np.ndarray | None = None,
        samples: np.ndarray | None = None,
        *,
        size: int = 4096,
    ) -> Iterator[Block]:
        """Stream variants in blocks of ``size``.

        variants, samples: ascending indices; None = all.
        """
        variants = np.arange(self.n_variants) if variants is None else np.asarray(variants)
        for first in range(0, len(variants), size):
            yield self.read(variants[first : first + size], samples, first)


class PackageSource(GenotypeSource):
    """Source read by another package, each of whose readers serves one thread only."""

    def __init__(self, name: str) -> None:
        self.name = name
        self._local = threading.local()

    @abstractmethod
    def _open_reader(self):
        """Return a reader of ``name``, or raise GemcontError."""

    @property
    def _reader(self):
        """Reader of this thread."""
        if not hasattr(self._local, "reader"):
            self._local.reader = self._open_reader()
        return self._local.reader


def without_negative(variants: pl.DataFrame) -> tuple[pl.DataFrame, np.ndarray | None]:
    """Return the variants whose position is not negative, and their rows, None if all are kept.

    A negative position is PLINK's way to switch a variant off.
    """
    kept = (variants["base_pair_location"] >= 0).fill_null(True)
    if kept.all():
        return variants, None
    return variants.filter(kept), np.flatnonzero(kept.to_numpy())


def count_negative(n_rows: int, rows: np.ndarray | None) -> dict[str, int]:
    """Return ``GenotypeSource.left_out`` for the rows that ``without_negative`` kept of n_rows."""
    return {} if rows is None else {"negative position": n_rows - len(rows)}
