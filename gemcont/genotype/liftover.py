"""UCSC chain files: positions of one genome build in another."""

from collections.abc import Sequence
from os import PathLike

import numpy as np

from gemcont.errors import GemcontError
from gemcont.genotype.chromosomes import HUMAN_AUTOSOMES, canonical_name
from gemcont.text.files import read_text

_HEADER_FIELDS = 12


class Chain:
    """Chain file (plain or .gz), ready to lift positions over.

    Where chains overlap the best-scored one counts.

    Attributes:
        name: the path
        lengths: base pairs of the chromosomes, by canonical name, of the build that positions are
            lifted from and of the one they are lifted to
    """

    def __init__(self, path: str | PathLike, autosomes: int = HUMAN_AUTOSOMES) -> None:
        self.name, self._autosomes = str(path), autosomes
        self._blocks, self.lengths = _read_blocks(self.name, autosomes)

    def lift(
        self, chromosome: str, position: Sequence[int] | np.ndarray
    ) -> tuple[np.ndarray, np.ndarray, np.ndarray]:
        """Lift positions of one chromosome over to the other build.

        Args:
            chromosome: any name of it.
            position: int64 (rows,), counted from 1.

        Returns:
            names: object (rows,), the new chromosomes' canonical names, None where nothing maps.
            lifted: int64 (rows,), the new positions, 0 where nothing maps.
            reverse: bool (rows,), whether the strand is the opposite one.
        """
        position = np.asarray(position, dtype=np.int64)
        names = np.full(len(position), None, dtype=object)
        lifted = np.zeros(len(position), dtype=np.int64)
        reverse = np.zeros(len(position), dtype=bool)
        own = canonical_name(chromosome, self._autosomes)
        for start, end, first, step, name in self._blocks.get(own, ()):
            # The best chain comes first.
            reach = (position > start[0]) & (position <= end[-1]) & (lifted == 0)
            rows = np.flatnonzero(reach)
            # The block that may hold it.
            at = np.searchsorted(start, position[rows] - 1, side="right") - 1
            inside = position[rows] - 1 < end[at]
            rows, at = rows[inside], at[inside]
            lifted[rows] = first[at] + step * (position[rows] - 1 - start[at]) + 1
            names[rows] = name
            reverse[rows] = step < 0
        return names, lifted, reverse


def _read_blocks(path, autosomes):
    """Return each chromosome's chains as arrays, the best first, and both builds' lengths."""
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
    blocks, lengths = {}, ({}, {})
    for chain in chains:
        for known, (name, length) in zip(lengths, chain.lengths, strict=True):
            known[canonical_name(name, autosomes)] = length
    for chain in sorted(chains, key=lambda c: -c.score):
        if chain.start:
            name = canonical_name(chain.source, autosomes)
            blocks.setdefault(name, []).append(chain.arrays(autosomes))
    return blocks, lengths


class _Chain:
    """One chain while its blocks are read; positions are counted from 0."""

    def __init__(self, fields):
        if len(fields) < _HEADER_FIELDS:
            raise ValueError(fields)
        self.score, self.source = float(fields[1]), fields[2]
        self.at = int(fields[5])
        self.lengths = (fields[2], int(fields[3])), (fields[7], int(fields[8]))
        self.target, self.size = fields[7], int(fields[8])
        self.step = -1 if fields[9] == "-" else 1
        self.other = int(fields[10])
        self.start, self.end, self.first = [], [], []

    def add(self, sizes: list[int]) -> None:
        """Add a block: its size, and the gaps behind it in both genomes."""
        size, gaps = sizes[0], sizes[1:] or [0, 0]
        self.start.append(self.at)
        self.end.append(self.at + size)
        self.first.append(self.other if self.step > 0 else self.size - 1 - self.other)
        self.at += size + gaps[0]
        self.other += size + gaps[1]

    def arrays(self, autosomes: int) -> tuple:
        """Return (starts, ends, first positions in the target, step, target's canonical name)."""
        numbers = (np.array(a, dtype=np.int64) for a in (self.start, self.end, self.first))
        start, end, first = numbers
        return start, end, first, self.step, canonical_name(self.target, autosomes)
