"""Clumping hits into loci; ``clump.files`` writes them."""

import logging
import time
from dataclasses import replace

import polars as pl
from tqdm import tqdm

from gemcont._numba import available_threads
from gemcont.genotype import open_genotypes
from gemcont.genotype.chromosomes import autosomes_of, canonical_name, ploidy
from gemcont.genotype.ld import Linkage
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


def run_clump(genotypes, sumstats, *, sample=None, genes=None, progress=False, **settings):
    """Clump summary statistics into loci by the linkage in genotypes: ``Loci``.

    genotypes: a PLINK prefix, .pgen or .bgen, or a ``GenotypeSource``; sample: of a .bgen
    sumstats: a file, a DataFrame, or a list of them (the best p of each variant counts)
    genes: a BED or GFF of genes, whose nearest one every locus is given
    settings: fields of ``ClumpSettings``: p1, p2, r2, kb, r2_type, keep, ...

    ``Loci.loci`` and ``Loci.members`` are pandas DataFrames: a row per locus, and a row per
    variant in one. Raises GemcontError for a mistake in the input.
    """
    settings = settings_of(ClumpSettings, settings)
    refuse_columns(settings.columns)
    source = open_genotypes(genotypes, sample=sample)
    settings = replace(settings, autosomes=autosomes_of(source, settings.autosomes))
    source.log_contents()
    reports = sumstats if isinstance(sumstats, (list, tuple)) else [sumstats]
    started = time.perf_counter()
    linkage = Linkage(source, founders(source, settings), settings.r2_type)
    variants = chosen_variants(source, settings)
    index = VariantIndex(source, variants, settings.autosomes)
    largest = min(least_neg_log_10_p(settings.p1), least_neg_log_10_p(settings.p2))
    matched = match(reports, index, columns=settings.columns, trait=settings.trait, least=largest)
    _log_counts(matched, settings, index)
    report = _report(source, matched, settings.autosomes)
    bounds = Bounds.of(settings.p1, settings.r2, settings.kb)
    read = time.perf_counter() - started
    owner = _owner(report, linkage, bounds, settings, progress)
    loci = Loci(source, reports, settings, linkage, matched, report, owner, genes)
    log.info(
        "%d clumps formed from %d index candidates (read in %.1f s, clumped in %.1f s)",
        len(loci.index),
        len(ranking(report.neg_log_10_p, bounds.neg_log_10_p)),
        read,
        time.perf_counter() - started - read,
    )
    return loci


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


def _report(source, matched, autosomes):
    """The matched variants as arrays."""
    variant = matched.rows["variant"].to_numpy()
    table = source.variants[variant]
    names = table["chromosome"].unique(maintain_order=True).cast(pl.String).to_list()
    canonical = [canonical_name(name, autosomes) for name in names]
    first = {name: canonical.index(c) for name, c in zip(names, canonical, strict=True)}
    kinds = dict(zip(names, ploidy(names, autosomes).tolist(), strict=True))
    column = table["chromosome"]
    return Candidates(
        variant,
        column.replace_strict(first, return_dtype=pl.Int64).to_numpy(),
        table["base_pair_location"].cast(pl.Int64).to_numpy(),
        column.replace_strict(kinds, return_dtype=pl.UInt8).to_numpy(),
        matched.rows["neg_log_10_p_value"].to_numpy(),
    )
