"""Images, panel genotypes, covariates and targets of the same people: arrays, ids left behind."""

from __future__ import annotations

import logging
from collections.abc import Sequence
from dataclasses import dataclass
from typing import TYPE_CHECKING

import numpy as np

from gemcont.errors import GemcontError
from gemcont.genotype.align import NO_ROW, SampleIds, match_samples
from gemcont.genotype.source import GenotypeSource
from gemcont.learn.data.images import Images
from gemcont.learn.data.panel import panel_dosages
from gemcont.learn.data.target import coded_target
from gemcont.tables.covariates import covariates
from gemcont.tables.missing_codes import warn_of_covariate_values
from gemcont.tables.phenotypes import SampleTable, numeric_columns

if TYPE_CHECKING:
    from gemcont.workflows.panel import PanelMatch

log = logging.getLogger(__name__)


@dataclass(frozen=True, kw_only=True)
class ImagePeople:
    """People with images and whatever else was asked for, in the order of the genotypes.

    What was not asked for is None.

    Attributes:
        pixels: uint8 (file's images, H, W[, channels]).
        shape: (channels, H, W) of an image.
        image_row: int64 (images,), rows of ``pixels``.
        person: int64 (images,), the person of each.
        fid: FIDs of the people.
        iid: their IIDs.
        dosages: float32 (people, variants) of the panel's effect alleles, NaN missing.
        covariates: float64 (people, k).
        covariate_names: names of the k covariates.
        target: float64 (people,), 0 and 1 where it is a class.
        target_is_class: whether it is one.
    """

    pixels: np.ndarray
    shape: tuple[int, int, int]
    image_row: np.ndarray
    person: np.ndarray
    fid: list[str]
    iid: list[str]
    dosages: np.ndarray | None = None
    covariates: np.ndarray | None = None
    covariate_names: tuple[str, ...] = ()
    target: np.ndarray | None = None
    target_is_class: bool = False

    @property
    def n_people(self) -> int:
        """Number of people."""
        return len(self.iid)

    def images_of(self, chosen: np.ndarray) -> np.ndarray:
        """Return positions in ``image_row`` of the images of the chosen people (bool (people,))."""
        return np.flatnonzero(chosen[self.person])


def assemble(
    images: Images,
    source: GenotypeSource | None = None,
    panel: PanelMatch | None = None,
    *,
    covar: SampleTable | None = None,
    covar_names: Sequence[str] | None = None,
    traits: SampleTable | None = None,
    target: str | None = None,
    target_kind: str | None = None,
) -> ImagePeople:
    """Put together the people who have images and whatever else is given.

    Whoever lacks one of them is left out and counted in the log.

    Args:
        images: images and the people they are of.
        source: genotypes.
        panel: the panel's variants in them.
        covar: table of covariates.
        covar_names: columns of it, None for all.
        traits: table of the target.
        target: its column.
        target_kind: as ``coded_target``.

    Raises:
        GemcontError: nobody is left.
    """
    fid, iid, whose = _people(images.ids)
    if len(set(iid)) < len(iid):
        raise GemcontError(
            f"{images.ids.name}: an IID stands for people of two FIDs; give each an IID of its own"
        )
    pictured = SampleIds(images.ids.name, fid, iid)
    own = SampleIds(images.ids.name, fid or iid, iid)
    reference = own if source is None else SampleIds(source.name, *_ids(source.samples))
    tables = [SampleIds(t.name, t.fid, t.iid) for t in (covar, traits) if t is not None]
    rows = match_samples(reference, [pictured, *tables])
    left = np.ones(len(reference.iid), dtype=bool)
    lacking: dict[str, int] = {}
    for table, row_of in zip((pictured, *tables), rows, strict=True):
        _leave(left, row_of == NO_ROW, f"not in {table.name}", lacking)
    terms, values = _design(covar, covar_names, rows[1]) if covar is not None else ([], None)
    if values is not None:
        _leave(left, np.isnan(values).any(axis=1), "missing a covariate", lacking)
    goal, is_class = None, False
    if traits is not None:
        goal, is_class = _target(traits, target, target_kind, rows[-1])
    if goal is not None:
        _leave(left, np.isnan(goal), f"missing {target}", lacking)
    if covar is not None:
        warn_of_covariate_values([term.at(rows[1]) for term in terms], left)
    people = np.flatnonzero(left)
    shown = ", ".join(f"{count} {reason}" for reason, count in lacking.items() if count)
    log.info("%d people with images%s", len(people), f" (left out: {shown})" if shown else "")
    image_row, person = _images_of_people(whose, rows[0], people)
    families = reference.fid or reference.iid
    design, names = (None, ()) if values is None else _full_design(terms, rows[1][people])
    return ImagePeople(
        pixels=images.pixels,
        shape=images.shape,
        image_row=image_row,
        person=person,
        fid=[families[i] for i in people],
        iid=[reference.iid[i] for i in people],
        dosages=None if source is None or panel is None else panel_dosages(source, panel, people),
        covariates=design,
        covariate_names=names,
        target=None if goal is None else goal[people],
        target_is_class=is_class,
    )


def _ids(samples):
    return (samples[name].to_list() for name in ("fid", "iid"))


def people_of(ids: SampleIds) -> SampleIds:
    """Return ``SampleIds`` of the people whose images ``ids`` are of, each once."""
    fid, iid, _ = _people(ids)
    return SampleIds(ids.name, fid, iid)


def _people(ids):
    """Return unique fids (or None) and iids, in order of appearance, and each image's person."""
    keys = list(ids.iid if ids.fid is None else zip(ids.fid, ids.iid, strict=True))
    index_of = {key: i for i, key in enumerate(dict.fromkeys(keys))}
    whose = np.array([index_of[key] for key in keys], dtype=np.int64)
    if ids.fid is None:
        return None, list(index_of), whose
    return [f for f, _ in index_of], [i for _, i in index_of], whose


def _images_of_people(whose, row_of, people):
    """Return rows of the images of some people, and each one's index among them."""
    index = np.full(whose.max() + 1, NO_ROW)
    index[row_of[people]] = np.arange(len(people))
    image_row = np.flatnonzero(index[whose] != NO_ROW)
    return image_row, index[whose[image_row]]


def _leave(left, leaving, reason, lacking):
    lacking[reason] = int((left & leaving).sum())
    left &= ~leaving
    if not left.any():
        counts = ", ".join(f"{count} {why}" for why, count in lacking.items() if count)
        raise GemcontError(f"nobody is left: {counts}")


def _design(table, names, rows):
    terms = covariates(table, table.select(names, "--covar-name"))
    return terms, np.column_stack([term.at(rows).values for term in terms])


def _full_design(terms, rows):
    """Return columns of all covariates and their names: of a category, levels but the first."""
    columns, names = zip(*(term.design(rows) for term in terms), strict=True)
    return np.hstack(columns), tuple(name for some in names for name in some)


def _target(traits, name, kind, rows):
    """Return the column to be learned over the people, NaN missing, and whether it is a class."""
    names = traits.select([name], "--target")
    values, coded = numeric_columns(traits, names, codes=("-9",) if traits.path else ())
    if coded[name]:
        log.info("--target %s: %d values of %s are missing by code -9", name, coded[name],
                 traits.name)  # fmt: skip
    return coded_target(name, np.where(rows == NO_ROW, np.nan, values[rows, 0]), kind)
