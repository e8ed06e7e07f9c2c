"""Trainings and embeddings from files to files: what the commands run."""

import logging
from dataclasses import dataclass

import numpy as np

from gemcont.errors import GemcontError
from gemcont.genotype import open_genotypes
from gemcont.genotype.align import SampleIds, match_samples
from gemcont.genotype.filters import read_sample_list
from gemcont.learn.ancestry import covariate_r2
from gemcont.learn.data import assemble
from gemcont.learn.embed import embed, fit_directions, remove_other, unseen, write_embeddings
from gemcont.learn.images import read_images
from gemcont.learn.model import read_model
from gemcont.learn.split import (
    HELD_OUT,
    TRAIN,
    VALIDATION,
    draw_groups,
    family_pairs,
    groups_of,
    refuse_relatives_across,
    related_pairs,
)
from gemcont.learn.study import open_study
from gemcont.learn.train import train
from gemcont.tables.phenotypes import read_sample_table
from gemcont.workflows.panel import match_panel

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class Inputs:
    """Where images and all that goes with them lie: a study's folder, or files one by one.

    study: folder of ``gemcont-simulate``; images, image_ids: as ``read_images``; genotypes,
    sample: as ``open_genotypes``; panel, covar, pheno: paths; covar_names, target: columns
    """

    study: str | None = None
    images: str | None = None
    image_ids: str | None = None
    genotypes: str | None = None
    sample: str | None = None
    panel: str | None = None
    covar: str | None = None
    covar_names: list | None = None
    pheno: str | None = None
    target: str | None = None


@dataclass(frozen=True)
class Opened:
    """``Inputs`` opened and put together: ``cohort``, ``panel`` (``PanelMatch`` or None) and the
    ids of its variants, ``study`` or None."""

    cohort: object
    panel: object
    panel_ids: list | None
    study: object


def open_inputs(inputs, *, weights="beta", genotypes=True, target=False):
    """``Opened``; genotypes, target: whether these are needed (a study has both)."""
    study = None if inputs.study is None else open_study(inputs.study)
    images = read_images(inputs.images, inputs.image_ids) if study is None else study.images
    source = panel = ids = None
    if genotypes:
        if study is None and (inputs.genotypes is None or inputs.panel is None):
            raise GemcontError("--bfile (or --pfile, --bgen) and --panel are needed here")
        source = study.source if study else open_genotypes(inputs.genotypes, sample=inputs.sample)
        panel = match_panel(source, study.panel if study else inputs.panel, weights)
        ids = source.variants["variant_id"].gather(panel.variants).cast(str).to_list()
    covar = None if inputs.covar is None else read_sample_table(inputs.covar)
    traits = name = None
    if target:
        traits, name = _target_of(inputs, study)
    cohort = assemble(
        images,
        source,
        panel,
        covar=covar,
        covar_names=inputs.covar_names,
        traits=traits,
        target=name,
    )
    return Opened(cohort, panel, ids, study)


def _target_of(inputs, study):
    if study is not None and inputs.pheno is None:
        return study.people, inputs.target or "z"
    if inputs.pheno is None or inputs.target is None:
        raise GemcontError("--method supervised needs --pheno and --target")
    return read_sample_table(inputs.pheno), inputs.target


@dataclass(frozen=True)
class Split:
    """Who is trained on: ``people``, a list of ids, or a ``fraction``; and who is related.

    relatives: table of pairs, see ``related_pairs``; families: whether people of one FID are
    related
    """

    people: str | None = None
    fraction: float = 0.5
    relatives: str | None = None
    families: bool = False


