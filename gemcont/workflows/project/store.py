"""A store of products, and the null models that it gives."""

import logging
import os
from collections.abc import Sequence
from dataclasses import dataclass

import numpy as np
import polars as pl

from gemcont.errors import GemcontError
from gemcont.stats.added import Added
from gemcont.stats.null import SummaryNull, single_summary_null, summary_null
from gemcont.tables.results.store import Store
from gemcont.tables.schema import GENOTYPE_SS, GROUP, N_CHROMOSOMES
from gemcont.workflows.common.result_rows import SORT_KEY
from gemcont.workflows.common.wording import shortened

log = logging.getLogger(__name__)

STORE_KIND = "products"
_NEARLY = 1e-4  # smallest eigenvalue of the traits' correlations that float32 products resolve


class ProductStore(Store):
    """The store of ``gemcont-gwas --save-products``; ``path`` is PREFIX or PREFIX.products."""

    def __init__(self, path: str | os.PathLike) -> None:
        path = os.fspath(path).rstrip("/")
        super().__init__(
            path if path.endswith(f".{STORE_KIND}") else f"{path}.{STORE_KIND}", STORE_KIND
        )

    @property
    def trait_names(self) -> list[str]:
        """Names of the traits, in the order of the columns."""
        return self.facts["traits"]

    @property
    def groups(self) -> dict[str, dict]:
        """Facts by group of chromosomes: n_samples, n_covariates, covariates."""
        return self.facts["groups"]

    def cross_products(self, group: str) -> np.ndarray:
        """Return Y'MY (traits, traits) of a group, NaN where a trait is not tested there."""
        d, number = len(self.trait_names), list(self.groups).index(group)
        return self.table("cross_products").slice(number * d, d).to_numpy().astype(np.float64)

    @property
    def samples(self) -> np.ndarray:
        """Sorted hashes of the ids, uint64 (samples,)."""
        return self.table("samples")["hash"].to_numpy()


@dataclass(frozen=True)
class Nulls:
    """Null models of a group of chromosomes.

    joint: of all traits jointly; None where they cannot be tested: variants are NA in that test
    single: of each trait alone; None likewise
    """

    joint: SummaryNull | None
    single: SummaryNull | None


def fit_nulls(
    cross_products: np.ndarray,
    n_samples: int,
    n_covariates: int,
    names: Sequence[str],
    where: str,
    *,
    joint: bool = True,
) -> tuple[Nulls, list[str]]:
    """Fit the null models of a group of chromosomes; warn where one cannot be fitted.

    Args:
        cross_products: Y'MY (traits, traits), NaN where a trait is not tested.
        n_samples: N.
        n_covariates: K, the intercept included.
        names: names of the traits.
        where: name of the group, for warnings.
        joint: whether the joint model is fitted.

    Returns:
        the models, and a text for each that cannot be fitted.
    """
    fitted: dict[str, SummaryNull | None] = {"joint": None, "single": None}
    faults = []
    squares = np.diag(cross_products)
    makers = {"single": lambda: single_summary_null(squares, n_samples, n_covariates)}
    if joint:
        makers["joint"] = lambda: _joint_null(cross_products, n_samples, n_covariates, names)
    for kind, make in makers.items():
        try:
            fitted[kind] = make()
        except GemcontError as error:
            faults.append(f"{where}: {error}")
            how = {"joint": "jointly", "single": "trait by trait"}[kind]
            log.warning("%s is not tested %s (NA): %s", where, how, error)
    constant = [name for name, square in zip(names, squares, strict=True) if square == 0]
    if constant and fitted["single"] is not None:
        log.warning("%s: no variance, so NA: %s", where, shortened(constant))
    return Nulls(**fitted), faults


def _joint_null(cross_products, n_samples, n_covariates, names):
    null = summary_null(cross_products, n_samples, n_covariates, names=names)
    deviations = np.sqrt(np.diag(cross_products))
    smallest = np.linalg.eigvalsh(cross_products / np.outer(deviations, deviations))[0]
    if smallest < _NEARLY:
        log.warning(
            "traits nearly collinear (least eigenvalue of their correlations %.1e): fewer than "
            "five digits of the joint test are kept; scan these traits anew",
            smallest,
        )
    return null


@dataclass(frozen=True, kw_only=True)
class ProductBlock:
    """Variants that are tested with one null model.

    variant_columns: frame as of ``result_rows.place_frame``
    scores: float64 (variants, D), g'MY in trait units
    residual: float64 (variants,), g'Mg, NaN where a variant cannot be tested
    nulls: the null models
    added: ``stats.added`` of cohorts with covariances of their own, None where there is one
        covariance
    """

    variant_columns: pl.DataFrame
    scores: np.ndarray
    residual: np.ndarray
    nulls: Nulls
    added: Added | None = None


def place_of(variants: pl.DataFrame, rows: np.ndarray) -> pl.DataFrame:
    """Return the columns of ``place_frame`` for a store's variants; rows: the sort key."""
    return variants.drop(GENOTYPE_SS.name, N_CHROMOSOMES.name, GROUP.name).with_columns(
        pl.Series(SORT_KEY, rows.astype(np.int32))
    )
