"""Tests from stores of products, without genotypes: g'MY, g'Mg and Y'MY are all they need."""

import logging
import os
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
import polars as pl

from gemcont.stats.calibration import lambda_gc
from gemcont.stats.multitrait import effects_of_scores, joint_test
from gemcont.stats.null import NullFacts
from gemcont.tables.columns import GENOTYPE_SS, GROUP, NEG_LOG_10_P, TRAIT
from gemcont.tables.parts import TraitParts
from gemcont.tables.store import Store
from gemcont.tables.writers import SUFFIX, open_writer, remove
from gemcont.workflows.report import draw_joint
from gemcont.workflows.rows import ROW, joint_frame, single_frame

log = logging.getLogger(__name__)

KIND = "products"


class ProductStore(Store):
    """The store of ``gemcont-gwas --save-products``; ``path`` is PREFIX or PREFIX.products."""

    def __init__(self, path):
        path = os.fspath(path).rstrip("/")
        super().__init__(path if path.endswith(f".{KIND}") else f"{path}.{KIND}", KIND)

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
        table = self.table("cross_products").filter(pl.col(GROUP.name) == group)
        return table.drop(GROUP.name, TRAIT.name).to_numpy().astype(np.float64)

    @property
    def samples(self):
        """uint64 (people,), sorted hashes of the ids."""
        return self.table("samples")["hash"].to_numpy()


@dataclass(frozen=True)
class ProductBlock:
    """Variants of one null model: what is tested together.

    place: frame as ``rows.place_frame``; scores: g'MY (variants, D) in trait units; residual:
    g'Mg (variants,), NaN where a variant cannot be tested; null: their null model
    """

    place: pl.DataFrame
    scores: np.ndarray
    residual: np.ndarray
    null: NullFacts


def place_of(variants, rows):
    """The place frame of a store's variants; rows: for sorting (variants,)."""
    return variants.drop(GENOTYPE_SS.name, GROUP.name).with_columns(
        pl.Series(ROW, rows.astype(np.int32))
    )


def joint_rows(block, test):
    """(frame, -log10 p) of the joint test of a ``ProductBlock``."""
    result = joint_test(block.null, block.null.whiten(block.scores), block.residual, test=test)
    effect = None
    if block.null.n_traits == 1:
        effect = effects_of_scores(
            block.null, block.scores, block.null.total_sum_of_squares, block.residual[:, None]
        )
    return joint_frame(block.place, result, effect, block.null, test), result.neg_log_10_p


def single_rows(block, least):
    """Frame of every trait of a ``ProductBlock`` alone, those with -log10 p from ``least`` up."""
    n_variants, d = block.scores.shape
    traits, variants = np.divmod(np.arange(d * n_variants), max(n_variants, 1))
    effect = effects_of_scores(
        block.null,
        block.scores[variants, traits],
        block.null.total_sum_of_squares[traits],
        block.residual[variants],
    )
    frame = single_frame(block.place, variants, traits, effect, block.null.single_dof)
    return frame if least is None else frame.filter(pl.col(NEG_LOG_10_P.name) >= least)


@dataclass(frozen=True)
class ProductOutputs:
    """What is written of tests from products.

    prefix, layout: of the results, "tsv", "tsv.gz" or "parquet"; name: of the joint test's file,
    "gwas" or "meta"; test: "lrt" or "f"; joint, each: which tests; least: smallest -log10 p of a
    row, None = all
    """

    prefix: str
    name: str = "gwas"
    layout: str = "tsv"
    test: str = "lrt"
    joint: bool = True
    each: bool = False
    least: float | None = None

    @property
    def path(self):
        """Of the joint test's file."""
        return f"{self.prefix}.{self.name}{SUFFIX[self.layout]}"

    @property
    def files(self):
        """Every file that may be written."""
        joint = [f"{self.prefix}.{self.name}{suffix}" for suffix in SUFFIX.values()]
        names = ("traits.parquet", "log", "summary.json", "manhattan.png", "qq.png")
        return joint + [f"{self.prefix}.{name}" for name in names]


@dataclass
class Tested:
    """What tests from products found: place and -log10 p of the joint test's rows."""

    place: pl.DataFrame
    neg_log_10_p: np.ndarray

    def lambda_gc(self, d):
        """Genomic-control lambda on D degrees of freedom."""
        return lambda_gc(self.neg_log_10_p, d)


def write_tests(stretches, trait_names, outputs):
    """Test ``ProductBlock``s and write the joint test's file and PREFIX.traits.parquet.

    stretches: iterable of lists of ``ProductBlock``s, each list the variants of one stretch;
    returns ``Tested``, None without the joint test.
    """
    places, found, folder = [], [], f"{outputs.prefix}.traits.parts"
    singles = TraitParts(folder, "single", trait_names)
    with ExitStack() as stack:
        stack.callback(remove, folder)
        if outputs.joint:
            append = stack.enter_context(open_writer(outputs.path, outputs.layout))
        for blocks in stretches:
            if outputs.joint:
                rows, p = _joint_stretch(blocks, outputs.test)
                append(rows if outputs.least is None else rows.filter(p >= outputs.least))
                places.append(rows.select("chromosome", "base_pair_location"))
                found.append(p.to_numpy())
            if outputs.each:
                rows = pl.concat(single_rows(block, outputs.least) for block in blocks)
                singles.append(singles.encode(rows.sort(TRAIT.name, ROW).drop(ROW)))
        if outputs.each:
            singles.finish(f"{outputs.prefix}.traits.parquet")
    return Tested(pl.concat(places), np.concatenate(found)) if outputs.joint else None


def _joint_stretch(blocks, test):
    """Rows of the joint test in the order of the store, and their -log10 p (NaN untested)."""
    frames, p = zip(*(joint_rows(block, test) for block in blocks), strict=True)
    rows = pl.concat(frames).with_columns(pl.Series("p", np.concatenate(p))).sort(ROW)
    return rows.drop(ROW, "p"), rows["p"]


def report(tested, null, names, outputs, *, autosomes, plot):
    """The log's last lines, and the pictures of the joint test unless ``plot`` is false."""
    if tested is None:
        return
    inflation = tested.lambda_gc(null.n_traits)
    log.info("%d variants in %s, lambda_gc %.4f", len(tested.neg_log_10_p), outputs.path, inflation)
    if plot:
        draw_joint(
            outputs.prefix,
            tested.place,
            tested.neg_log_10_p,
            null,
            names,
            test=outputs.test,
            lambda_gc=inflation,
            autosomes=autosomes,
        )
