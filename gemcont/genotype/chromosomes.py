"""Chromosome names of any species: autosomes, sex chromosomes, haploid chromosomes."""

import logging
import re
from collections.abc import Iterable, Sequence
from enum import IntEnum
from typing import Protocol

import numpy as np

from gemcont.errors import GemcontError

log = logging.getLogger(__name__)

HUMAN_AUTOSOMES = 22
_LETTERS = {"X": "X", "Y": "Y", "XY": "XY", "PAR1": "XY", "PAR2": "XY", "MT": "MT", "M": "MT"}
_LETTERS |= {"X_PAR1": "XY", "X_PAR2": "XY", "X_NONPAR": "X"}
_FLOAT = re.compile(r"([0-9]+)\.0+")  # as a table of floats writes 23
_AFTER_AUTOSOMES = ("X", "Y", "XY", "MT")  # PLINK's codes N+1 .. N+4 (human 23 .. 26)


class _StatesAutosomes(Protocol):
    """Part of a ``GenotypeSource`` that is needed here."""

    @property
    def name(self) -> str:
        """Path or other name, for messages."""

    @property
    def autosomes(self) -> int | None:
        """Number of autosomes that the file states."""


def autosomes_of(
    source: _StatesAutosomes, given: int | None = None, flag: str = "--chr-set"
) -> int:
    """Return the number of autosomes: as given, else as the genotype file states it, else 22.

    Raises GemcontError if the file states another number than is given.
    """
    stated = source.autosomes
    if given is not None and stated is not None and given != stated:
        raise GemcontError(
            f"{flag} {given}: {source.name} is of {stated} autosomes (##chrSet); leave the flag out"
        )
    return next((n for n in (given, stated) if n is not None), HUMAN_AUTOSOMES)


class Ploidy(IntEnum):
    """Kind of a chromosome, by which its genotypes are read."""

    AUTOSOME = 0
    X = 1
    Y = 2
    XY = 3
    MT = 4


def canonical_name(name: str, autosomes: int = HUMAN_AUTOSOMES) -> str:
    """Return a chromosome's canonical name: 'chr1' -> '1', '23' -> 'X', 'chrM' -> 'MT'.

    Other names (scaffolds) stay as they are; 23.0 is 23, 01 is 1, and surrounding blanks are
    ignored. autosomes: of the species (``--chr-set``); the numeric codes after it mean X, Y, XY and
    MT, as in PLINK.
    """
    bare = name.strip()
    bare = bare[3:] if bare[:3].lower() == "chr" else bare
    bare = _FLOAT.sub(r"\1", bare) if _FLOAT.fullmatch(bare) else bare
    if bare.upper() in _LETTERS:
        return _LETTERS[bare.upper()]
    if bare.isdecimal():
        beyond = int(bare) - autosomes
        return _AFTER_AUTOSOMES[beyond - 1] if 1 <= beyond <= 4 else str(int(bare))
    return name


def place_name(name: str, autosomes: int = HUMAN_AUTOSOMES) -> str:
    """Return the canonical name under which positions compare: XY is a part of X."""
    canonical = canonical_name(name, autosomes)
    return "X" if canonical == "XY" else canonical


def ploidy(names: Iterable[str], autosomes: int = HUMAN_AUTOSOMES) -> np.ndarray:
    """Return ``Ploidy`` codes (uint8 array) of chromosome names; unknown names are autosomal."""
    canonical = (canonical_name(name, autosomes) for name in names)
    return np.array([getattr(Ploidy, c, Ploidy.AUTOSOME) for c in canonical], dtype=np.uint8)


def unknown_codes(names: Iterable[str], autosomes: int = HUMAN_AUTOSOMES) -> list[int]:
    """Return numeric codes beyond those of the species, a sign that ``--chr-set`` is missing."""
    canonical = (canonical_name(name, autosomes) for name in names)
    return sorted({int(c) for c in canonical if c.isdecimal() and int(c) > autosomes})


def warn_unknown_codes(names: Iterable[str], autosomes: int = HUMAN_AUTOSOMES) -> None:
    """Warn of numeric codes beyond those of the species."""
    unknown = unknown_codes(names, autosomes)
    if unknown:
        log.warning(
            "chromosome codes %s are beyond %d autosomes and taken as autosomes; say --chr-set N "
            "if the species is another",
            ", ".join(map(str, unknown[:5])),
            autosomes,
        )


def drawing_order(names: Sequence[str], autosomes: int = HUMAN_AUTOSOMES) -> list[int]:
    """Return the positions of the names in the order 1, 2, ..., X, Y, XY, MT, then others."""

    def _rank(i):
        name = canonical_name(names[i], autosomes)
        if name.isdecimal():
            return (0, int(name), i)
        return (1, _AFTER_AUTOSOMES.index(name), i) if name in _AFTER_AUTOSOMES else (2, 0, i)

    return sorted(range(len(names)), key=_rank)


def parse_chromosomes(text: str, autosomes: int = HUMAN_AUTOSOMES) -> set[str]:
    """Return the canonical names of a ``--chr`` text: '1-3,X' -> {'1', '2', '3', 'X'}.

    Raises GemcontError for a part that is neither a name nor a range of numbers.
    """
    wanted: set[str] = set()
    for part in text.split(","):
        part = part.strip()
        first, dash, last = part.partition("-")
        if dash and first.isdecimal() and last.isdecimal() and int(first) <= int(last) < 10_000:
            wanted.update(
                canonical_name(str(n), autosomes) for n in range(int(first), int(last) + 1)
            )
        elif part and not dash:
            wanted.add(canonical_name(part, autosomes))
        else:
            raise GemcontError(f"--chr: cannot read {part!r}; write e.g. 1-22,X")
    return wanted
