"""The joint test of several cohorts together, from stores of their products: no person is shared.

With covariates and intercepts of each cohort's own, sums over people are sums over cohorts. By
default ("wald") every cohort keeps its own trait covariance (``stats.added``). "lrt" and "f" add
g'MY, g'Mg, Y'MY, N and K: the test of the pooled people with covariates nested in their cohort,
which takes one covariance for all; whether they have one is tested and logged.
"""

import logging
import os
from dataclasses import dataclass, field
from functools import cached_property

import numpy as np
import polars as pl

from gemcont.errors import GemcontError
from gemcont.genotype.chromosomes import Ploidy, canonical_name
from gemcont.genotype.ploidy import group_name
from gemcont.settings.flags import settings_of
from gemcont.settings.meta import JointSettings
from gemcont.stats.added import added, equality
from gemcont.stats.harmonise import REASONS, Reason, Strand, align, count_strands, strand_of
from gemcont.tables.schema import (
    EFFECT_ALLELE,
    FREQUENCY,
    GENOTYPE_SS,
    GROUP,
    N_CHROMOSOMES,
    OTHER_ALLELE,
    POSITION,
    N,
)
from gemcont.workflows.common.alleles import AlleleCodes
from gemcont.workflows.common.lookup import Lookup
from gemcont.workflows.common.result_rows import SORT_KEY
from gemcont.workflows.project.files import ProductOutputs, refuse_own_stores, report
from gemcont.workflows.project.store import ProductBlock, ProductStore, fit_nulls, place_of
from gemcont.workflows.project.tests import PreparedTests, collected, write_tests

log = logging.getLogger(__name__)

AUTOSOMES = group_name(Ploidy.AUTOSOME)
_AT_ONCE = 8192  # variants
_EXCESS = 0.05  # of the statistics of a small cohort, above which it is warned of
_UNEQUAL = 3.0  # -log10 p of equal covariances, from which they are not


@dataclass
class StoreInUnion:
    """A store and where its variants stand among all.

    slot: int64 (variants of the union,), row of the store, -1 where it has none; sign: int8, how
    its scores are turned; covariances: those known already, by group of chromosomes
    """

    store: ProductStore
    order: np.ndarray
    slot: np.ndarray | None = None
    sign: np.ndarray | None = None
    covariances: dict = field(default_factory=dict)

    def covariance(self, group):
        """Return ``_covariance`` of a group of chromosomes, made once."""
        if group not in self.covariances:
            self.covariances[group] = _covariance(self, group)
        return self.covariances[group]

    @cached_property
    def rows(self):
        """Reads rows of the store's scores."""
        return self.store.row_reader([self.store.trait_names[i] for i in self.order])


def run_joint_meta(stores, **settings):
    """Test the traits of several cohorts jointly, from stores of their products, in memory.

    stores: PREFIXes of scans with ``--save-products``, of the same traits (embeddings of the same
        encoder)
    settings: fields of ``JointSettings``: test="wald" | "lrt" | "f", palindromic, ambiguous,
        same_ids

    Returns a pandas DataFrame, the rows of PREFIX.meta.tsv. Raises GemcontError where traits,
    encoder or coding differ, where traits were ranked or turned into components cohort by cohort,
    and where people would count twice.
    """
    settings = settings_of(JointSettings, settings)
    prepared = prepare_joint_meta(stores, settings)
    return collected(prepared, test=settings.test, joint=True, bound=None)


def write_joint_meta(stores, prefix, *, layout="tsv", plot=True, arguments=None, **settings):
    """Test several cohorts jointly, as ``run_joint_meta``, and write PREFIX.meta.tsv.

    layout: "tsv", "tsv.gz" or "parquet"; arguments: for the summary
    """
    settings = settings_of(JointSettings, settings)
    outputs = ProductOutputs(prefix, "meta", layout, settings.test)
    how = {name: value for name, value in vars(settings).items() if name != "test"}
    tested, null, names, store = add_stores(stores, outputs, **how)
    autosomes = store.facts["autosomes"]
    arguments = vars(settings) if arguments is None else arguments
    report(tested, null, names, outputs, autosomes=autosomes, plot=plot, arguments=arguments)


def add_stores(stores, outputs, **settings):
    """Add the stores of several cohorts into one joint test, into files of ``ProductOutputs``.

    Returns ``StoreTests``, the null model of most people, the traits' names, the first store.
    """
    refuse_own_stores(outputs, stores)
    settings = settings_of(JointSettings, {"test": outputs.test} | settings)
    prepared = prepare_joint_meta(stores, settings)
    tested = write_tests(prepared.stretches, prepared.trait_names, outputs)
    null = prepared.null()
    prepared.log_end()
    return tested, null, prepared.trait_names, prepared.store


