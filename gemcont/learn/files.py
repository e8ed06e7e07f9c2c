"""Trainings and embeddings from files to files, as the commands run them."""

import logging
from dataclasses import dataclass, replace
from typing import Any

import numpy as np

from gemcont.errors import GemcontError
from gemcont.genotype import open_genotypes
from gemcont.genotype.align import SampleIds, match_list
from gemcont.genotype.lists import read_sample_list
from gemcont.learn.data.images import read_images
from gemcont.learn.data.people import ImagePeople, assemble, people_of
from gemcont.learn.data.split import (
    HELD_OUT,
    TRAIN,
    VALIDATION,
    draw_groups,
    family_pairs,
    groups_of,
    refuse_relatives_across,
    related_pairs,
)
from gemcont.learn.embedding.ancestry import covariate_r2
from gemcont.learn.embedding.embed import (
    embed,
    fit_directions,
    remove_other,
    unseen,
    write_embeddings,
)
from gemcont.learn.simulation.study import Study, open_study
from gemcont.learn.training.model import read_model
from gemcont.learn.training.provenance import (
    refuse_other_panel,
    refuse_other_study,
    warn_of_other_data,
)
from gemcont.learn.training.train import train
from gemcont.settings.train import TrainSettings
from gemcont.tables.phenotypes import read_sample_table
from gemcont.workflows.panel import MIN_FOUND, PanelMatch, match_panel

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class Inputs:
    """Paths of images and all that goes with them: a study's folder, or files one by one.

    Attributes:
        study: folder of ``gemcont-simulate``.
        images: as ``read_images``.
        image_ids: as ``read_images``.
        layout: as ``read_images``.
        genotypes: as ``open_genotypes``.
        sample: as ``open_genotypes``.
        panel: path of the panel.
        covar: path of a table of covariates.
        covar_names: columns of it, None for all.
        pheno: path of a table of traits.
        target: column of it to be learned.
        target_kind: as ``coded_target``.
        min_found: share of the panel that has to be in the genotypes.
    """

    study: str | None = None
    images: str | None = None
    image_ids: str | None = None
    layout: str | None = None
    genotypes: str | None = None
    sample: str | None = None
    panel: str | None = None
    covar: str | None = None
    covar_names: list[str] | None = None
    pheno: str | None = None
    target: str | None = None
    target_kind: str | None = None
    min_found: float = MIN_FOUND


@dataclass(frozen=True, kw_only=True)
class Opened:
    """``Inputs`` opened and put together.

    Attributes:
        cohort: people with all that is needed.
        everyone: ids of all who have images.
        panel: the panel's variants in the genotypes, or None.
        panel_ids: their ids, or None.
        study: the study, or None.
    """

    cohort: ImagePeople
    everyone: SampleIds
    panel: PanelMatch | None
    panel_ids: list[str] | None
    study: Study | None

    @property
    def in_training(self) -> np.ndarray | None:
        """Training split of the study, used or not: bool (people,); None without a study."""
        if self.study is None:
            return None
        trained = dict(zip(self.study.people.iid, self.study.in_training, strict=True))
        return np.array([trained[iid] for iid in self.cohort.iid], dtype=bool)


def open_inputs(
    inputs: Inputs, *, weights: str = "beta", genotypes: bool = True, target: bool = False
) -> Opened:
    """Open inputs and put them together.

    Args:
        inputs: the paths.
        weights: the panel's column of weights.
        genotypes: whether genotypes and a panel are needed (a study has both).
        target: whether a target is needed (a study has one).

    Raises:
        GemcontError: something is needed that is not there.
    """
    study = None if inputs.study is None else open_study(inputs.study)
    images = _images_of(inputs, study)
    source = panel = ids = None
    if genotypes:
        source = study.source if study else _genotypes_of(inputs)
        path = study.panel if study else inputs.panel
        panel = match_panel(source, path, weights, min_found=inputs.min_found)
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
        target_kind=inputs.target_kind,
    )
    return Opened(
        cohort=cohort,
        everyone=_with_families(people_of(images.ids), source),
        panel=panel,
        panel_ids=ids,
        study=study,
    )


def _genotypes_of(inputs):
    if inputs.genotypes is None or inputs.panel is None:
        raise GemcontError("--bfile (or --pfile, --bgen) and --panel are needed here")
    return open_genotypes(inputs.genotypes, sample=inputs.sample)


def _images_of(inputs, study):
    if study is not None:
        return study.images
    return read_images(inputs.images, inputs.image_ids, inputs.layout)


