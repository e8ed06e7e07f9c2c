"""PLINK 1 filesets: .bed, .bim, .fam (plain or gzipped tables), checked before use."""

import logging
import os
import threading
import weakref
from collections.abc import Iterable
from functools import cached_property

import numpy as np
import polars as pl

from gemcont.errors import GemcontError
from gemcont.genotype.kernels.packed import repack, row_bytes
from gemcont.genotype.source import (
    SAMPLE_COLUMNS,
    VARIANT_COLUMNS,
    Block,
    GenotypeSource,
    count_negative,
    without_negative,
)
from gemcont.text.files import read_text
from gemcont.text.parse import DataType, parse_table, split_fields

log = logging.getLogger(__name__)

MAGIC = b"\x6c\x1b"
VARIANT_MAJOR = b"\x01"
HEADER = 3  # bytes before the first variant
_PIECE = 4 << 20  # bytes that are read and repacked at a time
_FAM = ("fid", "iid", "father", "mother", "sex", "phenotype")
_BIM = ("chromosome", "variant_id", "cm", "base_pair_location", "effect_allele", "other_allele")


class BedSource(GenotypeSource):
    """PLINK 1 fileset.

    Reads with ``pread`` into its own buffers (no memory map), so that the resident memory is that
    of the blocks in flight however large the file, and threads can read side by side.
    """

    def __init__(self, path: str | os.PathLike) -> None:
        """Open a fileset and check its sizes.

        path: the prefix or the .bed itself. Raises GemcontError.
        """
        prefix = os.fspath(path).removesuffix(".bed")
        self.name = prefix + ".bed"
        self._bim, self._fam = _table_path(prefix, ".bim"), _table_path(prefix, ".fam")
        self.files = (self.name, self._bim, self._fam)
        self._local, self._warned = threading.local(), threading.Lock()
        self._descriptor = _open_checked(self.name)
        weakref.finalize(self, os.close, self._descriptor)
        self._check_length()

    def _check_length(self):
        size = os.fstat(self._descriptor).st_size
        n_variants = self._variant_file.height
        expected = HEADER + n_variants * self.bytes_per_variant
        if size != expected:
            raise GemcontError(
                f"{self.name}: {size} bytes found, {expected} expected for {n_variants} "
                f"variants (.bim) x {self.n_samples} samples (.fam); "
                f"{'the .bed is truncated, or ' if size < expected else ''}"
                "the three files do not belong together"
            )

    @property
    def bytes_per_variant(self) -> int:
        """A quarter of a byte per sample, in whole bytes."""
        return -(-self.n_samples // 4)

    @cached_property
    def samples(self) -> pl.DataFrame:
        """Samples of the .fam."""
        return read_fam(self._fam)

    @cached_property
    def _variant_file(self):
        return read_bim(self._bim)

    @cached_property
    def _placed(self):
        return without_negative(self._variant_file)

    @property
    def variants(self) -> pl.DataFrame:
        """Variants of the .bim; the effect allele is its column 5 (A1), major or not."""
        return self._placed[0]

    @property
    def left_out(self) -> dict[str, int]:
        """Number of excluded variants by reason."""
        return count_negative(self._variant_file.height, self._placed[1])

    def read(
        self, variants: np.ndarray, samples: np.ndarray | None = None, first: int = 0
    ) -> Block:
        """Read one ``Block``; see ``GenotypeSource.read``."""
        variants, in_file = np.asarray(variants, dtype=np.int64), self._placed[1]
        variants = variants if in_file is None else in_file[variants]
        n_samples = self.n_samples if samples is None else len(samples)
        packed = np.empty((len(variants), row_bytes(n_samples)), dtype=np.uint8)
        at_once = max(_PIECE // self.bytes_per_variant, 1)
        for start in range(0, len(variants), at_once):
            chosen = variants[start : start + at_once]
            rows = self._buffer(len(chosen))
            self._read_rows(chosen, rows)
            self._warn_of_padding(rows)
            repack(rows, self.n_samples, samples, packed[start : start + at_once])
        return Block(first=first, count=len(variants), n_samples=n_samples, packed=packed)

    def _warn_of_padding(self, rows):
        """Warn, once, of genotypes behind the last sample: the .fam lacks a line.

        PLINK fills the last byte of a variant with zeros. A .fam that is some lines short may imply
        as many bytes, and gives every sample behind the missing line the genotypes of another.
        """
        used = 2 * (self.n_samples % 4)
        if not used or not len(rows) or not (rows[:, -1] >> used).any():
            return
        if self._warned.acquire(blocking=False):
            log.warning(
                "%s: holds genotypes behind the last of the %d samples of %s: is a line missing "
                "there? Then samples have the genotypes of others",
                self.name,
                self.n_samples,
                self._fam,
            )

    def _buffer(self, count):
        """Return memory for some variants as they are read, this thread's own, reused."""
        size = count * self.bytes_per_variant
        if len(getattr(self._local, "room", b"")) < max(size, 1):
            self._local.room = np.empty(size, dtype=np.uint8)
        return self._local.room[:size].reshape(count, self.bytes_per_variant)

    def _read_rows(self, variants, out):
        """Fill ``out``: by one read if the variants are close together, else by halves."""
        if len(variants) == 0:
            return
        span = int(variants[-1] - variants[0]) + 1
        if span == len(variants):
            self._read_at(int(variants[0]), out)
        elif span <= 2 * len(variants):
            rows = np.empty((span, self.bytes_per_variant), dtype=np.uint8)
            self._read_at(int(variants[0]), rows)
            np.take(rows, variants - variants[0], axis=0, out=out)
        else:
            half = len(variants) // 2
            self._read_rows(variants[:half], out[:half])
            self._read_rows(variants[half:], out[half:])

    def _read_at(self, variant, out):
        view, offset = memoryview(out).cast("B"), HEADER + variant * self.bytes_per_variant
        while len(view):  # one call reads at most 2 GiB
            try:
                count = os.preadv(self._descriptor, [view], offset)
            except OSError as error:
                raise GemcontError(f"{self.name}: cannot be read ({error.strerror})") from None
            if count == 0:
                raise GemcontError(f"{self.name}: the file became shorter while it was read")
            view, offset = view[count:], offset + count


def _table_path(prefix, suffix):
    if not os.path.exists(prefix + suffix) and os.path.exists(prefix + suffix + ".gz"):
        return prefix + suffix + ".gz"
    return prefix + suffix


def _open_checked(path):
    """Return the file descriptor of a .bed whose magic number and order are right."""
    try:
        with open(path, "rb") as file:
            _check_head(path, file.read(HEADER))
            return os.dup(file.fileno())
    except FileNotFoundError:
        raise GemcontError(f"{path}: no such file") from None
    except OSError as error:
        raise GemcontError(f"{path}: cannot be read ({error.strerror})") from None


def _check_head(path, head):
    if head[:2] != MAGIC:
        raise GemcontError(f"{path}: not a PLINK .bed (begins {head[:2].hex()}, expected 6c1b)")
    if head[2:] != VARIANT_MAJOR:
        raise GemcontError(
            f"{path}: sample-major or unknown order (third byte {head[2:].hex() or 'missing'}, "
            "expected 01); rewrite it with plink2 --make-bed"
        )


def read_fam(path: str) -> pl.DataFrame:
    """Read the samples of a .fam: fid, iid, sex (1 male, 2 female, else 0), founder.

    Six columns or more, tabs or blanks; ids are text. Raises GemcontError for a malformed file or a
    duplicate sample (FID and IID).
    """
    data = split_fields(read_text(path), " ")
    width = data[: data.index(b"\n")].count(b"\t") + 1
    if width < len(_FAM):
        raise GemcontError(f"{path}: {width} columns found, a .fam has six")
    names = [*_FAM, *(f"extra{i}" for i in range(width - len(_FAM)))]
    schema: dict[str, DataType] = dict.fromkeys(names, pl.String)
    table = parse_table(path, data, " ", schema)
    refuse_duplicate_samples(path, table)
    founder = is_founder("father", "mother")
    return table.with_columns(sex_codes("sex"), founder).select(
        pl.col(c).cast(t) for c, t in SAMPLE_COLUMNS.items()
    )


def is_founder(father: str, mother: str) -> pl.Expr:
    """Return the expression of founders, whose two parents are 0 as in PLINK, by column names."""
    return (pl.col(father) == "0").and_(pl.col(mother) == "0").alias("founder")


def sex_codes(name: str) -> pl.Expr:
    """Return the expression of a text column's sex: 1 and 2 (or M and F) stay, all else is 0."""
    letters = {"M": "1", "F": "2", "m": "1", "f": "2"}
    code = pl.col(name).replace(letters)
    return pl.when(code.is_in(["1", "2"])).then(code).otherwise(pl.lit("0")).alias(name)


def refuse_duplicate_samples(path: str | os.PathLike, table: pl.DataFrame) -> None:
    """Raise GemcontError if two rows of a table share fid and iid."""
    twice = table.filter(table.select("fid", "iid").is_duplicated())
    if twice.height:
        fid, iid = twice.select("fid", "iid").row(0)
        raise GemcontError(f"{path}: duplicate sample FID {fid} IID {iid}")


def read_bim(path: str) -> pl.DataFrame:
    """Read the variants of a .bim (columns of ``GenotypeSource.variants``)."""
    data = split_fields(read_text(path), " ")
    width = data[: data.index(b"\n")].count(b"\t") + 1
    if width != len(_BIM):
        raise GemcontError(f"{path}: {width} columns found, a .bim has six")
    schema: dict[str, DataType] = {name: VARIANT_COLUMNS.get(name, pl.String) for name in _BIM}
    return parse_table(path, data, " ", schema).select(*VARIANT_COLUMNS)


def write_fileset(
    prefix: str, chunks: Iterable[np.ndarray], samples: pl.DataFrame, variants: pl.DataFrame
) -> None:
    """Write PREFIX.bed, .bim and .fam by bed-reader.

    Args:
        prefix: of the files.
        chunks: int8 (variants, samples), effect allele counts, -127 missing.
        samples: table with the columns of ``GenotypeSource.samples``.
        variants: table with the columns of ``GenotypeSource.variants``.
    """
    from bed_reader import create_bed

    properties = {
        **{name: samples[name].to_list() for name in ("fid", "iid", "sex")},
        "chromosome": variants["chromosome"].cast(pl.String).to_list(),
        "sid": variants["variant_id"].to_list(),
        "bp_position": variants["base_pair_location"].to_list(),
        "allele_1": variants["effect_allele"].cast(pl.String).to_list(),
        "allele_2": variants["other_allele"].cast(pl.String).to_list(),
    }
    sizes = {"iid_count": samples.height, "sid_count": variants.height}
    with create_bed(prefix + ".bed", properties=properties, **sizes) as file:
        for chunk in chunks:
            for row in chunk:
                file.write(row)
