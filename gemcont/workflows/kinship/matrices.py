"""Kinship for the scan, computed, read or passed: its rows for the analysed samples."""

import glob
import logging
import os
import time
from collections.abc import Sequence
from functools import cached_property
from typing import Any, Protocol

import numpy as np
import polars as pl
from tqdm import tqdm

from gemcont.arrays import as_array
from gemcont.errors import GemcontError
from gemcont.genotype.align import NO_ROW, SampleIds, match_samples
from gemcont.genotype.chromosomes import Ploidy, canonical_name, ploidy
from gemcont.genotype.kinship import MOST_MISSING, relationship
from gemcont.genotype.source import GenotypeSource
from gemcont.stats.mixed.model import Decomposition, decompose
from gemcont.tables.files import as_file_name
from gemcont.tables.kinship_files import KinshipFile, fingerprint, read_eigen, read_kinship
from gemcont.tables.kinship_frames import kinship_of_frame

log = logging.getLogger(__name__)

COMPUTE = "grm"  # --kinship grm: computed from the genotypes that are tested
_FEW_VARIANTS = 500  # below which a pair's kinship has a standard error of some hundredths


class ComputedSettings(Protocol):
    """Settings of a computed GRM."""

    @property
    def autosomes(self) -> Any:
        """Number of autosomes."""

    @property
    def kinship_type(self) -> str:
        """Either "centred" or "standardised"."""

    @property
    def kinship_maf(self) -> float:
        """Smallest minor allele frequency of a variant of the GRM."""


class LocoSettings(Protocol):
    """Settings of a kinship that is read."""

    @property
    def loco(self) -> bool:
        """Leave the tested chromosome out of the kinship."""


class KinshipChoice(ComputedSettings, LocoSettings, Protocol):
    """Settings that say where the kinship of a scan comes from."""

    @property
    def kinship(self) -> Any:
        """A path, "grm", a DataFrame or an array; None for none."""


def open_kinship(source: GenotypeSource, settings: KinshipChoice) -> "Kinship | None":
    """Return the kinship that the settings name, None without --kinship.

    Raises GemcontError where it cannot be read, or does not fit the genotypes.
    """
    if settings.kinship is None:
        return None
    if isinstance(settings.kinship, str | os.PathLike):
        if settings.kinship == COMPUTE:
            return Computed(source, settings)
        return FromFile(source, settings, read_kinship(settings.kinship))
    if settings.loco:
        raise GemcontError("--loco: an array has no chromosomes to leave out")
    if not hasattr(settings.kinship, "columns"):
        return FromArray(source, as_array(settings.kinship, "kinship"))
    file = kinship_of_frame(settings.kinship)
    if file.iid is not None:
        return FromFile(source, settings, file)
    if not source.by_position:
        raise GemcontError(
            "kinship: its rows and columns are numbered, not named by sample id; name both by "
            "sample id, or pass the array (.to_numpy()) in the order of the genotypes' samples"
        )
    return FromArray(source, file.matrix)


class Kinship(Protocol):
    """Kinship matrix of samples, computed, read or passed.

    name: for messages and the log
    """

    name: str

    @property
    def files(self) -> Sequence[str]:
        """Paths that are read."""

    @property
    def ids(self) -> SampleIds | None:
        """``SampleIds`` of its rows, None where they are the genotypes' samples in order."""

    @property
    def facts(self) -> dict[str, Any]:
        """Entries of the summary."""

    def prepare(self, samples: np.ndarray, *, progress: bool = False) -> None:
        """Compute or find the kinship of samples (indices into the genotype file)."""

    def decomposition(self, samples: np.ndarray, chromosome: str | None = None) -> Decomposition:
        """Return the decomposition for prepared samples, without a chromosome's variants."""

    def matrix(self, samples: np.ndarray, chromosome: str | None = None) -> np.ndarray:
        """Return the kinship of prepared samples, without a chromosome's variants."""


