"""Combinations of traits, tested from a store of their products in seconds, without genotypes."""

import logging
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING

import numpy as np

from gemcont.arrays import as_array
from gemcont.errors import GemcontError
from gemcont.settings.flags import settings_of
from gemcont.settings.project import ProjectSettings
from gemcont.stats.null import SummaryNull
from gemcont.tables.schema import GENOTYPE_SS, GROUP, TRAIT
from gemcont.tables.weights import read_weights
from gemcont.workflows.project.files import ProductOutputs, refuse_own_stores, report
from gemcont.workflows.project.store import Nulls, ProductBlock, ProductStore, fit_nulls, place_of
from gemcont.workflows.project.tests import PreparedTests, StoreTests, collected, write_tests

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)


def run_project(store: str | os.PathLike, **settings) -> "pd.DataFrame":
    """Test combinations (or a choice) of the traits of a store of products, in memory.

    The result equals a scan of the combinations to the digits of float32.

    Args:
        store: PREFIX of a scan with ``--save-products``.
        settings: fields of ``ProjectSettings``: weights (a path or a DataFrame of trait and a
            column per combination) or traits (names), test="lrt" | "f", joint=False for each
            combination alone, neg_log10_p_min.

    Returns:
        pandas DataFrame, the rows of PREFIX.gwas.tsv, or of PREFIX.traits.parquet with joint=False.

    Raises:
        GemcontError: nothing can be tested.
    """
    chosen = settings_of(ProjectSettings, settings)
    prepared = prepare_projection(store, chosen)
    bound = chosen.neg_log10_p_min
    return collected(prepared, test=chosen.test, joint=chosen.joint, bound=bound)


def write_project(
    store: str | os.PathLike,
    prefix: str,
    *,
    layout: str = "tsv",
    plot: bool = True,
    arguments: Mapping | None = None,
    **settings,
) -> None:
    """Test combinations of a store's traits, as ``run_project``, and write PREFIX.gwas.tsv.

    With ``each_trait`` PREFIX.traits.parquet is written too.

    Args:
        store: PREFIX of a scan with ``--save-products``.
        prefix: PREFIX.
        layout: "tsv", "tsv.gz" or "parquet".
        plot: whether pictures are drawn.
        arguments: entry of the summary; None = the settings.
        settings: fields of ``ProjectSettings``.
    """
    chosen = settings_of(ProjectSettings, settings)
    outputs = ProductOutputs(
        prefix,
        layout=layout,
        test=chosen.test,
        joint=chosen.joint,
        each=chosen.each_trait,
        least=chosen.neg_log10_p_min,
    )
    tested, null, names, opened = project_store(
        store, outputs, weights=chosen.weights, traits=chosen.traits
    )
    autosomes = opened.facts["autosomes"]
    arguments = vars(chosen) if arguments is None else arguments
    report(tested, null, names, outputs, autosomes=autosomes, plot=plot, arguments=arguments)


def project_store(
    store: str | os.PathLike,
    outputs: ProductOutputs,
    *,
    weights: object = None,
    traits: Sequence[str] | None = None,
) -> tuple[StoreTests | None, SummaryNull, list[str], ProductStore]:
    """Test combinations (or a choice) of a store's traits into files.

    Args:
        store: PREFIX of a scan with ``--save-products``.
        outputs: the files.
        weights: a path or a DataFrame with a row per trait and a column per combination; traits
            that it does not name have weight 0.
        traits: names of the traits to test instead.

    Returns:
        the joint tests or None, the null model, the names of what was tested, the store.
    """
    refuse_own_stores(outputs, [store])
    settings = ProjectSettings(
        weights=weights,
        traits=None if traits is None else list(traits),
        test=outputs.test,
        joint=outputs.joint,
        each_trait=outputs.each,
    )
    prepared = prepare_projection(store, settings)
    names = prepared.trait_names
    tested = write_tests(prepared.stretches, names, outputs)
    return tested, prepared.null(), names, prepared.store


def prepare_projection(store: str | os.PathLike, settings: ProjectSettings) -> PreparedTests:
    """Fit the null models of a store's combinations, and return their tests.

    Raises GemcontError where nothing can be tested.
    """
    opened = ProductStore(store)
    names, matrix = _combinations(opened, settings.weights, settings.traits)
    nulls: dict[str, Nulls] = {}
    faults: list[str] = []
    for group, facts in opened.groups.items():
        combined = _combined(opened.cross_products(group), matrix)
        sizes = facts["n_samples"], facts["n_covariates"]
        nulls[group], wrong = fit_nulls(combined, *sizes, names, group, joint=settings.joint)
        faults += wrong
    null = _first_null(nulls, settings.joint, faults)
    log.info(
        "%s: %d traits of %d people; %d combinations tested, %s",
        opened.path,
        len(opened.trait_names),
        null.n_samples,
        len(names),
        f"jointly ({settings.test})" if settings.joint else "each alone",
    )
    return PreparedTests(
        stretches=_stretches(opened, matrix, nulls),
        trait_names=names,
        store=opened,
        null=lambda: null,
    )


def _first_null(nulls, joint, faults):
    """Return the first null model, joint or of single traits, or raise GemcontError."""
    for pair in nulls.values():
        null = pair.joint if joint else pair.single
        if null is not None:
            return null
    raise GemcontError(faults[0])


def _combinations(store, weights, traits):
    """Return the combinations' names, and their weights (traits of the store, combinations)."""
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
    """Return Y'MY of the combinations, NaN for those with a trait not tested in the group."""
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
            variant_columns = place_of(variants[rows], rows)
            block = ProductBlock(
                variant_columns=variant_columns,
                scores=scores[rows],
                residual=residual[rows],
                nulls=nulls[group],
            )
            blocks.append(block)
        yield blocks


def _weighted(values, matrix):
    """Return values @ matrix, where a NaN spoils only the combinations with that trait."""
    unknown = np.isnan(values)
    scores = np.where(unknown, 0, values) @ matrix
    for d in np.flatnonzero(unknown.any(axis=0)):
        scores[np.ix_(unknown[:, d], matrix[d] != 0)] = np.nan
    return scores
