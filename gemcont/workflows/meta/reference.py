"""A reference's variants, to which every cohort is aligned: a file, or genotypes."""

import numpy as np
import polars as pl

from gemcont.genotype.kernels.packed import moments
from gemcont.tables.sumstats.headings import columns_of
from gemcont.tables.sumstats.read import Sumstats
from gemcont.workflows.meta.rows import RawRows
from gemcont.workflows.meta.union import Union

_BLOCK = 4096  # variants
_USED = ("variant_id", "effect_allele_frequency")


def reference_union(codes, settings, reference, genotypes):
    """A fixed ``Union`` of the variants of a file or a ``GenotypeSource``.

    A variant that stands twice counts once, in its first row. Where both are given, the
    genotypes say which variants there are.
    """
    union = Union(codes, by_id=settings.match == "id", fixed=True)
    if genotypes is None:
        rows = _of_file(reference, union, settings)
    else:
        rows = _of_genotypes(genotypes, union, settings)
    rows = rows.take((rows.effect >= 0) & (rows.other >= 0) & (rows.effect != rows.other))
    match = union.match(rows)
    union.add(rows, match, ~match.repeated, certain=True)
    union.variant = rows.row[~match.repeated]
    return union


def _of_file(path, union, settings):
    needed = ("effect_allele", "other_allele")
    needed += ("variant_id",) if settings.match == "id" else ("chromosome", "base_pair_location")
    asked = columns_of(settings.columns, path, "reference", 0)
    asked["columns"] = {r: c for r, c in asked["columns"].items() if r in (*needed, *_USED)}
    table = Sumstats(path, **asked, needed=needed).read()
    table = table.drop_nulls([*needed])
    frequency = table["effect_allele_frequency"].fill_null(np.nan).to_numpy()
    return _columns(table, union, settings, frequency)


def _of_genotypes(source, union, settings):
    table = source.variants.with_columns(
        pl.col("chromosome").cast(pl.String),
        pl.col("base_pair_location").cast(pl.Int64),
        *(
            pl.col(a).cast(pl.String).str.to_uppercase().replace("0", None)
            for a in ("effect_allele", "other_allele")
        ),
    )
    return _columns(table, union, settings, allele_frequency(source))


def allele_frequency(source):
    """Effect allele frequency (variants,) over everyone, NaN where nothing is called."""
    found = [moments(block) for block in source.blocks(size=_BLOCK)]
    parts = [np.where(m.n > 0, m.mean / 2, np.nan) for m in found]
    return np.concatenate(parts) if parts else np.empty(0)


def _columns(table, union, settings, frequency):
    nothing = np.full(table.height, np.nan)
    return RawRows(
        row=np.arange(table.height, dtype=np.uint32),
        ids=table["variant_id"],
        chromosome=union.chromosome_codes(table["chromosome"], settings.autosomes),
        position=table["base_pair_location"].fill_null(0).cast(pl.Int32).to_numpy(),
        effect=union.codes.encode(table["effect_allele"]),
        other=union.codes.encode(table["other_allele"]),
        beta=nothing,
        standard_error=nothing,
        frequency=frequency,
        n=nothing.astype(np.float32),
    )
