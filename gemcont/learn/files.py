"""Trainings and embeddings from files to files: what the commands run."""

import logging
from dataclasses import dataclass, replace

import numpy as np

from gemcont.errors import GemcontError
from gemcont.genotype import open_genotypes
from gemcont.genotype.align import SampleIds, match_list
from gemcont.genotype.lists import read_sample_list
from gemcont.learn.ancestry import covariate_r2
from gemcont.learn.data import Cohort, assemble, people_of
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
from gemcont.learn.study import Study, open_study
from gemcont.learn.train import train
from gemcont.tables.phenotypes import read_sample_table
from gemcont.workflows.panel import PanelMatch, match_panel

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
    """``Inputs`` opened and put together.

    cohort: ``Cohort``; everyone: ``SampleIds`` of all who have images; panel: ``PanelMatch`` or
    None, panel_ids: ids of its variants; study: ``Study`` or None
    """

    cohort: Cohort
    everyone: SampleIds
    panel: PanelMatch | None
    panel_ids: list | None
    study: Study | None


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
    return Opened(cohort, _with_families(people_of(images.ids), source), panel, ids, study)


def _with_families(people, source):
    """``SampleIds`` with FIDs: their own, else those of the genotypes, 0 for who is not there."""
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
    """Who is what: role (people,) of the cohort, and kin, (FID, IID) of people outside it.

    Relatives have the same side. Kin have an image and are related to people who are trained on,
    but lack what the training needs: they are not to be embedded either.
    """
    cohort, everyone = opened.cohort, opened.everyone
    groups = _groups(everyone, split)
    place = {iid: i for i, iid in enumerate(everyone.iid)}
    inside = np.array([place[iid] for iid in cohort.iid])
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
    """bool (people,) of the cohort: who is trained on."""
    cohort = opened.cohort
    if split.people is not None:
        ids = SampleIds("images", cohort.fid, cohort.iid)
        chosen = match_list(ids, read_sample_list(split.people), "--train-people")
        if not chosen.any():
            raise GemcontError(f"--train-people: nobody of {split.people} has an image")
        return chosen
    if opened.study is not None:
        return _study_training(opened)
    chosen = draw_groups(groups, split.fraction, settings.seed)
    if not chosen.any():
        raise GemcontError(f"--train-fraction: {split.fraction} of {cohort.n_people} is nobody")
    return chosen


def _groups(people, split):
    pairs = [np.empty((0, 2), dtype=np.int64)]
    if split.relatives is not None:
        pairs.append(related_pairs(split.relatives, people.iid))
        level = logging.INFO if len(pairs[-1]) else logging.WARNING
        log.log(level, "%s: %d related pairs are among the people with images", split.relatives,
                len(pairs[-1]))  # fmt: skip
    if split.families:
        if people.fid is None:
            raise GemcontError(f"--families: {people.name} has no FID column")
        pairs.append(family_pairs(people.fid))
    return groups_of(len(people.iid), np.concatenate(pairs))


def train_files(inputs, split, settings, out, *, resume=False, progress=False):
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
    opened = open_inputs(replace(inputs, covar=None), genotypes=False)
    cohort = opened.cohort
    if tuple(model.facts["shape"]) != cohort.shape:
        raise GemcontError(
            f"--images: of shape {cohort.shape}, the model is of {tuple(model.facts['shape'])} "
            "(channels, height, width)"
        )
    fresh = unseen(model, cohort)
    if opened.study is not None:
        fresh &= ~_study_training(opened)
    log.info("%d people unseen; %d seen in training or related are left out",
             fresh.sum(), (~fresh).sum())  # fmt: skip
    if not fresh.any():
        raise GemcontError("everybody with an image was seen in training: nobody to embed")
    found = None if directions is None else _directions(model, inputs, directions, device)
    values = embed(model, cohort, fresh, device=device, progress=progress)
    facts = _covariate_facts(inputs, cohort, fresh, values)
    save = {"layout": layout, "model": model}
    paths = [write_embeddings(prefix, "embed", cohort, fresh, values, facts=facts, **save)]
    if include_training and not fresh.all():
        seen = embed(model, cohort, ~fresh, device=device, progress=progress)
        paths.append(write_embeddings(f"{prefix}.seen", "embed", cohort, ~fresh, seen, **save))
    if found is not None:
        facts = {"correlations": found.correlations.tolist()}
        projected = found.of(values.astype(np.float64))
        paths.append(
            write_embeddings(prefix, "directions", cohort, fresh, projected, facts=facts, **save)
        )
    remove_other(prefix, {p for path in paths for p in (path, path.removesuffix(layout) + "json")})
    return paths


def _directions(model, inputs, count, device):
    """Canonical ``Directions``, of the panel and the covariates that the model was trained with."""
    opened = open_inputs(inputs, weights=model.facts["settings"].weights)
    panel, names = model.facts["panel"], model.facts["covariates"]
    if panel is not None and panel != opened.panel_ids:
        raise GemcontError(f"--panel: its {len(opened.panel_ids)} variants in these genotypes are "
                           f"not the {len(panel)} that the model was trained with")  # fmt: skip
    if panel is not None and names != list(opened.cohort.covariate_names):
        shown = ", ".join(names) or "none"
        raise GemcontError(f"--covar: the model was trained with {shown}; give the same")
    return fit_directions(model, opened.cohort, count, device=device)


def _covariate_facts(inputs, cohort, fresh, values):
    """What the embeddings of people with covariates give away of them."""
    if inputs.covar is None:
        return {}
    known = open_inputs(inputs, genotypes=False).cohort
    place = {iid: i for i, iid in enumerate(known.iid)}
    iid = [cohort.iid[i] for i in np.flatnonzero(fresh)]
    rows = np.array([place.get(i, -1) for i in iid])
    covariates = known.covariates[rows[rows >= 0]]
    return {"covariate_r2": covariate_r2(values[rows >= 0], covariates, known.covariate_names)}


def _study_training(opened):
    """bool (people,): those of the study's training split, whether or not a model has seen them."""
    place = {iid: i for i, iid in enumerate(opened.study.people.iid)}
    return opened.study.in_training[[place[iid] for iid in opened.cohort.iid]]
