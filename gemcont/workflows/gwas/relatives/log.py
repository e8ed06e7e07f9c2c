"""What the log says of a fitted mixed model."""

import logging
from typing import TYPE_CHECKING

import numpy as np

from gemcont.genotype.ploidy import group_name
from gemcont.stats.mixed.likelihood import (
    has_converged,
)
from gemcont.workflows.common.wording import shortened

if TYPE_CHECKING:
    from gemcont.workflows.gwas.relatives.mixed_model import MixedModel
    from gemcont.workflows.gwas.scan.null_models import TraitGroup

log = logging.getLogger(__name__)


def log_model(model: "MixedModel", group: "TraitGroup", names: list[str], seconds: float) -> None:
    """Log the fit of a trait group's model, and warn where it is no optimum."""
    where, method = group_name(group.ploidy), "REML" if model.data.reml else "ML"
    if model.joint is not None:
        rank = "" if model.rank is None else f" (Cg is bound to rank {model.rank})"
        log.info(
            "%s, null model: log-likelihood %.6f (%s), largest slope %.2g, largest eigenvalue of "
            "dL/dCg %.2g%s, %.1f s",
            where,
            model.joint.log_likelihood,
            method,
            model.joint.gradient_norm,
            model.joint.curvature,
            rank,
            seconds,
        )
        _warn_unless_optimal(model.joint, f"{where}, null model", model.rank)
    for prefix, shares in model.heritabilities.items():
        what = "heritability" if not prefix else "heritability of traits alone"
        _log_heritability(f"{where}, {what}", names, *shares)
    for name, one in zip(names, model.single, strict=False):
        if one.reml and not model.data.reml:
            log.warning("%s, %s alone: the likelihood has no maximum, REML is used", where, name)
        _warn_unless_optimal(one, f"{where}, null model of {name} alone", None)


def _log_heritability(what, names, shares, errors):
    if not np.isfinite(errors).all():
        log.warning("%s: not estimable: the kinship is that of unrelated samples", what)
        return
    rows = zip(names, shares, errors, strict=True)
    shown = [f"{name} {share:.3f} (se {error:.3f})" for name, share, error in rows]
    log.info("%s: %s", what, shortened(shown))


def _warn_unless_optimal(null, what, rank):
    """Warn where the fit has not converged."""
    if not has_converged(null, rank):
        log.warning(
            "%s has not converged (slope %.2g): its best point is kept; try --reml",
            what,
            null.gradient_norm,
        )
