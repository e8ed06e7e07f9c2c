"""Genotypes in memory: a ``GenotypeSource`` of arrays and tables of dosages."""

import os

import numpy as np
import polars as pl

from gemcont.arrays import as_array, collected
from gemcont.errors import GemcontError
from gemcont.genotype import open_genotypes
from gemcont.genotype.readers.arrays import ArraySource
from gemcont.genotype.source import GenotypeSource
from gemcont.tables.phenotypes import SampleTable
from gemcont.tables.sample_frames import is_positional


def as_source(genotypes: object, traits: SampleTable) -> GenotypeSource:
    """Return the ``GenotypeSource`` of the genotypes that a user passes with a table of traits.

    Args:
        genotypes: a path, a ``GenotypeSource``, a DataFrame of pandas or polars (variants,
            samples) whose columns are named by sample id, or an array of that shape, whose samples
            are those of the traits in order.
        traits: the table of traits.

    Raises:
        GemcontError: the array does not have that shape, or the table's rows are samples.
    """
    if isinstance(genotypes, str | os.PathLike | GenotypeSource):
        return open_genotypes(genotypes)
    table = collected(genotypes)
    if isinstance(table, pl.DataFrame):
        return _of_polars(table, traits)
    if hasattr(table, "columns") and hasattr(table, "index"):
        if is_positional(table.columns):
            return _of_array(table, traits)
        rows = () if is_positional(table.index) else table.index
        _refuse_transposed(table.columns, rows, traits)
        return _labelled(table, table.columns, table.index)
    return _of_array(table, traits)


def labelled_source(genotypes: object, sample: str | os.PathLike | None = None) -> GenotypeSource:
    """Return the ``GenotypeSource`` of genotypes that are passed without a table of traits.

    Args:
        genotypes: as in ``as_source``; the samples of an array are numbered.
        sample: the .sample file of a .bgen.
    """
    if isinstance(genotypes, str | os.PathLike | GenotypeSource):
        return open_genotypes(genotypes, sample=sample)
    table = collected(genotypes)
    if isinstance(table, pl.DataFrame) or hasattr(table, "columns"):
        return as_source(table, SampleTable(name="", fid=None, iid=[], columns=pl.DataFrame()))
    return ArraySource(as_array(table, "the genotype array", np.float32))


def _of_polars(frame, traits):
    """Take variant ids from a column of text or called variant_id; the others are samples."""
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
    dosage = as_array(frame, "the genotype table", np.float32)
    return ArraySource(dosage, samples=list(map(str, samples)), variants=variants)


def _refuse_transposed(columns, rows, traits):
    known = set(traits.iid)
    if not known & set(map(str, columns)) and known & set(map(str, rows)):
        raise GemcontError(
            "the genotype table has samples as its rows; it must be (variants, samples): pass "
            "genotypes.T"
        )


def _of_array(genotypes, traits):
    dosage = as_array(genotypes, "the genotype array", np.float32)
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
