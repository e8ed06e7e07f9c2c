"""Alleles as integer codes, their complements, and the key that two rows of one variant share."""

import numpy as np
import polars as pl

_LETTERS = "ACGT"
NUMBERED = {"1": "A", "2": "C", "3": "G", "4": "T"}  # alleles as numbers, METAL's reading
_REVERSE = str.maketrans("ACGT", "TGCA")
_POSITION_BITS, _PAIR_BITS = 31, 25  # and 8 of the chromosome
_SPREAD = np.uint64(0x9E3779B97F4A7C15)  # odd, so that multiplying mixes all bits


class AlleleCodes:
    """Integer codes of alleles: A, C, G, T are 0 to 3, others are numbered as they come.

    An unknown allele is -1.
    """

    def __init__(self) -> None:
        self._codes = {letter: code for code, letter in enumerate(_LETTERS)}
        self._names = list(_LETTERS)
        self._complement = np.array([3, 2, 1, 0], dtype=np.int32)

    def encode(self, column: pl.Series) -> np.ndarray:
        """Return the int32 (rows,) codes of a text column in upper case, -1 where null."""
        unique = column.unique().drop_nulls().to_list()
        code_of = {name: self._code(name) for name in unique}
        codes = column.replace_strict(code_of, default=None, return_dtype=pl.Int32)
        return codes.fill_null(-1).to_numpy(writable=True)

    def _code(self, name):
        name = NUMBERED.get(name, name)
        if name not in self._codes:
            self._codes[name] = len(self._names)
            self._names.append(name)
        return self._codes[name]

    @property
    def complement(self) -> np.ndarray:
        """Code of each code's reverse complement: int32 (codes,)."""
        done = len(self._complement)
        # A reverse complement may itself be a new name, so go on until every name has one.
        while done < len(self._names):
            fresh = [self._code(self._reversed(n)) for n in self._names[done:]]
            self._complement = np.concatenate([self._complement, np.array(fresh, dtype=np.int32)])
            done = len(self._complement)
        return self._complement

    @staticmethod
    def _reversed(name):
        return name[::-1].translate(_REVERSE) if set(name) <= set(_LETTERS) else name

    def decode(self, codes: np.ndarray) -> pl.Series:
        """Return the alleles of codes (rows,) as a text column, null where unknown."""
        names = pl.Series([*self._names, None], dtype=pl.String)
        return names.gather(np.where(codes < 0, len(self._names), codes))

    def keys(
        self,
        chromosome: np.ndarray,
        position: np.ndarray,
        effect: np.ndarray,
        other: np.ndarray,
    ) -> np.ndarray:
        """Return a key of each row's position and two alleles, the same on either strand.

        Pairs of alleles longer than a letter are hashed: compare the alleles of rows whose keys
        are equal.

        Args:
            chromosome: (rows,), small integer codes.
            position: int64 (rows,), base pairs.
            effect: int32 (rows,), codes of the effect alleles.
            other: int32 (rows,), codes of the other alleles.

        Returns:
            uint64 (rows,).
        """
        chromosome_bits = chromosome.astype(np.uint64) << np.uint64(_POSITION_BITS)
        coordinate = chromosome_bits | position.astype(np.uint64)
        return (coordinate << np.uint64(_PAIR_BITS)) | self.pairs(effect, other)

    @staticmethod
    def with_pairs(hashes: np.ndarray, pairs: np.ndarray) -> np.ndarray:
        """Return hashes of ids mixed with the pairs of alleles, both uint64 (rows,)."""
        return hashes ^ ((pairs + np.uint64(1)) * _SPREAD)

    def pairs(self, effect: np.ndarray, other: np.ndarray) -> np.ndarray:
        """Return a code of the two alleles, the same in either order and on either strand.

        effect, other: int32 (rows,) codes. Returns uint64 (rows,).
        """
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


def coded_alleles(
    variants: pl.DataFrame, rows: pl.DataFrame
) -> tuple[AlleleCodes, tuple[np.ndarray, np.ndarray], tuple[np.ndarray, np.ndarray], np.ndarray]:
    """Encode the alleles of rows of summary statistics and those of their variants.

    A row without an other allele takes the one of the variant's two that its effect allele is not.

    Args:
        variants: table of a source, a row per row of ``rows``.
        rows: table of effect_allele and other_allele, null where unknown.

    Returns:
        codes: the ``AlleleCodes``.
        theirs: effect and other alleles of the rows, each int32 (rows,).
        ours: effect and other alleles of the variants, each int32 (rows,).
        known: bool (rows,), whether the row's effect allele is known.
    """
    codes = AlleleCodes()
    effect, other = (
        codes.encode(variants[a].cast(pl.String).str.to_uppercase())
        for a in ("effect_allele", "other_allele")
    )
    their_effect, their_other = (codes.encode(rows[a]) for a in ("effect_allele", "other_allele"))
    implied = np.where(their_effect == effect, other, effect)
    their_other = np.where(their_other < 0, implied, their_other)
    return codes, (their_effect, their_other), (effect, other), their_effect >= 0
