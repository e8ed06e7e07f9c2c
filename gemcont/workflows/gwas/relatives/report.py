"""What a run with kinship says of its null model: in the summary, and as a picture."""

import os
from typing import TYPE_CHECKING, cast

import numpy as np

from gemcont.workflows.common.pictures import draw_pictures
from gemcont.workflows.kinship.matrices import Kinship

if TYPE_CHECKING:
    from gemcont.workflows.gwas.run import GwasRun


def kinship_summary(run: "GwasRun") -> dict:
    """Return what the summary says of the kinship, the null model and the heritabilities."""
    kinship, settings = cast(Kinship, run.relatives.kinship), run.settings
    model = _model(run)
    summary = {
        "name": kinship.name,
        **kinship.facts,
        "leave_one_chromosome_out": settings.loco,
        "method": "reml" if model.data.reml else "ml",
        "rank": settings.kinship_rank,
        "refitted_below_p": 0.0 if model.null is None else settings.refits,
        "n_refitted": run.tally.refitted,
        "scale": float(model.data.eigenvalues.mean()),
    }
    if model.joint is not None:
        summary["null"] = _null(model)
    summary["traits"] = _traits(run, model)
    return summary


def _model(run):
    """Return the model of the autosomes, on the whole kinship."""
    return run.autosomal[0].mixed_model()


def _null(model):
    fit, parts = model.joint, model.joint_components
    return {
        "log_likelihood": fit.log_likelihood,
        "gradient_norm": fit.gradient_norm,
        "log_likelihood_left_to_gain": fit.to_gain,
        "largest_eigenvalue_of_gradient_by_genetic_covariance": fit.curvature,
        "genetic_covariance": fit.genetic.tolist(),
        "residual_covariance": fit.residual.tolist(),
        **{
            name: _finite(getattr(parts, name))
            for name in (
                *("genetic_correlation", "genetic_correlation_se"),
                *("residual_correlation", "residual_correlation_se"),
            )
        },
    }


def _traits(run, model):
    """Return the heritability of each trait: of the joint null, and its own where tested alone."""
    group = run.autosomal[0]
    names = [run.people.trait_names[code] for code in group.trait_codes]
    rows = [{"trait": name} for name in names]
    for prefix, (share, error) in model.heritabilities.items():
        for row, *pair in zip(rows, _finite(share), _finite(error), strict=True):
            row[prefix + "heritability"], row[prefix + "heritability_se"] = pair
    return rows


def _finite(values):
    """Return nested lists, None where there is no number."""
    if np.ndim(values):
        return [_finite(value) for value in values]
    return float(values) if np.isfinite(values) else None


def draw_heritability(run: "GwasRun", prefix: str) -> None:
    """Draw ``PREFIX.heritability.png``."""
    from gemcont.plots.heritability import heritability

    model, group = _model(run), run.autosomal[0]
    names = [run.people.trait_names[code] for code in group.trait_codes]
    share, error = next(iter(model.heritabilities.values()))
    correlations: tuple = ()
    errors = None
    if model.joint is not None:
        parts = model.joint_components
        correlations = parts.genetic_correlation, parts.residual_correlation
        errors = parts.genetic_correlation_se, parts.residual_correlation_se
    method = "REML" if model.data.reml else "ML"
    kinship = os.path.basename(cast(Kinship, run.relatives.kinship).name)
    title = f"N = {group.null.n_samples:,}, {method}, {kinship}"
    draw_pictures(
        prefix,
        {
            "heritability": lambda: heritability(
                names, share, error, *correlations, errors=errors, title=title
            )
        },
    )