def prepare_joint_meta(stores, settings):
    """Return the ``PreparedTests`` of several cohorts' stores together."""
    stores = [ProductStore(path) for path in stores]
    _check_traits(stores)
    _check_people(stores, settings.same_ids)
    cohorts = [StoreInUnion(store, _order(stores[0], store)) for store in stores]
    union = _union(cohorts, settings.palindromic, settings.ambiguous)
    held = sum((cohort.slot >= 0).astype(np.int64) for cohort in cohorts)
    fewer = int((held < len(cohorts)).sum())
    if fewer:
        log.warning(
            "%d of %d variants are tested in some of the cohorts only: their n is smaller "
            "(palindromes: --palindromic keep goes by the letters)",
            fewer,
            len(held),
        )
    nulls, own = {}, settings.test == "wald"
    return PreparedTests(
        stretches=_stretches(cohorts, union, nulls, own),
        trait_names=stores[0].trait_names,
        store=stores[0],
        null=lambda: _largest_null(nulls),
        log_end=lambda: _log_joint(cohorts, _largest_null(nulls), own),
    )


def _largest_null(nulls):
    """Return the joint null model of most people among those met, or raise GemcontError."""
    known = [pair.joint for pair in nulls.values() if pair.joint is not None]
    if not known:
        raise GemcontError("--joint: nothing can be tested: the warnings say why")
    return max(known, key=lambda null: null.n_samples)


def _log_joint(cohorts, null, own):
    _log_equality(cohorts, own)
    log.info(
        "%d cohorts: N = %d, D = %d, K = %d",
        len(cohorts),
        null.n_samples,
        null.n_traits,
        null.n_covariates,
    )


def _log_equality(cohorts, own):
    """Log whether the cohorts have one trait covariance on the autosomes, as lrt and f take it."""
    here = [cohort for cohort in cohorts if AUTOSOMES in cohort.store.groups]
    try:
        found = [cohort.covariance(AUTOSOMES) for cohort in here]
    except GemcontError:  # nothing that a test of one covariance for all needs
        return
    known = [(cohort, pair) for cohort, pair in zip(here, found, strict=True) if pair is not None]
    found = [pair for _, pair in known]
    if own:
        _warn_of_small_cohorts([cohort for cohort, _ in known], found)
    if len(found) < 2:
        return
    chi2, dof, p = equality(*zip(*found, strict=True))
    unequal = p > _UNEQUAL and not own
    log.log(
        logging.WARNING if unequal else logging.INFO,
        "trait covariances of the cohorts: equal with -log10 p %.2f (chi2 %.1f on %d)%s",
        p,
        chi2,
        dof,
        "; the test takes one for all and is off its level: --test wald keeps each" if unequal
        else "",
    )  # fmt: skip


def _warn_of_small_cohorts(cohorts, covariances):
    """Warn of covariances of so few people that chi2 on D degrees of freedom is off its level."""
    for cohort, (covariance, dof) in zip(cohorts, covariances, strict=True):
        d = len(covariance)
        excess = (d + 1) / (dof - d - 1)  # of the mean of an inverted Wishart matrix
        if excess > _EXCESS:
            log.warning(
                "%s: N - K = %d for D = %d traits: its own statistics are %.0f %% too large on "
                "average, and p where it weighs much too small",
                *(cohort.store.path, dof, d, 100 * excess),
            )


def _covariance(cohort, group):
    """(trait covariance (D, D), N - K) of a cohort in a group of chromosomes, None if untested.

    Raises GemcontError where the cohort has too few people for a covariance of its own.
    """
    facts = cohort.store.groups[group]
    dof = facts["n_samples"] - facts["n_covariates"]
    products = cohort.store.cross_products(group)[np.ix_(cohort.order, cohort.order)]
    if dof < 1 or not np.isfinite(products).all() or (np.diag(products) == 0).any():
        return None
    if dof <= len(products) + 1 or np.linalg.eigvalsh(products)[0] <= 0:
        raise GemcontError(
            f"--joint: {cohort.store.path} has no covariance of its own on {group} (N - K = {dof}, "
            f"D = {len(products)} traits, none of them a combination of others?): leave it out, or "
            "take one covariance for all cohorts by --test lrt"
        )
    return products / dof, dof


def _check_traits(stores):
    first = stores[0]
    for store in stores:
        if store.facts["ranked"] or store.facts["pcs"]:
            how = "ranked" if store.facts["ranked"] else "turned into components"
            raise GemcontError(
                f"--joint: the traits of {store.path} were {how} in their own cohort, so those of "
                "two cohorts are not the same; scan them without --rank-int and --pcs"
            )
        if set(store.trait_names) != set(first.trait_names):
            odd = set(store.trait_names) ^ set(first.trait_names)
            raise GemcontError(
                f"--joint: {store.path} and {first.path} have different traits ({min(odd)}, ...)"
            )
        if store.facts["encoder"] != first.facts["encoder"]:
            raise GemcontError(
                f"--joint: the traits of {store.path} and {first.path} were made by different "
                "encoders; their axes mean different things"
            )
        if store.facts["autosomes"] != first.facts["autosomes"]:
            raise GemcontError(f"--joint: {store.path} and {first.path} are of different species")
    if first.facts["encoder"] is None:
        log.warning("the stores name no encoder: traits of one name are taken for the same")


