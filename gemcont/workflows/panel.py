"""The panel: variants and weights that supervise learning, and polygenic scores of them."""

import logging
from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import polars as pl

from gemcont._numba import available_threads
from gemcont.errors import GemcontError
from gemcont.genotype import open_genotypes
from gemcont.genotype.chromosomes import autosomes_of, canonical_name, ploidy
from gemcont.genotype.ld import Linkage
from gemcont.genotype.lists import keep_and_remove
from gemcont.genotype.score import score
from gemcont.stats.clump import least_neg_log_10_p, ranking
from gemcont.stats.shrink import fit_mixture, shrinkage
from gemcont.tables.columns import panel_columns
from gemcont.tables.sumstats import Sumstats
from gemcont.workflows.clump import founders
from gemcont.workflows.clumping import Bounds, Clumping, Report, refuse_bounds
from gemcont.workflows.matching import VariantIndex
from gemcont.workflows.meta import MetaSettings, cohort_names, prepare
from gemcont.workflows.panel_alleles import panel_signs
from gemcont.workflows.setting_types import refuse_wrong_types
from gemcont.workflows.tables import to_pandas

log = logging.getLogger(__name__)

WEIGHTS = ("beta_shrunk", "beta")
MIN_FOUND = 0.75  # share of a panel's variants, below which a score is that of another panel
_CATALOG = ("effect_weight",)  # the PGS Catalog's name of a weight
_UNPLACED = "0"


@dataclass(frozen=True)
class PanelSettings:
    """What ``gemcont-panel`` can be told beside ``MetaSettings``; names as of its flags.

    p: largest p of a variant of the panel; r2, kb, r2_type: of clumping; keep, remove: lists of
    samples whose linkage counts; memory: in MiB
    """

    p: float = 1e-5
    r2: float = 0.05
    kb: float = 5000.0
    r2_type: str = "phased"
    keep: object = None
    remove: object = None
    threads: int | None = None
    memory: int = 512

    def __post_init__(self):
        refuse_wrong_types(self)
        if not 0 < self.p <= 1:
            raise GemcontError(f"--p: {self.p:g} is not above 0 and up to 1")
        refuse_bounds(self.r2, self.kb)


def run_panel(sumstats, genotypes, names=None, *, meta=None, progress=False, **settings):
    """Choose a panel: independent variants of small p, with weights for the genotypes' alleles.

    sumstats: a file or DataFrame, or a list of one per cohort, which are meta-analysed first
    genotypes: a path or ``GenotypeSource``: whose alleles, frequencies and linkage count
    names: of the cohorts; meta: fields of ``MetaSettings`` as a dict
    settings: fields of ``PanelSettings``

    Returns a pandas DataFrame, a row per variant of the panel, strongest first: the columns of
    ``PREFIX.panel.tsv``. Raises GemcontError for a mistake in the input.
    """
    return to_pandas(make_panel(sumstats, genotypes, names, meta, settings, progress)[0])


def make_panel(sumstats, genotypes, names, meta, settings, progress=False):
    """``run_panel`` as a polars table, and the ``MetaRun`` behind it."""
    settings = PanelSettings(**settings)
    source = open_genotypes(genotypes)
    source.log_contents()
    sumstats = sumstats if isinstance(sumstats, (list, tuple)) else [sumstats]
    meta = meta or {}
    meta = MetaSettings(**meta | {"autosomes": autosomes_of(source, meta.get("autosomes"))})
    if meta.scheme != "stderr":
        raise GemcontError("--scheme samplesize gives no effects, which are a panel's weights")
    linkage = Linkage(source, founders(source, settings), settings.r2_type)
    names = cohort_names(sumstats, names)
    run = prepare(sumstats, names, meta, genotypes=source, progress=progress)
    table, weight = _pooled(run, settings.p)
    report = _report(source, table, meta.autosomes)
    owner = _clump(report, linkage, settings)
    panel = _panel(source, table, report, owner, weight)
    log.info(
        "%d variants with p <= %g, of which %d independent form the panel",
        table.height,
        settings.p,
        panel.height,
    )
    return panel, run


def _pooled(run, p):
    """The pooled rows of small p with their variants in the genotypes; the mixture of effects."""
    parts, z = [], []
    for slots, frame in run.tables():
        z.append((frame["beta"] / frame["standard_error"]).to_numpy())
        variant = pl.Series("variant", run.union.variant[slots].astype(np.int64))
        small = frame["neg_log_10_p_value"] >= least_neg_log_10_p(p)
        parts.append(frame.with_columns(variant).filter(small))
    table = pl.concat(parts).sort("variant")
    if table.height == 0:
        raise GemcontError(f"--p {p:g}: no variant of the genotypes has so small a p")
    return table, fit_mixture(np.concatenate(z))


def _report(source, table, autosomes):
    variant = table["variant"].to_numpy()
    chosen = source.variants[variant]
    names = chosen["chromosome"].cast(pl.String).to_numpy()
    unique, codes = np.unique([canonical_name(n, autosomes) for n in names], return_inverse=True)
    p = table["neg_log_10_p_value"].to_numpy().copy()
    p[names == _UNPLACED] = np.nan  # chromosome 0 is no place to be near another variant
    return Report(
        variant,
        codes,
        chosen["base_pair_location"].cast(pl.Int64).to_numpy(),
        ploidy(unique, autosomes)[codes],
        p,
    )


def _clump(report, linkage, settings):
    bounds = Bounds.of(settings.p, settings.r2, settings.kb)
    threads = settings.threads or available_threads()
    return Clumping(report, linkage, bounds, memory=settings.memory << 20, threads=threads).owner()


