"""Groups of chromosomes that share null models, and which group each variant is of."""

from dataclasses import dataclass
from typing import NamedTuple

import numpy as np
import polars as pl

from gemcont.genotype.chromosomes import Ploidy


class Group(NamedTuple):
    """Chromosomes that share null models: all of a ploidy, or a single one.

    Attributes:
        ploidy: how their genotypes are read
        chromosome: canonical name where each chromosome has models of its own, else None
    """

    ploidy: Ploidy
    chromosome: str | None = None


@dataclass(frozen=True, kw_only=True)
class VariantGroups:
    """The group of every variant of a source.

    Attributes:
        groups: the groups there are
        code: uint16 (variants,), each variant's position in ``groups``
    """

    groups: tuple[Group, ...]
    code: np.ndarray

    @classmethod
    def by_ploidy(cls, ploidy: np.ndarray) -> "VariantGroups":
        """Return the groups of variants by their ploidy codes (variants,) alone."""
        return cls(groups=tuple(map(Group, Ploidy)), code=ploidy.astype(np.uint16))

    def with_chromosomes(self, chosen: np.ndarray, names: pl.Series) -> "VariantGroups":
        """Return groups in which the chromosomes of some variants have groups of their own.

        Args:
            chosen: indices of these variants.
            names: canonical chromosomes of these variants, in their order.
        """
        if not len(chosen):
            return self
        order = names.unique(maintain_order=True).to_list()
        number = names.replace_strict(dict(zip(order, range(len(order)), strict=True)))
        pairs = np.stack([number.to_numpy(), self.code[chosen]]).astype(np.int64)
        unique, which = np.unique(pairs, axis=1, return_inverse=True)
        own = [Group(self.groups[code].ploidy, order[name]) for name, code in unique.T]
        code = self.code.copy()
        code[chosen] = len(self.groups) + which.ravel()
        return VariantGroups(groups=(*self.groups, *own), code=code)

    def present(self, variants: np.ndarray) -> list[Group]:
        """Return the distinct groups of some variants, in order of first appearance."""
        codes, first = np.unique(self.code[variants], return_index=True)
        return [self.groups[code] for code in codes[np.argsort(first)]]

    def count(self, variants: np.ndarray) -> dict[Group, int]:
        """Return the number of some variants in each group."""
        counts = np.bincount(self.code[variants], minlength=len(self.groups)).tolist()
        return dict(zip(self.groups, counts, strict=True))

    @property
    def by_chromosome(self) -> bool:
        """True if models differ from chromosome to chromosome."""
        return any(group.chromosome is not None for group in self.groups)
