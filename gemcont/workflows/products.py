"""Tests from stores of products, without genotypes: g'MY, g'Mg and Y'MY are all they need."""

import json
import logging
import math
import os
from contextlib import ExitStack
from dataclasses import dataclass

import numpy as np
import polars as pl

import gemcont
from gemcont.errors import GemcontError
from gemcont.stats.added import Added
from gemcont.stats.calibration import lambda_gc
from gemcont.stats.multitrait import JointTest, effects_of_scores, joint_test
from gemcont.stats.null import SummaryNull, single_summary_null, summary_null
from gemcont.stats.screen import screen
from gemcont.stats.special import r2_of_t_p
from gemcont.tables.columns import GENOTYPE_SS, GROUP, N_CHROMOSOMES, NEG_LOG_10_P, TRAIT
from gemcont.tables.files import remove, unfinished
from gemcont.tables.parts import TraitParts
from gemcont.tables.store import Store
from gemcont.tables.writers import SUFFIX, open_writer
from gemcont.workflows.calibration import log_rates, rates_of
from gemcont.workflows.report import draw_joint
from gemcont.workflows.rows import ROW, joint_frame, single_frame, untested_frame
from gemcont.workflows.settings import least_of_singles, shortened

log = logging.getLogger(__name__)

KIND = "products"
_NEARLY = 1e-4  # least eigenvalue of the traits' correlations that float32 products bear


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
        pl.Series(ROW, rows.astype(np.int32))
    )


def joint_rows(block, test):
    """(frame, -log10 p) of the joint test of a ``ProductBlock``, NaN where there is none."""
    null, d = block.nulls.joint, block.scores.shape[1]
    if null is None:
        rows = block.place[ROW].to_numpy()
        return untested_frame(block.place, rows, test, d), np.full(len(rows), np.nan)
    if block.added is not None:
        return _added_rows(block, null, test)
    result = joint_test(null, null.whiten(block.scores), block.residual, test=test)
    effect = None
    if d == 1:
        total = null.total_sum_of_squares
        effect = effects_of_scores(null, block.scores, total, block.residual[:, None])
    return joint_frame(block.place, result, effect, null, test), result.neg_log_10_p


def _added_rows(block, null, test):
    found = block.added
    result = JointTest(found.chi2, found.neg_log_10_p, found.chi2 / null.n_samples)
    effect = found.effects, found.standard_errors
    return joint_frame(block.place, result, effect, null, test), found.neg_log_10_p


def single_rows(block, least):
    """Frame of every trait of a ``ProductBlock`` alone, those with -log10 p from ``least`` up."""
    null, scores = block.nulls.single, block.scores
    if null is None:
        scores = np.empty((len(scores), 0))
        null = SummaryNull(3, 1, np.empty(0))
    total, dof = null.total_sum_of_squares, null.single_dof
    if least is None:
        traits, variants = np.divmod(np.arange(scores.size), max(len(scores), 1))
    else:
        with np.errstate(invalid="ignore"):
            scales = 1 / np.sqrt(block.residual), 1 / np.sqrt(total)
        variants, traits, _ = screen(scores, *scales, r2_of_t_p(least, dof), dof)
    pairs = scores[variants, traits]
    effect = effects_of_scores(null, pairs, total[traits], block.residual[variants])
    frame = single_frame(block.place, variants, traits, effect, dof)
    if least is None:
        return frame
    return frame.filter(frame[NEG_LOG_10_P.name].to_numpy() >= least)


@dataclass(frozen=True)
class ProductOutputs:
    """What is written of tests from products.

    prefix, layout: of the results, "tsv", "tsv.gz" or "parquet"; name: of the joint test's file,
    "gwas" or "meta"; test: "lrt" or "f", or of several cohorts "wald"; joint, each: which tests;
    least: smallest -log10 p of a row, None = all
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
    def written(self):
        """Files that stay, pictures apart."""
        names = ("log", "summary.json", *(("traits.parquet",) if self.each else ()))
        joint = [self.path] if self.joint else []
        return joint + [f"{self.prefix}.{name}" for name in names]

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
    least = least_of_singles(len(trait_names), outputs.least) if outputs.each else None
    places, found, folder = [], [], f"{outputs.prefix}.traits.parts"
    singles = TraitParts(folder, "single", trait_names)
    with ExitStack() as stack:
        stack.callback(remove, folder)
        if outputs.joint:
            append = stack.enter_context(open_writer(outputs.path, outputs.layout))
        for blocks in stretches:
            if outputs.joint:
                rows, p = _joint_stretch(blocks, outputs.test)
                append(rows.filter(p >= outputs.least) if outputs.least else rows)
                places.append(rows.select("chromosome", "base_pair_location"))
                found.append(p)
            if outputs.each:
                rows = pl.concat(single_rows(block, least) for block in blocks)
                singles.append(singles.encode(rows.sort(TRAIT.name, ROW).drop(ROW)))
        if outputs.each:
            singles.finish(f"{outputs.prefix}.traits.parquet")
    return Tested(pl.concat(places), np.concatenate(found)) if outputs.joint else None


def _joint_stretch(blocks, test):
    """Rows of the joint test in the order of the store, and their -log10 p (NaN untested)."""
    frames, p = zip(*(joint_rows(block, test) for block in blocks), strict=True)
    rows = pl.concat(frames).with_columns(pl.Series("p", np.concatenate(p))).sort(ROW)
    return rows.drop(ROW, "p"), rows["p"].to_numpy()


def refuse_own_stores(outputs, stores):
    """Raise GemcontError if the results would lie among those of a scan that is read."""
    for store in stores:
        prefix = os.fspath(store).rstrip("/").removesuffix(f".{KIND}")
        if os.path.abspath(prefix) == os.path.abspath(outputs.prefix):
            raise GemcontError(f"--out: {outputs.prefix} is the scan that is read; choose another")


def report(tested, null, names, outputs, *, autosomes, plot, arguments):
    """The log's last lines, PREFIX.summary.json, and the pictures of the joint test.

    null: of most people, None where nothing is tested jointly
    """
    summary = {"gemcont": gemcont.__version__, "arguments": arguments, "traits": names}
    pictures = [f"{outputs.prefix}.{name}.png" for name in ("manhattan", "qq")]
    if tested is not None:
        inflation, rates = tested.lambda_gc(null.n_traits), {}
        if outputs.test != "wald":
            rates = rates_of(null, outputs.test)
            log_rates(rates, outputs.test)
        found = len(tested.neg_log_10_p)
        log.info("%d variants in %s, lambda_gc %.4f", found, outputs.path, inflation)
        summary |= {
            "test": outputs.test,
            "n_samples": null.n_samples,
            "n_covariates": null.n_covariates,
            "n_variants": found,
            "lambda_gc": inflation if math.isfinite(inflation) else None,
        }
        summary |= {key: rate.as_dict() for key, rate in rates.items()}
    with unfinished(f"{outputs.prefix}.summary.json") as path, open(path, "w") as file:
        json.dump(summary, file, indent=2)
    drawn = tested is not None and plot
    for path in {*outputs.files} - {*outputs.written, *(pictures if drawn else ())}:
        if os.path.isfile(path):
            remove(path)
            log.info("%s of an earlier run removed", path)
    if drawn:
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
