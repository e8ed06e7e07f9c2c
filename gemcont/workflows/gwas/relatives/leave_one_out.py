"""One mixed model for the genome, or one for each chromosome made while the last is tested."""

import logging
import threading
import time
from collections import OrderedDict
from collections.abc import Callable, Iterable
from concurrent.futures import Future, ThreadPoolExecutor
from functools import partial
from typing import TYPE_CHECKING

import numpy as np

from gemcont.errors import GemcontError
from gemcont.genotype.chromosomes import Ploidy
from gemcont.genotype.ploidy import group_name
from gemcont.workflows.common.memory import side_by_side
from gemcont.workflows.gwas.relatives.log import log_model
from gemcont.workflows.gwas.relatives.mixed_model import (
    ScanModel,
    columns_of_null,
    fitted,
    without_chromosome,
)
from gemcont.workflows.gwas.relatives.related_group import RelatedTraitGroup
from gemcont.workflows.gwas.relatives.whitened import load_solver, whitened, whitening_is_cheaper
from gemcont.workflows.gwas.scan.groups import Group
from gemcont.workflows.kinship.matrices import Kinship

if TYPE_CHECKING:
    from gemcont.settings.gwas import GwasSettings
    from gemcont.workflows.gwas.scan.null_models import TraitGroup

log = logging.getLogger(__name__)

_MANY_TRAITS = 16  # from which the log says that they are being fitted: it may take a minute
_AHEAD = 1  # chromosomes decomposed before they are asked for


class Queue:
    """Models of the chromosomes, each made shortly before it is needed and then let go.

    Args:
        names: chromosomes in the order of the scan.
        make: function of a name that makes its model.
        at_once: number of models made at the same time, each on one thread.
    """

    def __init__(self, names: Iterable[str], make: Callable[[str], ScanModel], at_once: int):
        self._names, self._make = list(names), make
        self._pool = ThreadPoolExecutor(at_once)
        self._at_once, self._lock, self._futures = (
            at_once,
            threading.Lock(),
            OrderedDict[str, Future](),
        )

    def get(self, name: str) -> ScanModel:
        """Return the model of a chromosome, and start making those of the next ones."""
        with self._lock:
            place = self._names.index(name)
            for old in [n for n in self._futures if self._names.index(n) < place - 1]:
                del self._futures[old]
            for wanted in self._names[place : place + self._at_once + _AHEAD]:
                if wanted not in self._futures:
                    self._futures[wanted] = self._pool.submit(self._make, wanted)
            future = self._futures[name]
        return future.result()


def with_mixed_models(
    models: dict[Group, list | None],
    kinship: Kinship,
    settings: "GwasSettings",
    *,
    trait_names: list[str],
    left_out: dict[Group, int],
    threads: int,
) -> dict[Group, list | None]:
    """Return the models by group with mixed models in place of ordinary ones.

    Args:
        models: trait groups by ploidy, fitted without kinship.
        kinship: prepared for the analysed samples.
        settings: what is asked for.
        trait_names: names of all traits of the run.
        left_out: chromosomes that are each tested on the kinship of the others, in the order of the
            scan, with their numbers of variants.
        threads: number of threads.
    """
    fits = _Fits(kinship, settings, trait_names)
    mixed: dict[Group, list | None] = {}
    for group, trait_groups in models.items():
        mixed[group] = None
        try:
            mixed[group] = trait_groups and [fits.related(one) for one in trait_groups]
        except GemcontError as error:
            if group.ploidy not in (Ploidy.X, Ploidy.Y, Ploidy.MT):
                raise
            log.warning("chromosome %s is not tested (NA): %s", group.ploidy.name, error)
    own: dict[Group, list | None] = {group: [] for group in left_out}
    for related in (mixed[Group(Ploidy.AUTOSOME)] or ()) if left_out else ():
        queue = _queue(related, kinship, left_out, threads)
        for group in left_out:
            one = RelatedTraitGroup.of(related, partial(queue.get, group.chromosome))
            own[group] = [*(own[group] or ()), one]
    return mixed | own


class _Fits:
    """Fitted mixed models; a kinship is decomposed once for the same samples."""

    def __init__(self, kinship, settings, trait_names):
        self._kinship, self._settings, self._names = kinship, settings, trait_names
        self._models, self._samples, self._decomposition = {}, None, None

    def related(self, group: "TraitGroup") -> RelatedTraitGroup:
        """Return the trait group with its fitted mixed model."""
        if id(group) not in self._models:
            self._models[id(group)] = self._fitted(group)
        model = self._models[id(group)]
        return RelatedTraitGroup.of(group, lambda: model)

    def _fitted(self, group):
        samples = _samples_of(group)
        if not np.array_equal(samples, self._samples):
            self._decomposition = None  # one at a time is held
            self._decomposition, self._samples = self._kinship.decomposition(samples), samples
        started, d = time.perf_counter(), group.null.n_traits
        if group.joint and d >= _MANY_TRAITS:
            log.info("%s: fitting Cg and Cn of %d traits ...", group_name(group.ploidy), d)
        model = fitted(group, self._decomposition, self._settings)
        names = [self._names[code] for code in group.trait_codes]
        log_model(model, group, names, time.perf_counter() - started)
        return model


def _queue(group, kinship, left_out, threads):
    """Return a ``Queue`` of the chromosomes' models, as many at a time as memory allows."""
    model, samples = group.mixed_model(), _samples_of(group)
    at_once = side_by_side(len(samples), threads)
    counts = {one.chromosome: count for one, count in left_out.items()}
    n_regressions = (0 if model.joint is None else len(model.joint.latent)) + len(model.single)
    cheaper = {
        name
        for name, count in counts.items()
        if model.null is None and whitening_is_cheaper(len(samples), count, n_regressions)
    }
    if cheaper:
        load_solver()
    log.info(
        "leave-one-chromosome-out: decompositions %d, triangular factors %d, at a time %d",
        len(counts) - len(cheaper),
        len(cheaper) * n_regressions,
        at_once,
    )

    def make(name: str) -> ScanModel:
        """Return the model of a chromosome."""
        if name in cheaper:
            matrix = kinship.matrix(samples, name)
            try:
                return whitened(*columns_of_null(group.null), matrix, model.joint, model.single)
            except np.linalg.LinAlgError:  # next to singular: eigenvalues can be clipped
                log.info("chromosome %s: decomposed, its covariance is next to singular", name)
        return without_chromosome(group, model, kinship.decomposition(samples, name), name)

    return Queue(list(counts), make, at_once)


def _samples_of(group):
    return np.arange(group.null.n_samples) if group.samples is None else group.samples
