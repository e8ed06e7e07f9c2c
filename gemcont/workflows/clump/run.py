"""Clumping of summary statistics into loci; ``clump.files`` writes them."""

import logging
import os
import time
from dataclasses import replace

import polars as pl
from tqdm import tqdm

from gemcont._numba import available_threads
from gemcont.genotype import open_genotypes
from gemcont.genotype.chromosomes import autosomes_of, canonical_name, ploidy
from gemcont.genotype.ld import Linkage
from gemcont.genotype.source import GenotypeSource
from gemcont.settings.clump import ClumpSettings
from gemcont.settings.flags import settings_of
from gemcont.stats.clump import least_neg_log_10_p, ranking
from gemcont.tables.sumstats.headings import refuse_columns
from gemcont.workflows.clump.greedy import Bounds, Candidates, Clumping
from gemcont.workflows.clump.loci import Loci, p_text
from gemcont.workflows.common.matching import examples_of, match
from gemcont.workflows.common.samples import chosen_variants, founders
from gemcont.workflows.common.variant_index import VariantIndex

log = logging.getLogger(__name__)

_FEW = 100  # rows: fewer may well have no small p


def run_clump(
    genotypes: str | os.PathLike | GenotypeSource,
    sumstats: object,
    *,
    sample: str | os.PathLike | None = None,
    genes: str | os.PathLike | None = None,
    progress: bool = False,
    **settings,
) -> Loci:
    """Clump summary statistics into loci by the linkage in genotypes.

    ``Loci.loci`` and ``Loci.members`` are pandas DataFrames: a row per locus, and a row per variant
    of a locus.

    Args:
        genotypes: a PLINK prefix, .pgen or .bgen, or a ``GenotypeSource``.
        sumstats: a file, a DataFrame, or a list of them (the best p of each variant counts).
        sample: the .sample file of a .bgen.
        genes: a BED or GFF of genes; the table then names the nearest gene of every locus.
        progress: whether a bar is shown.
        settings: fields of ``ClumpSettings``: p1, p2, r2, kb, r2_type, keep, ...

    Raises:
        GemcontError: a mistake in the input.
    """
    chosen = settings_of(ClumpSettings, settings)
    refuse_columns(chosen.columns)
    source = open_genotypes(genotypes, sample=sample)
    autosomes = autosomes_of(source, chosen.autosomes)
    source.log_contents()
    reports = sumstats if isinstance(sumstats, (list, tuple)) else [sumstats]
    return _clump(source, reports, replace(chosen, autosomes=autosomes), genes, progress)


def _clump(source, reports, settings, genes, progress):
    started = time.perf_counter()
    linkage = Linkage(source, founders(source, settings), settings.r2_type)
    index = VariantIndex(source, chosen_variants(source, settings), settings.autosomes)
    matched = _matched(reports, index, settings)
    _log_counts(matched, settings, index)
    report = _candidates(source, matched, settings.autosomes)
    bounds = Bounds.of(settings.p1, settings.r2, settings.kb)
    read = time.perf_counter() - started
    loci = Loci(
        source=source,
        reports=reports,
        settings=settings,
        linkage=linkage,
        matched=matched,
        report=report,
        owner=_owner(report, linkage, bounds, settings, progress),
        genes=genes,
    )
    log.info(
        "%d clumps formed from %d index candidates (read in %.1f s, clumped in %.1f s)",
        len(loci.index),
        len(ranking(report.neg_log_10_p, bounds.neg_log_10_p)),
        read,
        time.perf_counter() - started - read,
    )
    return loci


def _matched(reports, index, settings):
    """Return the rows matched to variants; rows without one are listed if p is at most p1 or p2."""
    bound = min(least_neg_log_10_p(settings.p1), least_neg_log_10_p(settings.p2))
    return match(
        reports, index, columns=settings.columns, trait=settings.trait, min_neg_log_10_p=bound
    )


def _owner(report, linkage, bounds, settings, progress):
    with tqdm(
        total=len(report.variant), unit=" variants", disable=None if progress else True
    ) as bar:
        return Clumping(
            report,
            linkage,
            bounds,
            memory=settings.memory << 20,
            threads=settings.threads or available_threads(),
            advance=bar.update,
        ).owner()


def _log_counts(matched, settings, index):
    counts = matched.counts
    significant = len(
        ranking(matched.rows["neg_log_10_p_value"].to_numpy(), least_neg_log_10_p(settings.p1))
    )
    left_out = ", ".join(f"{n} {reason}" for reason, n in counts.items() if n and reason != "rows")
    log.info(
        "%d rows read, %d variants matched%s; %d with p <= %g",
        counts["rows"],
        matched.rows.height,
        f" ({left_out})" if left_out else "",
        significant,
        settings.p1,
    )
    strongest = matched.rows["neg_log_10_p_value"].max()
    lost = matched.missing.filter(pl.col("neg_log_10_p_value") >= least_neg_log_10_p(settings.p1))
    if lost.height:
        log.warning(
            "%d rows with p <= %g are not in the genotypes (%s ...; the genotypes have %s ...)",
            lost.height,
            settings.p1,
            ", ".join(examples_of(lost)),
            ", ".join(index.source.variants["variant_id"][:3]),
        )
    if any(matched.log_p) and counts["rows"] > _FEW and strongest <= 1:
        log.warning("no -log10 p is above 1: does that column hold p itself? (--p-field NAME)")
    if significant == 0:
        log.warning(
            "no clumps: the smallest p of a variant in the genotypes is %s, above %g",
            p_text(strongest),
            settings.p1,
        )


def _candidates(source, matched, autosomes):
    """Return the matched variants as arrays."""
    variant = matched.rows["variant"].to_numpy()
    table = source.variants[variant]
    names = table["chromosome"].unique(maintain_order=True).cast(pl.String).to_list()
    canonical = [canonical_name(name, autosomes) for name in names]
    first = {name: canonical.index(c) for name, c in zip(names, canonical, strict=True)}
    kinds = dict(zip(names, ploidy(names, autosomes).tolist(), strict=True))
    column = table["chromosome"]
    return Candidates(
        variant=variant,
        chromosome=column.replace_strict(first, return_dtype=pl.Int64).to_numpy(),
        position=table["base_pair_location"].cast(pl.Int64).to_numpy(),
        ploidy=column.replace_strict(kinds, return_dtype=pl.UInt8).to_numpy(),
        neg_log_10_p=matched.rows["neg_log_10_p_value"].to_numpy(),
    )