def _with_families(people, source):
    """Return ``SampleIds`` with FIDs: their own, else those of the genotypes, 0 for others."""
    if people.fid is not None or source is None:
        return people
    family = dict(zip(source.samples["iid"], source.samples["fid"], strict=True))
    return people._replace(fid=[family.get(iid, "0") for iid in people.iid])


def _target_of(inputs, study):
    if study is not None and inputs.pheno is None:
        return study.people, inputs.target or "z"
    if inputs.pheno is None or inputs.target is None:
        raise GemcontError("--method supervised needs --pheno and --target")
    return read_sample_table(inputs.pheno), inputs.target


@dataclass(frozen=True, kw_only=True)
class Split:
    """Choice of the people who are trained on, and of who is related.

    Attributes:
        people: as ``read_sample_list``; None for a fraction.
        fraction: share of the people.
        relatives: table of pairs, see ``related_pairs``.
        families: whether people of one FID are related.
    """

    people: object = None
    fraction: float = 0.5
    relatives: str | None = None
    families: bool = False


def roles(
    opened: Opened, split: Split, settings: TrainSettings
) -> tuple[np.ndarray, list[tuple[str, str]]]:
    """Assign people to training, validation and held out; relatives have the same side.

    Returns:
        role, kin: role (people,) of the cohort; and (FID, IID) of people outside it who have an
        image and are related to people who are trained on, but lack what the training needs: they
        are not to be embedded either.
    """
    cohort, everyone = opened.cohort, opened.everyone
    groups = _groups(everyone, split)
    index_of = {iid: i for i, iid in enumerate(everyone.iid)}
    inside = np.array([index_of[iid] for iid in cohort.iid])
    chosen = _chosen(opened, split, groups[inside], settings)
    trained, here = np.zeros((2, len(everyone.iid)), dtype=bool)
    trained[inside], here[inside] = chosen, True
    refuse_relatives_across(groups[here], trained[here], cohort.iid)
    role = np.where(chosen, TRAIN, HELD_OUT).astype(np.uint8)
    rows = inside[chosen]
    drawn = draw_groups(groups[rows], settings.validation_fraction, settings.seed + 1)
    role[np.flatnonzero(chosen)[drawn]] = VALIDATION
    related = ~here & np.isin(groups, groups[trained])
    fid = everyone.fid or everyone.iid
    kin = [(fid[i], everyone.iid[i]) for i in np.flatnonzero(related)]
    if kin:
        log.info("%d people who lack something are related to people trained on", len(kin))
    log.info("%d people are trained on, %d of them for validation; %d are held out",
             chosen.sum(), drawn.sum(), (~chosen).sum())  # fmt: skip
    if chosen.all():
        log.warning("nobody is held out: there will be nobody to embed")
    return role, kin


def _chosen(opened, split, groups, settings):
    """Return bool (people,) of the cohort: those who are trained on."""
    cohort = opened.cohort
    if split.people is not None:
        return _listed(opened, split.people)
    if opened.study is not None:
        return opened.in_training
    chosen = draw_groups(groups, split.fraction, settings.seed)
    if not chosen.any():
        raise GemcontError(f"--train-fraction: {split.fraction} of {cohort.n_people} is nobody")
    return chosen


def _listed(opened, people):
    """Return bool (people,) of the cohort: those on the list of people to be trained on."""
    everyone, cohort = opened.everyone, opened.cohort
    listed = match_list(everyone, read_sample_list(people, "--train-people"), "--train-people")
    names = {iid for iid, there in zip(everyone.iid, listed, strict=True) if there}
    chosen = np.array([iid in names for iid in cohort.iid], dtype=bool)
    lacking = int(listed.sum() - chosen.sum())
    if not chosen.any():
        raise GemcontError("--train-people: nobody on it has all that the training needs")
    if lacking:
        log.warning("--train-people: %d have an image and lack something else (see above): they "
                    "are not trained on", lacking)  # fmt: skip
    return chosen


def _groups(people, split):
    pairs = [np.empty((0, 2), dtype=np.int64)]
    if split.relatives is not None:
        pairs.append(related_pairs(split.relatives, people))
    if split.families:
        if people.fid is None:
            raise GemcontError(f"--families: {people.name} has no FID column")
        pairs.append(family_pairs(people.fid))
    groups = groups_of(len(people.iid), np.concatenate(pairs))
    largest = np.bincount(groups).max()
    if largest > max(len(groups) / 2, 2):
        log.warning(
            "%d of %d people are chained into one group of relatives: are all of these pairs, or "
            "families, related?",
            *(largest, len(groups)),
        )
    return groups


