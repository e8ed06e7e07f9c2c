"""Loci of a disease that another GWAS recovers, and the number that chance would recover."""

import logging
import os
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np
import polars as pl

from gemcont.errors import GemcontError
from gemcont.genotype import open_genotypes
from gemcont.genotype.chromosomes import HUMAN_AUTOSOMES, ploidy
from gemcont.genotype.ld import Linkage, Near
from gemcont.genotype.source import GenotypeSource
from gemcont.stats.calibration import GENOME_WIDE, chance_recovery
from gemcont.stats.clump import least_neg_log_10_p, radius_of
from gemcont.tables.sumstats.read import Sumstats
from gemcont.workflows.common.dataframes import to_pandas
from gemcont.workflows.common.lookup import split_ids

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)

BONFERRONI = "bonferroni"
_LEVEL = 0.05
_AT_LEAST = 1 - 2.0**-43  # turns "r2 above the bound" into "at least the bound"
_BLOCK = 512  # variants


@dataclass(frozen=True, kw_only=True)
class Overlap:
    """The loci that were recovered.

    fraction: n_recovered / n_tested
    n_recovered: number of loci recovered
    n_tested: number of loci whose index variant is in the results
    n_loci: number of loci
    threshold: largest p of a variant that recovers a locus
    expected: mean fraction recovered of random loci with the same allele frequencies
    expected_interval: central 95 % of that fraction
    p_value: share of random draws that recover as many
    table: pandas DataFrame, a row per locus with ``tested``, ``recovered``, ``recovered_by`` (a
        variant), its ``neg_log_10_p_value`` (without one: the index variant's own) and its ``r2``
        with the index variant
    """

    fraction: float
    n_recovered: int
    n_tested: int
    n_loci: int
    threshold: float
    expected: float
    expected_interval: tuple[float, float]
    p_value: float
    table: "pd.DataFrame"


def overlap(
    disease_loci: object,
    results: object,
    *,
    threshold: float | str = GENOME_WIDE,
    r2: float | None = None,
    genotypes: str | os.PathLike | GenotypeSource | None = None,
    kb: float = 1000.0,
    r2_type: str = "unphased",
    autosomes: int = HUMAN_AUTOSOMES,
    draws: int = 1000,
    seed: int = 0,
) -> Overlap:
    """Count the loci of a disease that another GWAS recovers.

    Variants are matched by id.

    Args:
        disease_loci: DataFrame of the disease's index variants, as ``Loci.loci`` has them.
        results: DataFrame or file, summary statistics of the other GWAS.
        threshold: largest p of a variant that recovers a locus, or "bonferroni": 0.05 over the
            number of loci in the results.
        r2: with genotypes, a locus is also recovered by a variant in linkage with its index
            variant: r2 of at least this, within kb.
        genotypes: a path or a ``GenotypeSource`` to measure r2 in.
        kb: largest distance of such a variant, kilobases.
        r2_type: "unphased" or "phased".
        autosomes: number of autosomes.
        draws: number of random sets of loci, matched on the results' allele frequency alone, not
            on linkage: with r2 and genotypes the p of loci in strongly linked regions is too small.
        seed: of the random loci.

    Raises:
        GemcontError: no locus is in the results, or the threshold is no p.
    """
    if (r2 is None) != (genotypes is None):
        raise GemcontError("overlap: r2 and genotypes go together")
    loci = Sumstats(disease_loci, needed=("variant_id",)).read()
    rows = Sumstats(results, needed=("variant_id", "neg_log_10_p_value")).read()
    rows = rows.filter(pl.col("neg_log_10_p_value").is_not_null())
    rows = rows.unique("variant_id", keep="first", maintain_order=True)
    at = _positions(loci["variant_id"], rows["variant_id"])
    if (at < 0).all():
        shown = [", ".join(map(str, ids[:3])) for ids in (loci["variant_id"], rows["variant_id"])]
        raise GemcontError(f"no locus is in the results by id ({shown[0]} against {shown[1]})")
    largest_p = _threshold(threshold, int((at >= 0).sum()))
    hit = rows["neg_log_10_p_value"].to_numpy() >= least_neg_log_10_p(largest_p)
    by = np.where(hit, np.arange(rows.height), -1)
    strength = np.ones(rows.height)
    if r2 is not None and genotypes is not None:
        log.info(
            "overlap: random loci are matched on frequency, not on linkage: p is too small where "
            "the loci have more linked neighbours"
        )
        source = open_genotypes(genotypes)
        founders = np.flatnonzero(source.samples["founder"].to_numpy())
        linkage = Linkage(source, founders, r2_type)
        search = _Search(linkage, rows, hit, bounds=(r2, radius_of(kb)), autosomes=autosomes)
        by, strength = search.proxies(by)
    chance = _chance(rows, by, at, draws, seed)
    table = _table(loci, rows, at, by, strength)
    return _summary(table, largest_p, chance)


