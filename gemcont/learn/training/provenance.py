"""Checks that a model belongs to its data: hashes of people, images, genotypes, study."""

from __future__ import annotations

import hashlib
import logging
from collections.abc import Iterable
from typing import TYPE_CHECKING

import numpy as np

from gemcont.errors import GemcontError
from gemcont.learn.data.pixels import spread
from gemcont.learn.data.split import ROLES
from gemcont.tables.phenotypes import SampleTable

if TYPE_CHECKING:  # these import this module
    from gemcont.learn.data.people import ImagePeople
    from gemcont.learn.files import Opened
    from gemcont.learn.simulation.study import Study
    from gemcont.learn.training.model import TrainedModel

log = logging.getLogger(__name__)

_HASHED = 1024  # images, spread over all
_REMEMBERED = 256  # people of the training whose images are known by a hash of their own
_SHORT = 16  # letters of such a hash
_NOTHING = hashlib.sha256(b"").hexdigest()
_PARTS = ("dosages", "covariates", "target")
_EARLIER = "the model is of an earlier gemcont"


def hashes(cohort: ImagePeople, role: np.ndarray) -> dict[str, str]:
    """Return hashes of a training's people and roles, images, genotypes, covariates and target.

    Args:
        cohort: the people.
        role: (people,) of ``split``.
    """
    some = np.linspace(0, len(cohort.image_row) - 1, _HASHED).astype(int)
    parts = {
        "people": ["\0".join(cohort.iid).encode(), np.asarray(role).tobytes()],
        "images": [cohort.person.tobytes(), cohort.pixels[cohort.image_row[some]].tobytes()],
    }
    for name in _PARTS:
        values = getattr(cohort, name)
        parts[name] = [] if values is None else [np.ascontiguousarray(values).tobytes()]
    return {name: _hash(*content) for name, content in parts.items()}


def _hash(*parts):
    return hashlib.sha256(b"".join(parts)).hexdigest()


def hash_of_roles(fid: Iterable[str], iid: Iterable[str], role: Iterable[str]) -> str:
    """Return a hash of people's roles, whatever the order; role: words, as in people.tsv."""
    lines = sorted("\t".join(row) for row in zip(fid, iid, role, strict=True))
    return _hash("\n".join(lines).encode())


def hash_of_study(people: SampleTable, pixels: np.ndarray) -> str:
    """Return a hash of the people of a study, their split, and a sample of their images.

    Args:
        people: table with a column split.
        pixels: uint8 (people, H, W).
    """
    lines = ("\t".join(row) for row in zip(people.iid, people.columns["split"], strict=True))
    return _hash("\n".join(lines).encode(), np.ascontiguousarray(spread(pixels, _HASHED)).tobytes())


def refuse_other_shape(model: TrainedModel, cohort: ImagePeople) -> None:
    """Raise GemcontError where images are of another shape than the model's."""
    if tuple(model.facts["shape"]) != cohort.shape:
        raise GemcontError(
            f"--images: of shape {cohort.shape}, the model is of {tuple(model.facts['shape'])} "
            "(channels, height, width)"
        )


def refuse_other_study(model: TrainedModel, study: Study | None) -> None:
    """Raise GemcontError where a model was trained on another study than the one given.

    People of two studies have the same ids, so that the people used in training could not be told.
    Warns where a model does not say what it was trained on.
    """
    if study is None:
        return
    trained_on = model.facts.get("data", {}).get("study", _EARLIER)
    if trained_on == _EARLIER:
        log.warning("--model: whether it is of this study cannot be told: %s", _EARLIER)
    elif trained_on is None:
        log.warning(
            "--model: it was trained on files, not on the study %s: that both mean the same people "
            "by the same ids cannot be told",
            study.folder,
        )
    elif trained_on != study.hash:
        raise GemcontError(
            f"--study: {study.folder} is not the study that the model was trained on (or its "
            "people, their split or images have changed since): give that one, or train anew"
        )


def refuse_other_panel(model: TrainedModel, opened: Opened) -> None:
    """Raise GemcontError where panel or covariates are not those that the model was trained with.

    opened: with genotypes. A model without genotypes takes any.
    """
    panel, names = model.facts["panel"], model.facts["covariates"]
    if panel is not None and panel != opened.panel_ids:
        count = len(opened.panel_ids or [])
        raise GemcontError(
            f"--panel: its {count} variants in these genotypes are not the {len(panel)} that the "
            "model was trained with"
        )
    if panel is not None and names != list(opened.cohort.covariate_names):
        shown = ", ".join(names) or "none"
        raise GemcontError(f"--covar: the model was trained with {shown}; give the same")


def remembered(cohort: ImagePeople, people: np.ndarray) -> dict[str, str]:
    """Return hashes of the images of at most 256 of some people, by IID; people: bool (people,)."""
    rows = np.flatnonzero(people)
    if len(rows) > _REMEMBERED:
        rows = spread(rows, _REMEMBERED)
    return _image_hashes(cohort, rows)


def _image_hashes(cohort, rows):
    """Return hashes of the images of people, by IID; rows: theirs in the cohort, ascending."""
    chosen = np.zeros(cohort.n_people, dtype=bool)
    chosen[rows] = True
    images = cohort.images_of(chosen)
    images = images[np.argsort(cohort.person[images], kind="stable")]
    first = np.searchsorted(cohort.person[images], rows)
    whose = np.split(cohort.pixels[cohort.image_row[images]], first[1:])
    return {
        cohort.iid[row]: _hash(pixels.tobytes())[:_SHORT]
        for row, pixels in zip(rows, whose, strict=True)
    }


def warn_of_other_data(model: TrainedModel, cohort: ImagePeople) -> None:
    """Warn where people whom a model was trained on have other data here than they had then.

    Their images are compared for some of them; genotypes and covariates only where the people are
    those of the training, all of them.
    """
    data = model.facts.get("data", {})
    _warn_of_other_images(data.get("remembered", {}), cohort)
    if any(iid not in model.role for iid in cohort.iid):
        return
    role = np.array([ROLES.index(model.role[iid]) for iid in cohort.iid], dtype=np.uint8)
    now = hashes(cohort, role)
    if data.get("people") != now["people"]:
        return
    for name in ("dosages", "covariates"):
        known = data.get(name, _NOTHING)
        if _NOTHING not in (known, now[name]) and known != now[name]:
            log.warning(
                "--model: the people are those of its training, their %s are not: made anew, or of "
                "other people with the same ids?",
                name,
            )


def _warn_of_other_images(known, cohort):
    rows = np.array([i for i, iid in enumerate(cohort.iid) if iid in known], dtype=np.int64)
    if not len(rows):
        return
    now = _image_hashes(cohort, rows)
    other = sum(known[iid] != digest for iid, digest in now.items())
    if other:
        log.warning(
            "--model: %d of %d people looked at, whom it was trained on, have other images here: "
            "made anew, or of other people with the same ids?",
            *(other, len(rows)),
        )
