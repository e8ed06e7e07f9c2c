"""PLINK 2 filesets: .pgen, .pvar (also .pvar.zst), .psam, by pgenlib; the effect allele is ALT."""

import os
import re
import struct
from functools import cached_property
from typing import NamedTuple

import numpy as np
import polars as pl

from gemcont.errors import GemcontError
from gemcont.genotype.kernels.packed import pack_hardcalls
from gemcont.genotype.readers.bed import (
    is_founder,
    read_bim,
    read_fam,
    refuse_duplicate_samples,
    sex_codes,
)
from gemcont.genotype.source import (
    FOUNDER,
    SAMPLE_COLUMNS,
    VARIANT_COLUMNS,
    Block,
    PackageSource,
    count_negative,
    without_negative,
)
from gemcont.text.files import decoded, read_text, readable
from gemcont.text.ids import OTHER_IDS, bare_names, find_ids
from gemcont.text.parse import DataType, parse_table, split_fields

_MISSING = -9
_STANDARD = 0x10  # storage mode of all files that plink2 writes by default
_HEADER = 12  # bytes of a standard .pgen before its table of variant blocks
_VARIANTS_PER_BLOCK = 1 << 16
_DOSAGE_BITS = 0x60  # of a variant's record type
_QUALITY = r"(?:^|;)(?:R2|DR2|INFO)=([-+.0-9eE]+)"  # minimac, Beagle, IMPUTE
_PVAR = ("#CHROM", "POS", "ID", "REF", "ALT")
_CHR_SET = re.compile(rb"(?m)^##chrSet=<(.*)>\s*$")
_PAIRS = re.compile(rb"(?:autosomePairCt|haploidAutosomeCt)=(\d+)")


class PgenSource(PackageSource):
    """PLINK 2 fileset; dosages if the .pgen holds any, else packed hard calls.

    Rows with several ALT alleles, or of a negative position, are left out and counted in
    ``left_out``. Needs ``pip install 'gemcont[pgen]'``.
    """

    def __init__(self, path: str | os.PathLike) -> None:
        """Open a fileset and check its sizes.

        path: the prefix or the .pgen itself. Raises GemcontError.
        """
        prefix = os.fspath(path).removesuffix(".pgen")
        super().__init__(prefix + ".pgen")
        self._prefix = prefix
        self.files = (self.name, self._psam, self._pvar)
        self.has_dosages = _has_dosages(self.name)
        self._check_sizes()

    def _check_sizes(self):
        for count, here, table in (
            (self._reader.get_raw_sample_ct(), self.n_samples, self._psam),
            (self._reader.get_variant_ct(), len(self._variant_file.n_alleles), self._pvar),
        ):
            if count != here:
                raise GemcontError(
                    f"{self.name} holds {count}, {table} has {here}; not one fileset"
                )

    def _open_reader(self):
        return _open_reader(self.name, self._variant_file.n_alleles)

    @property
    def _psam(self):
        return self._prefix + ".psam"

    @cached_property
    def _pvar(self):
        plain = self._prefix + ".pvar"
        return (
            plain if os.path.exists(plain) or not os.path.exists(plain + ".zst") else plain + ".zst"
        )

    @property
    def bytes_per_variant(self) -> int:
        """Four bytes per sample for dosages; one for hard calls on their way to two bits."""
        return (4 if self.has_dosages else 1) * self.n_samples

    @cached_property
    def _sample_file(self):
        return read_psam(self._psam)

    @property
    def samples(self) -> pl.DataFrame:
        """Samples of the .psam."""
        return self._sample_file[0]

    @property
    def traits(self) -> pl.DataFrame:
        """Columns of the .psam other than ids, parents and sex (text)."""
        return self._sample_file[1]

    @cached_property
    def _variant_file(self):
        return read_pvar(self._pvar)

    @cached_property
    def _placed(self):
        return without_negative(self._variant_file.variants)

    @cached_property
    def _rows(self):
        biallelic = np.flatnonzero(self._variant_file.n_alleles == 2).astype(np.uint32)
        return biallelic if self._placed[1] is None else biallelic[self._placed[1]]

    @property
    def variants(self) -> pl.DataFrame:
        """Variants of the .pvar with one ALT allele; the effect allele is ALT."""
        return self._placed[0]

    @property
    def info(self) -> np.ndarray | None:
        """Imputation quality (variants,) by the .pvar's INFO column, NaN unknown; or None."""
        info, rows = self._variant_file.info, self._placed[1]
        return info if info is None or rows is None else info[rows]

    @property
    def autosomes(self) -> int | None:
        """Number of autosomes that the .pvar's ##chrSet states, or None."""
        return self._variant_file.autosomes

    @property
    def left_out(self) -> dict[str, int]:
        """Number of excluded rows by reason."""
        several = int((self._variant_file.n_alleles > 2).sum())
        counts = {"several ALT alleles": several} if several else {}
        return counts | count_negative(self._variant_file.variants.height, self._placed[1])

    def read(
        self, variants: np.ndarray, samples: np.ndarray | None = None, first: int = 0
    ) -> Block:
        """Read one ``Block``; see ``GenotypeSource.read``."""
        rows = self._rows[np.asarray(variants, dtype=np.int64)]
        n_samples = self.n_samples if samples is None else len(samples)
        kind = np.float32 if self.has_dosages else np.int8
        values = np.empty((len(rows), n_samples), dtype=kind)
        self._reader.change_sample_subset(None if samples is None else samples.astype(np.uint32))
        if len(rows):
            read = self._reader.read_dosages_list if self.has_dosages else self._reader.read_list
            _guarded(self.name, lambda: read(rows, values))
        if not self.has_dosages:
            packed = pack_hardcalls(values)
            return Block(first=first, count=len(rows), n_samples=n_samples, packed=packed)
        values[values == _MISSING] = np.nan
        return Block(first=first, count=len(rows), n_samples=n_samples, dosage=values)


