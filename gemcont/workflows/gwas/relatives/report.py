"""What a run with kinship says of its null model: in the summary, and as a picture."""

import os
from typing import TYPE_CHECKING

import numpy as np

from gemcont.workflows.common.pictures import draw_pictures

if TYPE_CHECKING:
    from gemcont.workflows.gwas.run import GwasRun


def kinship_summary(run: "GwasRun") -> dict:
    """For the summary: where the kinship is from, the null model, its certificate, heritability."""
    kinship, settings = run.relatives.kinship, run.settings
    model = _model(run)
    found = {
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
        found["null"] = _null(model)
    found["traits"] = _traits(run, model)
    return found


def _model(run):
    """That of the autosomes, on the whole kinship."""
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
    """Of each trait, its heritability: of the joint null, and of its own where tested alone."""
    batch = run.autosomal[0]
    names = [run.people.trait_names[code] for code in batch.trait_codes]
    rows = [{"trait": name} for name in names]
    for prefix, (share, error) in model.heritabilities.items():
        for row, *pair in zip(rows, _finite(share), _finite(error), strict=True):
            row[prefix + "heritability"], row[prefix + "heritability_se"] = pair
    return rows


def _finite(values):
    """Nested lists, None where there is no number."""
    if np.ndim(values):
        return [_finite(value) for value in values]
    return float(values) if np.isfinite(values) else None


def draw_heritability(run: "GwasRun", prefix: str) -> None:
    """``PREFIX.heritability.png``."""
    from gemcont.plots.heritability import heritability

    model, batch = _model(run), run.autosomal[0]
    names = [run.people.trait_names[code] for code in batch.trait_codes]
    share, error = next(iter(model.heritabilities.values()))
    correlations, errors = (), None
    if model.joint is not None:
        found = model.joint_components
        correlations = found.genetic_correlation, found.residual_correlation
        errors = found.genetic_correlation_se, found.residual_correlation_se
    method, kinship = "REML" if model.data.reml else "ML", run.relatives.kinship.name
    title = f"N = {batch.null.n_samples:,}, {method}, {os.path.basename(kinship)}"
    draw_pictures(
        prefix,
        {
            "heritability": lambda: heritability(
                names, share, error, *correlations, errors=errors, title=title
            )
        },
    )
