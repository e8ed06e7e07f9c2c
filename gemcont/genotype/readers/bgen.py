"""BGEN files (v1.2, 8- and 16-bit) with a .sample file, by the package bgen.

The effect allele is the file's second allele, the one whose dosage the package gives; which of
REF and ALT that is depends on how the file was made, so alleles are always taken from the file.
"""

import logging
import os
from contextlib import contextmanager
from functools import cached_property

import numpy as np
import polars as pl

from gemcont.errors import GemcontError
from gemcont.genotype.readers.bed import refuse_duplicate_samples
from gemcont.genotype.source import (
    FOUNDER,
    SAMPLE_COLUMNS,
    VARIANT_COLUMNS,
    Block,
    PackageSource,
)
from gemcont.text.files import decoded, read_text
from gemcont.text.parse import split_fields

log = logging.getLogger(__name__)

# A .pgen holds dosages in steps of 2^-14, and plink2 rounds a .bgen's to them: so do we, so that
# the same dosages give the same results in either format. The .bgen's own rounding is coarser
# (8-bit) or of similar size (16-bit).
_GRID = np.float32(1 << 14)
_SEXES = {"1": 1, "2": 2, "M": 1, "F": 2, "m": 1, "f": 2, "male": 1, "female": 2}


class BgenSource(PackageSource):
    """Dosages of a .bgen file.

    Variants of more than two alleles are left out and counted in ``left_out``. Needs
    ``pip install 'gemcont[bgen]'``.
    """

    has_dosages = True
    info = None

    def __init__(self, path: str | os.PathLike, sample: str | os.PathLike | None = None) -> None:
        """Open a .bgen and check its header.

        path: of the .bgen; sample: its .sample file if the ids are not inside. Raises GemcontError.
        """
        super().__init__(os.fspath(path))
        self._sample_path = sample
        self.files = (self.name,) if sample is None else (self.name, os.fspath(sample))
        header = self._reader.header
        if header.layout != 2:
            raise GemcontError(
                f"{self.name}: BGEN layout {header.layout} (v1.1) is not read; rewrite it with "
                "plink2 --export bgen-1.2"
            )
        if sample is None and not header.has_sample_ids:
            raise GemcontError(f"{self.name}: holds no sample ids; give them with --sample FILE")
        if self.n_samples != header.nsamples:
            raise GemcontError(
                f"{self.name} holds {header.nsamples} samples, {sample} has {self.n_samples}"
            )
        if sample is not None and header.has_sample_ids:
            self._check_order()

    def _check_order(self):
        """Refuse a .sample file that lists the samples in another order than the .bgen itself."""
        inside = list(self._reader.samples)
        rows = self.samples.select("fid", "iid").rows()
        names = [{fid, iid, f"{fid}_{iid}"} for fid, iid in rows]
        strangers = [
            i for i, (own, row) in enumerate(zip(inside, names, strict=True)) if own not in row
        ]
        if not strangers:
            return
        if set(inside).isdisjoint(set().union(*names)):
            log.warning(
                "%s: the ids inside (%s ...) are not those of %s (%s ...), whose order is believed",
                self.name,
                inside[0],
                self._sample_path,
                rows[0][1],
            )
            return
        first = strangers[0]
        raise GemcontError(
            f"{self._sample_path}: sample {first + 1} is {rows[first][1]}, but {inside[first]} "
            f"inside {self.name}; the file belongs to another .bgen, or its order was changed"
        )

    def _open_reader(self):
        return _open_reader(self.name)

    @property
    def bytes_per_variant(self) -> int:
        """Four bytes per sample."""
        return 4 * self.n_samples

    @cached_property
    def samples(self) -> pl.DataFrame:
        """Samples of the .sample file, else the ids inside the .bgen (sex unknown)."""
        if self._sample_path is not None:
            return read_sample(self._sample_path)
        ids = list(self._reader.samples)
        table = pl.DataFrame({"fid": ids, "iid": ids, "sex": [0] * len(ids)})
        table = table.with_columns(FOUNDER)
        return table.select(pl.col(c).cast(t) for c, t in SAMPLE_COLUMNS.items())

    @cached_property
    def _variant_file(self):
        """Table of the biallelic variants, their numbers in the file, variants in the file."""
        rows, numbers = [], []
        try:
            # A reader of its own: one that was iterated cannot be indexed any more.
            for number, variant in enumerate(self._open_reader()):
                if len(variant.alleles) == 2:
                    numbers.append(number)
                    named = variant.rsid if variant.rsid not in ("", ".") else variant.varid
                    first, second = variant.alleles
                    rows.append((variant.chrom, named, variant.pos, second, first))
        except (ValueError, OSError, RuntimeError, IndexError) as error:
            raise GemcontError(f"{self.name}: damaged or truncated .bgen ({error})") from None
        variants = pl.DataFrame(rows, schema=VARIANT_COLUMNS, orient="row")
        return variants, np.array(numbers, dtype=np.int64), self._reader.header.nvariants

    @property
    def variants(self) -> pl.DataFrame:
        """Variants of two alleles; the effect allele is the file's second."""
        return self._variant_file[0]

    @property
    def left_out(self) -> dict[str, int]:
        """Number of excluded variants by reason."""
        several = self._variant_file[2] - len(self._variant_file[1])
        return {"several ALT alleles": several} if several else {}

    def read(
        self, variants: np.ndarray, samples: np.ndarray | None = None, first: int = 0
    ) -> Block:
        """Read one ``Block``; see ``GenotypeSource.read``."""
        rows = self._variant_file[1][np.asarray(variants, dtype=np.int64)]
        n_samples = self.n_samples if samples is None else len(samples)
        dosage = np.empty((len(rows), n_samples), dtype=np.float32)
        for out, row in zip(dosage, rows, strict=True):
            values = _dosage(self.name, self._reader, int(row))
            out[:] = values if samples is None else values[samples]
        return Block(first=first, count=len(rows), n_samples=n_samples, dosage=dosage)


