"""How relatives are taken into account: not, by a kinship matrix, or by REGENIE's predictions."""

import logging
from dataclasses import replace

import numpy as np
from threadpoolctl import threadpool_limits

from gemcont.errors import GemcontError
from gemcont.genotype.align import NO_ROW, SampleIds
from gemcont.genotype.chromosomes import Ploidy, canonical_name
from gemcont.tables.regenie import read_predictions, split_ids
from gemcont.workflows.common.memory import refuse_too_many
from gemcont.workflows.gwas.relatives.leave_one_out import mix
from gemcont.workflows.gwas.scan.null_models import fit_trait_group, people_on
from gemcont.workflows.gwas.scan.plan import CHROMOSOME
from gemcont.workflows.kinship.matrices import canonical_names, open_kinship

log = logging.getLogger(__name__)

_LARGER = 1.1  # times its variance that a trait may have less a prediction, by chance


def open_relatives(source, settings, trait_names):
    """``Unrelated``, ``ByKinship`` or ``ByPredictions``, before people are matched."""
    if settings.pred is not None:
        return ByPredictions(source, settings, trait_names)
    if settings.kinship is not None:
        return ByKinship(source, settings)
    return Unrelated()


class Unrelated:
    """Everyone is taken as unrelated.

    ids: ``SampleIds`` of the files whose people can be analysed; files: that are read; suspicion:
    what a large lambda may come from, for the log; holds_the_variant: whether the kinship is made
    of the chromosome that is tested
    """

    ids, files, kinship, holds_the_variant = (), (), None, False
    suspicion = "relatives or population structure? (--kinship, or components in --covar)"

    def models(self, batches, kinds, cohort, variants, *, threads, progress):
        """Batches by group and the group (``Plan.group``) of every variant.

        batches: by ploidy, fitted without relatives; kinds: ploidy of every variant
        """
        return batches, kinds.astype(np.uint16)


class ByKinship:
    """A mixed model on a kinship matrix."""

    def __init__(self, source, settings):
        self._source, self._settings = source, settings
        self.kinship = open_kinship(source, settings)
        self.ids = () if self.kinship.ids is None else (self.kinship.ids,)
        self.files = self.kinship.files
        lost = "structure that a left-out chromosome takes along" if settings.loco else "structure"
        self.holds_the_variant = not settings.loco
        self.suspicion = f"many true effects, or {lost}? (components in --covar)"

    def models(self, batches, kinds, cohort, variants, *, threads, progress):
        """As ``Unrelated.models``: with mixed models; of autosomes one each with --loco."""
        self._check_joint(cohort)
        samples = cohort.parts[0][0].samples
        refuse_too_many(len(samples), threads=threads, loco=self._settings.loco)
        groups, left_out = kinds.astype(np.uint16), {}
        if self._settings.loco:
            autosomes = np.flatnonzero(kinds == Ploidy.AUTOSOME)
            groups[autosomes], names = _by_chromosome(
                self._source, kinds, autosomes, self._settings.autosomes
            )
            counts = np.bincount(groups[variants])
            found = _in_order(groups[variants])
            left_out = {g: (names[g], int(counts[g])) for g in found if g >= CHROMOSOME}
        with threadpool_limits(threads, user_api="blas"):
            self.kinship.prepare(samples, progress=progress)
            names = cohort.trait_names
            mixed = mix(batches, self.kinship, self._settings, names, left_out, threads)
            return mixed, groups

    def _check_joint(self, cohort):
        """What is of the joint test, before the kinship is made."""
        rank, n_traits = self._settings.kinship_rank, len(cohort.trait_names)
        flags = ("--kinship-rank", rank), ("--refit", self._settings.refit)
        for flag, given in () if cohort.joint else flags:
            if given is not None:
                raise GemcontError(
                    f"{flag} is of the joint test; leave --each-trait-only out (above 200 traits: "
                    "add --joint)"
                )
        if rank is not None and rank > n_traits:
            raise GemcontError(f"--kinship-rank {rank}: the traits are only {n_traits}")


