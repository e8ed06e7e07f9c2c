"""Embeddings of people who were used neither for training nor for model choice, as tables."""

from __future__ import annotations

import json
import logging
import os
from collections.abc import Collection
from typing import TYPE_CHECKING

import numpy as np
import polars as pl
import torch
from tqdm import tqdm

import gemcont
from gemcont.errors import GemcontError
from gemcont.learn.data.images import batch_of
from gemcont.learn.data.panel import PanelCoding
from gemcont.learn.data.people import ImagePeople
from gemcont.learn.data.split import KIN, TRAIN, VALIDATION
from gemcont.learn.embedding.directions import Directions, chosen_directions
from gemcont.learn.training.provenance import refuse_other_shape
from gemcont.tables.files import remove, unfinished

if TYPE_CHECKING:
    from gemcont.learn.training.model import TrainedModel

log = logging.getLogger(__name__)

_BATCH = 1024  # images at a time


@torch.no_grad()
def embed(
    model: TrainedModel,
    cohort: ImagePeople,
    people: np.ndarray | None = None,
    *,
    device: str = "cpu",
    progress: bool = False,
) -> np.ndarray:
    """Return embeddings, float32 (chosen people, width): the mean over a person's images.

    Args:
        model: the encoder.
        cohort: people and their images.
        people: bool (people,), None for all.
        device: "cpu", "cuda" or "mps".
        progress: show a bar on a terminal.

    Raises:
        GemcontError: images are of another shape than the model's.
    """
    refuse_other_shape(model, cohort)
    chosen = np.ones(cohort.n_people, dtype=bool) if people is None else people
    images = cohort.images_of(chosen)
    method = model.method.to(device)
    total = torch.zeros(cohort.n_people, model.facts["width"], device=device)
    for start in tqdm(range(0, len(images), _BATCH), disable=None if progress else True):
        some = images[start : start + _BATCH]
        embedded = method.embed(batch_of(cohort.pixels, cohort.image_row[some], device)).float()
        total.index_add_(0, torch.from_numpy(cohort.person[some]).to(device), embedded)
    count = np.bincount(cohort.person, minlength=cohort.n_people)
    means = total.cpu().numpy() / np.maximum(count, 1)[:, None]
    if chosen.sum() > 1 and np.ptp(means[chosen], axis=0).max() == 0:
        log.warning("all embeddings are equal: are all images?")
    return means[chosen].astype(np.float32)


def unseen(model: TrainedModel, cohort: ImagePeople, split: np.ndarray | None = None) -> np.ndarray:
    """Return bool (people,): those not used in training or model choice, nor related to these.

    By IID, whatever the FID: a person must not slip through by another family's name. Logs how
    many are left out, and why.

    Args:
        model: the model.
        cohort: the people.
        split: bool (people,), a study's own training people, who are left out in any case.
    """
    seen, related = model.have(cohort.iid, TRAIN, VALIDATION), model.have(cohort.iid, KIN)
    left = {"seen in training": seen, "related to those": related}
    if split is not None:
        left["of the study's training split"] = split & ~seen & ~related
    fresh = ~np.any(list(left.values()), axis=0)
    shown = ", ".join(f"{some.sum()} {why}" for why, some in left.items() if some.any())
    log.info("%d people unseen%s", fresh.sum(), f" (left out: {shown})" if shown else "")
    return fresh


def lack_for_directions(model: TrainedModel, cohort: ImagePeople) -> str | None:
    """Say why canonical directions cannot be fitted and judged in these people, or return None."""
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


def fit_directions(
    model: TrainedModel, cohort: ImagePeople, count: int | str, *, device: str = "cpu"
) -> Directions:
    """Fit ``Directions`` of the training people's embeddings with their panel genotypes.

    Args:
        model: the model.
        cohort: people, with genotypes.
        count: how many, or "auto" (see ``chosen_directions``).
        device: "cpu", "cuda" or "mps".

    Raises:
        GemcontError: too few of the people used in training are here.
    """
    lack = lack_for_directions(model, cohort)
    if lack is not None:
        raise GemcontError(f"--directions: {lack}")
    seen = model.have(cohort.iid, TRAIN, VALIDATION)
    validation = model.have(cohort.iid, VALIDATION)[seen]
    assert cohort.dosages is not None  # as lack_for_directions has seen
    covariates = cohort.covariates if model.facts["settings"].residualise else None
    known = None if covariates is None else covariates[seen]
    coding = PanelCoding.fit(cohort.dosages[seen], known)
    genotypes = coding.apply(cohort.dosages[seen], known).astype(np.float64)
    embeddings = embed(model, cohort, seen, device=device).astype(np.float64)
    return chosen_directions(embeddings, genotypes, validation, count)


def write_embeddings(
    prefix: str,
    kind: str,
    cohort: ImagePeople,
    people: np.ndarray,
    values: np.ndarray,
    *,
    model: TrainedModel,
    layout: str = "tsv",
    facts: dict | None = None,
) -> str:
    """Write PREFIX.KIND.tsv (or .parquet), FID IID and a column each, and PREFIX.KIND.json.

    Args:
        prefix: beginning of the names.
        kind: "embed" (e1, e2, ...) or "directions" (d1, ...).
        cohort: the people.
        people: bool (people,) of the rows.
        values: (rows, columns).
        model: the model that made them.
        layout: "tsv" or "parquet".
        facts: further contents of the json.

    Returns:
        Path of the table.
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


def remove_other(prefix: str, written: Collection[str]) -> None:
    """Remove what an earlier run of the same prefix wrote and this one did not."""
    for kind in ("embed", "directions", "seen.embed"):
        for suffix in ("tsv", "parquet", "json"):
            path = f"{prefix}.{kind}.{suffix}"
            if path not in written and os.path.isfile(path):
                remove(path)
                log.info("%s of an earlier run removed", path)
