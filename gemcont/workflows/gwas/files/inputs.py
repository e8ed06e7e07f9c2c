"""What a scan reads: genotypes, tables of traits and covariates, lists."""

import dataclasses
import os
from typing import TYPE_CHECKING

import polars as pl

from gemcont.errors import GemcontError
from gemcont.genotype import open_genotypes
from gemcont.genotype.source import GenotypeSource
from gemcont.tables.embeddings import facts_path
from gemcont.tables.phenotypes import SampleTable, read_sample_table

if TYPE_CHECKING:
    from gemcont.settings.gwas import GwasSettings

_LISTS = ("keep", "remove", "extract", "exclude", "condition_list")
_BESIDE = (".ids.tsv", ".names.txt")  # files that go with a table of traits in .npy


@dataclasses.dataclass(frozen=True)
class Files:
    """The files that a scan reads.

    Attributes:
        genotypes: a path or ``GenotypeSource``
        pheno, covar: tables of traits and covariates; pheno may be None for a .pgen whose .psam has
            traits
        sample: the .sample file of a .bgen
    """

    genotypes: str | GenotypeSource
    pheno: str | None = None
    covar: str | None = None
    sample: str | None = None

    def open(self) -> "tuple[GenotypeSource, SampleTable, SampleTable | None]":
        """Open the genotypes, and read the tables of traits and of covariates (None without)."""
        source = open_genotypes(self.genotypes, sample=self.sample)
        source.log_contents()
        covariates = None if self.covar is None else read_sample_table(self.covar)
        return source, _traits_of(source, self.pheno), covariates

    def paths(self, source: "GenotypeSource", settings: "GwasSettings") -> list[str]:
        """Return the path of every file that is read."""
        given = [self.pheno, self.covar, *(getattr(settings, name) for name in _LISTS)]
        tables = [path for path in given if path is not None]
        arrays = [path.removesuffix(".npy") for path in tables if path.endswith(".npy")]
        beside = [stem + suffix for stem in arrays for suffix in _BESIDE]
        beside += [facts_path(path) for path in tables[:1]]
        return [*source.files, *tables, *(path for path in beside if os.path.exists(path))]


def _traits_of(source, pheno):
    """Return the table of --pheno, else the traits that the genotype file itself brings."""
    if pheno is not None:
        return read_sample_table(pheno)
    columns = getattr(source, "traits", pl.DataFrame())
    if not columns.width:
        raise GemcontError("--pheno: a table of traits is needed (only a .psam may bring its own)")
    psam = source.files[1]
    _, fid, iid = source.sample_ids
    return SampleTable(name=psam, fid=fid, iid=iid, columns=columns, path=psam)
