"""The joint test of several cohorts, from stores of their products: no sample's data is shared.

With covariates and intercepts of each cohort's own, sums over samples are sums over cohorts. By
default ("wald") every cohort keeps its own trait covariance (``stats.added``). "lrt" and "f" add
g'MY, g'Mg, Y'MY, N and K: the test of the pooled samples with covariates nested in their cohort,
which assumes one covariance for all; the log says whether the cohorts have one.
"""

import logging
import os
from collections.abc import Mapping, Sequence
from typing import TYPE_CHECKING, Any

import numpy as np

from gemcont.errors import GemcontError
from gemcont.genotype.chromosomes import Ploidy
from gemcont.genotype.ploidy import group_name
from gemcont.settings.flags import settings_of
from gemcont.settings.meta import JointSettings
from gemcont.stats.added import equality
from gemcont.stats.null import SummaryNull
from gemcont.workflows.project.files import ProductOutputs, refuse_own_stores, report
from gemcont.workflows.project.pooled_blocks import stretches
from gemcont.workflows.project.store import ProductStore
from gemcont.workflows.project.store_union import StoreInUnion, unite
from gemcont.workflows.project.tests import PreparedTests, StoreTests, collected, write_tests

if TYPE_CHECKING:
    import pandas as pd

log = logging.getLogger(__name__)

AUTOSOMES = group_name(Ploidy.AUTOSOME)
_EXCESS = 0.05  # of the statistics of a small cohort, above which it is warned of
_UNEQUAL = 3.0  # -log10 p of equal covariances, from which they are not


def run_joint_meta(stores: Sequence[str | os.PathLike], **settings) -> "pd.DataFrame":
    """Test the traits of several cohorts jointly, from stores of their products, in memory.

    Args:
        stores: PREFIXes of scans with ``--save-products``, of the same traits (embeddings of the
            same encoder).
        settings: fields of ``JointSettings``: test="wald" | "lrt" | "f", palindromic, ambiguous,
            same_ids.

    Returns:
        pandas DataFrame, the rows of PREFIX.meta.tsv.

    Raises:
        GemcontError: traits, encoder or coding differ, traits were ranked or turned into components
            cohort by cohort, or samples would count twice.
    """
    chosen = settings_of(JointSettings, settings)
    prepared = prepare_joint_meta(stores, chosen)
    return collected(prepared, test=chosen.test, joint=True, bound=None)


def write_joint_meta(
    stores: Sequence[str | os.PathLike],
    prefix: str,
    *,
    layout: str = "tsv",
    plot: bool = True,
    arguments: Mapping | None = None,
    **settings,
) -> None:
    """Test several cohorts jointly, as ``run_joint_meta``, and write PREFIX.meta.tsv.

    Args:
        stores: as in ``run_joint_meta``.
        prefix: PREFIX.
        layout: "tsv", "tsv.gz" or "parquet".
        plot: whether pictures are drawn.
        arguments: entry of the summary; None = the settings.
        settings: fields of ``JointSettings``.
    """
    chosen = settings_of(JointSettings, settings)
    outputs = ProductOutputs(prefix, name="meta", layout=layout, test=chosen.test)
    others = {name: value for name, value in vars(chosen).items() if name != "test"}
    tested, null, names, store = add_stores(stores, outputs, **others)
    autosomes = store.facts["autosomes"]
    arguments = vars(chosen) if arguments is None else arguments
    report(tested, null, names, outputs, autosomes=autosomes, plot=plot, arguments=arguments)


def add_stores(
    stores: Sequence[str | os.PathLike], outputs: ProductOutputs, **settings: Any
) -> tuple[StoreTests | None, SummaryNull, list[str], ProductStore]:
    """Test several cohorts jointly, from their stores into files.

    Args:
        stores: as in ``run_joint_meta``.
        outputs: the files.
        settings: fields of ``JointSettings`` but for the test.

    Returns:
        the tests, the null model of most samples, the names of the traits, the first store.
    """
    refuse_own_stores(outputs, stores)
    chosen = settings_of(JointSettings, {"test": outputs.test} | settings)
    prepared = prepare_joint_meta(stores, chosen)
    tested = write_tests(prepared.stretches, prepared.trait_names, outputs)
    null = prepared.null()
    prepared.log_end()
    return tested, null, prepared.trait_names, prepared.store


def prepare_joint_meta(
    stores: Sequence[str | os.PathLike], settings: JointSettings
) -> PreparedTests:
    """Match the variants of several cohorts' stores, and return their tests.

    Raises GemcontError as ``run_joint_meta``.
    """
    opened = [ProductStore(path) for path in stores]
    _check_traits(opened)
    _check_people(opened, settings.same_ids)
    cohorts = [StoreInUnion(store=store, order=_order(opened[0], store)) for store in opened]
    holders = unite(cohorts, settings.palindromic, settings.ambiguous)
    held = np.sum([cohort.slot >= 0 for cohort in cohorts], axis=0)  # (variants,) cohorts with it
    fewer = int((held < len(cohorts)).sum())
    if fewer:
        log.warning(
            "%d of %d variants are tested in some of the cohorts only: their n is smaller "
            "(palindromes: --palindromic keep goes by the letters)",
            fewer,
            len(held),
        )
    nulls: dict = {}
    own = settings.test == "wald"
    return PreparedTests(
        stretches=stretches(cohorts, holders, nulls, own=own),
        trait_names=opened[0].trait_names,
        store=opened[0],
        null=lambda: _largest_null(nulls),
        log_end=lambda: _log_joint(cohorts, _largest_null(nulls), own),
    )


def _largest_null(nulls):
    """Return the joint null model of most samples, or raise GemcontError where there is none."""
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
    """Log whether the cohorts have one trait covariance on the autosomes, as lrt and f assume."""
    here = [cohort for cohort in cohorts if AUTOSOMES in cohort.store.groups]
    try:
        pairs = [cohort.covariance(AUTOSOMES) for cohort in here]
    except GemcontError:  # a test of one covariance for all does not need them
        return
    known = [(cohort, pair) for cohort, pair in zip(here, pairs, strict=True) if pair is not None]
    pairs = [pair for _, pair in known]
    if own:
        _warn_of_small_cohorts([cohort for cohort, _ in known], pairs)
    if len(pairs) < 2:
        return
    chi2, dof, p = equality(*zip(*pairs, strict=True))
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
    """Warn of covariances of so few samples that chi2 on D degrees of freedom is off its level."""
    for cohort, (covariance, dof) in zip(cohorts, covariances, strict=True):
        d = len(covariance)
        excess = (d + 1) / (dof - d - 1)  # of the mean of an inverted Wishart matrix
        if excess > _EXCESS:
            log.warning(
                "%s: N - K = %d for D = %d traits: its own statistics are %.0f %% too large on "
                "average, and p where it weighs much too small",
                *(cohort.store.path, dof, d, 100 * excess),
            )


def _check_traits(stores):
    """Raise GemcontError where the stores do not have the same traits."""
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
    """Raise GemcontError where a store, or a sample of two of them, would count twice."""
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
    """Return the columns of a store in the order of the first store's traits."""
    column = {name: i for i, name in enumerate(store.trait_names)}
    return np.array([column[name] for name in first.trait_names])