class Computed:
    """GRM of the analysed samples, from the autosomes of the genotype file."""

    ids: SampleIds | None = None
    files: Sequence[str] = ()
    name: str = COMPUTE

    def __init__(
        self,
        source: GenotypeSource,
        settings: ComputedSettings,
        variants: np.ndarray | None = None,
    ) -> None:
        """Choose the variants; variants: their indices, None = all on autosomes."""
        self._source, self._settings = source, settings
        self._variants = autosomal(source, settings.autosomes) if variants is None else variants

    def prepare(self, samples: np.ndarray, *, progress: bool = False) -> None:
        """Compute the GRM of samples (ascending indices)."""
        started, self._samples = time.perf_counter(), samples
        self._sums = self._relationship(self._variants, progress)
        counts = ", ".join(f"{count} {reason}" for reason, count in self.left_out.items())
        if not self._sums.n_variants:
            raise GemcontError(f"--kinship grm: no variant is left for the GRM ({counts})")
        log.info(
            "GRM of %d samples from %d autosomal variants (%s; left out: %s), %.1f s",
            len(samples),
            self._sums.n_variants,
            self._settings.kinship_type,
            counts,
            time.perf_counter() - started,
        )
        if self._sums.n_variants < _FEW_VARIANTS:
            log.warning("a GRM of %d variants says little of kinship", self._sums.n_variants)

    @cached_property
    def _chromosomes(self):
        """Canonical name of the chromosome of each variant of the GRM."""
        column = self._source.variants["chromosome"][self._variants]
        return canonical_names(column, self._settings.autosomes)

    @property
    def left_out(self) -> dict[str, int]:
        """Number of variants that are not in the GRM, by reason."""
        return self._sums.left_out

    @property
    def facts(self) -> dict[str, Any]:
        """Entries of the summary."""
        return {
            "type": self._settings.kinship_type,
            "n_variants": self._sums.n_variants,
            "variants_left_out": self.left_out,
            "least_maf": self._settings.kinship_maf,
            "most_missing": MOST_MISSING,
        }

    def _relationship(self, variants, progress=False):
        everyone = len(self._samples) == self._source.n_samples
        bar = tqdm(
            total=len(variants), unit=" variants", desc="GRM", disable=None if progress else True
        )
        with bar:
            return relationship(
                self._source,
                variants,
                None if everyone else self._samples,
                kind=self._settings.kinship_type,
                maf=self._settings.kinship_maf,
                progress=bar.update,
            )

    def decomposition(self, samples: np.ndarray, chromosome: str | None = None) -> Decomposition:
        """Return the decomposition for prepared samples, without a chromosome's variants."""
        return _decomposed(self.matrix(samples, chromosome), _name_without(self.name, chromosome))

    def matrix(self, samples: np.ndarray, chromosome: str | None = None) -> np.ndarray:
        """Return the kinship of prepared samples, without a chromosome's variants."""
        rows = np.searchsorted(self._samples, samples)
        return _rows_of(self._sums_without(chromosome).matrix, rows)

    def _sums_without(self, chromosome):
        if chromosome is None:
            return self._sums
        here = self._variants[(self._chromosomes == chromosome).to_numpy()]
        others = self._sums.without(self._relationship(here))
        if not others.n_variants:
            raise GemcontError(
                f"--loco: no variant of the GRM lies outside chromosome {chromosome}"
            )
        return others


class FromFile:
    """Kinship matrix with ids; it may have more samples than are analysed, in any order."""

    def __init__(self, source: GenotypeSource, settings: LocoSettings, file: KinshipFile) -> None:
        """Check the ids, and with --loco that there are matrices without a chromosome."""
        self._file = file
        self.name, self.files = self._file.name, list(self._file.files)
        self._source = source
        self.ids: SampleIds = _ids_of(self._file, source)
        self._loco = f"{self._file.prefix}.loco"
        if not settings.loco:
            return
        if not os.path.isdir(self._loco):
            raise GemcontError(
                f"--loco: {self.name} has no {self._loco} beside it; make it by gemcont-kinship "
                "--loco, or let --kinship grm compute it"
            )
        self.files += sorted(glob.glob(glob.escape(self._loco) + "/*.grm.npy"))

    @property
    def facts(self) -> dict[str, Any]:
        """Entries of the summary: none."""
        return {}

    def prepare(self, samples: np.ndarray, *, progress: bool = False) -> None:
        """Find samples in the matrix, and log how many of its rows are taken."""
        self._rows(samples)
        if len(samples) < len(self.ids.iid):
            log.info(
                "kinship %s: rows of %d of its %d samples are taken (not recentred) and decomposed",
                self.name,
                len(samples),
                len(self.ids.iid),
            )

    @cached_property
    def _row_of(self):
        """Row of the matrix of every sample of the genotype file."""
        return match_samples(self._source.sample_ids, [self.ids], say=False)[0]

    def _rows(self, samples):
        rows = self._row_of[samples]
        if (rows == NO_ROW).any():
            raise GemcontError(f"{self.name}: {(rows == NO_ROW).sum()} samples are not in it")
        return rows

    def decomposition(self, samples: np.ndarray, chromosome: str | None = None) -> Decomposition:
        """Return the decomposition for samples of the file, without a chromosome's variants."""
        file, rows = self._without(chromosome), self._rows(samples)
        if file.eigen is not None and np.array_equal(rows, np.arange(len(file.matrix))):
            return _read_decomposition(file)
        return _decomposed(_rows_of(file.matrix, rows), file.name)

    def matrix(self, samples: np.ndarray, chromosome: str | None = None) -> np.ndarray:
        """Return the kinship of samples of the file, without a chromosome's variants."""
        return _rows_of(self._without(chromosome).matrix, self._rows(samples))

    def _without(self, chromosome):
        if chromosome is None:
            return self._file
        prefix = f"{self._loco}/{as_file_name(chromosome)}"
        if not os.path.exists(f"{prefix}.grm.npy"):
            raise GemcontError(
                f"--loco: {prefix}.grm.npy is not there: the GRM was made of other chromosomes"
            )
        file = read_kinship(prefix)
        if file.iid != self._file.iid or file.fid != self._file.fid:
            raise GemcontError(f"{prefix}.grm.id: other samples than {self.name}")
        return file