def _panel(source, table, report, owner, weight):
    order = ranking(report.neg_log_10_p, 0.0)
    index = order[owner[order] == order]
    rows = table[index]
    z = (rows["beta"] / rows["standard_error"]).to_numpy()
    size = np.bincount(owner[owner >= 0], minlength=len(owner))[index]
    theirs = source.variants[report.variant[index]]
    frame = rows.with_columns(
        pl.Series("beta_shrunk", rows["beta"].to_numpy() * shrinkage(z, weight)),
        pl.Series("locus", np.arange(1, len(index) + 1)),
        pl.Series("n_variants", size),
        theirs["variant_id"],
        *(theirs[n].cast(pl.String) for n in ("chromosome", "effect_allele", "other_allele")),
    )
    return frame.select(pl.col(c.name).cast(c.dtype) for c in panel_columns())


def polygenic_score(
    genotypes,
    panel,
    *,
    weights="beta_shrunk",
    autosomes=None,
    keep=None,
    min_found=MIN_FOUND,
):
    """Return polygenic scores of a panel: a pandas DataFrame of FID, IID, SCORE, ALLELE_CT.

    genotypes: a path or ``GenotypeSource``; panel: a file or DataFrame with the columns of
    ``PREFIX.panel.tsv``, or of the PGS Catalog; weights: which of its columns, "beta_shrunk" or
    "beta" (the Catalog's effect_weight is either); keep: who is scored, None for all; min_found:
    share of the panel that has to be in the genotypes.

    SCORE is the sum over variants of weight times the number of effect alleles, a missing
    genotype being the variant's mean over the whole file, so that nobody's score depends on who
    else is kept; ALLELE_CT counts the alleles that were called. Variants are matched by id, else
    by chromosome, position and alleles, and turned to the panel's effect allele; palindromic ones
    by the strand of the others, and where those are of both strands by frequency. Raises
    GemcontError where too few are found.
    """
    source = open_genotypes(genotypes)
    return to_pandas(score_table(source, panel, weights, autosomes, keep, min_found))


def score_table(source, panel, weights, autosomes=None, keep=None, min_found=MIN_FOUND):
    """``polygenic_score`` as a polars table."""
    found = match_panel(source, panel, weights, autosomes, min_found=min_found)
    samples = None if keep is None else np.flatnonzero(keep_and_remove(source, keep)[0])
    frequency = np.where(found.sign < 0, 1 - found.frequency, found.frequency)
    total, called = score(source, found.variants, found.sign * found.weights, samples, frequency)
    total += 2 * found.weights[found.sign < 0].sum()  # 2 - g of the allele that is not counted
    ids = source.samples if samples is None else source.samples[samples]
    names = {"fid": "FID", "iid": "IID"}
    return ids.select(pl.col(c).alias(n) for c, n in names.items()).with_columns(
        pl.Series("SCORE", total), pl.Series("ALLELE_CT", called)
    )


class PanelMatch(NamedTuple):
    """A panel's variants in the genotypes: arrays (variants,) in the panel's order.

    variants: indices of the source; weights: per effect allele of the panel; sign: 1 where the
    genotypes count that allele, -1 where they count the other; frequency: of the panel's effect
    allele as the panel has it, NaN unknown
    """

    variants: np.ndarray
    weights: np.ndarray
    sign: np.ndarray
    frequency: np.ndarray | None = None


def match_panel(source, panel, weights, autosomes=None, *, min_found=MIN_FOUND):
    """Return the ``PanelMatch`` of a panel, as ``polygenic_score`` finds its variants."""
    if weights not in WEIGHTS:
        raise GemcontError(f"--weights: {weights!r} is not one of {', '.join(WEIGHTS)}")
    needed = ("effect_allele", "beta")
    file = Sumstats(panel, columns={"beta": (weights, *_CATALOG)}, needed=needed)
    rows = file.read()
    index = VariantIndex(source, np.arange(source.n_variants), autosomes_of(source, autosomes))
    found = index.find(rows)
    index.refuse_repeated(rows, found)
    n_rows = rows.height
    rows, found, lost = rows.filter(found >= 0), found[found >= 0], int((found < 0).sum())
    sign = panel_signs(source, found, rows)
    usable = (sign != 0) & rows["beta"].is_not_null().to_numpy()
    first = np.zeros(len(found), dtype=bool)
    first[np.unique(found, return_index=True)[1]] = True
    log.info(
        "%d variants of the panel used (%d not in the genotypes, %d with other alleles, %d "
        "without a weight, %d repeated)",
        (usable & first).sum(),
        lost,
        (sign == 0).sum(),
        rows["beta"].null_count(),
        (~first).sum(),
    )
    usable &= first
    if not usable.any():
        raise GemcontError(f"no variant of the panel is in {source.name} with its alleles")
    n_rows -= int((~first).sum())
    _refuse_too_few(int(usable.sum()), n_rows, min_found, file.name, source.name)
    weight, frequency = (
        rows[name].fill_null(np.nan).to_numpy()[usable]
        for name in ("beta", "effect_allele_frequency")
    )
    return PanelMatch(found[usable], weight, sign[usable].astype(np.float64), frequency)


def _refuse_too_few(n_found, n_rows, least, panel, genotypes):
    if n_found < least * n_rows:
        raise GemcontError(
            f"{panel}: {n_found} of its {n_rows} variants are in {genotypes} "
            f"({n_found / n_rows:.0%}): another build, a part of the chromosomes, no imputation? "
            f"--min-found {int(100 * n_found / n_rows) / 100:g} takes them"
        )
    if n_found < n_rows:
        log.info("%s: %d of %d variants found", panel, n_found, n_rows)
