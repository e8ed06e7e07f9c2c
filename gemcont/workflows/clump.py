"""Clumping hits into loci; ``workflows.loci_files`` writes them."""

import logging
import time
from dataclasses import dataclass, replace

import numpy as np
import polars as pl
from tqdm import tqdm

from gemcont._numba import available_threads
from gemcont.errors import GemcontError
from gemcont.genotype import open_genotypes
from gemcont.genotype.chromosomes import autosomes_of, canonical_name, ploidy, warn_unknown_codes
from gemcont.genotype.filters import select_variants
from gemcont.genotype.ld import Linkage
from gemcont.genotype.lists import keep_and_remove
from gemcont.stats.clump import least_neg_log_10_p, ranking
from gemcont.tables.headings import refuse_columns
from gemcont.workflows.clumping import Bounds, Clumping, Report, refuse_bounds
from gemcont.workflows.loci import Loci, p_text
from gemcont.workflows.matching import examples_of, match
from gemcont.workflows.overlap import overlap  # noqa: F401 - belongs to what clumping offers
from gemcont.workflows.setting_types import refuse_wrong_types, settings_of
from gemcont.workflows.variant_index import VariantIndex

log = logging.getLogger(__name__)

_UNPLACED = "0"
_FEW = 100  # rows: fewer may well have no small p


@dataclass(frozen=True)
class ClumpSettings:
    """What ``gemcont-clump`` can be told; names as of its flags.

    p1, p2: largest p of an index variant, and of a member that is listed; r2: of a member, to be
    above; kb: of a member's distance, to be below; r2_type: "phased" or "unphased"; keep, remove,
    extract, exclude: paths of lists; columns: role -> column of the reports; trait: the one to read
    of reports of several (None: the best p over them counts); memory: in MiB
    """

    p1: float = 1e-4
    p2: float = 1e-2
    r2: float = 0.5
    kb: float = 250.0
    r2_type: str = "phased"
    keep: object = None
    remove: object = None
    extract: object = None
    exclude: object = None
    chromosomes: str | None = None
    autosomes: int | None = None
    columns: dict | None = None
    trait: str | None = None
    threads: int | None = None
    memory: int = 512

    def __post_init__(self):
        refuse_wrong_types(self)
        refuse_columns(self.columns)
        for name, low, high in (("p1", 0, 1), ("p2", 0, 1)):
            if not low < getattr(self, name) <= high:
                raise GemcontError(f"--clump-{name}: must lie above {low} and up to {high}")
        refuse_bounds(self.r2, self.kb)


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
    source = open_genotypes(genotypes, sample=sample)
    settings = replace(settings, autosomes=autosomes_of(source, settings.autosomes))
    source.log_contents()
    reports = sumstats if isinstance(sumstats, (list, tuple)) else [sumstats]
    started = time.perf_counter()
    linkage = Linkage(source, founders(source, settings), settings.r2_type)
    variants = _chosen_variants(source, settings)
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


def founders(source, settings):
    """Ascending indices of the founders that --keep and --remove leave, counted in the log."""
    kept, _ = keep_and_remove(source, settings.keep, settings.remove)
    founders = kept & source.samples["founder"].to_numpy()
    log.info(
        "linkage in %d founders (left out: %d by --keep and --remove, %d with a parent named)",
        founders.sum(),
        source.n_samples - kept.sum(),
        kept.sum() - founders.sum(),
    )
    return np.flatnonzero(founders)


def _chosen_variants(source, settings):
    """Indices of the variants that the filters leave, those without a chromosome left out."""
    names = ("chromosomes", "autosomes", "extract", "exclude")
    asked = {name: getattr(settings, name) for name in names}
    variants, taken = select_variants(source.variants, **asked)
    warn_unknown_codes(source.variants["chromosome"].unique().to_list(), settings.autosomes)
    placed = (source.variants["chromosome"][variants] != _UNPLACED).to_numpy()
    taken["chromosome 0"] = int((~placed).sum())
    taken |= source.left_out
    left_out = ", ".join(f"{reason} {count}" for reason, count in taken.items() if count)
    if left_out:
        log.info("variants of the genotypes left out: %s", left_out)
    return variants[placed]


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
    return Report(
        variant,
        column.replace_strict(first, return_dtype=pl.Int64).to_numpy(),
        table["base_pair_location"].cast(pl.Int64).to_numpy(),
        column.replace_strict(kinds, return_dtype=pl.UInt8).to_numpy(),
        matched.rows["neg_log_10_p_value"].to_numpy(),
    )
