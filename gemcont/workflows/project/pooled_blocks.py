"""Sums over cohorts of the products of their stores, block by block of the union's variants."""

from collections.abc import Iterator, Sequence
from typing import NamedTuple

import numpy as np
import polars as pl

from gemcont.stats.added import added
from gemcont.tables.schema import FREQUENCY, GENOTYPE_SS, GROUP, N_CHROMOSOMES, N
from gemcont.workflows.common.result_rows import SORT_KEY
from gemcont.workflows.project.store import Nulls, ProductBlock, fit_nulls, place_of
from gemcont.workflows.project.store_union import Holders, StoreInUnion

_AT_ONCE = 8192  # variants

Kind = tuple[int, ...]  # number of a variant's group of chromosomes in each cohort, -1 without it


def stretches(
    cohorts: Sequence[StoreInUnion], holders: Holders, nulls: dict[Kind, Nulls], *, own: bool
) -> Iterator[list[ProductBlock]]:
    """Yield the ``ProductBlock``s of one stretch of the union's variants after the other.

    Args:
        cohorts: the stores, matched.
        holders: the first cohort that has each variant.
        nulls: null models, filled as they are needed.
        own: whether every cohort keeps its own trait covariance.
    """
    for first in range(0, len(holders.row), _AT_ONCE):
        here = slice(first, min(first + _AT_ONCE, len(holders.row)))
        sums = _summed(cohorts, here)
        variant_columns = _variant_columns(
            cohorts, Holders(*(array[here] for array in holders)), sums
        )
        yield _blocks(cohorts, variant_columns, sums, nulls, own)


class _Sums(NamedTuple):
    """Products of a stretch of variants, by cohort and summed.

    scores: float64 (cohorts, variants, D), g'MY
    residual: float64 (cohorts, variants), g'Mg
    samples: float64 (variants,), N summed
    frequency: float64 (variants,), of the effect allele over all cohorts, NaN unknown
    groups: int64 (variants, cohorts), number of the group of chromosomes, -1 without the variant
    """

    scores: np.ndarray
    residual: np.ndarray
    samples: np.ndarray
    frequency: np.ndarray
    groups: np.ndarray


def _summed(cohorts, here):
    """Read the ``_Sums`` of a slice of the union's variants."""
    n, d = here.stop - here.start, len(cohorts[0].order)
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
    frequency = np.divide(alleles, chromosomes, out=np.full(n, np.nan), where=chromosomes > 0)
    return _Sums(
        scores=scores, residual=residual, samples=samples, frequency=frequency, groups=groups
    )


def _blocks(cohorts, variant_columns, sums, nulls, own):
    """Return one ``ProductBlock`` for every ``Kind`` of variants, whose products add up."""
    scores, total = sums.scores.sum(axis=0), sums.residual.sum(axis=0)
    total = np.where(total > 0, total, np.nan)
    kinds, which = np.unique(sums.groups, axis=0, return_inverse=True)
    blocks = []
    for i, kind in enumerate(map(tuple, kinds.tolist())):
        if kind not in nulls:
            nulls[kind] = _null(cohorts, kind)
        members = np.flatnonzero(which.ravel() == i)
        block = ProductBlock(
            variant_columns=variant_columns[members],
            scores=scores[members],
            residual=total[members],
            nulls=nulls[kind],
            added=_added(cohorts, kind, sums, members) if own else None,
        )
        blocks.append(block)
    return blocks


def _added(cohorts, kind, sums, members):
    """Return ``stats.added`` of variants of one ``Kind``, None where a cohort is not tested."""
    here = [c for c, number in enumerate(kind) if number >= 0]
    pairs = [cohorts[c].covariance(list(cohorts[c].store.groups)[kind[c]]) for c in here]
    if any(pair is None for pair in pairs):
        return None
    scores, residual = sums.scores[:, members], sums.residual[:, members]
    covariances = [covariance for covariance, _ in pairs]
    return added([scores[c] for c in here], [residual[c] for c in here], covariances)


def _variant_columns(cohorts, holders, sums):
    """Return the variants' columns, in the alleles of the first cohort that has each variant."""
    frames = []
    for c in np.unique(holders.cohort):
        members = np.flatnonzero(holders.cohort == c)
        frames.append(place_of(cohorts[c].store.variants[holders.row[members]], members))
    variant_columns = pl.concat(frames).sort(SORT_KEY)
    return variant_columns.with_columns(
        pl.Series(N.name, sums.samples.astype(np.int32)),
        pl.Series(FREQUENCY.name, sums.frequency, nan_to_null=True),
    )


def _null(cohorts, kind):
    """Return the null models of variants of one ``Kind``."""
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