def roles(opened, split, settings):
    """uint8 (people,): ``TRAIN``, ``VALIDATION`` or ``HELD_OUT``; relatives have the same side."""
    cohort, fraction = opened.cohort, settings.validation_fraction
    groups = _groups(cohort, split)
    if opened.study is not None and split.people is None:
        place = {iid: i for i, iid in enumerate(opened.study.people.iid)}
        trained = opened.study.in_training[[place[iid] for iid in cohort.iid]]
    elif split.people is not None:
        ids = SampleIds("images", cohort.fid, cohort.iid)
        trained = match_samples(ids, [], [read_sample_list(split.people)])[1][0]
        if not trained.any():
            raise GemcontError(f"--train-people: nobody of {split.people} has an image")
    else:
        trained = draw_groups(groups, split.fraction, settings.seed)
    refuse_relatives_across(groups, trained, cohort.iid)
    role = np.where(trained, TRAIN, HELD_OUT).astype(np.uint8)
    inside = np.flatnonzero(trained)
    role[inside[draw_groups(groups[inside], fraction, settings.seed + 1)]] = VALIDATION
    return role


def _groups(cohort, split):
    pairs = [np.empty((0, 2), dtype=np.int64)]
    if split.relatives is not None:
        pairs.append(related_pairs(split.relatives, cohort.iid))
        log.info("%s: %d related pairs among them", split.relatives, len(pairs[-1]))
    if split.families:
        pairs.append(family_pairs(cohort.fid))
    return groups_of(cohort.n_people, np.concatenate(pairs))


def train_files(inputs, split, settings, out, *, resume=False, progress=False):
    """Train on files and write the model's folder; see ``train``."""
    opened = open_inputs(
        inputs,
        weights=settings.weights,
        genotypes=settings.method in ("gemcont", "prs"),
        target=settings.method == "supervised",
    )
    role = roles(opened, split, settings)
    return train(
        opened.cohort,
        opened.panel,
        role,
        settings,
        out,
        panel_ids=opened.panel_ids,
        resume=resume,
        progress=progress,
    )


def embed_files(inputs, folder, prefix, *, directions=None, include_training=False, layout="tsv",
                device="cpu", progress=False):  # fmt: skip
    """Write the embeddings of the people whom the model has not seen; returns the paths.

    folder: of the model; directions: K or "auto", canonical directions in a table of their own;
    include_training: write the people seen too, to PREFIX.seen.embed.tsv
    """
    model = read_model(folder)
    weights = model.facts["settings"].weights
    opened = open_inputs(inputs, weights=weights, genotypes=directions is not None)
    cohort = opened.cohort
    if tuple(model.facts["shape"]) != cohort.shape:
        raise GemcontError(
            f"--images: of shape {cohort.shape}, the model is of {tuple(model.facts['shape'])} "
            "(channels, height, width)"
        )
    fresh = unseen(model, cohort)
    if opened.study is not None:
        fresh &= ~_study_training(opened)
    log.info("%d people unseen, %d seen in training are left out", fresh.sum(), (~fresh).sum())
    if not fresh.any():
        raise GemcontError("everybody with an image was seen in training: nobody to embed")
    values = embed(model, cohort, fresh, device=device, progress=progress)
    facts = {}
    if cohort.covariates is not None:
        known = cohort.covariates[fresh]
        facts["covariate_r2"] = covariate_r2(values, known, cohort.covariate_names)
    save = {"layout": layout, "model": model}
    paths = [write_embeddings(prefix, "embed", cohort, fresh, values, facts=facts, **save)]
    if include_training:
        seen = embed(model, cohort, ~fresh, device=device, progress=progress)
        paths.append(write_embeddings(f"{prefix}.seen", "embed", cohort, ~fresh, seen, **save))
    if directions is not None:
        found = fit_directions(model, cohort, directions, device=device)
        facts = {"correlations": found.correlations.tolist()}
        projected = found.of(values.astype(np.float64))
        paths.append(
            write_embeddings(prefix, "directions", cohort, fresh, projected, facts=facts, **save)
        )
    remove_other(prefix, {p for path in paths for p in (path, path.removesuffix(layout) + "json")})
    return paths


def _study_training(opened):
    """bool (people,): those of the study's training split, whether or not a model has seen them."""
    place = {iid: i for i, iid in enumerate(opened.study.people.iid)}
    return opened.study.in_training[[place[iid] for iid in opened.cohort.iid]]
