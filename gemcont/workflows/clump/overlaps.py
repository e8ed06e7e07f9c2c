"""How many of a disease's loci another GWAS recovers, and how many chance would."""

import logging
from dataclasses import dataclass

import numpy as np
import polars as pl

from gemcont.errors import GemcontError
from gemcont.genotype import open_genotypes
from gemcont.genotype.chromosomes import HUMAN_AUTOSOMES, ploidy
from gemcont.genotype.ld import Linkage, Near
from gemcont.stats.calibration import GENOME_WIDE, chance_recovery
from gemcont.stats.clump import least_neg_log_10_p, radius_of
from gemcont.tables.sumstats.read import Sumstats
from gemcont.workflows.common.dataframes import to_pandas
from gemcont.workflows.common.lookup import split_ids

log = logging.getLogger(__name__)

BONFERRONI = "bonferroni"
_LEVEL = 0.05
_AT_LEAST = 1 - 2.0**-43  # linkage is above this much of the bound: at it, or above
_BLOCK = 512  # variants


@dataclass(frozen=True)
class Overlap:
    """The loci that were recovered.

    fraction: recovered among the loci that could be (``n_tested`` of ``n_loci``); threshold: the p
    that counted; table: a pandas row per locus with ``tested``, ``recovered``, ``recovered_by``
    (a variant), its ``neg_log_10_p_value`` (where none: the index variant's own) and ``r2`` with
    the locus's index variant; expected: the mean fraction of random loci of the same allele
    frequencies; expected_interval: its central 95 %; p_value: how often chance recovers as many
    """

    fraction: float
    n_recovered: int
    n_tested: int
    n_loci: int
    threshold: float
    expected: float
    expected_interval: tuple
    p_value: float
    table: object


def overlap(
    disease_loci,
    results,
    *,
    threshold=GENOME_WIDE,
    r2=None,
    genotypes=None,
    kb=1000.0,
    r2_type="unphased",
    autosomes=HUMAN_AUTOSOMES,
    draws=1000,
    seed=0,
):
    """Which of a disease's loci another GWAS recovers.

    disease_loci: DataFrame of the disease's index variants, as ``Loci.loci`` has them
    results: DataFrame or file, summary statistics of the other GWAS
    threshold: p that counts, or "bonferroni": 0.05 over the loci that are in the results
    r2, genotypes: a locus is also recovered by a variant within ``kb`` whose r2 with its index
        variant is at least r2 in the genotypes (a path or a ``GenotypeSource``)
    draws, seed: of the random loci, matched on the results' allele frequency alone: not on linkage,
        so with r2 and genotypes the p of loci in strongly linked regions is too small

    Returns ``Overlap``. Variants are matched by id. Raises GemcontError where no locus is in the
    results.
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
    if threshold != BONFERRONI and not (isinstance(threshold, float) and 0 < threshold <= 1):
        raise GemcontError(f"overlap: threshold {threshold!r} is neither a p nor 'bonferroni'")
    if threshold == BONFERRONI:
        threshold = _LEVEL / int((at >= 0).sum())
    hit = rows["neg_log_10_p_value"].to_numpy() >= least_neg_log_10_p(threshold)
    by = np.where(hit, np.arange(rows.height), -1)
    strength = np.ones(rows.height)
    if r2 is not None:
        log.info(
            "overlap: random loci are matched on frequency, not on linkage: p is too small where "
            "the loci have more linked neighbours"
        )
        source = open_genotypes(genotypes)
        search = _Search(source, rows, hit, r2, radius_of(kb), r2_type, autosomes)
        by, strength = search.proxies(by)
    return _answer(loci, rows, at, by, strength, threshold, draws, seed)


def _positions(wanted, ids):
    """Where each wanted id stands, -1 where it does not; a cell of several has any of them."""
    (at, ids), (row, asked) = split_ids(ids), split_ids(wanted)
    table = pl.DataFrame({"id": ids, "at": at}).unique("id", keep="first", maintain_order=True)
    found = asked.alias("id").to_frame().join(table, on="id", how="left", maintain_order="left")
    known = np.flatnonzero(found["at"].is_not_null().to_numpy())[::-1]
    positions = np.full(len(wanted), -1, dtype=np.int64)
    positions[row[known]] = found["at"].to_numpy()[known]
    return positions


class _Search:
    """For every result, the strongest hit that it is linked to."""

    def __init__(self, source, rows, hit, r2, radius, r2_type, autosomes):
        self._linkage = Linkage(
            source, np.flatnonzero(source.samples["founder"].to_numpy()), r2_type
        )
        self._rows, self._hit, self._r2, self._radius = rows, hit, r2, radius
        names = source.variants["chromosome"].cast(pl.String)
        self._variant = _positions(rows["variant_id"], source.variants["variant_id"])
        self._chromosome = names.to_numpy()[self._variant]
        self._position = source.variants["base_pair_location"].to_numpy()[self._variant]
        self._autosomes = autosomes

    def proxies(self, by):
        """(the hit that stands for each result, -1 for none; its r2)."""
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
            found = self._linkage.first_linked(
                near, others, position, r2=self._r2 * _AT_LEAST, radius=self._radius
            )
            for j in np.flatnonzero((found >= 0) & (by[block] < 0)):
                by[block[j]] = hits[order[found[j]]]
                strength[block[j]] = self._linkage.r2(rows, order[found[j]], [j], others)[0]


def _answer(loci, rows, at, by, strength, threshold, draws, seed):
    tested = at >= 0
    recovered = tested & (by[at] >= 0)
    witness = np.where(recovered, by[at], np.where(tested, at, 0))
    known = pl.Series(recovered)
    table = loci.select("variant_id", "chromosome", "base_pair_location").with_columns(
        pl.Series("tested", tested),
        known.alias("recovered"),
        pl.when(known).then(rows["variant_id"][witness]).alias("recovered_by"),
        pl.when(pl.Series(tested))
        .then(rows["neg_log_10_p_value"][witness])
        .alias("neg_log_10_p_value"),
        pl.when(known).then(pl.Series(strength[at])).alias("r2"),
    )
    frequency = rows["effect_allele_frequency"].fill_null(np.nan).to_numpy()
    chance = chance_recovery(frequency, by >= 0, at[tested], draws=draws, seed=seed)
    fraction = float(recovered.sum() / tested.sum())
    return Overlap(
        fraction=fraction,
        n_recovered=int(recovered.sum()),
        n_tested=int(tested.sum()),
        n_loci=loci.height,
        threshold=float(threshold),
        expected=float(chance.mean()),
        expected_interval=tuple(np.quantile(chance, [0.025, 0.975]).tolist()),
        p_value=float((1 + (chance >= fraction).sum()) / (1 + draws)),
        table=to_pandas(table),
    )
