"""Images, panel genotypes, covariates and targets of the same people: arrays, ids left behind."""

import logging
from dataclasses import dataclass

import numpy as np

from gemcont.errors import GemcontError
from gemcont.genotype.align import NO_ROW, SampleIds, match_samples
from gemcont.learn.data.panel import panel_dosages
from gemcont.learn.data.target import coded_target
from gemcont.tables.covariates import covariates
from gemcont.tables.missing_codes import warn_of_covariate_values
from gemcont.tables.phenotypes import numeric_columns

log = logging.getLogger(__name__)


@dataclass(frozen=True)
class ImagePeople:
    """People with images and whatever else was asked for, in the order of the genotypes.

    pixels: uint8 (file's images, H, W[, channels]); shape: (channels, H, W); image_row: int64
    (images,), rows of ``pixels``; person: int64 (images,), whose they are
    fid, iid: of the people; dosages: float32 (people, variants) of the panel's effect alleles, NaN
    missing; covariates: float64 (people, k) and their names; target: float64 (people,), 0 and 1
    where target_is_class; None where not asked for
    """

    pixels: np.ndarray
    shape: tuple
    image_row: np.ndarray
    person: np.ndarray
    fid: list
    iid: list
    dosages: np.ndarray | None = None
    covariates: np.ndarray | None = None
    covariate_names: tuple = ()
    target: np.ndarray | None = None
    target_is_class: bool = False

    @property
    def n_people(self):
        """How many people."""
        return len(self.iid)

    def images_of(self, chosen):
        """Positions in ``image_row`` of the images of the chosen people (bool (people,))."""
        return np.flatnonzero(chosen[self.person])


def assemble(images, source=None, panel=None, *, covar=None, covar_names=None, traits=None,
             target=None, target_kind=None):  # fmt: skip
    """The ``ImagePeople`` of people who have images and whatever else is given.

    images: ``Images``; source, panel: ``GenotypeSource`` and the panel's ``PanelMatch`` in it;
    covar, traits: ``SampleTable``s; covar_names: columns of covar, None = all; target: the column
    of traits; target_kind: as ``coded_target``. Whoever lacks one of them is left out and counted
    in the log. Raises GemcontError where nobody is left.
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
    left, lacking = np.ones(len(reference.iid), dtype=bool), {}
    for table, found in zip((pictured, *tables), rows, strict=True):
        _leave(left, found == NO_ROW, f"not in {table.name}", lacking)
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
    return ImagePeople(
        images.pixels,
        images.shape,
        image_row,
        person,
        [reference.fid[i] for i in people],
        [reference.iid[i] for i in people],
        None if panel is None else panel_dosages(source, panel, people),
        *((None, ()) if values is None else _full_design(terms, rows[1][people])),
        None if goal is None else goal[people],
        is_class,
    )


def _ids(samples):
    return (samples[name].to_list() for name in ("fid", "iid"))


def people_of(ids):
    """``SampleIds`` of the people whose images ``ids`` are of, each once."""
    fid, iid, _ = _people(ids)
    return SampleIds(ids.name, fid, iid)


def _people(ids):
    """Unique fids (or None) and iids in order of appearance, and whose each image is."""
    keys = list(ids.iid if ids.fid is None else zip(ids.fid, ids.iid, strict=True))
    place = {key: i for i, key in enumerate(dict.fromkeys(keys))}
    whose = np.array([place[key] for key in keys], dtype=np.int64)
    if ids.fid is None:
        return None, list(place), whose
    return [f for f, _ in place], [i for _, i in place], whose


def _images_of_people(whose, row_of, people):
    """Rows of the images of some people, and each one's index among them."""
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
    """Columns of all covariates and their names; a category has one per level but the first."""
    columns, names = zip(*(term.design(rows) for term in terms), strict=True)
    return np.hstack(columns), tuple(name for some in names for name in some)


def _target(traits, name, kind, rows):
    """The column to be learned over the people, NaN missing, and whether it is a class."""
    names = traits.select([name], "--target")
    values, coded = numeric_columns(traits, names, codes=("-9",) if traits.path else ())
    if coded[name]:
        log.info("--target %s: %d values of %s are missing by code -9", name, coded[name],
                 traits.name)  # fmt: skip
    return coded_target(name, np.where(rows == NO_ROW, np.nan, values[rows, 0]), kind)
