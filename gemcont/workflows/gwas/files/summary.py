"""What stands beside a result file: its summary and its pictures."""

import json
import logging
import math
import platform
from importlib.metadata import version

import numpy as np
import polars as pl

import gemcont
from gemcont.genotype.chromosomes import Ploidy
from gemcont.stats.screen import BIN_WIDTH
from gemcont.tables.files import unfinished
from gemcont.tables.results.writers import open_writer
from gemcont.workflows.common.pictures import draw_joint, draw_pictures, short_names
from gemcont.workflows.gwas.files.outputs import Outputs
from gemcont.workflows.gwas.relatives.report import draw_heritability, kinship_summary
from gemcont.workflows.gwas.run import GwasRun

log = logging.getLogger(__name__)

_TOP_HITS = 10


def write_summary(run: GwasRun, path: str, arguments: dict) -> None:
    """Write the summary: counts by filter, N, D, K, lambda, exact rate of the LRT, top hits.

    Args:
        run: a finished run.
        path: PREFIX.summary.json.
        arguments: what was asked for, by name.
    """
    null = run.null
    summary = {
        "gemcont": gemcont.__version__,
        "arguments": arguments,
        "settings": run.asked,
        "test": run.settings.test if run.people.joint else None,
        "contrast": run.settings.contrast if run.people.joint else None,
        "n_samples": null.n_samples,
        "n_traits": len(run.people.trait_names),
        "n_covariates": null.n_covariates,
        "traits": run.people.trait_names,
        "covariates": run.covariate_names,
        "groups": _groups(run),
        "samples_left_out": run.people.removed,
        "n_variants": run.n_rows,
        "variants_left_out": run.removed_variants,
        "variants_untestable": run.tally.untestable,
        "rare_variants": {"minor_alleles_below": run.tails.rare, "n": run.tally.rare},
        "rows_written": run.written,
        "least_neg_log_10_p_of_single_rows": run.plan.singles.min_neg_log_10_p,
        "seconds": {k: round(v, 3) for k, v in run.seconds.items()},
        "seconds_of_threads": {k: round(v, 3) for k, v in run.seconds_of_threads.items()},
        "threads": run.threads,
        "block_size": run.size,
        "versions": _versions(),
    }
    if run.people.joint:
        summary["lambda_gc"] = _finite(run.lambda_gc)
        summary |= {key: rate.as_dict() for key, rate in run.rates.items()}
        summary["top_hits"] = top_hits(run)
    if run.relatives.kinship is not None:
        summary["kinship"] = kinship_summary(run)
    if run.has_single:
        summary["lambda_gc_of_traits"] = _spread(run.trait_lambdas)
    with unfinished(path) as temporary, open(temporary, "w", encoding="utf-8") as file:
        json.dump(summary, file, indent=2, allow_nan=False)
        file.write("\n")


def _groups(run):
    """Return N, D and K of every null model: by chromosomes and traits tested together."""
    names = {Ploidy.AUTOSOME: "autosomes", Ploidy.MT: "MT and haploid"}
    return [
        {
            "chromosomes": names.get(group.ploidy, group.ploidy.name),
            "traits": [run.people.trait_names[c] for c in model.trait_codes],
            "n_samples": model.null.n_samples,
            "n_covariates": model.null.n_covariates,
        }
        for group, models in run.plan.tested_groups().items()
        for model in models
    ]


def _spread(values):
    """Return the median, smallest and largest value, None if there is none."""
    values = values[~np.isnan(values)]
    if not len(values):
        return None
    values = np.quantile(values, (0.5, 0, 1)).tolist()
    return dict(zip(("median", "least", "largest"), values, strict=True))


def _finite(value):
    return value if math.isfinite(value) else None


def _versions():
    packages = {name: version(name) for name in ("numpy", "numba", "polars")}
    return {"python": platform.python_version(), **packages}


def top_hits(run: GwasRun, most: int = _TOP_HITS) -> list[dict]:
    """Return the strongest variants: dicts of chromosome, position, id, alleles and -log10 p."""
    neg_log_10_p = run.all_neg_log_10_p
    tested = np.flatnonzero(~np.isnan(neg_log_10_p))
    order = tested[np.argsort(-neg_log_10_p[tested], kind="stable")[:most]]
    variants = run.source.variants[run.row_variants[order]]
    return [
        {**row, "neg_log_10_p_value": float(f"{p:.7g}")}
        for row, p in zip(variants.to_dicts(), neg_log_10_p[order], strict=True)
    ]


def draw(run: GwasRun, prefix: str) -> None:
    """Draw ``PREFIX.manhattan.png``, ``PREFIX.qq.png`` and ``PREFIX.traits.qq.png`` of a run."""
    if run.people.joint:
        place = run.source.variants.select("chromosome", "base_pair_location")[run.row_variants]
        draw_joint(
            prefix,
            place,
            run.all_neg_log_10_p,
            run.null,
            run.people.trait_names,
            test=run.settings.test,
            lambda_gc=run.lambda_gc,
            autosomes=run.autosomes,
            model=_model(run),
        )
    if run.relatives.kinship is not None:
        draw_heritability(run, prefix)
    if run.has_single:
        from gemcont.plots.qq_traits import qq_traits

        lambdas, dof = run.trait_lambdas, run.trait_dof[~np.isnan(run.trait_dof)]
        up_to = "up to" if run.settings.each_trait_samples == "own" else "="
        title = f"{short_names(run.people.trait_names)}\neach alone, N {up_to} {run.most_samples:,}"
        median = float(np.nanmedian(lambdas)) if len(dof) else None
        draw_pictures(
            prefix,
            {
                "traits.qq": lambda: qq_traits(
                    run.histogram, BIN_WIDTH, dof, lambda_gc=median, title=title
                )
            },
        )


def _model(run):
    """Return the words of the pictures' titles that name the model."""
    model = {"kinship": "mixed model", "pred": "predictions subtracted"}
    parts = [run.settings.contrast_name]
    parts += [words for name, words in model.items() if getattr(run.settings, name) is not None]
    return "".join(f"{part}, " for part in parts if part)


def write_traits(run: GwasRun, prefix: str) -> None:
    """Write ``PREFIX.traits.summary.tsv`` and ``PREFIX.traits.histogram.parquet``."""
    names = run.people.trait_names
    summary = pl.DataFrame(
        {
            "trait": names,
            "dof": pl.Series(run.trait_dof, nan_to_null=True).cast(pl.Int32),
            "n_variants": run.histogram.sum(axis=1),
            "lambda_gc": pl.Series(run.trait_lambdas, nan_to_null=True),
        }
    )
    with open_writer(f"{prefix}.traits.summary.tsv", "tsv") as append:
        append(summary)
    counts = pl.from_numpy(run.histogram.T.astype(np.uint32), schema=names)
    with unfinished(f"{prefix}.traits.histogram.parquet") as temporary:
        counts.write_parquet(temporary)  # row i counts |t| from i x BIN_WIDTH


def write_report(run: GwasRun, outputs: Outputs, *, arguments: dict, plot: bool) -> None:
    """Write the summary, the lambdas of single traits, and the pictures.

    Files of an earlier run with the same prefix are removed.

    Args:
        run: a finished run.
        outputs: names of the files.
        arguments: what was asked for, for the summary.
        plot: whether pictures are drawn.
    """
    write_summary(run, f"{outputs.prefix}.summary.json", arguments)
    if run.has_single:
        write_traits(run, outputs.prefix)
    outputs.remove_stale(run, pictures=plot)
    if plot:
        draw(run, outputs.prefix)
