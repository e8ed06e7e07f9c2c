"""Traits that share people and covariates, with their null model on chromosomes of one ploidy."""

import logging
from dataclasses import dataclass, replace
from functools import cached_property
from typing import TYPE_CHECKING

import numpy as np

from gemcont.errors import GemcontError
from gemcont.genotype.chromosomes import Ploidy
from gemcont.genotype.kernels.fixed_point import FixedPoint
from gemcont.genotype.kernels.packed import Moments
from gemcont.genotype.ploidy import HAPLOID
from gemcont.genotype.source import Block
from gemcont.stats.null import NullModel, fit_null, fit_single_nulls
from gemcont.workflows.gwas.scan.block_tests import ordinary_statistics

if TYPE_CHECKING:
    from gemcont.workflows.gwas.scan.block_tests import BlockStatistics
    from gemcont.workflows.gwas.scan.plan import Plan, Stopwatch

log = logging.getLogger(__name__)

MALE, FEMALE = 1, 2
TRAITS_AT_ONCE = 256


def trait_slices(n_traits: int) -> list[slice]:
    """Return slices of some hundreds of traits, whose products are made together."""
    return [slice(start, start + TRAITS_AT_ONCE) for start in range(0, n_traits, TRAITS_AT_ONCE)]


@dataclass(frozen=True, kw_only=True)
class TraitGroup:
    """Traits that share people and covariates, ready to be tested on chromosomes of one ploidy.

    Attributes:
        ploidy: how the chromosomes' genotypes are read
        samples: ascending indices into the genotype file, None = all
        null: the null model of the traits
        trait_codes: which of the run's traits its columns are
        joint, single: which tests are asked for
        males, females: bool (samples,)
        design_names: names of the covariates' columns
    """

    ploidy: Ploidy
    samples: np.ndarray | None
    null: NullModel
    trait_codes: np.ndarray
    joint: bool
    single: bool
    males: np.ndarray
    females: np.ndarray
    design_names: list[str]

    def statistics(
        self, block: Block, moments: Moments, kept: np.ndarray, plan: "Plan", stopwatch: "Stopwatch"
    ) -> "BlockStatistics":
        """Return the ``BlockStatistics`` of the variants ``kept`` (positions) of a block."""
        return ordinary_statistics(self, block, moments, kept=kept, plan=plan, stopwatch=stopwatch)

    @cached_property
    def columns(self) -> FixedPoint:
        """Columns that genotypes are multiplied by: traits, then covariates.

        The intercept is left out: centred genotypes are orthogonal to it.
        """
        return FixedPoint(self.null.whitened, self.null.basis)

    @cached_property
    def trait_blocks(self) -> list[tuple[slice, FixedPoint]]:
        """Slices of the traits that are tested one by one, each with its ``FixedPoint``.

        Products of a block of variants with thousands of traits are made and screened some
        hundreds of traits at a time. [] where all fit into ``columns``.
        """
        if self.joint or self.null.n_traits <= TRAITS_AT_ONCE:
            return []
        slices = trait_slices(self.null.n_traits)
        return [(part, FixedPoint(self.null.whitened[:, part], exact=False)) for part in slices]

    @property
    def covariates_alone(self) -> bool:
        """True if a block's genotypes are first multiplied by the covariates alone."""
        return bool(self.trait_blocks)

    @cached_property
    def basis_columns(self) -> FixedPoint:
        """The covariates alone."""
        return FixedPoint(self.null.basis)

    @cached_property
    def exact_columns(self) -> FixedPoint:
        """``columns`` with more digits, for the few variants that need them."""
        return FixedPoint(self.null.whitened, self.null.basis, exact=True)

    @cached_property
    def exact_basis(self) -> FixedPoint:
        """The covariates alone, with more digits."""
        return FixedPoint(self.null.basis, exact=True)

    @property
    def dose(self) -> float:
        """Dosage units per allele: haploids are 0 or 2 in the files, tested as 0 or 1."""
        return 2.0 if self.ploidy in HAPLOID else 1.0


