"""Embeddings of people whom neither training nor model choice has seen: tables for the engine."""

import json
import logging
import os

import numpy as np
import polars as pl
import torch
from tqdm import tqdm

import gemcont
from gemcont.errors import GemcontError
from gemcont.learn.data.images import batch_of
from gemcont.learn.data.panel import PanelCoding
from gemcont.learn.data.split import KIN, TRAIN, VALIDATION
from gemcont.learn.embedding.directions import chosen_directions
from gemcont.learn.training.provenance import refuse_other_shape
from gemcont.tables.files import remove, unfinished

log = logging.getLogger(__name__)

_BATCH = 1024  # images at a time


@torch.no_grad()
def embed(model, cohort, people=None, *, device="cpu", progress=False):
    """Return float32 (chosen people, width): the mean over a person's images.

    model: ``TrainedModel``; cohort: ``ImagePeople``; people: bool (people,), None = all.
    Raises GemcontError for images of another shape than the model's.
    """
    refuse_other_shape(model, cohort)
    chosen = np.ones(cohort.n_people, dtype=bool) if people is None else people
    images = cohort.images_of(chosen)
    method = model.method.to(device)
    total = torch.zeros(cohort.n_people, model.facts["width"], device=device)
    for start in tqdm(range(0, len(images), _BATCH), disable=None if progress else True):
        some = images[start : start + _BATCH]
        found = method.embed(batch_of(cohort.pixels, cohort.image_row[some], device)).float()
        total.index_add_(0, torch.from_numpy(cohort.person[some]).to(device), found)
    count = np.bincount(cohort.person, minlength=cohort.n_people)
    means = total.cpu().numpy() / np.maximum(count, 1)[:, None]
    if chosen.sum() > 1 and np.ptp(means[chosen], axis=0).max() == 0:
        log.warning("all embeddings are equal: are all images?")
    return means[chosen].astype(np.float32)


def unseen(model, cohort, split=None):
    """Return whom neither training nor model choice has seen, nor their relatives: bool (people,).

    By IID, whatever the FID: a person must not slip through by another family's name. split: bool
    (people,), a study's own training people, who are left out whether or not they were seen.
    Logs how many are left out, and why.
    """
    seen, related = model.have(cohort.iid, TRAIN, VALIDATION), model.have(cohort.iid, KIN)
    left = {"seen in training": seen, "related to those": related}
    if split is not None:
        left["of the study's training split"] = split & ~seen & ~related
    fresh = ~np.any(list(left.values()), axis=0)
    shown = ", ".join(f"{some.sum()} {why}" for why, some in left.items() if some.any())
    log.info("%d people unseen%s", fresh.sum(), f" (left out: {shown})" if shown else "")
    return fresh


def lack_for_directions(model, cohort):
    """Return why canonical directions cannot be fitted and judged in these people, or None."""
    if cohort.dosages is None:
        return "they need the panel's genotypes"
    trained, judged = (int(model.have(cohort.iid, role).sum()) for role in (TRAIN, VALIDATION))
    if trained >= model.facts["width"] and judged:
        return None
    return (
        f"they are fitted on people trained on, {model.facts['width']} or more (the embedding's "
        f"width), and judged in validation people: {trained} and {judged} are here with images and "
        "genotypes"
    )


def fit_directions(model, cohort, count, *, device="cpu"):
    """Return ``Directions`` of the embeddings of the people seen with their panel genotypes.

    count: how many, or "auto" (see ``chosen_directions``). Raises GemcontError where too few of
    the people seen are here.
    """
    lack = lack_for_directions(model, cohort)
    if lack is not None:
        raise GemcontError(f"--directions: {lack}")
    seen = model.have(cohort.iid, TRAIN, VALIDATION)
    validation = model.have(cohort.iid, VALIDATION)[seen]
    residualised = model.facts["settings"].residualise and cohort.covariates is not None
    known = cohort.covariates[seen] if residualised else None
    coding = PanelCoding.fit(cohort.dosages[seen], known)
    genotypes = coding.apply(cohort.dosages[seen], known).astype(np.float64)
    embeddings = embed(model, cohort, seen, device=device).astype(np.float64)
    return chosen_directions(embeddings, genotypes, validation, count)


def write_embeddings(prefix, kind, cohort, people, values, model, *, layout="tsv", facts=None):
    """PREFIX.KIND.tsv (or .parquet), FID IID and a column each, and PREFIX.KIND.json beside it.

    kind: "embed" (e1, e2, ...) or "directions" (d1, ...); people: bool (people,) of the rows
    """
    chosen = np.flatnonzero(people)
    letter = kind[0]
    columns = {f"{letter}{d + 1}": values[:, d] for d in range(values.shape[1])}
    ids = {"FID": [cohort.fid[i] for i in chosen], "IID": [cohort.iid[i] for i in chosen]}
    path = f"{prefix}.{kind}.{layout}"
    with unfinished(path) as temporary:
        table = pl.DataFrame(ids | columns)
        if layout == "parquet":
            table.write_parquet(temporary)
        else:
            table.write_csv(temporary, separator="\t")  # as many digits as tell them apart
    about = {
        "gemcont": gemcont.__version__,
        "model": model.hash,
        "method": model.facts["settings"].method,
        "n": len(chosen),
        "width": values.shape[1],
        **(facts or {}),
        "seen": {"fid": model.seen.fid, "iid": model.seen.iid},
    }
    with unfinished(f"{prefix}.{kind}.json") as temporary, open(temporary, "w") as file:
        json.dump(about, file)
    log.info("%s: %d people, D = %d", path, len(chosen), values.shape[1])
    return path


def remove_other(prefix, written):
    """Remove what an earlier run of the same prefix wrote and this one did not."""
    for kind in ("embed", "directions", "seen.embed"):
        for suffix in ("tsv", "parquet", "json"):
            path = f"{prefix}.{kind}.{suffix}"
            if path not in written and os.path.isfile(path):
                remove(path)
                log.info("%s of an earlier run removed", path)
