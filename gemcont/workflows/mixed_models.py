"""Mixed models of the batches: fitted on the whole kinship, turned to that of the others' genes.

Leave-one-chromosome-out keeps Cg and Cn of the whole genome: what changes from chromosome to
chromosome is the kinship, its eigenvectors, and all that is rotated by them.
"""

import logging
import threading
import time
from collections import OrderedDict
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass, replace
from functools import cached_property

import numpy as np

from gemcont.errors import GemcontError
from gemcont.genotype.chromosomes import Ploidy
from gemcont.genotype.kinship import turned_at_once, turned_dosages
from gemcont.stats.covariances import (
    Fit,
    Rotated,
    evaluate,
    fit,
    has_converged,
    maximise,
    runs_away,
)
from gemcont.stats.heritability import components
from gemcont.stats.regressions import Regressions, basis_of, single_fits
from gemcont.workflows.groups import group_name, trait_slices
from gemcont.workflows.kinship import side_by_side
from gemcont.workflows.settings import shortened
from gemcont.workflows.whitened_models import whitened, whitening_is_cheaper

log = logging.getLogger(__name__)

_AHEAD = 1  # chromosomes decomposed before they are asked for
_MANY_TRAITS = 16  # from which the log says that they are being fitted: it may take a minute


@dataclass(frozen=True)
class MixedModel:
    """The mixed model of a batch on one kinship matrix.

    vectors: U (N, N), float32; data: ``Rotated``; joint: ``Fit`` or None; single: ``Fit``s of the
    traits one by one, or []; null: ``Fit`` by maximum likelihood, with which refits are compared,
    or None; rank: of Cg, None = D
    """

    vectors: np.ndarray
    data: Rotated
    joint: Fit | None
    single: list
    null: Fit | None
    rank: int | None = None

    @cached_property
    def joint_regressions(self):
        """Those of the joint test."""
        return Regressions.of_fit(self.joint, self.data.covariates)

    @cached_property
    def single_regressions(self):
        """Pairs of a slice of the traits and their ``Regressions``, one by one."""
        parts, covariates = trait_slices(len(self.single)), self.data.covariates
        return [(p, Regressions.of_single_fits(self.single[p], covariates)) for p in parts]

    @property
    def single_parts(self):
        """Slices of the traits tested one by one, with their residual sums of squares."""
        return [(p, np.array([f.r0 for f in self.single[p]])) for p, _ in self.single_regressions]

    @property
    def basis(self):
        """The ``Basis`` of the joint test."""
        return basis_of(self.joint, *self.data.covariates.shape)

    @cached_property
    def joint_components(self):
        """``Components`` of the joint test's covariances."""
        return components(self.joint, self.data.eigenvalues)

    @cached_property
    def heritabilities(self):
        """Pairs of heritabilities and standard errors (D,): "" joint, "own_" of traits alone."""
        values, found = self.data.eigenvalues, {}
        if self.joint is not None:
            parts = self.joint_components
            found[""] = parts.heritability, parts.heritability_se
        if self.single:
            own = [components(one, values) for one in self.single]
            names = "heritability", "heritability_se"
            found["own_"] = tuple(np.array([getattr(p, name)[0] for p in own]) for name in names)
        return found

    @property
    def likelihood_data(self):
        """``data`` for maximum likelihood."""
        return replace(self.data, reml=False)

    def rotated(self, block, mean, rows):
        """Centred genotypes of some variants of a block times U: float64 (variants, N)."""
        return turned_dosages(block.take(rows), mean[rows], lambda centred: centred @ self.vectors)

    def sums(self, block, mean, rows):
        """Scores and information (variants, traits) of each of the model's regressions."""
        regressions = [self.joint_regressions] if self.joint is not None else []
        regressions += [found for _, found in self.single_regressions]
        parts, size = [], turned_at_once(len(self.vectors))
        for first in range(0, max(len(rows), 1), size):
            rotated = self.rotated(block, mean, rows[first : first + size])
            parts.append([found.sums(rotated) for found in regressions])
        return [
            tuple(np.concatenate(both) for both in zip(*of_one, strict=True))
            for of_one in zip(*parts, strict=True)
        ]


