"""How relatives are taken into account: not, by a kinship matrix, or by REGENIE's predictions."""

import logging
from collections.abc import Sequence
from dataclasses import replace
from typing import TYPE_CHECKING, Protocol

import numpy as np
from threadpoolctl import threadpool_limits

from gemcont.errors import GemcontError
from gemcont.genotype.align import NO_ROW, SampleIds
from gemcont.genotype.chromosomes import Ploidy, canonical_name
from gemcont.genotype.source import GenotypeSource
from gemcont.tables.regenie import read_predictions, split_ids
from gemcont.workflows.common.memory import refuse_too_many
from gemcont.workflows.gwas.people import People
from gemcont.workflows.gwas.relatives.leave_one_out import with_mixed_models
from gemcont.workflows.gwas.scan.groups import Group, VariantGroups
from gemcont.workflows.gwas.scan.null_models import fit_trait_group, people_on
from gemcont.workflows.kinship.matrices import Kinship, canonical_names, open_kinship

if TYPE_CHECKING:
    from gemcont.settings.gwas import GwasSettings

log = logging.getLogger(__name__)

_LARGER = 1.1  # times its variance that a trait may have less a prediction, by chance


class Relatives(Protocol):
    """Treatment of relatives: none, a kinship, or predictions.

    Attributes:
        ids: ``SampleIds`` of the files whose people can be analysed
        files: paths that are read
        kinship: the ``Kinship``, or None
        suspicion: what a large lambda may come from, for the log
        holds_the_variant: whether the kinship is made of the chromosome that is tested
    """

    ids: Sequence
    files: Sequence
    kinship: Kinship | None
    suspicion: str
    holds_the_variant: bool

    def models(
        self,
        models: dict[Group, list | None],
        groups: VariantGroups,
        people: People,
        variants: np.ndarray,
        *,
        threads: int,
        progress: bool,
    ) -> tuple[dict[Group, list | None], VariantGroups]:
        """Return the trait groups by group, and the group of every variant of the source.

        Args:
            models: trait groups by ploidy, fitted without relatives.
            groups: groups of the variants by ploidy.
            people: analysed samples.
            variants: indices of the variants that are tested.
            threads: number of threads.
            progress: whether a bar is shown while a kinship is made.
        """


def open_relatives(
    source: GenotypeSource, settings: "GwasSettings", trait_names: list[str]
) -> Relatives:
    """Return ``Unrelated``, ``ByKinship`` or ``ByPredictions``, before people are matched."""
    if settings.pred is not None:
        return ByPredictions(source, settings, trait_names)
    if settings.kinship is not None:
        return ByKinship(source, settings)
    return Unrelated()


