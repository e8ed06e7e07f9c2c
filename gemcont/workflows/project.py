"""Combinations of traits tested from a store of their products: seconds, and no genotypes."""

import logging

import numpy as np

from gemcont.errors import GemcontError
from gemcont.stats.null import summary_null
from gemcont.tables.columns import GENOTYPE_SS, GROUP
from gemcont.tables.weights import read_weights
from gemcont.workflows.products import ProductBlock, ProductStore, place_of, write_tests

log = logging.getLogger(__name__)


def write_projection(store, outputs, *, weights=None, traits=None):
    """Test combinations (or a choice) of a store's traits.

    store: PREFIX of ``--save-products``; weights: path of a table with a row per trait and a
    column per combination (traits that it does not name have weight 0); traits: names, to test
    just those; outputs: ``ProductOutputs``.

    Equals a scan of the traits times the weights to float32's digits. Returns (``Tested`` or
    None, null model of the first group, names of what was tested, the store).
    """
    store = ProductStore(store)
    names, matrix = _combinations(store, weights, traits)
    nulls = {group: _null(store, group, matrix, names) for group in store.groups}
    log.info(
        "%s: %d traits of %d people; %d combinations tested, %s",
        store.path,
        len(store.trait_names),
        next(iter(nulls.values())).n_samples,
        len(names),
        f"jointly ({outputs.test})" if outputs.joint else "each alone",
    )
    tested = write_tests(_stretches(store, matrix, nulls), names, outputs)
    return tested, next(iter(nulls.values())), names, store


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
    matrix = np.zeros((len(store.trait_names), len(names)))
    matrix[[store.trait_names.index(name) for name in named]] = values
    return names, matrix


def _null(store, group, matrix, names):
    facts, used = store.groups[group], matrix.any(axis=1)
    products = store.cross_products(group)[np.ix_(used, used)]
    if np.isnan(products).any():
        count = (store.variants[GROUP.name] == group).sum()
        log.warning("%d variants of %s left out: a trait is constant there", count, group)
        return None
    combined = matrix[used].T @ products @ matrix[used]
    return summary_null(combined, facts["n_samples"], facts["n_covariates"], names=names)


def _stretches(store, matrix, nulls):
    """Yield the ``ProductBlock``s of every part of the store."""
    used = matrix.any(axis=1)
    chosen = [name for name, use in zip(store.trait_names, used, strict=True) if use]
    for first, values in store.blocks(chosen):
        variants = store.variants.slice(first, len(values))
        scores = values.astype(np.float64) @ matrix[used]
        residual = variants[GENOTYPE_SS.name].to_numpy()
        groups = variants[GROUP.name].to_numpy()
        blocks = []
        for group in dict.fromkeys(groups):
            rows = np.flatnonzero(groups == group)
            if nulls[group] is not None:
                place = place_of(variants[rows], rows)
                blocks.append(ProductBlock(place, scores[rows], residual[rows], nulls[group]))
        if blocks:
            yield blocks
