"""Combinations of traits tested from a store of their products: seconds, and no genotypes."""

import logging
import os

import numpy as np

from gemcont.arrays import as_array
from gemcont.errors import GemcontError
from gemcont.settings.flags import settings_of
from gemcont.settings.project import ProjectSettings
from gemcont.tables.schema import GENOTYPE_SS, GROUP, TRAIT
from gemcont.tables.weights import read_weights
from gemcont.workflows.project.files import ProductOutputs, refuse_own_stores, report
from gemcont.workflows.project.store import ProductBlock, ProductStore, fit_nulls, place_of
from gemcont.workflows.project.tests import PreparedTests, collected, write_tests

log = logging.getLogger(__name__)


def run_project(store, **settings):
    """Test combinations (or a choice) of the traits of a store of products, in memory.

    store: PREFIX of a scan with ``--save-products``
    settings: fields of ``ProjectSettings``: weights (a table, as a path or a DataFrame of trait and
        a column per combination) or traits (names), test="lrt" | "f", joint=False for each
        combination alone, neg_log10_p_min

    Returns a pandas DataFrame: the rows of PREFIX.gwas.tsv, or of PREFIX.traits.parquet with
    joint=False. Equals a scan of the combinations to float32's digits. Raises GemcontError where
    nothing can be tested.
    """
    settings = settings_of(ProjectSettings, settings)
    prepared = prepare_projection(store, settings)
    bound = settings.neg_log10_p_min
    return collected(prepared, test=settings.test, joint=settings.joint, bound=bound)


def write_project(store, prefix, *, layout="tsv", plot=True, arguments=None, **settings):
    """Test combinations of a store's traits, as ``run_project``, and write PREFIX.gwas.tsv.

    layout: "tsv", "tsv.gz" or "parquet"; arguments: for the summary. With ``each_trait`` also
    PREFIX.traits.parquet.
    """
    settings = settings_of(ProjectSettings, settings)
    outputs = ProductOutputs(
        prefix,
        layout=layout,
        test=settings.test,
        joint=settings.joint,
        each=settings.each_trait,
        least=settings.neg_log10_p_min,
    )
    tested, null, names, store = project_store(
        store, outputs, weights=settings.weights, traits=settings.traits
    )
    autosomes = store.facts["autosomes"]
    arguments = vars(settings) if arguments is None else arguments
    report(tested, null, names, outputs, autosomes=autosomes, plot=plot, arguments=arguments)


def project_store(store, outputs, *, weights=None, traits=None):
    """Test combinations (or a choice) of a store's traits into the files of ``ProductOutputs``.

    store: PREFIX of ``--save-products``; weights: table with a row per trait and a column per
    combination (traits that it does not name have weight 0); traits: names, to test just those.
    Returns ``StoreTests`` or None, the null model, names of what was tested, the store.
    """
    refuse_own_stores(outputs, [store])
    settings = ProjectSettings(
        weights=weights,
        traits=traits,
        test=outputs.test,
        joint=outputs.joint,
        each_trait=outputs.each,
    )
    prepared = prepare_projection(store, settings)
    names = prepared.trait_names
    tested = write_tests(prepared.stretches, names, outputs)
    return tested, prepared.null(), names, prepared.store


def prepare_projection(store, settings):
    """Return the ``PreparedTests`` of a store's combinations."""
    store = ProductStore(store)
    names, matrix = _combinations(store, settings.weights, settings.traits)
    nulls, faults = {}, []
    for group, facts in store.groups.items():
        combined = _combined(store.cross_products(group), matrix)
        sizes = facts["n_samples"], facts["n_covariates"]
        nulls[group], wrong = fit_nulls(combined, *sizes, names, group, joint=settings.joint)
        faults += wrong
    null = _first_null(nulls, settings.joint, faults)
    log.info(
        "%s: %d traits of %d people; %d combinations tested, %s",
        store.path,
        len(store.trait_names),
        null.n_samples,
        len(names),
        f"jointly ({settings.test})" if settings.joint else "each alone",
    )
    return PreparedTests(
        stretches=_stretches(store, matrix, nulls),
        trait_names=names,
        store=store,
        null=lambda: null,
    )


def _first_null(nulls, joint, faults):
    """Return the first null model of what is asked for, or raise GemcontError."""
    for pair in nulls.values():
        null = pair.joint if joint else pair.single
        if null is not None:
            return null
    raise GemcontError(faults[0])


def _combinations(store, weights, traits):
    """Names of the combinations and their weights (traits of the store, combinations)."""
    if weights is None:
        names = store.trait_names if traits is None else list(traits)
        named, values = names, np.eye(len(names))
    else:
        named, names, values = _weights(weights)
    unknown = [name for name in named if name not in store.trait_names]
    if unknown:
        flag = "--traits" if weights is None else _name_of(weights)
        raise GemcontError(
            f"{flag}: {unknown[0]!r} is not a trait of {store.path}; it has "
            f"{', '.join(store.trait_names[:8])}{', ...' if len(store.trait_names) > 8 else ''}"
        )
    if weights is not None and len(named) < len(store.trait_names):
        log.info(
            "%s: %d traits not named have weight 0",
            _name_of(weights),
            len(store.trait_names) - len(named),
        )
    matrix = np.zeros((len(store.trait_names), len(names)))
    matrix[[store.trait_names.index(name) for name in named]] = values
    return names, matrix


def _name_of(weights):
    return weights if isinstance(weights, str | os.PathLike) else "the table of weights"


def _weights(table):
    """Return traits, combinations and weights (traits, combinations) of a path or DataFrame."""
    if isinstance(table, str | os.PathLike):
        return read_weights(table)
    if hasattr(table, "index") and TRAIT.name in table.columns:
        table = table.set_index(TRAIT.name)
    if hasattr(table, "index"):
        return [*map(str, table.index)], [*map(str, table.columns)], as_array(table, "weights")
    named, table = table[TRAIT.name].to_list(), table.drop(TRAIT.name)
    return named, table.columns, as_array(table, "weights")


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
