"""Variants of several cohorts' stores, matched by position and alleles."""

import logging
from collections.abc import Callable, Sequence
from dataclasses import dataclass, field
from functools import cached_property
from typing import NamedTuple

import numpy as np
import polars as pl

from gemcont.errors import GemcontError
from gemcont.genotype.chromosomes import canonical_name
from gemcont.stats.harmonise import REASONS, Reason, Strand, align, count_strands, strand_of
from gemcont.tables.schema import EFFECT_ALLELE, FREQUENCY, OTHER_ALLELE, POSITION
from gemcont.workflows.common.alleles import AlleleCodes
from gemcont.workflows.common.lookup import Lookup
from gemcont.workflows.project.store import ProductStore

log = logging.getLogger(__name__)

Covariance = tuple[np.ndarray, int]  # trait covariance (D, D), and its degrees of freedom N - K


@dataclass(kw_only=True)
class StoreInUnion:
    """A cohort's store, and the places of its variants in the union.

    store: the store
    order: int64 (D,), its columns in the order of the first store's traits
    slot: int64 (variants of the union,), row of the store, -1 where it has none
    sign: int8 (variants of the union,), -1 where its alleles are swapped
    covariances: ``covariance`` by group of chromosomes, as far as it is known
    """

    store: ProductStore
    order: np.ndarray
    slot: np.ndarray = field(default_factory=lambda: np.empty(0, np.int64))
    sign: np.ndarray = field(default_factory=lambda: np.empty(0, np.int8))
    covariances: dict[str, Covariance | None] = field(default_factory=dict)

    def covariance(self, group: str) -> Covariance | None:
        """Return the trait covariance in a group of chromosomes, None where it is not tested.

        Raises GemcontError where the cohort has too few samples for a covariance of its own.
        """
        if group not in self.covariances:
            self.covariances[group] = _covariance(self, group)
        return self.covariances[group]

    @cached_property
    def rows(self) -> Callable[[np.ndarray], np.ndarray]:
        """Function that reads rows of the store's scores, (rows, D)."""
        return self.store.row_reader([self.store.trait_names[i] for i in self.order])


class Holders(NamedTuple):
    """The first cohort that has each variant of the union.

    cohort: int64 (variants,), number of the cohort
    row: int64 (variants,), row of the variant in its store
    """

    cohort: np.ndarray
    row: np.ndarray


def unite(cohorts: Sequence[StoreInUnion], palindromic: str, ambiguous: float) -> Holders:
    """Match the variants of cohorts; fill their ``slot`` and ``sign``.

    The alleles of a variant are those of the first cohort that has it. A variant that a store has
    twice is left out from there on.

    Args:
        cohorts: the stores in order.
        palindromic: "infer", "keep" or "drop", as of ``harmonise.align``.
        ambiguous: frequencies of palindromic variants within [ambiguous, 1 - ambiguous] are
            ambiguous.

    Raises:
        GemcontError: a cohort shares no variant with those before it.
    """
    union = _Union(palindromic, ambiguous)
    for number, cohort in enumerate(cohorts):
        union.add(number, cohort)
    for cohort in cohorts:
        missing = len(union.keys) - len(cohort.slot)
        cohort.slot = np.concatenate([cohort.slot, np.full(missing, -1)])
        cohort.sign = np.concatenate([cohort.sign, np.ones(missing, dtype=np.int8)])
    return Holders(union.holders, union.rows)


