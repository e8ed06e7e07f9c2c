"""Clumping streamed from a genotype file: the greedy answer in bounded memory.

The strongest candidates that fit in memory are clumped among themselves. Then every unclaimed
variant near them is read once, block by block, and goes to the first of the new index variants
that it is in linkage with. Then come the next candidates. A variant is always compared with
stronger index variants before weaker ones, so the result is that of clumping one index variant
after the other.
"""

from collections.abc import Callable
from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from gemcont.genotype.ld import Linkage, Near
from gemcont.stats.clump import NOBODY, greedy, least_neg_log_10_p, radius_of, ranking

_FEWEST, _MOST_CANDIDATES = 64, 1 << 15
_BLOCK_BYTES = 1 << 20  # of genotypes at a time: larger blocks lose time to paging


@dataclass(frozen=True)
class Bounds:
    """Bounds of a clump.

    neg_log_10_p: smallest -log10 p of an index variant
    r2: linkage with the index variant that a member is above
    radius: largest distance from the index variant, base pairs
    """

    neg_log_10_p: float
    r2: float
    radius: int

    @classmethod
    def of(cls, p: float, r2: float, kb: float) -> "Bounds":
        """Return the bounds of a largest p, an r2 and a distance in kilobases."""
        return cls(least_neg_log_10_p(p), r2, radius_of(kb))


@dataclass(frozen=True, kw_only=True)
class Candidates:
    """Variants to be clumped, in the order of the genotype file.

    variant: int64 (variants,), indices in the source
    chromosome: int (variants,), codes
    position: int64 (variants,), base pairs
    ploidy: uint8 (variants,), codes of ``Ploidy``
    neg_log_10_p: float64 (variants,), NaN for a variant that may not be an index variant
    """

    variant: np.ndarray
    chromosome: np.ndarray
    position: np.ndarray
    ploidy: np.ndarray
    neg_log_10_p: np.ndarray


class Clumping:
    """One run of clumping: ``owner`` returns the index variant of every variant.

    report: the variants
    linkage: reader of their genotypes
    bounds: of a clump
    threads: number of threads
    """

    def __init__(
        self,
        report: Candidates,
        linkage: Linkage,
        bounds: Bounds,
        *,
        memory: int,
        threads: int,
        advance: Callable[[int], object] = lambda count: None,
    ) -> None:
        """Prepare a run.

        Args:
            report: the variants.
            linkage: reader of their genotypes.
            bounds: of a clump.
            memory: bytes for genotypes.
            threads: number of threads.
            advance: called with the number of variants read since the last call.
        """
        self.report, self.linkage, self.bounds = report, linkage, bounds
        self.threads, self._advance = threads, advance
        one = linkage.bytes_per_variant
        raw = 2 * linkage.source.bytes_per_variant
        self._at_once = int(np.clip(memory // 2 // one, _FEWEST, _MOST_CANDIDATES))
        in_flight = memory // 2 // (threads * (one + raw))
        self._block = max(min(in_flight, max(_BLOCK_BYTES // one, _FEWEST)), 1)
        self._owner = np.full(len(report.variant), NOBODY, dtype=np.int64)

    def owner(self) -> np.ndarray:
        """Clump; return int64 (variants,), the index variant of each, -1 for none.

        An index variant is its own.
        """
        waiting = ranking(self.report.neg_log_10_p, self.bounds.neg_log_10_p)
        with ThreadPoolExecutor(self.threads) as pool:
            while len(waiting):
                candidates, waiting = np.split(waiting, [self._at_once])
                self._clump(pool, candidates)
                waiting = waiting[self._owner[waiting] == NOBODY]
        return self._owner

    def _clump(self, pool, candidates):
        codes = self.report.chromosome[candidates]
        groups = [candidates[codes == code] for code in np.unique(codes)]
        leaders = list(pool.map(self._among, groups))
        blocks = [
            (near, indices, block)
            for near, indices in leaders
            for block in self._unclaimed_near(near, indices)
        ]
        for count in pool.map(lambda task: self._claim(*task), blocks):
            self._advance(count)

    def _among(self, candidates):
        """Clump the candidates of one chromosome, strongest first, among themselves.

        Returns the new index variants, as ``Near`` and as positions in the report.
        """
        order = np.argsort(candidates)
        rows = self._rows(candidates[order])
        at = np.argsort(order)  # position of each candidate in the rows

        def is_linked(index: int, others: np.ndarray) -> np.ndarray:
            """Return whether a candidate is in linkage with each of the others."""
            return self.linkage.linked(rows, at[index], at[others], r2=self.bounds.r2)

        position = self.report.position[candidates]
        owner = greedy(position, is_linked, radius=self.bounds.radius)
        self._owner[candidates] = candidates[owner]
        leaders = np.flatnonzero(owner == np.arange(len(owner)))
        return Near(rows, at[leaders], position[leaders]), candidates[leaders]

    def _unclaimed_near(self, near, indices):
        """Return blocks of the unclaimed variants within the radius of an index variant."""
        report = self.report
        here = report.chromosome == report.chromosome[indices[0]]
        here = np.flatnonzero(here & (self._owner == NOBODY))
        here = here[_within(report.position[here], near.position, self.bounds.radius)]
        return [here[i : i + self._block] for i in range(0, len(here), self._block)]

    def _claim(self, near, indices, block):
        """Give each variant of a block to the first index variant that it is in linkage with."""
        position = self.report.position[block]
        radius = self.bounds.radius
        low, high = position.min() - radius, position.max() + radius
        reach = (near.position >= low) & (near.position <= high)
        reaching = Near(near.rows, near.chosen[reach], near.position[reach])
        rows = self._rows(block)
        first = self.linkage.first_linked(
            reaching, rows, position, r2=self.bounds.r2, radius=radius
        )
        claimed = first != NOBODY
        self._owner[block[claimed]] = indices[reach][first[claimed]]
        return len(block)

    def _rows(self, ascending):
        ploidy = self.report.ploidy[ascending[0]]
        return self.linkage.rows(self.report.variant[ascending], ploidy)


def _within(position, centres, radius):
    """Return whether each position lies within the radius of one of the centres."""
    centres = np.sort(centres)
    following = np.searchsorted(centres, position)
    after = centres[np.minimum(following, len(centres) - 1)]
    before = centres[np.maximum(following - 1, 0)]
    return np.minimum(np.abs(after - position), np.abs(position - before)) <= radius
