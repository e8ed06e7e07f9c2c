"""What the tests of a store write."""

import json
import logging
import math
import os
from dataclasses import dataclass

import gemcont
from gemcont.errors import GemcontError
from gemcont.tables.files import unfinished
from gemcont.tables.outputs import OutputFiles
from gemcont.tables.results.writers import SUFFIX
from gemcont.workflows.common.calibration import log_rates, rates_of
from gemcont.workflows.common.pictures import draw_joint
from gemcont.workflows.project.store import STORE_KIND

log = logging.getLogger(__name__)

_PICTURES = ("manhattan.png", "qq.png")


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


def refuse_own_stores(outputs, stores):
    """Raise GemcontError if the results would lie among those of a scan that is read."""
    for store in stores:
        prefix = os.fspath(store).rstrip("/").removesuffix(f".{STORE_KIND}")
        if os.path.abspath(prefix) == os.path.abspath(outputs.prefix):
            raise GemcontError(f"--out: {outputs.prefix} is the scan that is read; choose another")


def report(tested, null, names, outputs, *, autosomes, plot, arguments):
    """The log's last lines, PREFIX.summary.json, and the pictures of the joint test.

    null: of most people, None where nothing is tested jointly
    """
    summary = {"gemcont": gemcont.__version__, "arguments": arguments, "traits": names}
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
        json.dump(summary, file, indent=2, default=str)
    drawn = tested is not None and plot
    outputs.remove_stale(pictures=drawn)
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
