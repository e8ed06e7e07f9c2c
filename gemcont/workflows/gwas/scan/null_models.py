"""One null model per group of chromosomes and people: autosomes, X, Y, other haploids."""

import logging
from dataclasses import dataclass
from functools import cached_property

import numpy as np

from gemcont.errors import GemcontError
from gemcont.genotype.chromosomes import Ploidy
from gemcont.genotype.kernels.fixed_point import FixedPoint
from gemcont.genotype.ploidy import HAPLOID
from gemcont.stats.null import NullModel, fit_null, fit_single_nulls

log = logging.getLogger(__name__)


MALE, FEMALE = 1, 2


TRAITS_AT_ONCE = 256


def trait_slices(n_traits):
    """Slices of so many traits, some hundreds each: those that are tested one by one together."""
    return [slice(start, start + TRAITS_AT_ONCE) for start in range(0, n_traits, TRAITS_AT_ONCE)]


@dataclass(frozen=True)
class TraitGroup:
    """Traits that share people and covariates, ready to be tested on chromosomes of one ploidy.

    samples: ascending indices into the genotype file, None = all; null: their null model;
    trait_codes: which of the run's traits its columns are; joint, single: which tests are asked
    for; males, females: bool over the samples; design_names: of the covariates' columns; mixed:
    what gives the ``MixedModel`` of related people, or None
    """

    ploidy: Ploidy
    samples: np.ndarray | None
    null: NullModel
    trait_codes: np.ndarray
    joint: bool
    single: bool
    males: np.ndarray
    females: np.ndarray
    design_names: list
    mixed: object = None

    @cached_property
    def columns(self):
        """What genotypes are multiplied by: traits, then covariates.

        The intercept is left out: centred genotypes are orthogonal to it.
        """
        return FixedPoint(self.null.whitened, self.null.basis)

    @cached_property
    def trait_blocks(self):
        """Slices of the traits that are tested one by one, each with its ``FixedPoint``.

        Products of a block of variants with thousands of traits are made and screened some
        hundreds of traits at a time. [] where all fit into ``columns``.
        """
        if self.joint or self.null.n_traits <= TRAITS_AT_ONCE:
            return []
        slices = trait_slices(self.null.n_traits)
        return [(part, FixedPoint(self.null.whitened[:, part], exact=False)) for part in slices]

    @property
    def covariates_alone(self):
        """Whether a block's genotypes are first multiplied by the covariates alone."""
        return bool(self.trait_blocks) or self.mixed is not None

    @cached_property
    def basis_columns(self):
        """The covariates alone."""
        return FixedPoint(self.null.basis)

    @cached_property
    def exact_columns(self):
        """The same with more digits, for the few variants where they are needed."""
        return FixedPoint(self.null.whitened, self.null.basis, exact=True)

    @cached_property
    def exact_basis(self):
        """The covariates alone, with more digits."""
        return FixedPoint(self.null.basis, exact=True)

    @property
    def dose(self):
        """Dosage units per allele: haploids are 0 or 2 in the files, tested as 0 or 1."""
        return 2.0 if self.ploidy in HAPLOID else 1.0


@dataclass(frozen=True)
class CompletePeople:
    """People with complete data for some traits, as the cohort assembled them.

    samples: ascending indices into the file; traits (samples, D); design (samples, k) without
    intercept; sex (samples,), 1 male, 2 female, 0 unknown; codes: the traits' numbers in the run
    """

    samples: np.ndarray
    traits: np.ndarray
    trait_names: list
    design: np.ndarray
    design_names: list
    sex: np.ndarray
    codes: np.ndarray

    def take(self, kept, extra=None):
        """The people of a bool array, with an extra covariate (name, values) where given."""
        design, names = self.design[kept], self.design_names
        if extra is not None:
            design, names = np.column_stack([design, extra[1][kept]]), [*names, extra[0]]
        return CompletePeople(
            self.samples[kept],
            self.traits[kept],
            self.trait_names,
            design,
            names,
            self.sex[kept],
            self.codes,
        )


def people_on(people, ploidy, *, x_sex=True):
    """The people and covariates that a chromosome of this ploidy is tested in.

    X: those whose sex is known, sex being a covariate (unless ``x_sex`` is false: then everyone);
    Y: males; others: everyone.
    """
    if ploidy == Ploidy.Y:
        return people.take(people.sex == MALE)
    if ploidy == Ploidy.X and x_sex:
        return people.take(people.sex > 0, ("sex", (people.sex == MALE).astype(np.float64)))
    return people


def fit_trait_group(people, ploidy, n_file_samples, *, joint, single):
    """A ``TraitGroup`` of people already restricted to those of the ploidy.

    Returns it with the design's columns that were left out as collinear, and the faults of
    traits that cannot be tested one by one. Raises GemcontError as ``fit_null``.
    """
    codes, faults = people.codes, {}
    if joint:
        null = fit_null(people.traits, people.design, names=people.trait_names)
    else:
        null, found = fit_single_nulls(people.traits, people.design)
        faults = {n: f for n, f in zip(people.trait_names, found, strict=True) if f}
        codes = codes[[f is None for f in found]]
    everyone = len(people.samples) == n_file_samples
    batch = TraitGroup(
        ploidy,
        None if everyone else people.samples,
        null,
        codes,
        joint,
        single,
        people.sex == MALE,
        people.sex == FEMALE,
        people.design_names,
    )
    kept = set(null.kept_covariates.tolist())
    dropped = [n for j, n in enumerate(people.design_names) if j not in kept]
    return batch, dropped, faults


def sex_trait_groups(parts, ploidy, n_file_samples, *, x_sex):
    """Batches of X, Y or haploids, or None with a warning where they cannot be fitted.

    parts: (people, joint, single) as the autosomes are tested
    """
    name, batches = f"chromosome {ploidy.name}", []
    for people, joint, single in parts:
        here = people_on(people, ploidy, x_sex=x_sex)
        if len(here.samples) == 0:
            log.warning("%s is not tested (NA): no sample has the sex it needs", name)
            return None
        try:
            batch, _, faults = fit_trait_group(
                here, ploidy, n_file_samples, joint=joint, single=single
            )
        except GemcontError as error:
            log.warning("%s is not tested (NA): %s", name, error)
            return None
        for trait, fault in faults.items():
            log.warning("%s: trait %s is left out: it %s there", name, trait, fault)
        log.info("%s: N = %d, K = %d", name, batch.null.n_samples, batch.null.n_covariates)
        batches.append(batch)
    return batches