class _Union:
    """Variants of the cohorts so far."""

    def __init__(self, palindromic, ambiguous):
        self.palindromic, self.ambiguous = palindromic, ambiguous
        self.codes, self.chromosomes = AlleleCodes(), {}
        self.holders, self.rows = np.empty(0, np.int64), np.empty(0, np.int64)
        self.keys = self.blocked = np.empty(0, np.uint64)
        self.effect, self.other = np.empty(0, np.int32), np.empty(0, np.int32)
        self.frequency = np.empty(0)

    def add(self, number: int, cohort: StoreInUnion) -> None:
        """Match a cohort's variants, and add those that no cohort before it has."""
        table = cohort.store.variants
        key, effect, other = self._keyed(table, cohort.store.facts["autosomes"])
        frequency = table[FREQUENCY.name].to_numpy()
        unique, counts = np.unique(key, return_counts=True)
        self.blocked = np.union1d(self.blocked, unique[counts > 1])
        duplicate = np.isin(key, self.blocked)
        slot = Lookup(self.keys, np.arange(len(self.keys))).find(key)
        slot[duplicate] = -1
        known = np.flatnonzero(slot >= 0)
        new = np.flatnonzero((slot < 0) & ~duplicate)
        sign, reason, (effect, other) = self._aligned((effect, other, frequency), known, slot)
        self._place(cohort, known[sign != 0], slot[known[sign != 0]], sign[sign != 0], new)
        counted = _Counts(len(key), len(known), len(new), int(duplicate.sum()))
        _log_matches(cohort.store, counted, reason, is_first=number == 0)
        self.holders = np.concatenate([self.holders, np.full(len(new), number)])
        self.rows, self.keys = (
            np.concatenate([self.rows, new]),
            np.concatenate([self.keys, key[new]]),
        )
        self.effect = np.concatenate([self.effect, effect[new]])
        self.other = np.concatenate([self.other, other[new]])
        self.frequency = np.concatenate([self.frequency, frequency[new]])

    def _keyed(self, table, autosomes):
        """Return (key, effect allele, other allele) of variants, in codes common to all stores."""
        names = table["chromosome"].unique().to_list()
        for name in names:
            canonical = canonical_name(name, autosomes)
            self.chromosomes.setdefault(canonical, len(self.chromosomes))
        number = {name: self.chromosomes[canonical_name(name, autosomes)] for name in names}
        chromosome = table["chromosome"].replace_strict(number, return_dtype=pl.Int64).to_numpy()
        position = table[POSITION.name].to_numpy().astype(np.int64)
        effect, other = (
            self.codes.encode(table[c.name].cast(pl.String).str.to_uppercase())
            for c in (EFFECT_ALLELE, OTHER_ALLELE)
        )
        return self.codes.keys(chromosome, position, effect, other), effect, other

    def _aligned(self, alleles, known, slot):
        """Align the known variants of a cohort to the union.

        alleles: effect and other alleles and frequency, each (rows,). Returns sign and reason of
        the known rows, and the alleles of all rows, complemented where they are on the opposite
        strand.
        """
        (effect, other, frequency), at = alleles, slot[known]
        letters = effect[known], other[known], self.effect[at], self.other[at]
        strand = strand_of(*count_strands(*letters, self.codes.complement))
        if strand is Strand.OTHER and self.palindromic == "infer":
            effect, other = self.codes.complement[effect], self.codes.complement[other]
        sign, _, reason = align(
            *(effect[known], other[known], frequency[known]),
            *(self.effect[at], self.other[at], self.frequency[at]),
            self.codes.complement,
            palindromic=self.palindromic,
            ambiguous=self.ambiguous,
            same_strand=strand is not Strand.UNTOLD,
        )
        return sign, reason, (effect, other)

    def _place(self, cohort, rows, slots, sign, new):
        """Fill a cohort's ``slot`` and ``sign``; its new variants come after all others."""
        cohort.slot = np.full(len(self.keys) + len(new), -1, dtype=np.int64)
        cohort.sign = np.ones(len(cohort.slot), dtype=np.int8)
        cohort.slot[slots], cohort.sign[slots] = rows, sign
        cohort.slot[len(self.keys) :] = new


class _Counts(NamedTuple):
    """Numbers of a store's variants: all, matched, new, and duplicates."""

    variants: int
    known: int
    new: int
    duplicate: int


def _log_matches(store, counts, reason, *, is_first):
    if not is_first and not counts.known:
        raise GemcontError(
            f"--joint: {store.path} shares no variant with the stores before it: another build, or "
            "another coding of the alleles"
        )
    left = {REASONS[Reason(r)]: int((reason == r).sum()) for r in np.unique(reason) if r}
    if counts.duplicate:
        left["place and alleles stand twice in a cohort"] = counts.duplicate
    shown = "".join(f"; left out: {count} {why}" for why, count in left.items())
    log.info(
        "%s: %d of %d variants matched, %d new%s",
        *(store.path, counts.known, counts.variants, counts.new, shown),
    )


def _covariance(cohort, group):
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