@dataclass(frozen=True, kw_only=True)
class CompletePeople:
    """People with complete data for some traits.

    Attributes:
        samples: ascending indices into the genotype file
        traits: float64 (samples, D)
        trait_names: names of the D traits
        design: float64 (samples, k), covariates without an intercept
        design_names: names of its columns
        sex: (samples,), 1 male, 2 female, 0 unknown
        codes: the traits' numbers in the run (D,)
    """

    samples: np.ndarray
    traits: np.ndarray
    trait_names: list[str]
    design: np.ndarray
    design_names: list[str]
    sex: np.ndarray
    codes: np.ndarray

    def take(self, kept: np.ndarray, extra: tuple | None = None) -> "CompletePeople":
        """Return the selected people, with one more covariate (name, values) if given."""
        design, names = self.design[kept], self.design_names
        if extra is not None:
            design, names = np.column_stack([design, extra[1][kept]]), [*names, extra[0]]
        return replace(
            self,
            samples=self.samples[kept],
            traits=self.traits[kept],
            design=design,
            design_names=names,
            sex=self.sex[kept],
        )


def people_on(people: CompletePeople, ploidy: Ploidy, *, x_sex: bool = True) -> CompletePeople:
    """Return the samples and covariates that a chromosome of this ploidy is tested with.

    Args:
        people: samples with complete data.
        ploidy: X has samples of known sex, sex being a covariate; Y has males; others everyone.
        x_sex: if false, X is tested as an autosome: in everyone, without the covariate.
    """
    if ploidy == Ploidy.Y:
        return people.take(people.sex == MALE)
    if ploidy == Ploidy.X and x_sex:
        return people.take(people.sex > 0, ("sex", (people.sex == MALE).astype(np.float64)))
    return people


def fit_trait_group(
    people: CompletePeople, ploidy: Ploidy, n_file_samples: int, *, joint: bool, single: bool
) -> tuple[TraitGroup, list[str], dict[str, str]]:
    """Fit the ``TraitGroup`` of people already restricted to those of the ploidy.

    Args:
        people: samples, traits and covariates.
        ploidy: how genotypes are read.
        n_file_samples: number of samples in the genotype file.
        joint: whether the joint test is made.
        single: whether traits are tested one by one.

    Returns:
        The group; names of the design's columns that were left out as collinear; trait -> fault, of
        traits that cannot be tested one by one.

    Raises:
        GemcontError: as ``fit_null``.
    """
    codes, faults = people.codes, {}
    if joint:
        null = fit_null(people.traits, people.design, names=people.trait_names)
    else:
        null, of_traits = fit_single_nulls(people.traits, people.design)
        faults = {n: f for n, f in zip(people.trait_names, of_traits, strict=True) if f}
        codes = codes[[f is None for f in of_traits]]
    everyone = len(people.samples) == n_file_samples
    group = TraitGroup(
        ploidy=ploidy,
        samples=None if everyone else people.samples,
        null=null,
        trait_codes=codes,
        joint=joint,
        single=single,
        males=people.sex == MALE,
        females=people.sex == FEMALE,
        design_names=people.design_names,
    )
    kept = set(null.kept_covariates.tolist())
    dropped = [n for j, n in enumerate(people.design_names) if j not in kept]
    return group, dropped, faults


def sex_trait_groups(
    parts: list, ploidy: Ploidy, n_file_samples: int, *, x_sex: bool
) -> list[TraitGroup] | None:
    """Fit the trait groups of X, Y or haploids, or warn and return None where they cannot be.

    Args:
        parts: (people, joint, single) as the autosomes are tested.
        ploidy: X, Y or MT.
        n_file_samples: number of samples in the genotype file.
        x_sex: as in ``people_on``.
    """
    name, groups = f"chromosome {ploidy.name}", []
    for people, joint, single in parts:
        here = people_on(people, ploidy, x_sex=x_sex)
        if len(here.samples) == 0:
            log.warning("%s is not tested (NA): no sample has the sex it needs", name)
            return None
        try:
            group, _, faults = fit_trait_group(
                here, ploidy, n_file_samples, joint=joint, single=single
            )
        except GemcontError as error:
            log.warning("%s is not tested (NA): %s", name, error)
            return None
        for trait, fault in faults.items():
            log.warning("%s: trait %s is left out: it %s there", name, trait, fault)
        log.info("%s: N = %d, K = %d", name, group.null.n_samples, group.null.n_covariates)
        groups.append(group)
    return groups
