"""Variants of a reference (a file, or genotypes) that every cohort is aligned to."""

import numpy as np
import polars as pl

from gemcont.genotype.kernels.packed import moments
from gemcont.genotype.source import GenotypeSource
from gemcont.settings.meta import MetaSettings
from gemcont.tables.sumstats.headings import columns_of
from gemcont.tables.sumstats.read import Sumstats
from gemcont.workflows.common.alleles import AlleleCodes
from gemcont.workflows.meta.rows import RawRows
from gemcont.workflows.meta.union import Union

_BLOCK = 4096  # variants
_USED = ("variant_id", "effect_allele_frequency")


def reference_union(
    codes: AlleleCodes,
    settings: MetaSettings,
    reference: object,
    genotypes: GenotypeSource | None,
) -> Union:
    """Return a fixed ``Union`` of the variants of a file or of genotypes.

    Of a duplicate variant the first row counts.

    Args:
        codes: codes of alleles.
        settings: of the meta-analysis.
        reference: a file or DataFrame, used where there are no genotypes.
        genotypes: a source, or None.
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
    own = columns_of(settings.columns, path, "reference", 0)
    own["columns"] = {r: c for r, c in own["columns"].items() if r in (*needed, *_USED)}
    table = Sumstats(path, **own, needed=needed).read()
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


def allele_frequency(source: GenotypeSource) -> np.ndarray:
    """Return effect allele frequencies (variants,) over all samples, NaN where none is called."""
    moment = [moments(block) for block in source.blocks(size=_BLOCK)]
    parts = [np.where(m.n > 0, m.mean / 2, np.nan) for m in moment]
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