def _threshold(threshold, n_tested):
    """Return the largest p of a variant that recovers a locus."""
    if threshold == BONFERRONI:
        return _LEVEL / n_tested
    if not (isinstance(threshold, float) and 0 < threshold <= 1):
        raise GemcontError(f"overlap: threshold {threshold!r} is neither a p nor 'bonferroni'")
    return threshold


def _positions(wanted, ids):
    """Return the row of each wanted id, -1 where it has none; a cell may hold several ids."""
    (at, ids), (row, single) = split_ids(ids), split_ids(wanted)
    table = pl.DataFrame({"id": ids, "at": at}).unique("id", keep="first", maintain_order=True)
    joined = single.alias("id").to_frame().join(table, on="id", how="left", maintain_order="left")
    # Of several ids in a cell the first is written last.
    known = np.flatnonzero(joined["at"].is_not_null().to_numpy())[::-1]
    positions = np.full(len(wanted), -1, dtype=np.int64)
    positions[row[known]] = joined["at"].to_numpy()[known]
    return positions


class _Search:
    """Search for the strongest hit in linkage with every result.

    rows: the results; hit: bool (rows,), small enough p; bounds: r2 and radius in base pairs.
    """

    def __init__(self, linkage, rows, hit, *, bounds, autosomes):
        source, self._linkage = linkage.source, linkage
        self._rows, self._hit, (self._r2, self._radius) = rows, hit, bounds
        names = source.variants["chromosome"].cast(pl.String)
        self._variant = _positions(rows["variant_id"], source.variants["variant_id"])
        self._chromosome = names.to_numpy()[self._variant]
        self._position = source.variants["base_pair_location"].to_numpy()[self._variant]
        self._autosomes = autosomes

    def proxies(self, by: np.ndarray) -> tuple[np.ndarray, np.ndarray]:
        """Return the hit that stands for each result, -1 for none, and its r2, each (results,).

        by: int64 (results,), the result itself where it is a hit, else -1
        """
        by, strength = by.copy(), np.ones(len(by))
        for name in np.unique(self._chromosome[self._hit & (self._variant >= 0)]):
            here = np.flatnonzero((self._variant >= 0) & (self._chromosome == name))
            here = here[np.argsort(self._variant[here])]
            kind = ploidy([name], self._autosomes)[0]
            self._on_chromosome(here, kind, by, strength)
        return by, strength

    def _on_chromosome(self, here, kind, by, strength):
        p = self._rows["neg_log_10_p_value"].to_numpy()
        hits = here[self._hit[here]]
        rows = self._linkage.rows(self._variant[hits], kind)
        order = np.argsort(-p[hits], kind="stable")
        near = Near(rows, order, self._position[hits][order].astype(np.int64))
        for first in range(0, len(here), _BLOCK):
            block = here[first : first + _BLOCK]
            others = self._linkage.rows(self._variant[block], kind)
            position = self._position[block].astype(np.int64)
            first_hit = self._linkage.first_linked(
                near, others, position, r2=self._r2 * _AT_LEAST, radius=self._radius
            )
            for j in np.flatnonzero((first_hit >= 0) & (by[block] < 0)):
                leader = order[first_hit[j]]
                by[block[j]] = hits[leader]
                strength[block[j]] = self._linkage.r2(rows, leader, [j], others)[0]


def _chance(rows, by, at, draws, seed):
    """Return the fraction (draws,) of random loci that are recovered."""
    frequency = rows["effect_allele_frequency"].fill_null(np.nan).to_numpy()
    return chance_recovery(frequency, by >= 0, at[at >= 0], draws=draws, seed=seed)


def _table(loci, rows, at, by, strength):
    """Return the table of ``Overlap``, as polars."""
    tested = at >= 0
    recovered = tested & (by[at] >= 0)
    witness = np.where(recovered, by[at], np.where(tested, at, 0))
    known = pl.Series(recovered)
    return loci.select("variant_id", "chromosome", "base_pair_location").with_columns(
        pl.Series("tested", tested),
        known.alias("recovered"),
        pl.when(known).then(rows["variant_id"][witness]).alias("recovered_by"),
        pl.when(pl.Series(tested))
        .then(rows["neg_log_10_p_value"][witness])
        .alias("neg_log_10_p_value"),
        pl.when(known).then(pl.Series(strength[at])).alias("r2"),
    )


def _summary(table, largest_p, chance):
    n_recovered, n_tested = int(table["recovered"].sum()), int(table["tested"].sum())
    fraction = n_recovered / n_tested
    return Overlap(
        fraction=fraction,
        n_recovered=n_recovered,
        n_tested=n_tested,
        n_loci=table.height,
        threshold=float(largest_p),
        expected=float(chance.mean()),
        expected_interval=tuple(np.quantile(chance, [0.025, 0.975]).tolist()),
        p_value=float((1 + (chance >= fraction).sum()) / (1 + len(chance))),
        table=to_pandas(table),
    )