class Unrelated:
    """Samples treated as unrelated; see ``Relatives``."""

    ids: Sequence = ()
    files: Sequence = ()
    kinship: Kinship | None = None
    holds_the_variant = False
    suspicion = "relatives or population structure? (--kinship, or components in --covar)"

    def models(
        self,
        models: dict[Group, list | None],
        groups: VariantGroups,
        people: People,
        variants: np.ndarray,
        *,
        threads: int,
        progress: bool,
    ) -> tuple[dict[Group, list | None], VariantGroups]:
        """Return the models and groups unchanged; see ``Relatives``."""
        return models, groups


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

    def models(
        self,
        models: dict[Group, list | None],
        groups: VariantGroups,
        people: People,
        variants: np.ndarray,
        *,
        threads: int,
        progress: bool,
    ) -> tuple[dict[Group, list | None], VariantGroups]:
        """Return mixed models, with --loco one for each autosome; see ``Relatives``."""
        self._check_joint(people)
        samples = people.parts[0][0].samples
        refuse_too_many(len(samples), threads=threads, loco=self._settings.loco)
        left_out = {}
        if self._settings.loco:
            autosomes = np.flatnonzero(groups.code == groups.groups.index(Group(Ploidy.AUTOSOME)))
            groups = _by_chromosome(groups, self._source, autosomes, self._settings.autosomes)
            counts = groups.count(variants)
            left_out = {g: counts[g] for g in groups.present(variants) if g.chromosome is not None}
        with threadpool_limits(threads, user_api="blas"):
            self.kinship.prepare(samples, progress=progress)
            mixed = with_mixed_models(
                models,
                self.kinship,
                self._settings,
                trait_names=people.trait_names,
                left_out=left_out,
                threads=threads,
            )
            return mixed, groups

    def _check_joint(self, people):
        """Refuse settings of the joint test where there is none, before the kinship is made."""
        rank, n_traits = self._settings.kinship_rank, len(people.trait_names)
        flags = ("--kinship-rank", rank), ("--refit", self._settings.refit)
        for flag, given in () if people.joint else flags:
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

    kinship: Kinship | None = None
    holds_the_variant = False
    suspicion = "many true effects, or predictions of other traits, covariates or people?"

    def __init__(self, source, settings, trait_names):
        self._source, self._settings = source, settings
        predictions = read_predictions(settings.pred, trait_names)
        fid, iid = (source.samples[name].to_list() for name in ("fid", "iid"))
        self._rows = split_ids(predictions.ids, fid, iid, predictions.name)
        here = np.flatnonzero(self._rows != NO_ROW)
        if not len(here):
            raise GemcontError(
                f"{predictions.name}: none of its samples ({', '.join(predictions.ids[:3])} ...) "
                f"is in {source.name}; they must be its FID_IID"
            )
        whole = np.isfinite(predictions.values).all(axis=(0, 1))
        here = here[whole[self._rows[here]]]
        self.ids = (SampleIds(predictions.name, [fid[i] for i in here], [iid[i] for i in here]),)
        self.files = predictions.files
        names = (canonical_name(name, settings.autosomes) for name in predictions.chromosomes)
        self._of_chromosome = dict(zip(names, predictions.values.swapaxes(0, 1), strict=True))

    def models(
        self,
        models: dict[Group, list | None],
        groups: VariantGroups,
        people: People,
        variants: np.ndarray,
        *,
        threads: int,
        progress: bool,
    ) -> tuple[dict[Group, list | None], VariantGroups]:
        """Return trait groups with a null model of each chromosome; see ``Relatives``."""
        everything, autosomes = np.arange(len(groups.code)), self._settings.autosomes
        groups = _by_chromosome(groups, self._source, everything, autosomes)
        (whole, *_), scale = models[Group(Ploidy.AUTOSOME)] or [], self._scale(models, people)
        log.info("predictions of %s subtracted, each times %s", self.ids[0].name, _listed(scale))
        fitted, less = dict(models), []
        for group in groups.present(variants):
            fitted[group] = None
            predicted = self._predicted(group.chromosome)
            if predicted is None:
                name = group.chromosome
                log.warning("chromosome %s is not tested (NA): it has no predictions", name)
            elif models[Group(group.ploidy)] is not None:
                fitted[group] = [self._fitted(people, group.ploidy, predicted, scale)]
                if group.ploidy == Ploidy.AUTOSOME:
                    less.append((group.chromosome, fitted[group][0]))
        _warn_unless_smaller(whole, less, people.trait_names)
        return fitted, groups

    def _scale(self, models, people):
        """Return the residual standard deviation of each trait (traits,)."""
        (group, *_), scale = models[Group(Ploidy.AUTOSOME)] or [], np.zeros(len(people.trait_names))
        dof = group.null.n_samples - group.null.n_covariates
        scale[group.trait_codes] = np.sqrt(group.null.total_sum_of_squares / dof)
        return scale

    def _fitted(self, people, ploidy, predicted, scale):
        """Return the trait group of the traits minus their predictions (traits, listed samples)."""
        complete, joint, single = people.parts[0]
        less = complete.traits - predicted[:, self._rows[complete.samples]].T * scale
        here = people_on(replace(complete, traits=less), ploidy, x_sex=self._settings.x_sex)
        n_samples = self._source.n_samples
        return fit_trait_group(here, ploidy, n_samples, joint=joint, single=single)[0]

    def _predicted(self, name):
        """Return the predictions (traits, listed samples) of a chromosome, None if it has none.

        XY has those of X.
        """
        return self._of_chromosome.get("X" if name == "XY" else name)


def _warn_unless_smaller(before, after, trait_names):
    """Warn of predictions that add variance to their trait, as those of another trait or unit do.

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


def _by_chromosome(groups, source, variants, autosomes):
    """Return groups in which each chromosome of some variants has its own."""
    names = canonical_names(source.variants["chromosome"][variants], autosomes)
    return groups.with_chromosomes(variants, names)


def _listed(values, most=4):
    return ", ".join(f"{v:.6g}" for v in values[:most]) + (", ..." if len(values) > most else "")
