"""A store of products: what is in it, and the null models it holds."""

import logging
import os
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
_NEARLY = 1e-4  # least eigenvalue of the traits' correlations that float32 products bear


class ProductStore(Store):
    """The store of ``gemcont-gwas --save-products``; ``path`` is PREFIX or PREFIX.products."""

    def __init__(self, path):
        path = os.fspath(path).rstrip("/")
        super().__init__(
            path if path.endswith(f".{STORE_KIND}") else f"{path}.{STORE_KIND}", STORE_KIND
        )

    @property
    def trait_names(self):
        """Names of the traits, in the order of the columns."""
        return self.facts["traits"]

    @property
    def groups(self):
        """Facts by group of chromosomes: n_samples, n_covariates, covariates."""
        return self.facts["groups"]

    def cross_products(self, group):
        """Y'MY (traits, traits) of a group, NaN where a trait is not tested there."""
        d, place = len(self.trait_names), list(self.groups).index(group)
        return self.table("cross_products").slice(place * d, d).to_numpy().astype(np.float64)

    @property
    def samples(self):
        """uint64 (people,), sorted hashes of the ids."""
        return self.table("samples")["hash"].to_numpy()


@dataclass(frozen=True)
class Nulls:
    """The null models of a group of people: of all traits jointly, and of each alone.

    Either is None where it cannot be: variants of that group are NA in that test.
    """

    joint: SummaryNull | None
    single: SummaryNull | None


def fit_nulls(cross_products, n_samples, n_covariates, names, where, *, joint=True):
    """``Nulls`` from Y'MY (traits, traits), and what is wrong where one cannot be (also warned of).

    where: what the warning calls the group; joint: whether the joint one is asked for
    """
    found, faults = {"joint": None, "single": None}, []
    squares = np.diag(cross_products)
    makers = {"single": lambda: single_summary_null(squares, n_samples, n_covariates)}
    if joint:
        makers["joint"] = lambda: _joint_null(cross_products, n_samples, n_covariates, names)
    for kind, make in makers.items():
        try:
            found[kind] = make()
        except GemcontError as error:
            faults.append(f"{where}: {error}")
            how = {"joint": "jointly", "single": "trait by trait"}[kind]
            log.warning("%s is not tested %s (NA): %s", where, how, error)
    constant = [name for name, square in zip(names, squares, strict=True) if square == 0]
    if constant and found["single"] is not None:
        log.warning("%s: no variance, so NA: %s", where, shortened(constant))
    return Nulls(**found), faults


def _joint_null(cross_products, n_samples, n_covariates, names):
    null = summary_null(cross_products, n_samples, n_covariates, names=names)
    deviations = np.sqrt(np.diag(cross_products))
    least = np.linalg.eigvalsh(cross_products / np.outer(deviations, deviations))[0]
    if least < _NEARLY:
        log.warning(
            "traits nearly collinear (least eigenvalue of their correlations %.1e): fewer than "
            "five digits of the joint test are kept; scan these traits anew",
            least,
        )
    return null


@dataclass(frozen=True)
class ProductBlock:
    """Variants of one group of people: what is tested together.

    place: frame as ``rows.place_frame``; scores: g'MY (variants, D) in trait units; residual:
    g'Mg (variants,), NaN where a variant cannot be tested; nulls: ``Nulls``; added: ``stats.added``
    results of several cohorts with covariances of their own, None: one covariance
    """

    place: pl.DataFrame
    scores: np.ndarray
    residual: np.ndarray
    nulls: Nulls
    added: Added | None = None


def place_of(variants, rows):
    """The place frame of a store's variants; rows: for sorting (variants,)."""
    return variants.drop(GENOTYPE_SS.name, N_CHROMOSOMES.name, GROUP.name).with_columns(
        pl.Series(SORT_KEY, rows.astype(np.int32))
    )
