"""Alleles as integer codes, their other strand, and the key that says two rows are one variant."""

import numpy as np
import polars as pl

_LETTERS = "ACGT"
NUMBERED = {"1": "A", "2": "C", "3": "G", "4": "T"}  # alleles as numbers, METAL's reading
_REVERSE = str.maketrans("ACGT", "TGCA")
_POSITION_BITS, _PAIR_BITS = 31, 25  # and 8 of the chromosome
_SPREAD = np.uint64(0x9E3779B97F4A7C15)  # odd, so that multiplying mixes all bits


class AlleleCodes:
    """Codes of alleles: A, C, G, T are 0 to 3, others as they come; -1 is unknown."""

    def __init__(self):
        self._codes = {letter: code for code, letter in enumerate(_LETTERS)}
        self._names = list(_LETTERS)
        self._complement = np.array([3, 2, 1, 0], dtype=np.int32)

    def encode(self, column):
        """int32 (rows,) codes of a text column (upper case)."""
        unique = column.unique().drop_nulls().to_list()
        codes = {name: self._code(name) for name in unique}
        found = column.replace_strict(codes, default=None, return_dtype=pl.Int32)
        return found.fill_null(-1).to_numpy(writable=True)

    def _code(self, name):
        name = NUMBERED.get(name, name)
        if name not in self._codes:
            self._codes[name] = len(self._names)
            self._names.append(name)
        return self._codes[name]

    @property
    def complement(self):
        """int32 (codes,): the code of what the other strand reads, letters in reverse order."""
        done = len(self._complement)
        while done < len(self._names):
            found = [self._code(self._reversed(n)) for n in self._names[done:]]
            self._complement = np.concatenate([self._complement, np.array(found, dtype=np.int32)])
            done = len(self._complement)
        return self._complement

    @staticmethod
    def _reversed(name):
        return name[::-1].translate(_REVERSE) if set(name) <= set(_LETTERS) else name

    def decode(self, codes):
        """Text column of codes, null where unknown."""
        names = pl.Series([*self._names, None], dtype=pl.String)
        return names.gather(np.where(codes < 0, len(self._names), codes))

    def keys(self, chromosome, position, effect, other):
        """uint64 (rows,): alike for rows of one place and one pair of alleles on either strand.

        chromosome: small int codes; position: int64; effect, other: codes. Pairs of longer
        alleles are hashed, so whoever matches by key must still compare the alleles.
        """
        pair = self.pairs(effect, other)
        place = (chromosome.astype(np.uint64) << np.uint64(_POSITION_BITS)) | position.astype(
            np.uint64
        )
        return (place << np.uint64(_PAIR_BITS)) | pair

    @staticmethod
    def with_pairs(hashes, pairs):
        """uint64 (rows,): hashes of ids, told apart by the pair of alleles too."""
        return hashes ^ ((pairs + np.uint64(1)) * _SPREAD)

    def pairs(self, effect, other):
        """uint64 (rows,): alike for the same two alleles in either order, on either strand."""
        complement = self.complement
        return np.minimum(
            self._pair(effect, other), self._pair(complement[effect], complement[other])
        )

    @staticmethod
    def _pair(effect, other):
        low, high = np.minimum(effect, other), np.maximum(effect, other)
        exact = (low * 4 + high).astype(np.uint64)
        mixed = (low.astype(np.uint64) << np.uint64(32)) | high.astype(np.uint64)
        hashed = (mixed * _SPREAD) >> np.uint64(64 - _PAIR_BITS)
        return np.where(high < 4, exact, np.maximum(hashed, np.uint64(16)))


def coded_alleles(variants, rows):
    """Return the alleles of variants of genotypes, and of the rows that are about them, as codes.

    variants: table of a source; rows: table of effect_allele and other_allele (None: unknown), as
    long. Returns (``AlleleCodes``, (effect, other) of the rows, (effect, other) of the variants,
    bool (rows,) whether the row's are known): each int32 (rows,). Without an other allele, the
    effect allele has to be one of the variant's two.
    """
    codes = AlleleCodes()
    ours = [
        codes.encode(variants[a].cast(pl.String).str.to_uppercase())
        for a in ("effect_allele", "other_allele")
    ]
    theirs = [codes.encode(rows[a]) for a in ("effect_allele", "other_allele")]
    lone = theirs[1] < 0
    theirs[1] = np.where(lone, np.where(theirs[0] == ours[0], ours[1], ours[0]), theirs[1])
    return codes, theirs, ours, theirs[0] >= 0
