"""Clumping streamed from a genotype file: the greedy answer in bounded memory.

The strongest candidates that fit in memory are clumped among themselves; then every other variant
near them passes by once, block by block, and goes to the first of the new index variants that it
is linked to; then the next candidates. Whoever is claimed by a stronger index variant is claimed
before a weaker one looks at it, so the answer is that of clumping one variant after the other.
"""

from concurrent.futures import ThreadPoolExecutor
from dataclasses import dataclass

import numpy as np

from gemcont.genotype.ld import Near
from gemcont.stats.clump import NOBODY, greedy, least_neg_log_10_p, radius_of, ranking

_FEWEST, _MOST_CANDIDATES = 64, 1 << 15
_BLOCK_BYTES = 1 << 20  # made ready at once: beyond it the system's paging shows


@dataclass(frozen=True)
class Bounds:
    """What makes a clump: least -log10 p of an index variant, r2 to be above, largest distance."""

    neg_log_10_p: float
    r2: float
    radius: int

    @classmethod
    def of(cls, p, r2, kb):
        """The bounds that a largest p, an r2 and a distance in kilobases mean."""
        return cls(least_neg_log_10_p(p), r2, radius_of(kb))


@dataclass(frozen=True)
class Candidates:
    """The variants that are clumped, in the order of the genotype file.

    variant: int64, their indices in the source; chromosome: codes; position: int64 base pairs;
    ploidy: codes; neg_log_10_p: float64
    """

    variant: np.ndarray
    chromosome: np.ndarray
    position: np.ndarray
    ploidy: np.ndarray
    neg_log_10_p: np.ndarray


class Clumping:
    """One run: ``owner()`` gives the index variant of every variant of the report.

    linkage: ``Linkage``; memory: bytes for genotypes; advance: called with the number of
    variants that have passed by.
    """

    def __init__(self, report, linkage, bounds, *, memory, threads, advance=lambda count: None):
        self.report, self.linkage, self.bounds = report, linkage, bounds
        self.threads, self._advance = threads, advance
        one = linkage.bytes_per_variant
        raw = 2 * linkage.source.bytes_per_variant
        self._at_once = int(np.clip(memory // 2 // one, _FEWEST, _MOST_CANDIDATES))
        in_flight = memory // 2 // (threads * (one + raw))
        self._block = max(min(in_flight, max(_BLOCK_BYTES // one, _FEWEST)), 1)
        self._owner = np.full(len(report.variant), NOBODY, dtype=np.int64)

    def owner(self):
        """int64 (variants,): who claims each, itself for an index variant, -1 for nobody."""
        waiting = ranking(self.report.neg_log_10_p, self.bounds.neg_log_10_p)
        with ThreadPoolExecutor(self.threads) as pool:
            while len(waiting):
                batch, waiting = np.split(waiting, [self._at_once])
                self._clump_batch(pool, batch)
                waiting = waiting[self._owner[waiting] == NOBODY]
        return self._owner

    def _clump_batch(self, pool, batch):
        codes = self.report.chromosome[batch]
        groups = [batch[codes == code] for code in np.unique(codes)]
        founds = list(pool.map(self._among, groups))
        blocks = [
            (near, indices, block)
            for near, indices in founds
            for block in self._passers_by(near, indices)
        ]
        for count in pool.map(lambda task: self._claim(*task), blocks):
            self._advance(count)

    def _among(self, candidates):
        """Clump the candidates of one chromosome, strongest first, among themselves.

        Returns the new index variants, as ``Near`` and as positions in the report.
        """
        order = np.argsort(candidates)
        rows = self._rows(candidates[order])
        at = np.argsort(order)  # where each candidate stands in the rows

        def linked(index, others):
            return self.linkage.linked(rows, at[index], at[others], r2=self.bounds.r2)

        position = self.report.position[candidates]
        owner = greedy(position, linked, radius=self.bounds.radius)
        self._owner[candidates] = candidates[owner]
        leaders = np.flatnonzero(owner == np.arange(len(owner)))
        return Near(rows, at[leaders], position[leaders]), candidates[leaders]

    def _passers_by(self, near, indices):
        """Blocks of the unclaimed variants within reach of the index variants."""
        report = self.report
        here = report.chromosome == report.chromosome[indices[0]]
        here = np.flatnonzero(here & (self._owner == NOBODY))
        here = here[_within(report.position[here], near.position, self.bounds.radius)]
        return [here[i : i + self._block] for i in range(0, len(here), self._block)]

    def _claim(self, near, indices, block):
        """Give each variant of a block to the first index variant that it is linked to."""
        position = self.report.position[block]
        radius = self.bounds.radius
        low, high = position.min() - radius, position.max() + radius
        reach = (near.position >= low) & (near.position <= high)
        reaching = Near(near.rows, near.chosen[reach], near.position[reach])
        rows = self._rows(block)
        found = self.linkage.first_linked(
            reaching, rows, position, r2=self.bounds.r2, radius=radius
        )
        claimed = found != NOBODY
        self._owner[block[claimed]] = indices[reach][found[claimed]]
        return len(block)

    def _rows(self, ascending):
        ploidy = self.report.ploidy[ascending[0]]
        return self.linkage.rows(self.report.variant[ascending], ploidy)


def _within(position, centres, radius):
    """Which positions lie within the radius of one of the centres."""
    centres = np.sort(centres)
    following = np.searchsorted(centres, position)
    after = centres[np.minimum(following, len(centres) - 1)]
    before = centres[np.maximum(following - 1, 0)]
    return np.minimum(np.abs(after - position), np.abs(position - before)) <= radius