def _check_people(stores, same_ids):
    for i, store in enumerate(stores):
        for other in stores[:i]:
            if os.path.samefile(store.path, other.path):
                raise GemcontError(f"--joint: {store.path} is given twice")
            shared = len(np.intersect1d(store.samples, other.samples))
            if shared and not same_ids:
                raise GemcontError(
                    f"--joint: {shared} people of {store.path} are in {other.path} too (by FID "
                    "and IID); leave them out of one, or, if they are others, say --same-ids"
                )


def _order(first, store):
    """Columns of ``store`` in the order of the first store's traits."""
    place = {name: i for i, name in enumerate(store.trait_names)}
    return np.array([place[name] for name in first.trait_names])


def _union(cohorts, palindromic, ambiguous):
    """Match the cohorts' variants: fills ``slot`` and ``sign``; the union's own places.

    Returns (cohort, row) of the first holder of every variant, each int64 (variants,).
    """
    codes, chromosomes = AlleleCodes(), {}
    holders, rows = np.empty(0, np.int64), np.empty(0, np.int64)
    keys = blocked = np.empty(0, np.uint64)
    effect, other = np.empty(0, np.int32), np.empty(0, np.int32)
    frequency = np.empty(0)
    for c, cohort in enumerate(cohorts):
        table = cohort.store.variants
        key, a, b = _keys(table, codes, chromosomes, cohort.store.facts["autosomes"])
        eaf = table[FREQUENCY.name].to_numpy()
        unique, counts = np.unique(key, return_counts=True)
        blocked = np.union1d(blocked, unique[counts > 1])
        twice = np.isin(key, blocked)
        found = Lookup(keys, np.arange(len(keys))).find(key)
        found[twice] = -1
        known = np.flatnonzero(found >= 0)
        at = found[known]
        letters = a[known], b[known], effect[at], other[at]
        strand = strand_of(*count_strands(*letters, codes.complement))
        if strand is Strand.OTHER and palindromic == "infer":
            a, b = codes.complement[a], codes.complement[b]
        sign, _, reason = align(
            *(a[known], b[known], eaf[known], effect[at], other[at], frequency[at]),
            codes.complement,
            palindromic=palindromic,
            ambiguous=ambiguous,
            same_strand=strand is not Strand.UNTOLD,
        )
        new = np.flatnonzero((found < 0) & ~twice)
        cohort.slot = np.full(len(keys) + len(new), -1, dtype=np.int64)
        cohort.sign = np.ones(len(cohort.slot), dtype=np.int8)
        cohort.slot[at[sign != 0]], cohort.sign[at[sign != 0]] = known[sign != 0], sign[sign != 0]
        cohort.slot[len(keys) :] = new
        _log_matches(cohort.store, len(key), len(known), len(new), twice.sum(), reason, c)
        holders = np.concatenate([holders, np.full(len(new), c)])
        rows, keys = np.concatenate([rows, new]), np.concatenate([keys, key[new]])
        effect, other = np.concatenate([effect, a[new]]), np.concatenate([other, b[new]])
        frequency = np.concatenate([frequency, eaf[new]])
    for cohort in cohorts:
        missing = len(keys) - len(cohort.slot)
        cohort.slot = np.concatenate([cohort.slot, np.full(missing, -1)])
        cohort.sign = np.concatenate([cohort.sign, np.ones(missing, dtype=np.int8)])
    return holders, rows


def _keys(table, codes, chromosomes, autosomes):
    """(key, effect allele, other allele) of a store's variants, in codes common to all stores."""
    names = table["chromosome"].unique().to_list()
    for name in names:
        chromosomes.setdefault(canonical_name(name, autosomes), len(chromosomes))
    number = {name: chromosomes[canonical_name(name, autosomes)] for name in names}
    chromosome = table["chromosome"].replace_strict(number, return_dtype=pl.Int64).to_numpy()
    position = table[POSITION.name].to_numpy().astype(np.int64)
    alleles = (
        codes.encode(table[c.name].cast(pl.String).str.to_uppercase())
        for c in (EFFECT_ALLELE, OTHER_ALLELE)
    )
    effect, other = alleles
    return codes.keys(chromosome, position, effect, other), effect, other