def fitted(batch, found, settings):
    """The ``MixedModel`` of a batch on a ``Decomposition``, its covariances fitted."""
    data, rank = _rotated(batch.null, found, settings.reml), settings.kinship_rank
    joint = null = None
    if batch.joint:
        where, joint = group_name(batch.ploidy), fit(data, rank, or_restricted=True)
        if joint.reml and not data.reml:
            log.warning(
                "%s: the likelihood has no maximum: the restricted one is used, as by --reml, and "
                "nothing is refitted",
                where,
            )
            data = data.restricted
        else:
            null = _null_of_refits(data, joint, settings, where)
    single, vectors = single_fits(data) if batch.single else [], found.vectors.astype(np.float32)
    return MixedModel(vectors, data, joint, single, null, rank)


def _null_of_refits(data, joint, settings, where):
    """The ``Fit`` that refits are compared with, by maximum likelihood; None: nothing is."""
    if not settings.refits:
        return None
    if not data.reml:
        return joint
    likelihood = replace(data, reml=False)
    found = fit(likelihood, settings.kinship_rank)
    if runs_away(likelihood, found):
        log.warning("%s: nothing is refitted, maximum likelihood has no maximum", where)
        return None
    return found


def turned(batch, model, found, name):
    """The model on the ``Decomposition`` of a kinship without a chromosome, covariances kept."""
    data = _rotated(batch.null, found, model.data.reml)
    joint = null = None
    if model.joint is not None:
        joint = evaluate(data, model.joint.genetic, model.joint.residual)
    if model.null is not None:  # of refits, which are compared with a maximum
        start = model.null.genetic, model.null.residual
        likelihood = replace(data, reml=False)
        null = maximise(likelihood, *start, model.rank)
        if runs_away(likelihood, null):
            log.warning("chromosome %s: nothing is refitted, the likelihood has no maximum", name)
            null = None
    single = single_fits(data, model.single) if model.single else []
    vectors = found.vectors.astype(np.float32)
    return MixedModel(vectors, data, joint, single, null, model.rank)


def _rotated(null, found, reml):
    """Residual traits and covariates, times U'."""
    traits, covariates = _columns(null)
    turn = found.vectors.T
    return Rotated(turn @ traits, turn @ covariates, found.values, reml)


def _columns(null):
    """Residual traits (N, D), and an orthogonal basis of the covariates with the intercept."""
    basis = np.column_stack([np.ones(null.n_samples), np.sqrt(null.n_samples) * null.basis])
    return null.in_trait_units(null.whitened), basis


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
                return whitened(*_columns(batch.null), matrix, model.joint, model.single)
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
        _log_model(models[id(batch)], batch, names, time.perf_counter() - started)
    return replace(batch, mixed=Whole(models[id(batch)]))


def _samples_of(batch):
    return np.arange(batch.null.n_samples) if batch.samples is None else batch.samples


def _log_model(model, batch, names, seconds):
    where, method = group_name(batch.ploidy), "REML" if model.data.reml else "ML"
    if model.joint is not None:
        rank = "" if model.rank is None else f" (Cg is bound to rank {model.rank})"
        log.info(
            "%s, null model: log-likelihood %.6f (%s), largest slope %.2g, largest eigenvalue of "
            "dL/dCg %.2g%s, %.1f s",
            where,
            model.joint.log_likelihood,
            method,
            model.joint.gradient_norm,
            model.joint.curvature,
            rank,
            seconds,
        )
        _warn_unless_optimal(model.joint, f"{where}, null model", model.rank)
    for prefix, found in model.heritabilities.items():
        what = "heritability" if not prefix else "heritability of traits alone"
        _log_heritability(f"{where}, {what}", names, *found)
    for name, one in zip(names, model.single, strict=False):
        if one.reml and not model.data.reml:
            log.warning("%s, %s alone: the likelihood has no maximum, REML is used", where, name)
        _warn_unless_optimal(one, f"{where}, null model of {name} alone", None)


def _log_heritability(what, names, shares, errors):
    if not np.isfinite(errors).all():
        log.warning("%s: cannot be told, the kinship is that of unrelated people", what)
        return
    rows = zip(names, shares, errors, strict=True)
    shown = [f"{name} {share:.3f} (se {error:.3f})" for name, share, error in rows]
    log.info("%s: %s", what, shortened(shown))


def _warn_unless_optimal(found, what, rank):
    """A warning where the fit has not converged."""
    if not has_converged(found, rank):
        log.warning(
            "%s has not converged (slope %.2g): its best point is kept; try --reml",
            what,
            found.gradient_norm,
        )
