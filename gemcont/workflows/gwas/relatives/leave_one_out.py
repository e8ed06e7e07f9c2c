"""One mixed model for the genome, or one for each chromosome made while the last is tested."""

import logging
import threading
import time
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import replace

import numpy as np

from gemcont.errors import GemcontError
from gemcont.genotype.chromosomes import Ploidy
from gemcont.genotype.ploidy import group_name
from gemcont.workflows.common.memory import side_by_side
from gemcont.workflows.gwas.relatives.log import log_model
from gemcont.workflows.gwas.relatives.mixed_model import columns_of_null, fitted, turned
from gemcont.workflows.gwas.relatives.whitened import whitened, whitening_is_cheaper

log = logging.getLogger(__name__)

_MANY_TRAITS = 16  # from which the log says that they are being fitted: it may take a minute
_AHEAD = 1  # chromosomes decomposed before they are asked for


class Whole:
    """The one model of a batch whose kinship is the same on all its chromosomes."""

    def __init__(self, model):
        self._model = model

    def model(self):
        """The ``MixedModel``."""
        return self._model


class LeftOut:
    """The model of a batch on one chromosome, made when the scan comes to it."""

    def __init__(self, queue, name):
        self._queue, self._name = queue, name

    def model(self):
        """The ``MixedModel``."""
        return self._queue.get(self._name)


class Queue:
    """Models of the chromosomes, each made shortly before it is needed and then let go.

    names: chromosomes in the order of the scan; make: a function of a name; at_once: how many
    are made side by side, each on one thread
    """

    def __init__(self, names, make, at_once):
        self._names, self._make = list(names), make
        self._pool = ThreadPoolExecutor(at_once)
        self._at_once, self._lock, self._futures = at_once, threading.Lock(), OrderedDict()

    def get(self, name):
        """The model of a chromosome; those after it are begun."""
        with self._lock:
            place = self._names.index(name)
            for old in [n for n in self._futures if self._names.index(n) < place - 1]:
                del self._futures[old]
            for wanted in self._names[place : place + self._at_once + _AHEAD]:
                if wanted not in self._futures:
                    self._futures[wanted] = self._pool.submit(self._make, wanted)
            future = self._futures[name]
        return future.result()


def mix(found, kinship, settings, names, left_out, threads):
    """Batches by group with their mixed models.

    found: batches by ploidy, fitted without kinship; kinship: as of ``open_kinship``, prepared;
    names: of all traits; left_out: pairs of name and number of variants of the chromosomes, by
    their groups in the order of the scan, of which each is tested on the kinship of the others
    """
    mixed, models, known = {}, {}, {}
    for kind, batches in found.items():
        mixed[kind] = None
        try:
            mixed[kind] = batches and [
                _with_model(b, kinship, settings, names, models, known) for b in batches
            ]
        except GemcontError as error:
            if kind not in (Ploidy.X, Ploidy.Y, Ploidy.MT):
                raise
            log.warning("chromosome %s is not tested (NA): %s", Ploidy(kind).name, error)
    known.clear()
    for batch in mixed[Ploidy.AUTOSOME] if left_out else ():
        queue = _queue(batch, kinship, left_out.values(), threads)
        for group, (name, _) in left_out.items():
            one = replace(batch, mixed=LeftOut(queue, name))
            mixed.setdefault(group, []).append(one)
    return mixed


def _queue(batch, kinship, chromosomes, threads):
    """A ``Queue`` of the batch's models, as many side by side as threads and memory allow."""
    model, samples = batch.mixed.model(), _samples_of(batch)
    at_once, counts = side_by_side(len(samples), threads), dict(chromosomes)
    n_regressions = (0 if model.joint is None else len(model.joint.latent)) + len(model.single)
    cheaper = {
        name
        for name, count in counts.items()
        if model.null is None and whitening_is_cheaper(len(samples), count, n_regressions)
    }
    log.info(
        "leave-one-chromosome-out: decompositions %d, triangular factors %d, at a time %d",
        len(counts) - len(cheaper),
        len(cheaper) * n_regressions,
        at_once,
    )

    def make(name):
        if name in cheaper:
            matrix = kinship.matrix(samples, name)
            try:
                return whitened(*columns_of_null(batch.null), matrix, model.joint, model.single)
            except np.linalg.LinAlgError:  # next to singular: eigenvalues can be clipped
                log.info("chromosome %s: decomposed, its covariance is next to singular", name)
        return turned(batch, model, kinship.decomposition(samples, name), name)

    return Queue(list(counts), make, at_once)


def _with_model(batch, kinship, settings, names, models, known):
    """The batch with its model; people who were decomposed before are not again."""
    if id(batch) not in models:
        samples = _samples_of(batch)
        key = samples.tobytes()
        if key not in known:
            known.clear()  # one at a time is held
            known[key] = kinship.decomposition(samples)
        started, d = time.perf_counter(), batch.null.n_traits
        if batch.joint and d >= _MANY_TRAITS:
            log.info("%s: Cg and Cn of %d traits are fitted ...", group_name(batch.ploidy), d)
        models[id(batch)] = fitted(batch, known[key], settings)
        names = [names[code] for code in batch.trait_codes]
        log_model(models[id(batch)], batch, names, time.perf_counter() - started)
    return replace(batch, mixed=Whole(models[id(batch)]))


def _samples_of(batch):
    return np.arange(batch.null.n_samples) if batch.samples is None else batch.samples