def train_files(
    inputs: Inputs,
    split: Split,
    settings: TrainSettings,
    out: str,
    *,
    resume: bool = False,
    progress: bool = False,
) -> list[dict]:
    """Train on files and write the model's folder; see ``train``."""
    opened = open_inputs(
        inputs,
        weights=settings.weights,
        genotypes=settings.method in ("gemcont", "prs"),
        target=settings.method == "supervised",
    )
    role, kin = roles(opened, split, settings)
    return train(
        opened.cohort,
        opened.panel,
        role,
        settings,
        out,
        kin=kin,
        panel_ids=opened.panel_ids,
        study=None if opened.study is None else opened.study.hash,
        resume=resume,
        progress=progress,
    )


def embed_files(
    inputs: Inputs,
    folder: str,
    prefix: str,
    *,
    directions: int | str | None = None,
    include_training: bool = False,
    layout: str = "tsv",
    device: str = "cpu",
    progress: bool = False,
) -> list[str]:
    """Write the embeddings of the people who were not used in training; return the paths.

    Args:
        inputs: the paths.
        folder: the model.
        prefix: beginning of the names of the tables.
        directions: number of canonical directions, or "auto", in a table of their own, which is not
            written where "auto" finds none that holds.
        include_training: write the people used in training too, to PREFIX.seen.embed.tsv.
        layout: "tsv" or "parquet".
        device: "cpu", "cuda" or "mps".
        progress: show a bar on a terminal.

    Raises:
        GemcontError: nobody is left to embed, or the model is of another study.
    """
    model = read_model(folder)
    opened = open_inputs(replace(inputs, covar=None), genotypes=False)
    cohort = opened.cohort
    refuse_other_study(model, opened.study)
    warn_of_other_data(model, cohort)
    fresh = unseen(model, cohort, opened.in_training)
    if not fresh.any():
        raise GemcontError("everybody with an image was seen in training: nobody to embed")
    fitted = None if directions is None else _directions(model, inputs, directions, device)
    values = embed(model, cohort, fresh, device=device, progress=progress)
    facts = _covariate_facts(inputs, cohort, fresh, values)
    facts |= {} if fitted is None else {"directions": fitted.facts}
    save: dict[str, Any] = {"layout": layout, "model": model}
    paths = [write_embeddings(prefix, "embed", cohort, fresh, values, facts=facts, **save)]
    if include_training and not fresh.all():
        seen = embed(model, cohort, ~fresh, device=device, progress=progress)
        paths.append(write_embeddings(f"{prefix}.seen", "embed", cohort, ~fresh, seen, **save))
    if fitted is not None and fitted.count:
        projected = fitted.of(values.astype(np.float64))
        facts = {"directions": fitted.facts}
        paths.append(
            write_embeddings(prefix, "directions", cohort, fresh, projected, facts=facts, **save)
        )
    elif fitted is not None:
        log.warning("%s.directions.%s is not written: it would hold none", prefix, layout)
    remove_other(prefix, {p for path in paths for p in (path, path.removesuffix(layout) + "json")})
    return paths


def _directions(model, inputs, count, device):
    """Fit canonical ``Directions`` of the panel and covariates that the model was trained with."""
    if model.facts["panel"] is not None:  # whose variants are compared below, one by one
        inputs = replace(inputs, min_found=0.0)
    opened = open_inputs(inputs, weights=model.facts["settings"].weights)
    refuse_other_panel(model, opened)
    warn_of_other_data(model, opened.cohort)
    return fit_directions(model, opened.cohort, count, device=device)


def _covariate_facts(inputs, cohort, fresh, values):
    """Return how much of their covariates the embeddings of people give away, for the json."""
    if inputs.covar is None:
        return {}
    known = open_inputs(inputs, genotypes=False).cohort
    index_of = {iid: i for i, iid in enumerate(known.iid)}
    rows = np.array([index_of.get(cohort.iid[i], -1) for i in np.flatnonzero(fresh)])
    here = rows >= 0
    if not here.any():
        raise GemcontError(f"--covar: nobody of {inputs.covar} is to be embedded")
    log.info("--covar: known of %d of the %d people to embed", here.sum(), len(here))
    covariates = known.covariates[rows[here]]
    return {"covariate_r2": covariate_r2(values[here], covariates, known.covariate_names)}