class FromArray:
    """Kinship matrix in memory, of the genotypes' samples in order."""

    ids: SampleIds | None = None
    files: Sequence[str] = ()
    name: str = "the kinship array"

    def __init__(self, source: GenotypeSource, matrix: np.ndarray) -> None:
        """Check the shape of a matrix (samples, samples)."""
        n = source.n_samples
        if matrix.shape != (n, n):
            raise GemcontError(f"kinship: has shape {matrix.shape}; it must be ({n}, {n})")
        self._matrix = matrix

    @property
    def facts(self) -> dict[str, Any]:
        """Entries of the summary: none."""
        return {}

    def prepare(self, samples: np.ndarray, *, progress: bool = False) -> None:
        """Do nothing: the matrix is there."""

    def decomposition(self, samples: np.ndarray, chromosome: str | None = None) -> Decomposition:
        """Return the decomposition of the samples' rows and columns."""
        return _decomposed(self.matrix(samples), self.name)

    def matrix(self, samples: np.ndarray, chromosome: str | None = None) -> np.ndarray:
        """Return the samples' rows and columns."""
        return _rows_of(self._matrix, samples)


def _ids_of(file, source):
    """Return the ids of the rows; without ids, the samples of the genotype file in order."""
    if file.iid is not None:
        return SampleIds(file.name, file.fid, file.iid)
    if len(file.matrix) != source.n_samples:
        raise GemcontError(
            f"{file.name}: has {len(file.matrix)} rows and no ids, {source.name} has "
            f"{source.n_samples} samples; put the ids, FID IID a line, into {file.name}.id"
        )
    log.info("%s has no ids: its rows are the samples of %s in order", file.name, source.name)
    return source.sample_ids._replace(name=file.name)


def _read_decomposition(file):
    values, vectors, n_clipped = read_eigen(file.eigen, fingerprint(file.matrix))
    log.info("eigenvectors of %s read", file.eigen)
    return Decomposition(vectors, values, n_clipped)


def _rows_of(matrix, rows):
    """Return rows and columns of a matrix; itself where that is all of them in order."""
    everyone = np.array_equal(rows, np.arange(len(matrix)))
    return matrix if everyone else matrix[np.ix_(rows, rows)]


def _decomposed(matrix, name):
    eigen = decompose(matrix, name)
    if eigen.n_clipped:
        log.info("%s: eigenvalues below 0 set to 0: %d", name, eigen.n_clipped)
    return eigen


def _name_without(name, chromosome):
    return name if chromosome is None else f"{name} without chromosome {chromosome}"


def canonical_names(column: pl.Series, autosomes: int) -> pl.Series:
    """Return a column of chromosomes with one name for each: 1 for chr1 and 01."""
    names = column.cast(str)
    canonical = {name: canonical_name(name, autosomes) for name in names.unique().to_list()}
    return names.replace_strict(canonical, return_dtype=pl.String)


def autosomal(source: GenotypeSource, autosomes: int) -> np.ndarray:
    """Return the indices of a source's variants on autosomes.

    Raises GemcontError if there is none.
    """
    column = source.variants["chromosome"]
    names = column.unique().to_list()
    kinds = dict(zip(names, ploidy(names, autosomes).tolist(), strict=True))
    here = column.replace_strict(kinds).to_numpy() == Ploidy.AUTOSOME
    if not here.any():
        raise GemcontError(f"--kinship grm: {source.name} has no variant on an autosome")
    return np.flatnonzero(here)