def _dosage(name, reader, row):
    """Return a variant's dosages (samples,) on the grid of a .pgen."""
    try:
        variant = reader[row]
        with _malformed_refused(name):
            dosage = variant.alt_dosage
        dosage = np.where(variant.ploidy == 1, 2 * dosage, dosage)  # 0 to 2, as in every file
    except (ValueError, IndexError, OSError, RuntimeError) as error:
        raise GemcontError(f"{name}: variant {row + 1} cannot be read ({error})") from None
    return np.rint(dosage * _GRID) / _GRID


@contextmanager
def _malformed_refused(name):
    """Raise an error for what the package only warns of: probabilities that sum to above 1."""

    def _refuse(record):
        if "sum to more than the bit depth" in record.getMessage():
            raise GemcontError(f"{name}: damaged, {record.getMessage().split(', so')[0]}")
        return True

    root = logging.getLogger()
    root.addFilter(_refuse)
    try:
        yield
    finally:
        root.removeFilter(_refuse)


def _open_reader(path):
    try:
        from bgen import BgenReader
    except ImportError:
        raise GemcontError("--bgen needs the package bgen: pip install 'gemcont[bgen]'") from None
    if not os.path.exists(path):
        raise GemcontError(f"{path}: no such file")
    try:
        return BgenReader(path)
    except (ValueError, OSError, RuntimeError) as error:
        raise GemcontError(f"{path}: not a BGEN file, or truncated ({error})") from None


def read_sample(path: str | os.PathLike) -> pl.DataFrame:
    """Read the samples of an Oxford .sample file.

    Two header lines, names and types, then a sample a line: ID_1 ID_2 missing [sex ...], or as
    qctool writes it ID missing [sex ...] with one id, which is then FID and IID. The type of an id
    is 0; a column called missing is no id, whatever its type.
    """
    lines = decoded(path, split_fields(read_text(path), " ")).rstrip("\n").split("\n")
    names = [name.strip('"') for name in lines[0].split("\t")]
    types = lines[1].split("\t") if len(lines) > 1 else []
    if not types or types[0] != "0":
        raise GemcontError(f"{path}: not a .sample file (its second line must begin 0 0)")
    rows = [line.split("\t") for line in lines[2:]]
    ragged = next((i for i, row in enumerate(rows) if len(row) != len(names)), None)
    if ragged is not None:
        raise GemcontError(
            f"{path}: sample {ragged + 1} has {len(rows[ragged])} of {len(names)} columns"
        )
    words = [name.lower() for name in names]
    one_id = len(words) < 2 or words[1] == "missing" or types[1:2] != ["0"]
    at = words.index("sex") if "sex" in words else None
    table = pl.DataFrame(
        {
            "fid": [row[0] for row in rows],
            "iid": [row[0 if one_id else 1] for row in rows],
            "sex": [0 if at is None else _SEXES.get(row[at], 0) for row in rows],
            "founder": [True] * len(rows),
        },
        schema=SAMPLE_COLUMNS,
    )
    refuse_duplicate_samples(path, table)
    return table