def _log_matches(store, n, known, new, twice, reason, c):
    if c and not known:
        raise GemcontError(
            f"--joint: {store.path} shares no variant with the stores before it: another build, or "
            "another coding of the alleles"
        )
    left = {REASONS[Reason(r)]: int((reason == r).sum()) for r in np.unique(reason) if r}
    left |= {"place and alleles stand twice in a cohort": int(twice)} if twice else {}
    shown = "".join(f"; left out: {count} {why}" for why, count in left.items())
    log.info("%s: %d of %d variants matched, %d new%s", store.path, known, n, new, shown)


def _stretches(cohorts, union, nulls, own):
    """Yield the ``ProductBlock``s of some thousand variants of the union after the others."""
    holders, rows = union
    for first in range(0, len(rows), _AT_ONCE):
        here = slice(first, min(first + _AT_ONCE, len(rows)))
        yield _blocks(cohorts, holders[here], rows[here], here, nulls, own)


def _blocks(cohorts, holders, rows, here, nulls, own):
    """One ``ProductBlock`` for every set of (cohort, group of chromosomes) that adds up."""
    n, d = len(rows), len(cohorts[0].order)
    scores, residual = np.zeros((len(cohorts), n, d)), np.zeros((len(cohorts), n))
    samples, chromosomes, alleles = np.zeros(n), np.zeros(n), np.zeros(n)
    groups = np.full((n, len(cohorts)), -1)
    for c, cohort in enumerate(cohorts):
        slot, sign = cohort.slot[here], cohort.sign[here].astype(np.float64)
        has = np.flatnonzero(slot >= 0)
        table = cohort.store.variants[slot[has]]
        scores[c, has] = sign[has, None] * cohort.rows(slot[has])
        residual[c, has] = np.nan_to_num(table[GENOTYPE_SS.name].to_numpy())
        count, eaf = table[N.name].to_numpy(), table[FREQUENCY.name].to_numpy()
        samples[has] += count
        called = table[N_CHROMOSOMES.name].to_numpy()
        chromosomes[has] += called
        alleles[has] += called * np.nan_to_num(np.where(sign[has] < 0, 1 - eaf, eaf))
        names = list(cohort.store.groups)
        groups[has, c] = table[GROUP.name].replace_strict(names, range(len(names))).to_numpy()
    known = chromosomes > 0
    eaf = np.divide(alleles, chromosomes, out=np.full(n, np.nan), where=known)
    place = _places(cohorts, holders, rows, samples, eaf)
    sums, total = scores.sum(axis=0), residual.sum(axis=0)
    total = np.where(total > 0, total, np.nan)
    kinds, which = np.unique(groups, axis=0, return_inverse=True)
    blocks = []
    for i, kind in enumerate(map(tuple, kinds.tolist())):
        if kind not in nulls:
            nulls[kind] = _null(cohorts, kind)
        members = np.flatnonzero(which.ravel() == i)
        apart = _added(cohorts, kind, scores[:, members], residual[:, members]) if own else None
        parts = place[members], sums[members], total[members]
        blocks.append(ProductBlock(*parts, nulls[kind], apart))
    return blocks


def _added(cohorts, kind, scores, residual):
    """``stats.added`` of variants by their group of chromosomes in each cohort, -1 without it."""
    here = [c for c, number in enumerate(kind) if number >= 0]
    found = [cohorts[c].covariance(list(cohorts[c].store.groups)[kind[c]]) for c in here]
    if any(pair is None for pair in found):
        return None
    covariances = [covariance for covariance, _ in found]
    return added([scores[c] for c in here], [residual[c] for c in here], covariances)


def _places(cohorts, holders, rows, samples, eaf):
    """Place frame in the alleles of the first cohort that holds each variant."""
    frames = []
    for c in np.unique(holders):
        members = np.flatnonzero(holders == c)
        frames.append(place_of(cohorts[c].store.variants[rows[members]], members))
    place = pl.concat(frames).sort(SORT_KEY)
    return place.with_columns(
        pl.Series(N.name, samples.astype(np.int32)),
        pl.Series(FREQUENCY.name, eaf, nan_to_null=True),
    )


def _null(cohorts, kind):
    """The null model of variants by their group of chromosomes in each cohort, -1 without it."""
    total, n, k, where = 0.0, 0, 0, []
    for cohort, number in zip(cohorts, kind, strict=True):
        if number < 0:
            continue
        group = list(cohort.store.groups)[number]
        where.append(f"{group} of {cohort.store.path}")
        order = np.ix_(cohort.order, cohort.order)
        total = total + cohort.store.cross_products(group)[order]
        n += cohort.store.groups[group]["n_samples"]
        k += cohort.store.groups[group]["n_covariates"]
    return fit_nulls(total, n, k, cohorts[0].store.trait_names, " + ".join(where))[0]