def _guarded(name, action):
    try:
        return action()
    except RuntimeError as error:
        raise GemcontError(f"{name}: damaged or truncated .pgen ({error})") from None


def _open_reader(path, n_alleles):
    """Return pgenlib's reader; n_alleles: (variants,), REF and ALTs of every row of the .pvar."""
    try:
        from pgenlib import PgenReader
    except ImportError:
        raise GemcontError("--pfile needs pgenlib: pip install 'gemcont[pgen]'") from None
    several = {}
    if (n_alleles > 2).any():  # where the alleles of each variant begin, as pgenlib asks for them
        _check_count(path, len(n_alleles))  # it reads as many as the .pgen has variants
        several["allele_idx_offsets"] = np.concatenate([[0], np.cumsum(n_alleles)]).astype(
            np.uint64
        )
    return _guarded(path, lambda: PgenReader(os.fsencode(path), **several))


def _check_count(path, n_rows):
    """Raise GemcontError unless a .pgen has as many variants as its .pvar has rows."""
    with readable(path), open(path, "rb") as file:
        head = file.read(_HEADER)
    count = struct.unpack_from("<I", head, 3)[0] if len(head) >= _HEADER else 0
    if count != n_rows:
        raise GemcontError(f"{path} holds {count}, its .pvar has {n_rows}; not one fileset")


def _has_dosages(path):
    """Return whether any variant record of a .pgen holds dosages, by its header."""
    try:
        with open(path, "rb") as file:
            head = file.read(_HEADER)
            if head[:2] != b"\x6c\x1b" or len(head) < _HEADER:
                raise GemcontError(f"{path}: not a .pgen (begins {head[:2].hex()}, expected 6c1b)")
            if head[2] != _STANDARD:
                return head[2] == 0x03  # fixed width: dosages; 01 and 02 are hard calls
            return any(b & _DOSAGE_BITS for b in _record_types(file, head))
    except FileNotFoundError:
        raise GemcontError(f"{path}: no such file") from None
    except OSError as error:
        raise GemcontError(f"{path}: cannot be read ({error.strerror})") from None


