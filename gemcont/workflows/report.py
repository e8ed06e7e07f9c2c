"""What stands beside a result file: its summary and its pictures."""

import json
import logging
import math
import platform
import time
from importlib.metadata import version

import numpy as np

import gemcont
from gemcont.errors import GemcontError
from gemcont.genotype.chromosomes import Ploidy, canonical_name, drawing_order
from gemcont.stats.calibration import GENOME_WIDE
from gemcont.tables.writers import unfinished

log = logging.getLogger(__name__)

_TOP_HITS = 10


def write_summary(run, path, arguments):
    """``PREFIX.summary.json``: counts by filter, N, D, K, lambda, the LRT's exact rate, top hits.

    run: a finished ``GwasRun``; arguments: what was asked, as a dict.
    """
    null = run.null
    summary = {
        "gemcont": gemcont.__version__,
        "arguments": arguments,
        "test": run.settings.test if run.cohort.joint else None,
        "n_samples": null.n_samples,
        "n_traits": len(run.cohort.trait_names),
        "n_covariates": null.n_covariates,
        "traits": run.cohort.trait_names,
        "covariates": run.covariate_names,
        "groups": _groups(run),
        "samples_left_out": run.cohort.removed,
        "n_variants": run.n_rows,
        "variants_left_out": run.removed_variants,
        "variants_untestable": run.untestable,
        "variants_below_200_minor_alleles": run.rare,
        "rows_written": run.written,
        "seconds": {k: round(v, 3) for k, v in run.seconds.items()},
        "threads": run.threads,
        "block_size": run.size,
        "versions": _versions(),
    }
    if run.cohort.joint:
        summary["lambda_gc"] = _finite(run.lambda_gc)
        summary["lrt_true_over_nominal_rate"] = {"level": GENOME_WIDE, "ratio": run.lrt_rate}
        summary["top_hits"] = top_hits(run)
    with unfinished(path) as temporary, open(temporary, "w", encoding="utf-8") as file:
        json.dump(summary, file, indent=2, allow_nan=False)
        file.write("\n")


def _groups(run):
    """N, D and K of every null model: by chromosomes and traits tested together."""
    names = {Ploidy.AUTOSOME: "autosomes", Ploidy.MT: "MT and haploid"}
    return [
        {
            "chromosomes": names.get(kind, kind.name),
            "traits": [run.cohort.trait_names[c] for c in batch.trait_codes],
            "n_samples": batch.null.n_samples,
            "n_covariates": batch.null.n_covariates,
        }
        for kind, batches in run.plan.batches.items()
        if kind != Ploidy.XY
        for batch in batches or ()
    ]


def _finite(value):
    return value if math.isfinite(value) else None


def _versions():
    packages = {name: version(name) for name in ("numpy", "numba", "polars")}
    return {"python": platform.python_version(), **packages}


def top_hits(run, most=_TOP_HITS):
    """The strongest variants: dicts of chromosome, position, id, alleles and -log10 p."""
    neg_log_10_p = run.all_neg_log_10_p
    tested = np.flatnonzero(~np.isnan(neg_log_10_p))
    order = tested[np.argsort(-neg_log_10_p[tested], kind="stable")[:most]]
    variants = run.source.variants[run.row_variants[order]]
    return [
        {**row, "neg_log_10_p_value": float(f"{p:.7g}")}
        for row, p in zip(variants.to_dicts(), neg_log_10_p[order], strict=True)
    ]


def draw(run, prefix):
    """``PREFIX.manhattan.png`` and ``PREFIX.qq.png`` of a finished ``GwasRun``."""
    from gemcont.plots.manhattan import manhattan
    from gemcont.plots.qq import qq
    from gemcont.plots.save import save

    started = time.perf_counter()
    neg_log_10_p = run.all_neg_log_10_p
    place = run.source.variants.select("chromosome", "base_pair_location")[run.row_variants]
    names, codes = chromosome_codes(place["chromosome"], run.settings.autosomes)
    traits, test = _titles(run)
    positions = place["base_pair_location"].to_numpy()
    pictures = {
        "manhattan": lambda: manhattan(
            codes, positions, neg_log_10_p, names=names, title=f"{traits} ({test})"
        ),
        "qq": lambda: qq(neg_log_10_p, lambda_gc=run.lambda_gc, title=f"{traits}\n{test}"),
    }
    for name, make in pictures.items():
        path = f"{prefix}.{name}.png"
        try:
            save(make(), path)
        except OSError as error:
            reason = error.strerror or error
            message = f"{path}: cannot be written ({reason}); the results themselves are complete"
            raise GemcontError(message) from error
    log.info("pictures drawn in %.1f s", time.perf_counter() - started)


def chromosome_codes(column, autosomes):
    """Names in drawing order, and each variant's code into them."""
    names = [str(n) for n in column.unique(maintain_order=True)]
    names = [names[i] for i in drawing_order(names, autosomes)]
    codes = column.replace_strict(dict(zip(names, range(len(names)), strict=True)))
    return [_drawn_name(name, autosomes) for name in names], codes.to_numpy()


def _drawn_name(name, autosomes):
    """X for 23 and chrX; other names as they are."""
    canonical = canonical_name(name, autosomes)
    return canonical if canonical in Ploidy.__members__ else name


def _titles(run, longest=34):
    """What was tested, and how, each short enough for a picture's head."""
    traits = ", ".join(run.cohort.trait_names[:4])
    more = len(run.cohort.trait_names) - 4
    traits = traits if len(traits) <= longest else traits[: longest - 3] + "..."
    test = {"lrt": "likelihood ratio", "f": "F test"}[run.settings.test]
    shown = f"{traits} and {more} more" if more > 0 else traits
    return shown, f"{test}, N = {run.null.n_samples:,}, D = {run.null.n_traits}"
