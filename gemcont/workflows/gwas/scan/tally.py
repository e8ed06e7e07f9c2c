"""What a scan counts: one value, added up over blocks, chunks and machines."""

from dataclasses import dataclass, field, fields
from typing import Any

import numpy as np

from gemcont.errors import GemcontError


def strongest_of(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the K largest values of each row of two arrays (rows, K), ascending."""
    count = one.shape[1]
    return np.sort(np.concatenate([one, other], axis=1), axis=1)[:, -count:]


def sum_of_counts(one: np.ndarray, other: np.ndarray) -> np.ndarray:
    """Return the sum of two arrays of counts, in int64 whatever theirs are."""
    return np.add(one, other, dtype=np.int64)


@dataclass(frozen=True, kw_only=True)
class Tally:
    """Counts of a part of a scan; the sum of two tallies is that of both parts.

    A new count is a field here, which the blocks fill; the run, its journal, chunks and their
    merge only add tallies and keep them.

    Attributes:
        n_read: variants read
        n_rows: variants that passed the filters
        filtered: flag -> variants that it removed
        untestable: reason -> variants that have no statistic
        rare: tested variants with fewer minor alleles than ``Tails.rare``
        refitted: variants whose covariances were re-estimated
        written: kind of row -> rows written
        histogram: integers (traits, bins) of |t|, None where traits are not tested one by one
        strongest: float64 (traits, K), -log10 p of the strongest rows of each trait, ascending, 0
            where there are fewer; None where all rows are wanted
    """

    n_read: int = 0
    n_rows: int = 0
    filtered: dict = field(default_factory=dict)
    untestable: dict = field(default_factory=dict)
    rare: int = 0
    refitted: int = 0
    written: dict = field(default_factory=dict)
    histogram: np.ndarray | None = field(default=None, metadata={"add": sum_of_counts})
    strongest: np.ndarray | None = field(default=None, metadata={"add": strongest_of})

    def __add__(self, other: "Tally") -> "Tally":
        return type(self)(
            **{
                f.name: _added(getattr(self, f.name), getattr(other, f.name), f.metadata.get("add"))
                for f in fields(self)
            }
        )

    def to_json(self) -> dict:
        """Return the counts that fit into JSON; ``arrays`` has the others."""
        return {f.name: getattr(self, f.name) for f in fields(self) if "add" not in f.metadata}

    @property
    def arrays(self) -> dict[str, np.ndarray]:
        """The counts that are arrays, by name, without those that are None."""
        values = {f.name: getattr(self, f.name) for f in fields(self) if "add" in f.metadata}
        return {name: value for name, value in values.items() if value is not None}

    @classmethod
    def from_json(cls, record: dict[str, Any], arrays: dict[str, Any]) -> "Tally":
        """Return the tally from its ``to_json`` and ``arrays``."""
        if set(record) | set(arrays) > {f.name for f in fields(cls)}:
            raise GemcontError("the counts are of another version of gemcont")
        return cls(**record, **arrays)


def _added(one, other, add):
    if one is None or other is None:
        return other if one is None else one
    if add is not None:
        return add(one, other)
    if isinstance(one, dict):
        return one | {key: one.get(key, 0) + count for key, count in other.items()}
    return one + other