def _record_types(file, head):
    """Return the distinct record types of a standard .pgen, none if types have four bits only."""
    n_variants, control = struct.unpack_from("<I", head, 3)[0], head[11]
    if control & 0x0F < 4:  # four-bit types have no room for dosages
        return set()
    length_bytes = (control & 0x0F) - 3
    allele_bytes, reference_bits = control >> 4 & 3, control >> 6 == 3
    n_blocks = -(-n_variants // _VARIANTS_PER_BLOCK)
    file.seek(_HEADER + 8 * n_blocks)
    record_types = set()
    for block in range(n_blocks):
        count = min(_VARIANTS_PER_BLOCK, n_variants - block * _VARIANTS_PER_BLOCK)
        record_types.update(file.read(count))
        skipped = count * (length_bytes + allele_bytes) + reference_bits * -(-count // 8)
        file.seek(skipped, os.SEEK_CUR)
    return record_types


def read_psam(path: str) -> tuple[pl.DataFrame, pl.DataFrame]:
    """Read a .psam: the table of ``GenotypeSource.samples``, and the other columns.

    A file whose first line does not begin with # is read as a .fam.
    """
    data = split_fields(_without_comments(read_text(path), b"##"), " ")
    if not data.startswith(b"#"):
        samples = read_fam(path)
        return samples, pl.DataFrame()
    header, _, body = data.partition(b"\n")
    names = bare_names(decoded(path, header).split("\t"))
    id_columns = find_ids(names, path)
    if id_columns is None or id_columns.iid > 1:
        raise GemcontError(f"{path}: the header must begin #FID IID or #IID")
    table = parse_table(path, body, " ", dict.fromkeys(names, pl.String), comment=b"#")
    known = {name.upper(): name for name in names if name in (*OTHER_IDS, "SEX", "Sex", "sex")}
    fid = pl.lit("0") if id_columns.fid is None else pl.col(names[id_columns.fid])
    sex = pl.col(known["SEX"]).alias("sex") if "SEX" in known else pl.lit("0").alias("sex")
    founder = is_founder("PAT", "MAT") if {"PAT", "MAT"} <= set(names) else FOUNDER
    table = table.with_columns(founder)
    samples = table.select(
        fid.alias("fid"), pl.col(names[id_columns.iid]).alias("iid"), sex, "founder"
    )
    samples = samples.with_columns(sex_codes("sex"))
    refuse_duplicate_samples(path, samples)
    ids = [names[at] for at in (id_columns.fid, id_columns.iid) if at is not None]
    rest = table.drop(*ids, "founder", *known.values())
    return samples.select(pl.col(c).cast(t) for c, t in SAMPLE_COLUMNS.items()), rest


class PvarFile(NamedTuple):
    """Contents of a .pvar.

    Attributes:
        variants: the biallelic rows, as ``GenotypeSource.variants``
        n_alleles: int (rows,), of all rows
        info: imputation quality (variants,) by R2, DR2 or INFO, or None
        autosomes: number of autosomes that ##chrSet states, or None
    """

    variants: pl.DataFrame
    n_alleles: np.ndarray
    info: np.ndarray | None
    autosomes: int | None


def read_pvar(path: str) -> PvarFile:
    """Read a .pvar (or .pvar.zst), its columns in any order."""
    text = _read_pvar_text(path)
    data = split_fields(_without_comments(text, b"##"), " ")
    autosomes = _autosomes_of(text[: len(text) - len(data)] if text.startswith(b"##") else b"")
    if not data.startswith(b"#"):  # a .bim, whose column 5 is ALT in plink2's reading
        variants = read_bim(path)
        return PvarFile(variants, np.full(variants.height, 2), None, autosomes)
    header, _, body = data.partition(b"\n")
    names = decoded(path, header).split("\t")
    if names[0] != _PVAR[0] or not set(_PVAR) <= set(names):
        raise GemcontError(
            f"{path}: the header must begin #CHROM and name POS, ID, REF and ALT; it is "
            f"{' '.join(names)[:60]!r}"
        )
    types: dict[str, DataType] = {"#CHROM": pl.Categorical, "POS": pl.Int32, "REF": pl.Categorical}
    schema = {name: types.get(name, pl.String) for name in names}
    table = parse_table(path, body, " ", schema, comment=b"#")
    n_alleles = 2 + table["ALT"].str.count_matches(",", literal=True).to_numpy().astype(np.int64)
    kept = table.filter(pl.Series(n_alleles == 2))
    info = None
    if "INFO" in names:
        info = kept["INFO"].str.extract(_QUALITY).cast(pl.Float64, strict=False).to_numpy()
        info = None if np.isnan(info).all() else info
    ours = {"#CHROM": "chromosome", "ID": "variant_id", "POS": "base_pair_location"}
    kept = kept.rename(ours | {"ALT": "effect_allele", "REF": "other_allele"})
    variants = kept.select(pl.col(c).cast(t) for c, t in VARIANT_COLUMNS.items())
    return PvarFile(variants, n_alleles, info, autosomes)


def _autosomes_of(comments):
    """Return the number of autosomes that a ##chrSet line states, None if there is none."""
    line = _CHR_SET.search(comments)
    pairs = _PAIRS.search(line.group(1)) if line else None
    return int(pairs.group(1)) if pairs else None


def _without_comments(data, mark):
    """Return the text from its first line that does not begin with ``mark``."""
    while data.startswith(mark):
        data = data.partition(b"\n")[2]
    return data


def _read_pvar_text(path):
    if not path.endswith(".zst"):
        return read_text(path)
    try:
        import zstandard
    except ImportError:
        message = f"{path}: reading .zst needs zstandard: pip install 'gemcont[pgen]'"
        raise GemcontError(message) from None
    try:
        with open(path, "rb") as file:
            return zstandard.ZstdDecompressor().stream_reader(file).read()
    except (OSError, zstandard.ZstdError) as error:
        raise GemcontError(f"{path}: cannot be read ({error})") from None
