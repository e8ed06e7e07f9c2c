"""Log, summary and pictures of tests from stores."""

import json
import logging
import math
import os
from collections.abc import Iterable, Mapping, Sequence
from dataclasses import KW_ONLY, dataclass

import gemcont
from gemcont.errors import GemcontError
from gemcont.stats.null import NullFacts
from gemcont.tables.files import unfinished
from gemcont.tables.outputs import OutputFiles
from gemcont.tables.results.writers import SUFFIX
from gemcont.workflows.common.calibration import log_rates, rates_of
from gemcont.workflows.common.pictures import draw_joint
from gemcont.workflows.project.store import STORE_KIND
from gemcont.workflows.project.tests import StoreTests

log = logging.getLogger(__name__)

_PICTURES = ("manhattan.png", "qq.png")


@dataclass(frozen=True)
class ProductOutputs:
    """Files of tests from products.

    prefix: PREFIX
    name: name of the joint test's file, "gwas" or "meta"
    layout: "tsv", "tsv.gz" or "parquet"
    test: "lrt" or "f", or for several cohorts "wald"
    joint: whether the joint test is written
    each: whether every trait's own test is written
    least: smallest -log10 p of a row, None = all
    """

    prefix: str
    _: KW_ONLY
    name: str = "gwas"
    layout: str = "tsv"
    test: str = "lrt"
    joint: bool = True
    each: bool = False
    least: float | None = None

    @property
    def path(self) -> str:
        """Path of the joint test's file."""
        return f"{self.prefix}.{self.name}{SUFFIX[self.layout]}"

    @property
    def files(self) -> OutputFiles:
        """Every file that may be written."""
        joint = [f"{self.name}{suffix}" for suffix in SUFFIX.values()]
        return OutputFiles(self.prefix, [*joint, "traits.parquet", "summary.json", *_PICTURES])

    def remove_stale(self, *, pictures: bool) -> None:
        """Remove files of an earlier run of the same prefix that this run has not written."""
        written = {"summary.json", *(_PICTURES if pictures else ())}
        written |= {"traits.parquet"} if self.each else set()
        written |= {f"{self.name}{SUFFIX[self.layout]}"} if self.joint else set()
        self.files.remove_stale(written)


def refuse_own_stores(outputs: ProductOutputs, stores: Iterable[str | os.PathLike]) -> None:
    """Raise GemcontError if the results have the PREFIX of a scan that is read."""
    for store in stores:
        prefix = os.fspath(store).rstrip("/").removesuffix(f".{STORE_KIND}")
        if os.path.abspath(prefix) == os.path.abspath(outputs.prefix):
            raise GemcontError(f"--out: {outputs.prefix} is the scan that is read; choose another")


def report(
    tested: StoreTests | None,
    null: NullFacts,
    names: Sequence[str],
    outputs: ProductOutputs,
    *,
    autosomes: int,
    plot: bool,
    arguments: Mapping,
) -> None:
    """Log the results, write PREFIX.summary.json, and draw the joint test.

    Args:
        tested: the joint test, or None.
        null: the null model of most samples.
        names: names of what was tested.
        outputs: the files.
        autosomes: number of autosomes.
        plot: whether pictures are drawn.
        arguments: entry of the summary.
    """
    summary: dict[str, object] = {
        "gemcont": gemcont.__version__,
        "arguments": arguments,
        "traits": names,
    }
    if tested is not None:
        summary |= _reported(tested, null, outputs)
    with unfinished(f"{outputs.prefix}.summary.json") as path, open(path, "w") as file:
        json.dump(summary, file, indent=2, default=str)
    outputs.remove_stale(pictures=tested is not None and plot)
    if tested is not None and plot:
        draw_joint(
            outputs.prefix,
            tested.positions,
            tested.neg_log_10_p,
            null,
            names,
            test=outputs.test,
            lambda_gc=tested.lambda_gc(null.n_traits),
            autosomes=autosomes,
        )


def _reported(tested, null, outputs):
    """Log the joint test, and return its entries of the summary."""
    inflation, rates = tested.lambda_gc(null.n_traits), {}
    if outputs.test != "wald":
        rates = rates_of(null, outputs.test)
        log_rates(rates, outputs.test)
    n_variants = len(tested.neg_log_10_p)
    log.info("%d variants in %s, lambda_gc %.4f", n_variants, outputs.path, inflation)
    facts = {
        "test": outputs.test,
        "n_samples": null.n_samples,
        "n_covariates": null.n_covariates,
        "n_variants": n_variants,
        "lambda_gc": inflation if math.isfinite(inflation) else None,
    }
    return facts | {key: rate.as_dict() for key, rate in rates.items()}
