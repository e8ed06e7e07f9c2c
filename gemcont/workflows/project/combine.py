"""Combinations of traits tested from a store of their products: seconds, and no genotypes."""

import logging

import numpy as np

from gemcont.errors import GemcontError
from gemcont.tables.schema import GENOTYPE_SS, GROUP
from gemcont.tables.weights import read_weights
from gemcont.workflows.project.files import refuse_own_stores
from gemcont.workflows.project.store import ProductBlock, ProductStore, fit_nulls, place_of
from gemcont.workflows.project.tests import write_tests

log = logging.getLogger(__name__)


def write_projection(store, outputs, *, weights=None, traits=None):
    """Test combinations (or a choice) of a store's traits.

    store: PREFIX of ``--save-products``; weights: path of a table with a row per trait and a
    column per combination (traits that it does not name have weight 0); traits: names, to test
    just those; outputs: ``ProductOutputs``.

    Equals a scan of the traits times the weights to float32's digits. Returns (``StoreTests`` or
    None, null model of the first group, names of what was tested, the store). Raises GemcontError
    where nothing can be tested.
    """
    refuse_own_stores(outputs, [store])
    store = ProductStore(store)
    names, matrix = _combinations(store, weights, traits)
    nulls, faults = {}, []
    for group, facts in store.groups.items():
        combined = _combined(store.cross_products(group), matrix)
        sizes = facts["n_samples"], facts["n_covariates"]
        nulls[group], found = fit_nulls(combined, *sizes, names, group, joint=outputs.joint)
        faults += found
    null = _asked(nulls, outputs, faults)
    log.info(
        "%s: %d traits of %d people; %d combinations tested, %s",
        store.path,
        len(store.trait_names),
        null.n_samples,
        len(names),
        f"jointly ({outputs.test})" if outputs.joint else "each alone",
    )
    tested = write_tests(_stretches(store, matrix, nulls), names, outputs)
    return tested, null, names, store


def _asked(nulls, outputs, faults):
    """The first null model of what is asked for, or GemcontError where there is none."""
    for found in nulls.values():
        null = found.joint if outputs.joint else found.single
        if null is not None:
            return null
    raise GemcontError(faults[0])


def _combinations(store, weights, traits):
    """Names of the combinations and their weights (traits of the store, combinations)."""
    if weights is None:
        names = store.trait_names if traits is None else list(traits)
        named, values = names, np.eye(len(names))
    else:
        named, names, values = read_weights(weights)
    unknown = [name for name in named if name not in store.trait_names]
    if unknown:
        flag = "--traits" if weights is None else weights
        raise GemcontError(
            f"{flag}: {unknown[0]!r} is not a trait of {store.path}; it has "
            f"{', '.join(store.trait_names[:8])}{', ...' if len(store.trait_names) > 8 else ''}"
        )
    if weights is not None and len(named) < len(store.trait_names):
        log.info(
            "%s: %d traits not named have weight 0", weights, len(store.trait_names) - len(named)
        )
    matrix = np.zeros((len(store.trait_names), len(names)))
    matrix[[store.trait_names.index(name) for name in named]] = values
    return names, matrix


def _combined(products, matrix):
    """Y'MY of the combinations; NaN for those of a trait that is not tested in the group."""
    unknown = np.isnan(np.diag(products))
    combined = matrix.T @ np.nan_to_num(products) @ matrix
    lost = matrix[unknown].any(axis=0)
    combined[lost] = combined[:, lost] = np.nan
    return combined


def _stretches(store, matrix, nulls):
    """Yield the ``ProductBlock``s of every part of the store."""
    used = matrix.any(axis=1)
    chosen = [name for name, use in zip(store.trait_names, used, strict=True) if use]
    for first, values in store.blocks(chosen):
        variants = store.variants.slice(first, len(values))
        scores = _weighted(values.astype(np.float64), matrix[used])
        residual = variants[GENOTYPE_SS.name].to_numpy()
        groups = variants[GROUP.name].to_numpy()
        blocks = []
        for group in dict.fromkeys(groups):
            rows = np.flatnonzero(groups == group)
            place = place_of(variants[rows], rows)
            blocks.append(ProductBlock(place, scores[rows], residual[rows], nulls[group]))
        yield blocks


def _weighted(values, matrix):
    """values @ matrix, where a NaN of a trait spoils only the combinations that hold it."""
    unknown = np.isnan(values)
    scores = np.where(unknown, 0, values) @ matrix
    for d in np.flatnonzero(unknown.any(axis=0)):
        scores[np.ix_(unknown[:, d], matrix[d] != 0)] = np.nan
    return scores
