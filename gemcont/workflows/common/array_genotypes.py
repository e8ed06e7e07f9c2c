"""Genotypes in memory: arrays and tables of dosages become a ``GenotypeSource``."""

import os

import polars as pl

from gemcont.arrays import as_array, collected
from gemcont.errors import GemcontError
from gemcont.genotype import open_genotypes
from gemcont.genotype.readers.arrays import ArraySource
from gemcont.genotype.source import GenotypeSource
from gemcont.tables.phenotypes import SampleTable
from gemcont.tables.sample_frames import is_positional


def as_source(genotypes, traits):
    """Return the ``GenotypeSource`` of what a user hands over beside a table of traits.

    genotypes: a path, a ``GenotypeSource``, a DataFrame of pandas or polars (variants, samples)
    whose columns are named by sample id, or whatever ``as_array`` takes, its samples those of
    ``traits`` (a ``SampleTable``) in order
    """
    if isinstance(genotypes, str | os.PathLike | GenotypeSource):
        return open_genotypes(genotypes)
    genotypes = collected(genotypes)
    if isinstance(genotypes, pl.DataFrame):
        return _of_polars(genotypes, traits)
    if hasattr(genotypes, "columns") and hasattr(genotypes, "index"):
        if is_positional(genotypes.columns):
            return _of_array(genotypes, traits)
        rows = () if is_positional(genotypes.index) else genotypes.index
        _refuse_transposed(genotypes.columns, rows, traits)
        return _labelled(genotypes, genotypes.columns, genotypes.index)
    return _of_array(genotypes, traits)


def labelled_source(genotypes, sample=None):
    """Return the ``GenotypeSource`` of genotypes that no table of traits goes with.

    genotypes: as of ``as_source``, an array's samples being numbered; sample: of a .bgen
    """
    if isinstance(genotypes, str | os.PathLike | GenotypeSource):
        return open_genotypes(genotypes, sample=sample)
    genotypes = collected(genotypes)
    if isinstance(genotypes, pl.DataFrame) or hasattr(genotypes, "columns"):
        return as_source(genotypes, SampleTable("", None, [], pl.DataFrame()))
    return ArraySource(as_array(genotypes, "the genotype array", "float32"))


def _of_polars(frame, traits):
    """Columns of text or called variant_id name the variants; the others are samples."""
    text = [c for c, kind in frame.schema.items() if kind == pl.String or c == "variant_id"]
    if len(text) > 1:
        raise GemcontError(f"the genotype table holds text in {text[1]!r}, not dosages")
    variants = frame[text[0]].to_list() if text else None
    frame = frame.drop(text)
    if all(c == f"column_{i}" for i, c in enumerate(frame.columns)):
        return _of_array(frame, traits)
    _refuse_transposed(frame.columns, variants or [], traits)
    return _labelled(frame, frame.columns, variants)


def _labelled(frame, samples, variants):
    dosage = as_array(frame, "the genotype table", "float32")
    return ArraySource(dosage, samples=list(map(str, samples)), variants=variants)


def _refuse_transposed(columns, rows, traits):
    known = set(traits.iid)
    if not known & set(map(str, columns)) and known & set(map(str, rows)):
        raise GemcontError(
            "the genotype table has samples as its rows; it must be (variants, samples): pass "
            "genotypes.T"
        )


def _of_array(genotypes, traits):
    dosage = as_array(genotypes, "the genotype array", "float32")
    if dosage.ndim != 2 or dosage.shape[1] != len(traits.iid):
        raise GemcontError(
            f"the genotype array has shape {dosage.shape}; it must be (variants, "
            f"{len(traits.iid)}), its samples those of the traits table"
        )
    fid = traits.fid or traits.iid
    samples = {"fid": fid, "iid": traits.iid, "sex": [0] * len(fid)}
    source = ArraySource(dosage, samples=pl.DataFrame(samples))
    source.by_position = traits.by_position
    return source
