"""Loci as tables: PLINK 2's ``.clumps`` and our own."""

import logging
import math
import os
from collections.abc import Sequence
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gemcont.genotype.chromosomes import autosomes_of, canonical_name
from gemcont.genotype.ld import Linkage
from gemcont.genotype.source import GenotypeSource
from gemcont.settings.clump import ClumpSettings
from gemcont.stats.clump import NOBODY, least_neg_log_10_p, ranking, significance_bins
from gemcont.tables.genes import nearest, read_genes
from gemcont.tables.schema import locus_columns, missing_columns
from gemcont.workflows.clump.greedy import Candidates
from gemcont.workflows.common.dataframes import to_pandas
from gemcont.workflows.common.matching import DETAILS, Matched

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)

_BINS = ("NONSIG", "S0.05", "S0.01", "S0.001", "S0.0001")
_DIGITS = 6  # of a p, as PLINK prints it
_EXACT = 300  # -log10 p up to which a p is a double of full precision


class Loci:
    """Loci, strongest first.

    source: of the genotypes
    reports: files or DataFrames of the summary statistics
    settings: of the clumping, autosomes filled in
    linkage: reader of genotypes
    matched: rows of the summary statistics, a row per matched variant
    report: arrays over the matched variants
    owner: int64 (matched variants,), the index variant of each, -1 for none
    index: int64 (loci,), the index variants, as positions in ``report``
    genes: table of genes by chromosome, or None
    """

    def __init__(
        self,
        *,
        source: GenotypeSource,
        reports: Sequence,
        settings: ClumpSettings,
        linkage: Linkage,
        matched: Matched,
        report: Candidates,
        owner: np.ndarray,
        genes: str | os.PathLike | None = None,
    ) -> None:
        """Find the index variants; genes: a BED or GFF file."""
        self.source, self.reports, self.settings = source, reports, settings
        self.linkage, self.matched, self.report, self.owner = linkage, matched, report, owner
        self._autosomes = autosomes_of(source, settings.autosomes)
        order = ranking(report.neg_log_10_p, -math.inf)
        self.index = order[owner[order] == order]
        self.genes = None if genes is None else self._genes_by_chromosome(genes)

    def _genes_by_chromosome(self, path):
        table = read_genes(path)
        names = table["chromosome"].unique().to_list()
        canonical = {name: self.canonical(name) for name in names}
        table = table.with_columns(pl.col("chromosome").replace(canonical))
        parts = table.partition_by("chromosome", as_dict=True)
        if not set(map(self.canonical, self._names)) & {key for (key,) in parts}:
            log.warning(
                "%s: no gene lies on the genotypes' chromosomes (it has %s ...)",
                path,
                ", ".join(names[:3]),
            )
        return {key: part.drop("chromosome") for (key,), part in parts.items()}

    def canonical(self, chromosome: str) -> str:
        """Return the canonical name of a chromosome: 1 for chr1 and 01."""
        return canonical_name(str(chromosome), self._autosomes)

    @property
    def _names(self):
        return self.variants["chromosome"].unique().to_list()

    def genes_on(self, chromosome: str) -> pl.DataFrame:
        """Return the genes of a chromosome: a table of start, end, name."""
        none = pl.DataFrame(schema={"start": pl.Int64, "end": pl.Int64, "name": pl.String})
        return (self.genes or {}).get(self.canonical(chromosome), none)

    @cached_property
    def variants(self) -> pl.DataFrame:
        """Table of the matched variants, as the genotype file has them."""
        return self.source.variants[self.report.variant]

    @cached_property
    def members_of(self) -> list[np.ndarray]:
        """Positions in ``report`` of each locus's variants, the index variant included."""
        order = np.argsort(self.owner, kind="stable")
        sizes = np.bincount(self.owner[self.owner != NOBODY], minlength=len(self.owner))
        ends = np.cumsum(sizes) + (self.owner == NOBODY).sum()
        return [order[ends[i] - sizes[i] : ends[i]] for i in self.index]

    def plink_table(self) -> pl.DataFrame:
        """Return the rows of PLINK 2's ``.clumps``, as text and numbers."""
        several = len(self.reports) > 1
        min_neg_log_10_p = least_neg_log_10_p(self.settings.p2)
        p = self.report.neg_log_10_p
        ids = self.variants["variant_id"].to_list()
        file = self.matched.rows["file"].to_list()
        rows = []
        for index, members in zip(self.index, self.members_of, strict=True):
            others = members[members != index]
            bins = np.bincount(significance_bins(p[others]), minlength=len(_BINS))
            listed = [
                f"{ids[i]}({file[i] + 1})" if several else ids[i]
                for i in others[p[others] >= min_neg_log_10_p]
            ]
            rows.append([len(others), *bins.tolist(), ",".join(listed) or "."])
        counts = pl.DataFrame(
            rows, schema=["TOTAL", *_BINS, "SP2"], orient="row", infer_schema_length=None
        )
        return pl.concat([self._plink_head(several), counts], how="horizontal")

    def _plink_head(self, several):
        p = self.report.neg_log_10_p[self.index]
        log_p = any(self.matched.log_p)
        text = [f"{x:.{_DIGITS}g}" for x in p] if log_p else [p_text(x) for x in p]
        head = self.variants[self.index].select(
            pl.col("chromosome").cast(pl.String).alias("#CHROM"),
            pl.col("base_pair_location").alias("POS"),
            pl.col("variant_id").alias("ID"),
        )
        file = [pl.Series("F", self.matched.rows["file"].to_numpy()[self.index] + 1)]
        name = "NEG_LOG10_P" if log_p else "P"
        return head.with_columns(*(file if several else []), pl.Series(name, text, dtype=pl.String))

    @cached_property
    def table(self) -> pl.DataFrame:
        """Rows of ``PREFIX.loci.tsv``."""
        variant_columns = self.variants[self.index].drop("effect_allele", "other_allele")
        details = self.matched.rows[self.index].select(*DETAILS, "neg_log_10_p_value")
        span = pl.DataFrame(
            [self._span(members) for members in self.members_of],
            schema=["locus_start", "locus_end", "n_variants", "n_below_p1", "n_below_p2"],
            orient="row",
        )
        details = details.with_columns(pl.col("n").round())
        number = pl.Series("locus", np.arange(1, len(self.index) + 1))
        frame = pl.concat([variant_columns, details, span], how="horizontal").with_columns(number)
        frame = self._with_alleles(frame)
        if self.genes is not None:
            frame = frame.with_columns(*self._nearest_genes(variant_columns))
        given = [n for n in DETAILS if frame[n].null_count() < frame.height]
        columns = locus_columns(given, genes=self.genes is not None)
        return frame.select(pl.col(c.name).cast(c.dtype) for c in columns)

    def _with_alleles(self, frame):
        """Fill in the genotypes' alleles where the report has none, and drop its effects there."""
        theirs = self.variants[self.index].select(
            pl.col("effect_allele", "other_allele").cast(pl.String)
        )
        bare = frame["effect_allele"].is_null()
        lone = ~bare & frame["other_allele"].is_null()
        ours = [theirs[a] for a in ("effect_allele", "other_allele")]
        other = pl.when(frame["effect_allele"] == ours[0]).then(ours[1]).otherwise(ours[0])
        effects = ("beta", "standard_error", "effect_allele_frequency", "z")
        return frame.with_columns(
            pl.when(bare).then(ours[0]).otherwise(pl.col("effect_allele")).alias("effect_allele"),
            pl.when(bare)
            .then(ours[1])
            .when(lone)
            .then(other)
            .otherwise(pl.col("other_allele"))
            .alias("other_allele"),
            *(pl.when(~bare).then(pl.col(name)).alias(name) for name in effects),
        )

    def _span(self, members):
        position, p = self.report.position[members], self.report.neg_log_10_p[members]
        bounds = (self.settings.p1, self.settings.p2)
        below = [int((p >= least_neg_log_10_p(bound)).sum()) for bound in bounds]
        return [int(position.min()), int(position.max()), len(members), *below]

    def _nearest_genes(self, variants):
        places = variants.select("chromosome", "base_pair_location").rows()
        genes = [nearest(self.genes_on(chromosome), position) for chromosome, position in places]
        return (
            pl.Series("nearest_gene", [name for name, _ in genes], dtype=pl.String),
            pl.Series("gene_distance", [distance for _, distance in genes], dtype=pl.Int32),
        )

    @property
    def loci(self) -> "pd.DataFrame":
        """Columns of ``PREFIX.loci.tsv``, a row per locus, as a pandas DataFrame."""
        return to_pandas(self.table)

    @property
    def members(self) -> "pd.DataFrame":
        """Variants of the loci, locus by locus, as a pandas DataFrame."""
        at = np.concatenate([np.empty(0, dtype=np.int64), *self.members_of])
        sizes = [len(members) for members in self.members_of]
        leader = self.variants["variant_id"].to_numpy()[np.repeat(self.index, sizes)]
        frame = self.variants[at].with_columns(
            pl.Series("neg_log_10_p_value", self.report.neg_log_10_p[at]),
            pl.Series("locus", np.repeat(np.arange(1, len(sizes) + 1), sizes)),
            pl.Series("index_variant", leader, dtype=pl.String),
        )
        return to_pandas(frame)

    def missing_table(self) -> pl.DataFrame:
        """Return the rows of ``PREFIX.missing.tsv``, strongest first."""
        names = [
            str(r) if isinstance(r, (str, os.PathLike)) else f"table {i + 1}"
            for i, r in enumerate(self.reports)
        ]
        file = pl.col("file").replace_strict(dict(enumerate(names)), return_dtype=pl.String)
        frame = self.matched.missing.with_columns(file)
        frame = frame.sort("neg_log_10_p_value", descending=True, maintain_order=True)
        return frame.select(pl.col(c.name).cast(c.dtype) for c in missing_columns())


def p_text(neg_log_10_p: float, digits: int = _DIGITS) -> str:
    """Return a p as text, however small: 3e-400 -> '3e-400'.

    digits: significant digits (PLINK prints six)
    """
    if neg_log_10_p <= _EXACT:
        return f"{10.0**-neg_log_10_p:.{digits}g}"
    power = math.floor(-neg_log_10_p)
    mantissa = f"{10.0 ** (-neg_log_10_p - power):.{digits}g}"
    return f"1e{power + 1}" if mantissa == "10" else f"{mantissa}e{power}"