class ByPredictions:
    """REGENIE's predictions of the other chromosomes, subtracted from the traits.

    As in REGENIE's second step they are those of residual traits of variance 1: a trait loses
    its prediction times the standard deviation of what the covariates leave of it.
    """

    kinship, holds_the_variant = None, False
    suspicion = "many true effects, or predictions of other traits, covariates or people?"

    def __init__(self, source, settings, trait_names):
        self._source, self._settings = source, settings
        found = read_predictions(settings.pred, trait_names)
        fid, iid = (source.samples[name].to_list() for name in ("fid", "iid"))
        self._rows = split_ids(found.ids, fid, iid, found.name)
        here = np.flatnonzero(self._rows != NO_ROW)
        if not len(here):
            raise GemcontError(
                f"{found.name}: none of its samples ({', '.join(found.ids[:3])} ...) is in "
                f"{source.name}; they must be its FID_IID"
            )
        whole = np.isfinite(found.values).all(axis=(0, 1))
        here = here[whole[self._rows[here]]]
        self.ids = (SampleIds(found.name, [fid[i] for i in here], [iid[i] for i in here]),)
        self.files = found.files
        names = (canonical_name(name, settings.autosomes) for name in found.chromosomes)
        self._of_chromosome = dict(zip(names, found.values.swapaxes(0, 1), strict=True))

    def models(self, batches, kinds, cohort, variants, *, threads, progress):
        """As ``Unrelated.models``: a null model of its own for every chromosome."""
        everything, autosomes = np.arange(len(kinds)), self._settings.autosomes
        groups, names = _by_chromosome(self._source, kinds, everything, autosomes)
        people, joint, single = cohort.parts[0]
        batch, scale = batches[Ploidy.AUTOSOME][0], np.zeros(people.traits.shape[1])
        variance = batch.null.total_sum_of_squares / (
            batch.null.n_samples - batch.null.n_covariates
        )
        scale[batch.trait_codes] = np.sqrt(variance)
        log.info("predictions of %s subtracted, each times %s", self.ids[0].name, _listed(scale))
        found, fitted = dict(batches), []
        for group in _in_order(groups[variants]):
            ploidy, name = Ploidy(group % CHROMOSOME), names[group]
            predicted = self._predicted(name)
            found[group] = None
            if predicted is None:
                log.warning("chromosome %s is not tested (NA): it has no predictions", name)
            elif batches[ploidy] is not None:
                less = people.traits - predicted[:, self._rows[people.samples]].T * scale
                here = people_on(replace(people, traits=less), ploidy, x_sex=self._settings.x_sex)
                n_file = self._source.n_samples
                found[group] = [
                    fit_trait_group(here, ploidy, n_file, joint=joint, single=single)[0]
                ]
                if ploidy == Ploidy.AUTOSOME:
                    fitted.append((name, found[group][0]))
        _warn_unless_smaller(batch, fitted, cohort.trait_names)
        return found, groups

    def _predicted(self, name):
        """(traits, samples of the lists) of a chromosome; XY goes with X. None: it has none."""
        return self._of_chromosome.get("X" if name == "XY" else name)


def _warn_unless_smaller(before, after, trait_names):
    """A prediction takes variance off its trait; of another trait, or in other units, it adds some.

    before: the ``TraitGroup`` of the traits; after: pairs of chromosome and ``TraitGroup``, less
    predictions
    """
    was = dict(zip(before.trait_codes, before.null.total_sum_of_squares, strict=True))
    worst = dict.fromkeys(was, (_LARGER, None))
    for name, batch in after:
        for code, left in zip(batch.trait_codes, batch.null.total_sum_of_squares, strict=True):
            worst[code] = max(worst[code], (left / was[code], name), key=lambda pair: pair[0])
    for code, (times, name) in worst.items():
        if name is not None:
            log.warning(
                "less its prediction, trait %s varies up to %.3g times as much (chromosome %s): "
                "are the predictions its own, and in REGENIE's units?",
                trait_names[code],
                times,
                name,
            )


def _by_chromosome(source, kinds, variants, autosomes):
    """Groups (variants,) of their chromosomes, and the canonical name of each group."""
    column = canonical_names(source.variants["chromosome"][variants], autosomes)
    order = column.unique(maintain_order=True).to_list()
    number = dict(zip(order, range(1, len(order) + 1), strict=True))
    chromosomes = column.replace_strict(number).to_numpy().astype(np.uint16)
    groups = chromosomes * np.uint16(CHROMOSOME) + kinds[variants]
    names = dict(zip(groups.tolist(), column.to_list(), strict=True))
    return groups, names


def _in_order(groups):
    """Each group once, as they come first."""
    found, first = np.unique(groups, return_index=True)
    return found[np.argsort(first)].tolist()


def _listed(values, most=4):
    return ", ".join(f"{v:.6g}" for v in values[:most]) + (", ..." if len(values) > most else "")
