"""UCSC chain files: positions of one genome build in another."""

import numpy as np

from gemcont._text import read_text
from gemcont.errors import GemcontError
from gemcont.genotype.chromosomes import canonical_name

_HEADER_FIELDS = 12


class Chain:
    """A chain file (plain or .gz), ready to lift positions.

    Where chains overlap the best-scored one counts.
    """

    def __init__(self, path):
        self.name = str(path)
        self._blocks = _read_blocks(self.name)

    @property
    def chromosomes(self):
        """Canonical names of the chromosomes that can be lifted."""
        return set(self._blocks)

    def lift(self, chromosome, position):
        """Positions of one chromosome in the other build.

        chromosome: any name of it; position: int64 (rows,), counted from 1. Returns the new
        chromosome's canonical names (object array, None where nothing maps), positions (0 there),
        and whether the strand is the other one.
        """
        position = np.asarray(position, dtype=np.int64)
        names = np.full(len(position), None, dtype=object)
        lifted = np.zeros(len(position), dtype=np.int64)
        reverse = np.zeros(len(position), dtype=bool)
        for start, end, first, step, name in self._blocks.get(canonical_name(chromosome), ()):
            at = np.searchsorted(start, position - 1, side="right") - 1
            inside = (at >= 0) & (position - 1 < end[at]) & (lifted == 0)
            at = at[inside]
            offset = position[inside] - 1 - start[at]
            lifted[inside] = first[at] + step * offset + 1
            names[inside] = name
            reverse[inside] = step < 0
        return names, lifted, reverse


def _read_blocks(path):
    """Canonical chromosome -> its chains' arrays, the best first."""
    lines = read_text(path).decode(errors="replace").split("\n")
    chains, current = [], None
    for number, line in enumerate(lines, 1):
        fields = line.split()
        if not fields or fields[0].startswith("#"):
            continue
        try:
            if fields[0] == "chain":
                current = _Chain(fields)
                chains.append(current)
            else:
                current.add([int(f) for f in fields])
        except (ValueError, IndexError, AttributeError):
            raise GemcontError(f"{path}: line {number} is not of a UCSC chain file") from None
    if not chains:
        raise GemcontError(f"{path}: holds no chain (a UCSC .over.chain file is expected)")
    found = {}
    for chain in sorted(chains, key=lambda c: -c.score):
        found.setdefault(canonical_name(chain.source), []).append(chain.arrays())
    return found


class _Chain:
    """One chain while its blocks are read; positions count from 0."""

    def __init__(self, fields):
        if len(fields) < _HEADER_FIELDS:
            raise ValueError(fields)
        self.score, self.source = float(fields[1]), fields[2]
        self.at = int(fields[5])
        self.target, self.size = fields[7], int(fields[8])
        self.step = -1 if fields[9] == "-" else 1
        self.other = int(fields[10])
        self.start, self.end, self.first = [], [], []

    def add(self, sizes):
        """A block: its size, and the gaps behind it in both genomes."""
        size, gaps = sizes[0], sizes[1:] or [0, 0]
        self.start.append(self.at)
        self.end.append(self.at + size)
        self.first.append(self.other if self.step > 0 else self.size - 1 - self.other)
        self.at += size + gaps[0]
        self.other += size + gaps[1]

    def arrays(self):
        """(starts, ends, first positions in the target, step, target's canonical name)."""
        numbers = (np.array(a, dtype=np.int64) for a in (self.start, self.end, self.first))
        start, end, first = numbers
        return start, end, first, self.step, canonical_name(self.target)
