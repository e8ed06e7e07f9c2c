"""What the log says of a scan before it starts and after it has ended."""

import logging

import numpy as np

from gemcont.stats.contrasts import most_neg_log_10_p
from gemcont.workflows.common.calibration import log_rates
from gemcont.workflows.common.wording import shortened
from gemcont.workflows.gwas.run import GwasRun, removed_text

log = logging.getLogger(__name__)

_INFLATED = 1.2  # lambda_gc above which the log asks why
_DEFLATED = 0.95  # below which the kinship may hold the variant's own effect


def log_start(run: GwasRun) -> None:
    """Log what is about to be tested."""
    null, settings, names = run.null, run.settings, run.people.trait_names
    log.info("%d of %d variants selected", len(run.variants), run.source.n_variants)
    if run.plan.filter.flags:
        log.info(
            "%s count the analysed samples (PLINK counts founders before traits are joined)",
            ", ".join(run.plan.filter.flags),
        )
    if run.people.joint:
        log.info(
            "test %s: N = %d samples, D = %d traits (%s), K = %d covariates with the intercept",
            ", ".join(filter(None, (settings.test, settings.contrast_name))),
            null.n_samples,
            null.n_traits,
            shortened(names),
            null.n_covariates,
        )
        log_rates(run.rates, settings.test, related=run.relatives.kinship is not None)
    if run.has_single:
        log.info("each of %d traits is tested alone by its t", len(names))
    log.info("%d threads, blocks of %d variants", run.threads, run.size)


def log_end(run: GwasRun) -> None:
    """Log what the finished scan has tested, and warn of what makes its p-values wrong."""
    counts = removed_text(run.removed_variants)
    log.info("%d variants tested%s", run.n_rows, f" (left out: {counts})" if counts else "")
    for reason, count in run.tally.untestable.items():
        if count:
            log.info("%d of them cannot be tested (NA): %s", count, reason)
    if run.tally.refitted:
        log.info(
            "covariances re-estimated for the %d strongest variants (--refit %g)",
            run.tally.refitted,
            run.settings.refits,
        )
    _warn_of_tails(run)
    _warn_of_perfect(run)
    if run.settings.neg_log10_p_min:
        shown = ", ".join(f"{kind} {count}" for kind, count in run.written.items())
        log.info("rows with -log10 p >= %g: %s", run.settings.neg_log10_p_min, shown)
    _log_lambdas(run)


def _warn_of_tails(run):
    if run.tails.names and run.tally.rare:
        log.warning(
            "heavy-tailed or skewed traits (%s) and %d variants of fewer than %d minor "
            "alleles: those p-values are too small; use --rank-int, or leave them out by --mac",
            shortened(run.tails.names, 3),
            run.tally.rare,
            run.tails.rare,
        )


def _warn_of_perfect(run):
    """Warn of variants that explain a trait entirely, whose p is a bound."""
    if not run.people.joint:
        return
    bound = most_neg_log_10_p(run.null, run.settings.test, run.plan.contrast)
    perfect = np.flatnonzero(run.all_neg_log_10_p >= bound)
    if len(perfect):
        first = run.source.variants["variant_id"][int(run.row_variants[perfect[0]])]
        log.warning(
            "%d variants explain the traits entirely (%s ...; r2 is 1 but for rounding): their "
            "p is 0 and -log10 p infinite, what is written is a bound; is a trait made of "
            "genotypes?",
            len(perfect),
            first,
        )


def _log_lambdas(run):
    if run.people.joint:
        hint = ""
        if run.lambda_gc > _INFLATED:
            hint = f"; {run.relatives.suspicion}"
        elif run.lambda_gc < _DEFLATED and run.relatives.holds_the_variant:
            hint = "; is each variant in the kinship too? (--loco leaves its chromosome out)"
        log.info("lambda_gc %.4f%s", run.lambda_gc, hint)
    if run.tally.histogram is not None and run.tally.histogram.any():
        shown = np.nanquantile(run.trait_lambdas, (0.5, 0, 1))
        log.info("lambda_gc of single traits: median %.4f, from %.4f to %.4f", *shown)
